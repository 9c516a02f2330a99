"""A set that passed its gates, looked at once more: does what no two members change change with both?

Promises: nothing runs outside of jails (invariant 4), within the policy's budget for the whole run; no pair
is asked twice. A call that answers otherwise only with both is a witness, and the two do not land together;
that there is none proves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from assay.grade.engine import Bench
from assay.model.candidate import Candidate, Record
from assay.model.event import Stage
from assay.model.report import Conflict, ConflictKind, FailingGroup
from assay.patchset.alike.meeting import Meeting, meetings, through
from assay.patchset.alike.pairs import Witness, witnesses
from assay.patchset.combine import Combined, combine
from assay.policy.schema import SetRules
from assay.repo.globs import compile_globs

PROBES = "probes"
"""What is named in the place of a gate."""


class Disagreement(Record, frozen=True, kw_only=True):
    """Two members of which probes say that they do not go together, as a conflict and as a failing group."""

    conflict: Conflict
    group: FailingGroup


class Probed:
    """The probes of one run; `rules` say how many there may be."""

    def __init__(self, bench: Bench, rules: SetRules) -> None:
        self._bench = bench
        self._left = rules.probes
        self._seconds = rules.seconds
        self._started = 0.0
        self._asked: set[frozenset[str]] = set()

    async def look(
        self, members: Sequence[Candidate], suspected: Sequence[Conflict]
    ) -> tuple[Disagreement, ...]:
        """What comes of the likeliest pairs of `members` that were not asked about yet."""
        if self._left <= 0 or len(members) < 2:
            return ()
        self._started = self._started or time.monotonic()
        tests = compile_globs(self._bench.policy.tests.paths)
        first = [frozenset((c.a, c.b)) for c in suspected]
        found = []
        for meeting in through(meetings(self._bench.repo, members, tests), first):
            pair = frozenset((meeting.one.id, meeting.other.id))
            if pair in self._asked:
                continue
            if self._left <= 0 or time.monotonic() - self._started > self._seconds:
                break
            self._left -= 1
            self._asked.add(pair)
            self._bench.observer(Stage(name=f"probing {meeting.one.name} with {meeting.other.name}"))
            found += [_told(meeting, seen) for seen in (await self._witnesses(meeting))[:1]]
        return tuple(found)

    async def _witnesses(self, meeting: Meeting) -> tuple[Witness, ...]:
        one, other = meeting.one, meeting.other
        both = combine(self._bench.repo, one.base, [one, other])
        if not isinstance(both, Combined):
            return ()
        with self._bench.lease():
            return await witnesses(self._bench, one, other, both.tree, meeting.places) or ()


def _told(meeting: Meeting, seen: Witness) -> Disagreement:
    one, other = meeting.one, meeting.other
    why = (
        f"{one.name} and {other.name} each leave `{seen.call}` as it is ({seen.alone}), "
        f"but together it comes to {seen.together}"
    )
    conflict = Conflict(
        a=one.id,
        b=other.id,
        kind=ConflictKind.BEHAVIOURAL,
        where=seen.where,
        why=why,
        symbols=(seen.symbol,),
    )
    group = FailingGroup(
        members=(one.id, other.id),
        gate=PROBES,
        where=seen.where,
        why=why,
        symbols=(seen.symbol,),
        call=seen.call,
    )
    return Disagreement(conflict=conflict, group=group)
