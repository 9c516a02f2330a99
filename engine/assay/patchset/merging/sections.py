"""Points of lists that both add at one place of a text, with the headings above them.

Promises: pure, and independent of which side is which. Points that stand before any heading belong to the
section that is there already, and go first; then come the sections that the sides add, by their headings,
each as it is. All but points and headings of one level is refused: where prose stands may mean something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from assay.patchset.merging.entries import Node
from assay.patchset.merging.lines import HEADING, SAYS
from assay.patchset.merging.order import take_turns


class _Cut(NamedTuple):
    """Points below no heading of their own, and the sections after them."""

    loose: list[Node]
    sections: list[list[Node]]


def by_sections(mine: Sequence[Node], yours: Sequence[Node]) -> tuple[Node, ...] | None:
    """What both add, in one row; None if it may matter what comes first."""
    one, other = _cut(mine), _cut(yours)
    if one is None or other is None:
        return None
    if one.loose and other.loose and len({node.tag for node in (*one.loose, *other.loose)}) > 1:
        return None
    sections = [*one.sections, *other.sections]
    if len({_above(section[0]) for section in sections}) > 1 or not all(len(each) > 1 for each in sections):
        return None
    whole = {id(section[0]): section for section in sections}
    heads = take_turns([each[0] for each in one.sections], [each[0] for each in other.sections])
    return (*take_turns(one.loose, other.loose), *(node for head in heads for node in whole[id(head)]))


def _cut(nodes: Sequence[Node]) -> _Cut | None:
    found = _Cut([], [])
    for node in nodes:
        if node.tag == HEADING:
            found.sections.append([node])
        elif not node.reach.free:
            return None
        else:
            (found.sections[-1] if found.sections else found.loose).append(node)
    return found


def _above(heading: Node) -> str:
    """The headings that a heading stands below."""
    return heading.keys[0].rpartition(SAYS)[0]
