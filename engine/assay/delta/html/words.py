"""Lines of the page as HTML: spans by their tone.

Promises: the words, numbers and order are the page's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from assay.delta.html.markup import Markup, el, join, text
from assay.delta.page import Group, Line, Span, Tone

_CLASSES = {
    Tone.STRONG: "strong",
    Tone.DIM: "dim",
    Tone.GOOD: "good",
    Tone.BAD: "bad",
    Tone.DOUBT: "doubt",
}


def line(spans: Line) -> Markup:
    """The spans of one line."""
    return join(map(_span, spans))


def lines(each: Iterable[Line], class_: str = "lines") -> Markup:
    """A list with a line each."""
    return el("ul", (el("li", line(one)) for one in each), class_=class_)


def groups(each: Iterable[Group], level: str = "h3", folded_from: int = 16) -> Markup:
    """Each group under its heading; the long ones fold."""
    return join(_group(group, level, folded_from) for group in each)


def plain_text(spans: Line) -> str:
    """A line without tones."""
    return "".join(span.text for span in spans)


def _group(group: Group, level: str, folded_from: int) -> Markup:
    heading = el(level, group.label)
    if len(group.lines) < folded_from:
        return el("div", heading, lines(group.lines), class_="group")
    return el("details", el("summary", heading), lines(group.lines), class_="group")


def _span(span: Span) -> Markup:
    if span.tone is Tone.CODE:
        return el("code", span.text)
    found = _CLASSES.get(span.tone)
    return el("span", span.text, class_=found) if found else text(span.text)
