"""In which order stands what both sides add.

Promises: pure, and independent of which side is which; each side's own order is kept unless the whole group
is sorted. Taking turns by the lesser name is associative, so that a third side's additions end up in the same
place whichever two were merged first.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence

from assay.patchset.merging.entries import Node

SortKey = Callable[[str], tuple[object, ...]]

_DIGITS = re.compile(r"(\d+)")


def sorted_by(versions: Iterable[Sequence[Node]], least: int) -> SortKey | None:
    """The order that every version keeps, if there is one; the first has to have `least` entries to tell."""
    rows = [[node.sort for node in version] for version in versions]
    if len(rows[0]) < least:
        return None
    for order in _ORDERS:
        if all(order(one) <= order(two) for row in rows for one, two in itertools.pairwise(row)):
            return order
    return None


def take_turns(ours: Sequence[Node], theirs: Sequence[Node]) -> tuple[Node, ...]:
    """Both rows as one, each in its own order: the one goes first whose next entry has the lesser name."""
    found: list[Node] = []
    a, b = 0, 0
    while a < len(ours) and b < len(theirs):
        if _rank(ours[a]) <= _rank(theirs[b]):
            found.append(ours[a])
            a += 1
        else:
            found.append(theirs[b])
            b += 1
    return (*found, *ours[a:], *theirs[b:])


def _rank(node: Node) -> tuple[object, ...]:
    return (node.section, *_natural(node.number), *_natural(node.sort), *node.keys)


def _natural(text: str) -> tuple[object, ...]:
    """Numbers inside a text by value: `step 9` before `step 10`."""
    pieces = _DIGITS.split(text.casefold())
    numbers = tuple(int(piece) if len(piece) < 19 else 0 for piece in pieces[1::2])
    return (tuple(pieces[::2]), numbers, text)


def _by_type(text: str) -> tuple[object, ...]:
    """Constants, then classes, then the rest: how import sorters put names."""
    kind = 0 if text.isupper() and len(text) > 1 else 1 if text[:1].isupper() else 2
    return (kind, text.casefold(), text)


def _plain(text: str) -> tuple[object, ...]:
    return (text,)


def _folded(text: str) -> tuple[object, ...]:
    return (text.casefold(), text)


_ORDERS: tuple[SortKey, ...] = (_by_type, _folded, _plain)
