"""Elements of HTML and SVG, built as strings that know that they are markup.

Promises: whatever is not `Markup` is text, and comes out as text: escaped, and with everything that hides,
reorders or breaks lines made visible. There is no other way in but `Markup` itself, which only constants and
these functions make.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from assay.delta.sanitise import plain

_VOID = frozenset({"meta", "input", "br"})


class Markup(str):
    """Finished markup."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None


def el(name: str, /, *children: Child | Iterable[Child], **attributes: Attribute) -> Markup:
    """An element. Attributes: a trailing `_` is dropped, other `_` are `-`; True is an attribute without a
    value, None and False are none. Children that are None are left out."""
    opened = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in _VOID:
        return Markup(opened)
    return Markup(f"{opened}{join(*children)}</{name}>")


def join(*children: Child | Iterable[Child]) -> Markup:
    """Children one after the other."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str):
            parts.append(text(child))
        else:
            parts.extend(text(each) for each in child if each is not None)
    return Markup("".join(parts))


def text(value: str) -> Markup:
    """Text as markup; markup as it is."""
    return value if isinstance(value, Markup) else Markup(escape(plain(value)))


def source(line: str) -> Markup:
    """A line of source: text in which tabs stay tabs."""
    return Markup("\t".join(text(part) for part in line.split("\t")))


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {name}="{escape(plain(shown))}"'
