"""Running suspects again before a candidate is blamed: alone and in order, on the candidate and on the base.

Promises: a culprit failed every time on the candidate and passed every time on the base under equal
conditions (invariant 6). A test that fails only in company is not called flaky: the whole suite is run again
before that is believed, so that a candidate which breaks the isolation between tests is still found. A test
that is known to fail by chance needs more proof, and proof alone: in company chance would speak too often.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

from msgspec import field

from assay.gates.testing.compare import clears, is_collection
from assay.gates.testing.health import TIMES
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
    shaky: frozenset[str] = frozenset()
    """Those of the flaky tests that were known to be."""
    on_base: frozenset[str] = frozenset()
    """Those of the flaky tests that the base failed as well, when it was asked again."""
    trouble: Run | None = None

    @property
    def shared(self) -> tuple[str, ...]:
        """Tests that never passed on the candidate, and that the base, which was thought to pass them, fails
        by now: they speak neither against the candidate nor for it."""
        steady = (item for item in self.flaky.items() if item[0] not in self.shaky)
        return tuple(test for test, (bad, runs) in steady if bad == runs)


class _Spoilt(Exception):
    """A re-run that the machine or the user ended."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.why)
        self.run = run


async def confirm(
    suspects: Sequence[str],
    base: dict[str, Case],
    reruns: Reruns,
    times: int,
    shaky: Collection[str] = (),
) -> Confirmation:
    """Tell culprits from flaky tests. `base` holds the base's own results; `times` is at least 1. `shaky`
    tests are known to fail by chance."""
    court = _Court(base, reruns)
    flaky: dict[str, tuple[int, int]] = {}
    on_base: set[str] = set()
    left = list(suspects)
    try:
        for batch, known in _batches(suspects, shaky):
            left = [test for test in left if test not in batch]
            culprits, wavering = await court.alone(batch, max(times, TIMES) if known else times)
            company = not culprits and not known
            if company and wavering:
                culprits, wavering = await court.in_order(wavering, times)
            if company or known:
                flaky |= {test: court.rate(test) for test in wavering}
                on_base |= court.failed_on_base
                wavering = []
            if culprits:
                return Confirmation(
                    culprits=tuple(culprits),
                    unproven=(*wavering, *(test for test in left if test not in shaky)),
                    flaky=flaky,
                    shaky=frozenset(shaky) & flaky.keys(),
                    on_base=frozenset(on_base & flaky.keys()),
                )
    except _Spoilt as problem:
        return Confirmation(flaky=flaky, trouble=problem.run)
    return Confirmation(
        flaky=flaky, shaky=frozenset(shaky) & flaky.keys(), on_base=frozenset(on_base & flaky.keys())
    )


def _batches(suspects: Sequence[str], shaky: Collection[str]) -> Iterator[tuple[list[str], bool]]:
    """What is run again together, and whether it is known to be shaky; that comes last."""
    for known in (False, True):
        group = [test for test in suspects if (test in shaky) is known]
        for start in range(0, len(group), BATCH):
            yield group[start : start + BATCH], known


class _Court:
    """Counts, per test, how often it ran and failed on the candidate, the first run included."""

    def __init__(self, base: dict[str, Case], reruns: Reruns) -> None:
        self._base = base
        self._reruns = reruns
        self._failures: dict[str, list[bool]] = {}
        self.failed_on_base: set[str] = set()
        """Of the tests that were last run again, those that the base failed, too."""

    def rate(self, test: str) -> tuple[int, int]:
        """(failures, runs) on the candidate."""
        failures = self._failures[test]
        return sum(failures), len(failures)

    async def alone(self, tests: Sequence[str], times: int) -> tuple[list[str], list[str]]:
        """(culprits, undecided): culprits fail alone on the candidate and pass alone on the base."""
        reruns = self._reruns
        return await self._in_turn(tests, times, lambda: reruns.candidate_alone(tests), reruns.base_alone)

    async def in_order(self, tests: Sequence[str], times: int) -> tuple[list[str], list[str]]:
        """(culprits, flaky): culprits fail again among all tests, where the base passes again."""
        reruns = self._reruns
        return await self._in_turn(tests, times, reruns.candidate_whole, lambda _: reruns.base_whole())

    async def _in_turn(
        self,
        tests: Sequence[str],
        times: int,
        candidate: Callable[[], Awaitable[Run]],
        base: Callable[[Sequence[str]], Awaitable[Run]],
    ) -> tuple[list[str], list[str]]:
        """(culprits, others), candidate and base in turn: a busy machine fails tests for a stretch of time,
        and all runs of one side in a row could fall into it while those of the other do not."""
        still = list(tests)
        self.failed_on_base = set()
        for _ in range(times):
            failing = self._failing(tests, await _sound(candidate()))
            still = [test for test in still if test in failing]
            if old := [test for test in still if self._known_to_base(test)]:
                self.failed_on_base |= set(old) - self._cleared(old, await _sound(base(old)))
                still = [test for test in still if test not in self.failed_on_base]
            if not still:
                break
        return still, [test for test in tests if test not in still]

    def _failing(self, tests: Sequence[str], run: Run) -> set[str]:
        """Those that failed on the candidate, counted."""
        failing = set(tests) - self._cleared(tests, run)
        for test in tests:
            self._failures.setdefault(test, [True]).append(test in failing)
        return failing

    def _cleared(self, tests: Sequence[str], run: Run) -> set[str]:
        cases = run.suite.by_id()
        return {test for test in tests if clears(cases, test, self._base.get(test))}

    def _known_to_base(self, test: str) -> bool:
        """Whether the base can be asked: it has the test. Collecting a file is asked of the base as well."""
        return test in self._base or is_collection(test)


async def _sound(rerun: Awaitable[Run]) -> Run:
    run = await rerun
    if run.ended.machine:
        raise _Spoilt(run)
    return run
