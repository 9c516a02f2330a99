"""What a text holds, entry by entry, and whether a merged one holds just what both sides made of it.

Promises: pure. Layout does not count; comments do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from assay.patchset.merging.entries import Group, Node, body
from assay.patchset.merging.split import said_in

Inventory = Counter[tuple[str, ...]]

IS = "is"
"""Stands before what an entry says."""

Saying = Callable[[Node], str]


def inventory(group: Group, said: Saying, settled: Mapping[str, str] | None = None) -> Inventory:
    """Every piece of text that is no group, under the names of what it is in, and every line of comment.
    `said` is what an entry without groups says, its layout aside. Entries with a text in `settled` count as
    the text that stands there: what is inside of them was settled otherwise."""
    return Counter(_listed(group, (), said, settled or {}))


def missing(base: Inventory, ours: Inventory, theirs: Inventory, merged: Inventory) -> tuple[str, ...] | None:
    """Something that is there more or less often than both sides want it; None if all is there."""
    for item in sorted({*base, *ours, *theirs, *merged}):
        if merged[item] not in _wanted(item, base[item], ours[item], theirs[item]):
            return item
    return None


def _wanted(item: tuple[str, ...], old: int, mine: int, yours: int) -> tuple[int, ...]:
    """How often something may be there. What both sides add as often may be one thing or two: an entry is one
    and the same, but of remarks, and of what stands around entries, each side may have one of its own."""
    if old in (mine, yours):
        return (mine + yours - old,)
    if mine == yours:
        return (mine,) if item[-2] == IS else (mine, mine + yours - old)
    return (mine + yours - old,)


def _listed(
    group: Group, path: tuple[str, ...], said: Saying, settled: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    yield from _comments(group.head, path)
    for node in group.nodes:
        yield from _node(node, path, said, settled)
    yield from _comments(group.tail, path)


def _node(
    node: Node, path: tuple[str, ...], said: Saying, settled: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    here = (*path, node.keys[0])
    for text in (node.lead, node.gap, node.trail):
        yield from _comments(text, path)
    if settled and (text := settled.get(body(node), "")):
        yield (*path, IS, text)
        return
    if not any(isinstance(part, Group) for part in node.parts):
        yield (*here, IS, said(node))
        return
    yield (*here, "exists")
    for index, part in enumerate(node.parts):
        if isinstance(part, Group):
            yield from _listed(part, (*here, str(index)), said, settled)
        elif text := said_in(part):
            yield (*here, str(index), "says", text)


def _comments(text: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for line in text.split("\n"):
        if said := line.strip().strip("()[]{}").strip():
            yield (*path, "remarks", said)
