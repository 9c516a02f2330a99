"""Running suspects again before a candidate is blamed: alone and in order, on the candidate and on the base.

Promises: a culprit failed every time on the candidate and passed every time on the base under equal
conditions (invariant 6). A test that fails only in company is not called flaky: the whole suite is run again
before that is believed, so that a candidate which breaks the isolation between tests is still found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec import field

from assay.gates.testing.compare import clears, is_collection
from assay.gates.testing.run import Run
from assay.gates.testing.suite import Case
from assay.model.candidate import Record

BATCH = 40
"""So many suspects are re-run first. One culprit decides; only if there is none are the others run."""


class Reruns(Record, frozen=True, kw_only=True):
    """How to run things again, each call in a fresh jail. The two `alone` take test ids."""

    candidate_alone: Callable[[Sequence[str]], Awaitable[Run]]
    base_alone: Callable[[Sequence[str]], Awaitable[Run]]
    candidate_whole: Callable[[], Awaitable[Run]]
    base_whole: Callable[[], Awaitable[Run]]


class Confirmation(Record, frozen=True, kw_only=True):
    """`culprits` are proven; `unproven` were not run again, since culprits were found already, or wavered;
    `flaky` maps a test to (failures, runs) on the candidate. `trouble` is a run that the machine spoilt."""

    culprits: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    flaky: dict[str, tuple[int, int]] = field(default_factory=dict)
    trouble: Run | None = None

    @property
    def shared(self) -> tuple[str, ...]:
        """Tests that never passed on the candidate, and that the base, which passed them once, fails by now:
        they speak neither against the candidate nor for it."""
        return tuple(test for test, (bad, runs) in self.flaky.items() if bad == runs)


class _Spoilt(Exception):
    """A re-run that the machine or the user ended."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.why)
        self.run = run


async def confirm(suspects: Sequence[str], base: dict[str, Case], reruns: Reruns, times: int) -> Confirmation:
    """Tell culprits from flaky tests. `base` holds the base's own results; `times` is at least 1."""
    court = _Court(base, reruns, times)
    flaky: dict[str, tuple[int, int]] = {}
    try:
        for start in range(0, len(suspects), BATCH):
            batch = suspects[start : start + BATCH]
            culprits, wavering = await court.alone(batch)
            if not culprits and wavering:
                culprits, wavering = await court.in_order(wavering)
                flaky |= {test: court.rate(test) for test in wavering}
                wavering = []
            if culprits:
                rest = [*wavering, *suspects[start + BATCH :]]
                return Confirmation(culprits=tuple(culprits), unproven=tuple(rest), flaky=flaky)
    except _Spoilt as problem:
        return Confirmation(flaky=flaky, trouble=problem.run)
    return Confirmation(flaky=flaky)


class _Court:
    """Counts, per test, how often it ran and failed on the candidate, the first run included."""

    def __init__(self, base: dict[str, Case], reruns: Reruns, times: int) -> None:
        self._base = base
        self._reruns = reruns
        self._times = times
        self._failures: dict[str, list[bool]] = {}

    def rate(self, test: str) -> tuple[int, int]:
        """(failures, runs) on the candidate."""
        failures = self._failures[test]
        return sum(failures), len(failures)

    async def alone(self, tests: Sequence[str]) -> tuple[list[str], list[str]]:
        """(culprits, undecided): culprits fail alone on the candidate and pass alone on the base."""
        reruns = self._reruns
        still = await self._failing(tests, lambda: reruns.candidate_alone(tests))
        old = [test for test in still if self._known_to_base(test)]
        cleared = await self._cleared_on_base(old, lambda: reruns.base_alone(old)) if old else set()
        culprits = [test for test in still if test not in old or test in cleared]
        return culprits, [test for test in tests if test not in culprits]

    async def in_order(self, tests: Sequence[str]) -> tuple[list[str], list[str]]:
        """(culprits, flaky): culprits fail again among all tests, where the base passes again."""
        still = await self._failing(tests, self._reruns.candidate_whole)
        old = [test for test in still if self._known_to_base(test)]
        cleared = await self._cleared_on_base(old, self._reruns.base_whole) if old else set()
        culprits = [test for test in still if test not in old or test in cleared]
        return culprits, [test for test in tests if test not in culprits]

    async def _failing(self, tests: Sequence[str], rerun: Callable[[], Awaitable[Run]]) -> list[str]:
        still = list(tests)
        for _ in range(self._times):
            run = await _sound(rerun)
            cases = run.suite.by_id()
            for test in tests:
                failed = not clears(cases, test, self._base.get(test))
                self._failures.setdefault(test, [True]).append(failed)
                if not failed and test in still:
                    still.remove(test)
            if not still:
                break
        return still

    async def _cleared_on_base(self, tests: Sequence[str], rerun: Callable[[], Awaitable[Run]]) -> set[str]:
        cleared = set(tests)
        for _ in range(self._times):
            run = await _sound(rerun)
            cases = run.suite.by_id()
            cleared &= {test for test in tests if clears(cases, test, self._base.get(test))}
            if not cleared:
                break
        return cleared

    def _known_to_base(self, test: str) -> bool:
        """Whether the base can be asked: it has the test. Collecting a file is asked of the base as well."""
        return test in self._base or is_collection(test)


async def _sound(rerun: Callable[[], Awaitable[Run]]) -> Run:
    run = await rerun()
    if run.ended.machine:
        raise _Spoilt(run)
    return run
