"""The elements of brackets, with what stands between them: the part that formats share.

Promises: pure; what stands between elements and is anything but space, comments and one comma makes the
brackets plain text.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.patchset.merging.entries import Group, Node

_SPACE = r"(?:[ \t\f\r\n]|\\\r?\n|#[^\n]*(?=\n))*+"
_BETWEEN = expression(rf"(?P<gap>{_SPACE})(?P<comma>,?)(?P<rest>{_SPACE})\Z")
_TO_LINE_END = expression(r"[ \t\f]*+(?:#[^\n]*)?\r?\n")
_TRAILING_COMMA = expression(r",([)\]}])")


class Element(Record, frozen=True, kw_only=True):
    """What stands between two separators; `node` has everything but what is around it."""

    node: Node
    start: int
    end: int


def bracketed(
    text: str, start: int, end: int, elements: Sequence[Element], group: Group, bracket: str
) -> Group | None:
    """The group that `start`..`end` is, brackets included (where there are any: else `bracket` is empty)."""
    at, close = start + len(bracket), end - len(bracket)
    if bracket and not (text.startswith(bracket, start) and close >= at):
        return None
    edges = [*(element.start for element in elements), close]
    if edges[0] < at:
        return None  # a tuple without parentheses, whose first element has some
    opening = _BETWEEN.match(text[at : edges[0]])
    if opening is None or opening["comma"]:
        return None
    lead_at = _line_end(text, at, edges[0])
    head = text[start:lead_at]
    nodes: list[Node] = []
    for index, (element, upto) in enumerate(zip(elements, edges[1:], strict=True)):
        found = _BETWEEN.match(text[element.end : upto])
        if found is None or not (found["comma"] or index == len(elements) - 1):
            return None
        gap_end = element.end + (found.end("gap") if found["comma"] else 0)
        after = gap_end + len(found["comma"])
        trail_end = _line_end(text, after, upto)
        nodes.append(
            replace(
                element.node,
                lead=text[lead_at : element.start],
                gap=text[element.end : gap_end],
                separated=bool(found["comma"]),
                trail=text[after:trail_end],
            )
        )
        lead_at = trail_end
    return replace(group, head=head, nodes=tuple(nodes), tail=text[lead_at:end], separator=",")


def said_in(text: str) -> str:
    """A text without its spacing and line breaks, to tell it again by."""
    return _TRAILING_COMMA.sub(r"\1", "".join(text.split()))


def _line_end(text: str, start: int, end: int) -> int:
    """Where the line ends if nothing but space and a comment is left of it, else `start`."""
    found = _TO_LINE_END.match(text, start, end)
    return found.end() if found else start
