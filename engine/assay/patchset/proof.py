"""What a row of runs proves of who is behind a failure, without asking about the suspects alone.

Promises: pure. Runs are masks of who was in; a failure has one cause, which shows whenever all of it is in
(delta debugging's assumption, with Zeller's 1-minimality as what is proven). Under it a group is behind a
failure if it is all that the runs with the failure have in common, and each of its parts of one fewer was
seen without it. That is more than a run of the group alone shows, which leaves open whether all are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.patchset.suspects import members


def common(showing: Iterable[int], everyone: int) -> int:
    """Who was in whenever a failure showed."""
    for asked in showing:
        everyone &= asked
    return everyone


def proven(group: int, core: int, clean: Sequence[int]) -> bool:
    """Whether a group of several is behind the failure whose runs have `core` in common, and which `clean`
    runs did not show. Of one alone only its own run tells."""
    if core != group or group.bit_count() < 2 or any(not group & ~asked for asked in clean):
        return False
    return all(any(not group & ~one & ~asked for asked in clean) for one in (1 << m for m in members(group)))


def joint(wanted: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Members to have in a run and members to leave out, so that it tells of as many of the `wanted` suspects
    as go together, the first before the others: each is a group and the core that it is taken from. With the
    group in and the rest of its core out, the failure shows exactly if it is that group's."""
    inside = outside = 0
    for group, core in wanted:
        rest = core & ~group
        if not group & outside and not rest & inside:
            inside |= group
            outside |= rest
    return inside, outside
