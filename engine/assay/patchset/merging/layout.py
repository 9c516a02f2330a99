"""Line breaks, blank lines and separators of entries that come from several versions.

Promises: pure. Comments stay with their entries. A group that one side spread over lines stays spread; then
entries of the other side follow suit.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from msgspec.structs import replace

from assay.patchset.merging.entries import Group, Node, Rule
from assay.patchset.merging.pick import pick, pick_flag, pick_space


class _Shape(Enum):
    LINE = "line"
    COLUMN = "column"
    OTHER = "other"


def fit(base: Group, ours: Group, theirs: Group, nodes: Sequence[Node], where: str) -> Group:
    """A group of merged `nodes`."""
    if not base.separator:
        tail = pick_space(base.tail, ours.tail, theirs.tail, where)
        head = pick_space(base.head, ours.head, theirs.head, where)
        if base.rule is Rule.SUITE:
            nodes = _spaced(base, (ours, theirs), nodes)
        elif base.rule is Rule.ROW:
            nodes = _listed((ours, theirs), nodes)
        return replace(theirs, head=head, nodes=tuple(nodes), tail=tail)
    model = _model(base, ours, theirs)
    last = [bool(group.nodes) and group.nodes[-1].separated for group in (base, ours, theirs)]
    shape = _shape(model)
    ends = model.nodes[-1].separated if len({*map(_shape, (base, ours, theirs))}) > 1 else pick_flag(*last)
    separated = [replace(node, separated=True) for node in nodes]
    if separated and not ends:
        separated[-1] = replace(separated[-1], separated=False)
    if shape is _Shape.COLUMN:
        separated = _column(model, separated)
    elif shape is _Shape.LINE:
        separated = _line(model, separated)
    else:
        separated = _broken(separated)
    head, tail = model.head, model.tail
    if len({*map(_shape, (base, ours, theirs))}) == 1:
        head = pick_space(base.head, ours.head, theirs.head, where)
        tail = pick_space(base.tail, ours.tail, theirs.tail, where)
    return replace(model, head=head, nodes=tuple(separated), tail=tail)


def _shape(group: Group) -> _Shape:
    if not any("\n" in text for text in (group.head, group.tail, *_space(group))):
        return _Shape.LINE
    if group.head.endswith("\n") and all(node.trail.endswith("\n") for node in group.nodes):
        return _Shape.COLUMN
    return _Shape.OTHER


def _space(group: Group) -> list[str]:
    return [text for node in group.nodes for text in (node.lead, node.gap, node.trail)]


def _model(base: Group, ours: Group, theirs: Group) -> Group:
    """The version whose layout the merged group takes."""
    full = [group for group in (base, ours, theirs) if group.nodes]
    shapes = [_shape(group) for group in full]
    shape = pick(*shapes) if len(shapes) == 3 else None
    if shape is None:
        shape = _Shape.COLUMN if _Shape.COLUMN in shapes else shapes[-1]
    alike = [group for group, found in zip(full, shapes, strict=True) if found is shape]
    return min(alike, key=lambda group: (group is not base, group.head, group.tail))


def _column(model: Group, nodes: Sequence[Node]) -> list[Node]:
    """One entry to a line."""
    indents = Counter(node.lead for node in model.nodes if not node.lead.strip())
    indent = max(indents, key=lambda lead: (indents[lead], lead), default="")
    end = "\r\n" if model.head.endswith("\r\n") else "\n"
    found = []
    for node in nodes:
        lead, trail = node.lead, node.trail
        if not lead.strip() and "\n" not in lead and not (lead and lead in indents):
            lead = indent
        if not trail.endswith("\n"):
            trail = trail.rstrip(" \t") + end
        found.append(replace(node, lead=lead, trail=trail))
    return found


def _line(model: Group, nodes: Sequence[Node]) -> list[Node]:
    """All on one line."""
    first = model.nodes[0].lead
    gaps = Counter(node.lead for node in model.nodes[1:])
    gap = max(gaps, key=lambda lead: (gaps[lead], lead), default=" ")
    found = [replace(node, lead=gap if index else first, trail="") for index, node in enumerate(nodes)]
    found[-1:] = [replace(node, trail=model.nodes[-1].trail) for node in found[-1:]]
    return found


def _broken(nodes: Sequence[Node]) -> list[Node]:
    """Several to a line: an entry that now starts one is no further in than the others that do."""
    starts = Counter(node.lead for before, node in itertools.pairwise(nodes) if before.trail.endswith("\n"))
    indent = max(starts, key=lambda lead: (starts[lead], lead), default="")
    found = list(nodes[:1])
    for before, node in itertools.pairwise(nodes):
        blank = not node.lead.strip()
        if blank and before.trail.endswith("\n"):
            found.append(replace(node, lead=indent))
        elif blank and "\n" not in node.lead:
            found.append(replace(node, lead=" "))
        else:
            found.append(node)
    return found


def _spaced(base: Group, sides: Sequence[Group], nodes: Sequence[Node]) -> list[Node]:
    """Blank lines go with the place where they set something apart from what stands above it."""
    found: list[Node] = []
    firsts = [group.nodes[0] for group in (base, *sides) if group.nodes]
    for index, node in enumerate(nodes):
        blank = not node.lead.strip()
        if blank and index == 0 and firsts:
            space = [first.lead for first in firsts if not first.lead.strip()]
            found.append(replace(node, lead=min(space, key=len)) if space else node)
        elif blank and index and any(node is first for first in firsts):
            after = [g.nodes[1].lead for g in (*sides, base) if len(g.nodes) > 1 and node is g.nodes[0]]
            wider = [lead for lead in after if not lead.strip() and len(lead) > len(node.lead)]
            found.append(replace(node, lead=wider[0]) if wider else node)
        else:
            found.append(node)
    return found


def _listed(sides: Sequence[Group], nodes: Sequence[Node]) -> list[Node]:
    """The blank line before a list stays before it: a side's first point may come to follow others."""
    space: dict[int, str] = {}
    for group in sides:
        for at, node in enumerate(group.nodes):
            if node.reach.free and not (at and group.nodes[at - 1].reach.free):
                after = group.nodes[at + 1 : at + 2]
                space[id(node)] = after[0].lead if after and after[0].reach.free else ""
    found = list(nodes[:1])
    for before, node in itertools.pairwise(nodes):
        moved = before.reach.free and id(node) in space and not (node.lead + space[id(node)]).strip()
        found.append(replace(node, lead=space[id(node)]) if moved else node)
    return found
