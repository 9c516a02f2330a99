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
_INTEGER = expression(r"-?\d{1,18}\Z")

Parts = tuple[str | Group, ...]


def value(text: str, start: int, depth: int = 0) -> tuple[int, Group | None]:
    """Where the value that starts at `start` ends, and the group that it is, if it is one."""
    opening = text[start : start + 1]
    if opening in ("[", "{") and opening:
        if depth >= DEEPEST:
            raise Clash(Reason.UNREADABLE, "", "a version is nested too deeply")
        return _inside(text, start, depth)
    found = (_TEXT if opening in ('"', "'") else _ATOM).match(text, start)
    if found is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    return found.end(), None


def keyed(text: str, start: int, depth: int = 0) -> tuple[str, int, Parts]:
    """A key with its value: the key, where the value ends, and the parts from `start` to there."""
    key = _KEY.match(text, start)
    sign = _SIGN.match(text, key.end()) if key else None
    if key is None or sign is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    end, group = value(text, sign.end(), depth)
    if group is None:
        return key[0].strip(), end, (text[start:end],)
    return key[0].strip(), end, (text[start : sign.end()], group, "")


def _inside(text: str, start: int, depth: int) -> tuple[int, Group]:
    opening, closing = text[start], {"[": "]", "{": "}"}[text[start]]
    elements: list[Element] = []
    at = _skipped(text, start + 1)
    while text[at : at + 1] != closing:
        element = _item(text, at, depth) if opening == "{" else _entry(text, at, depth)
        elements.append(element)
        at = _skipped(text, element.end)
    rule, label = (Rule.NAMED, "a table") if opening == "{" else (Rule.ROW, "an array")
    found = bracketed(text, start, at + 1, elements, Group(rule=rule, label=label), opening)
    if found is None:
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    return at + 1, found


def _item(text: str, start: int, depth: int) -> Element:
    key, end, parts = keyed(text, start, depth + 1)
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
    count = first_number(exact if group else word)
    node = Node(keys=(said_in(exact), exact), lead="", parts=(exact,), sort=word, tag=tag, number=count)
    return Element(node=node, start=start, end=end)


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
