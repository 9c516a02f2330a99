"""JSON and TOML values as groups of entries, found in their text.

Promises: pure, and in time proportional to the text; raises `Clash` for what is neither. It finds where
things stand; whether the text is valid is for the formats' own parsers to say.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from assay.model.expressions import expression
from assay.patchset.merging.brackets import first_number
from assay.patchset.merging.entries import Group, Node, Rule
from assay.patchset.merging.ordered import keeps_order
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.split import Element, bracketed, said_in

DEEPEST = 60

_SKIP = expression(r"(?:[ \t\f\r\n,]|#[^\n]*)*+")
_TEXT = expression(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*+"' r"|'[^'\n]*+'", re.DOTALL
)
_ATOM = expression(r"""[^\s,\[\]{}"'#=:]+(?:[:T ][^\s,\[\]{}"'#=]+)?""")
_NAME = r"""(?:"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|[A-Za-z0-9_\-]++)"""
_KEY = expression(rf"{_NAME}(?:[ \t]*+\.[ \t]*+{_NAME})*+")
_SIGN = expression(r"[ \t\r\n]*+[=:][ \t\r\n]*+")
_FIRST_TEXT = expression(r"""\{\s*+[^\s:={}\[\]]++\s*+[:=]\s*+("[^"\\\n]{1,80}"|'[^'\n]{1,80}')\s*+[,}]""")
_INTEGER = expression(r"-?\d{1,18}\Z")

_TRIED = frozenset({"exports"})
"""Objects whose keys, at any depth, are conditions that are tried in turn (of a package of Node)."""

Parts = tuple[str | Group, ...]


def value(text: str, start: int, depth: int = 0, name: str = "") -> tuple[int, Group | None]:
    """Where the value that starts at `start` ends, and the group that it is, if it is one; `name` is that of
    its key."""
    opening = text[start : start + 1]
    if opening in ("[", "{") and opening:
        if depth >= DEEPEST:
            raise Clash(Reason.UNREADABLE, "", "a version is nested too deeply")
        return _inside(text, start, depth, name)
    found = (_TEXT if opening in ('"', "'") else _ATOM).match(text, start)
    if found is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    return found.end(), None


def keyed(text: str, start: int, depth: int = 0, inside: str = "") -> tuple[str, int, Parts]:
    """A key with its value: the key, where the value ends, and the parts from `start` to there. `inside` is
    the name of the object around."""
    key = _KEY.match(text, start)
    sign = _SIGN.match(text, key.end()) if key else None
    if key is None or sign is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    name = inside if inside in _TRIED else last_key(key[0])
    end, group = value(text, sign.end(), depth, name)
    if group is None:
        return key[0].strip(), end, (text[start:end],)
    return key[0].strip(), end, (text[start : sign.end()], group, "")


def last_key(key: str) -> str:
    """The last name of a key of several with dots between."""
    return key.strip(" \t[]").rpartition(".")[2].strip(" \t\"'")


def _inside(text: str, start: int, depth: int, name: str) -> tuple[int, Group]:
    opening, closing = text[start], {"[": "]", "{": "}"}[text[start]]
    elements: list[Element] = []
    at = _skipped(text, start + 1)
    while text[at : at + 1] != closing:
        element = _item(text, at, depth, name) if opening == "{" else _entry(text, at, depth)
        elements.append(element)
        at = _skipped(text, element.end)
    rule, label = (Rule.NAMED, "a table") if opening == "{" else (Rule.ROW, "an array")
    ordered = keeps_order(name) if rule is Rule.ROW else name in _TRIED
    group = Group(rule=rule, label=label, ordered=ordered)
    found = bracketed(text, start, at + 1, elements, group, opening)
    if found is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    return at + 1, found


def _item(text: str, start: int, depth: int, inside: str) -> Element:
    key, end, parts = keyed(text, start, depth + 1, inside)
    exact = text[start:end]
    node = Node(
        keys=(f"{key} =", exact),
        lead="",
        parts=parts,
        sort=key.strip("\"'"),
        tag="item",
        number=_number(exact),
    )
    return Element(node=node, start=start, end=end)


def _entry(text: str, start: int, depth: int) -> Element:
    end, group = value(text, start, depth + 1)
    exact = text[start:end]
    tag = "Text" if exact[0] in "\"'" else "group" if group else "atom"
    word = exact.strip("\"'")[:200] if tag == "Text" else exact[:200]
    count = first_number(exact if group else word) or (_first_text(exact) if group else "")
    node = Node(keys=(said_in(exact), exact), lead="", parts=(exact,), sort=word, tag=tag, number=count)
    return Element(node=node, start=start, end=end)


def _first_text(exact: str) -> str:
    """The text that the first value of an object is: what it may be called."""
    found = _FIRST_TEXT.match(exact)
    return found[1] if found else ""


def _number(exact: str) -> str:
    said = re.split(r"[=:]", exact)[-1].strip().strip("\"'")
    return said if _INTEGER.match(said) else ""


def _skipped(text: str, start: int) -> int:
    found = _SKIP.match(text, start)
    return found.end() if found else start


def as_document(parts: Parts) -> Group:
    """A text that is one value."""
    return Group(rule=Rule.SUITE, nodes=(Node(keys=("document",), lead="", parts=parts),), label="a document")


def numbered(node: Node, text: str) -> Node:
    """A node with the number that its value is."""
    return replace(node, number=_number(text))
