"""One run of a test suite, folded from the plugin's records: a result per test.

Promises: pure; independent of the order in which workers' records interleave. Every id occurs once: of
several runs of one id (repeated arguments, one per worker) the worst counts.
"""

from __future__ import annotations

import os.path
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar, cast

from msgspec import field, structs

from assay.gates.inject.assay_haste import STOPPED
from assay.gates.testing import records
from assay.model.candidate import Record

T = TypeVar("T")

COLLECTION = "::<collection>"
"""Ends the id of the pseudo-test that stands for a file which could not be collected."""


class Result(StrEnum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"

    @property
    def bad(self) -> bool:
        """Whether pytest counts it against the run."""
        return self in (Result.FAILED, Result.ERROR)

    @property
    def good(self) -> bool:
        """Whether its body ran to the end."""
        return self in (Result.PASSED, Result.XPASSED)


class Body(StrEnum):
    """How far a test's own body got in its call; unknown where the test's function is not a trusted one."""

    UNKNOWN = ""
    NONE = "none"
    ENTERED = "entered"
    CUT = "cut"
    """It reached one, but an exception in a block of `with` was swallowed on the way."""
    LEFT = "left"
    """It reached a normal end of its own."""


class Case(Record, frozen=True, kw_only=True):
    """One test's result. `file` is the test's file; `path` and `line` are where it failed, relative to the
    repository's root as far as inside (line 0: unknown). `seconds` is the wall time of all its phases.

    What was seen besides pytest's report: `raised` (its call), `origin` (the trusted function that it is,
    `path::qualname`), `plain` (undecorated), `body`, and `equal` (types whose objects it found equal, and
    that are equal to anything; with the files that define them)."""

    id: str
    result: Result
    file: str = ""
    message: str = ""
    path: str = ""
    line: int = 0
    seconds: float = 0.0
    raised: bool = False
    origin: str = ""
    plain: bool = False
    body: Body = Body.UNKNOWN
    equal: tuple[str, ...] = ()


class Canaries(Record, frozen=True, kw_only=True):
    """The tests of known outcome among the others: how many were planned, ran, and came back as they should;
    `wrong` says which did not, and how they ended."""

    planned: int = 0
    ran: int = 0
    wrong: tuple[str, ...] = ()


class Mark(Record, frozen=True, kw_only=True):
    """One place of a watched file: a statement from line `first` to `last` (`kind` is `line`), or a way out
    of one (`true`, `false`, `loops`, `ends`) to the line `target`, 0 being out of the function. `line` is its
    first that changed. `tests` ran it (of many, the first hundreds); `outside`: it ran without any."""

    path: str
    kind: str
    first: int
    last: int
    line: int
    target: int
    tests: tuple[str, ...] = ()
    outside: bool = False


class Suite(Record, frozen=True, kw_only=True):
    """What the plugin claims of one run.

    `running` are tests that began and did not end; `cut_short`: it had failed enough (see `run.Haste`).
    `end_status` and `exit_status` are pytest's exit status as of the session's end and as of leaving, None
    where that record is missing. `whole` says whether every phase that was counted in the end record was
    read.

    `token` is what the run had to say at its very end. `altered` maps what is not as it was before the
    project's code ran to the file whose code took its place (trusted test files apart), `files` trusted test
    files that were not loaded as they are in the tree to what happened to them; `loaded` are those of Python
    that were. `watched` are files of which it is told what ran, by `marks`, and whether
    they were loaded at all; `early` are those that were loaded before they could be watched; `left` are tests
    that started processes.
    """

    cases: tuple[Case, ...] = ()
    running: tuple[str, ...] = ()
    no_pytest: str = ""
    internal: str = ""
    stopped: str = ""
    flaw: str = ""
    parallel: bool = False
    cut_short: bool = False
    whole: bool = True
    end_status: int | None = None
    exit_status: int | None = None
    token: str = ""
    altered: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    loaded: tuple[str, ...] = ()
    learned: records.Learned | None = None
    canaries: Canaries = Canaries()
    watched: dict[str, bool] = field(default_factory=dict)
    early: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    left: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    def by_id(self) -> dict[str, Case]:
        """The cases by their ids."""
        return {case.id: case for case in self.cases}

    def count(self, *results: Result) -> int:
        """How many cases ended in one of these ways."""
        return sum(case.result in results for case in self.cases)


def fold(stream: records.Stream) -> Suite:
    """Fold a stream into a suite."""
    kinds: dict[type, list[object]] = defaultdict(list)
    for record in stream.records:
        kinds[type(record)].append(record)
    hello = _first(_of(kinds, records.Hello))
    session = _first(_of(kinds, records.Session))
    end = _first(_of(kinds, records.End))
    leave = _first(_of(kinds, records.Exit))
    places = _Places(hello.cwd if hello else "", session.root if session else "")
    starts = _of(kinds, records.Start)
    names = {start.i: start.id for start in starts}
    planted = {canary.i: canary for canary in _of(kinds, records.Canary)}
    finishes = _of(kinds, records.Finish)
    finished = {names.get(finish.i) for finish in finishes}
    told = [phase for phase in _of(kinds, records.Phase) if phase.i in names or phase.i in planted]
    phases = [phase for phase in told if phase.i in names]
    cases = _cases(phases, names, places) | _collections(_of(kinds, records.Collect), places)
    cases = _with_evidence(cases, names, finishes, _of(kinds, records.Equal))
    found = {path for record in _of(kinds, records.Ran) for path in record.loaded}
    return Suite(
        cases=tuple(cases[test] for test in sorted(cases)),
        running=tuple(dict.fromkeys(start.id for start in starts if start.id not in finished)),
        no_pytest=next((record.message for record in _of(kinds, records.NoPytest)), ""),
        internal=next((record.message for record in _of(kinds, records.Internal)), ""),
        stopped=end.stopped if end else "",
        cut_short=end is not None and end.stopped == STOPPED,
        flaw=stream.flaw,
        parallel=session.parallel if session else False,
        whole=end is None or end.phases == sum(phase.n < end.n for phase in told),
        end_status=end.status if end else None,
        exit_status=leave.status if leave else None,
        token=leave.token if leave else "",
        altered={record.what: record.path for record in _of(kinds, records.Altered) if not record.trusted},
        files={record.path: record.state for record in reversed(_of(kinds, records.File))},
        loaded=tuple(path for record in _of(kinds, records.Loaded) for path in record.paths),
        learned=_first(_of(kinds, records.Learned)),
        canaries=_canaries(sum(record.count for record in _of(kinds, records.Planned)), planted, told),
        watched={record.path: record.path in found for record in _of(kinds, records.Watched)},
        early=tuple(record.path for record in _of(kinds, records.Watched) if record.early),
        marks=_marks(_of(kinds, records.Watched), _of(kinds, records.Ran), names),
        left=tuple(names[each.i] for each in _of(kinds, records.Ran) if each.left and each.i in names),
        versions={"python": hello.python if hello else "", "pytest": session.pytest if session else ""},
    )


def _marks(
    watched: Iterable[records.Watched], ran: Iterable[records.Ran], names: dict[int, str]
) -> tuple[Mark, ...]:
    tests: dict[int, list[str]] = defaultdict(list)
    outside: set[int] = set()
    for record in ran:
        for mark in record.marks:
            if record.i in names:
                tests[mark].append(names[record.i])
            else:
                outside.add(mark)
    return tuple(
        Mark(
            path=file.path,
            kind=kind,
            first=first,
            last=last,
            line=line,
            target=target,
            tests=tuple(tests.get(number, ())),
            outside=number in outside,
        )
        for file in watched
        for number, (kind, first, last, line, target) in enumerate(file.places, file.first)
    )


class _Places:
    """Turns pytest's paths (relative to its root directory, or absolute) into the repository's."""

    def __init__(self, top: str, root: str) -> None:
        self._top = top
        self._prefix = os.path.relpath(root, top) if top and root else "."

    def file(self, test: str) -> str:
        """The file that a node id names."""
        return self._inside(posixpath.join(self._prefix, test.split("::", 1)[0]))

    def path(self, path: str) -> str:
        """The file that a traceback names, empty if it lies outside the repository."""
        if path.startswith("/"):
            return self._inside(os.path.relpath(path, self._top) if self._top else "..")
        return self._inside(posixpath.join(self._prefix, path))

    @staticmethod
    def _inside(path: str) -> str:
        path = posixpath.normpath(path)
        return "" if path in (".", "..") or path.startswith("../") else path


def _cases(phases: Iterable[records.Phase], names: dict[int, str], places: _Places) -> dict[str, Case]:
    groups: dict[str, list[records.Phase]] = defaultdict(list)
    for phase in phases:
        groups[names[phase.i]].append(phase)
    cases = {}
    for test, group in groups.items():
        result, telling = _settle(group)
        cases[test] = _case(test, result, telling, places)
    return cases


def _with_evidence(
    cases: dict[str, Case],
    names: dict[int, str],
    finishes: Sequence[records.Finish],
    equals: Sequence[records.Equal],
) -> dict[str, Case]:
    """The cases with what was seen of their calls. Of several runs of one test, the least counts."""
    runs: dict[str, list[records.Finish]] = defaultdict(list)
    for finish in finishes:
        runs[names.get(finish.i, "")].append(finish)
    types: dict[str, set[str]] = defaultdict(set)
    for equal in equals:
        types[names.get(equal.i, "")].add(f"{equal.type} ({equal.path})" if equal.path else equal.type)
    return {test: _seen(case, runs.get(test, ()), types.get(test, ())) for test, case in cases.items()}


def _seen(case: Case, runs: Sequence[records.Finish], types: Iterable[str]) -> Case:
    if not runs:
        return case
    least = runs[0] if len(runs) == 1 else min(runs, key=lambda run: _RANKS[_body(run)])
    return structs.replace(
        case,
        seconds=sum(run.seconds for run in runs),
        raised=any(run.raised for run in runs),
        origin=least.origin,
        plain=least.plain,
        body=_body(least),
        equal=tuple(sorted(types)) if types else (),
    )


_BODIES = {body.value: body for body in Body}
_RANKS = {body: rank for rank, body in enumerate(Body)}
"""From what says least to what says most."""


def _body(run: records.Finish) -> Body:
    return _BODIES.get(run.body, Body.UNKNOWN)


def _canaries(planned: int, planted: dict[int, records.Canary], phases: Sequence[records.Phase]) -> Canaries:
    groups: dict[int, list[records.Phase]] = defaultdict(list)
    for phase in phases:
        groups[phase.i].append(phase)
    wrong = []
    for number, canary in planted.items():
        result = str(_settle(groups[number])[0]) if groups[number] else "not reported"
        if result != canary.expected:
            wrong.append(f"{result} instead of {canary.expected}")
    return Canaries(planned=planned, ran=len(planted), wrong=tuple(sorted(wrong)))


def _settle(phases: Sequence[records.Phase]) -> tuple[Result, records.Phase]:
    """The result of one test from all its phases, and the phase that decided it, worst first.

    A skipped subtest says nothing about the test around it; a failed one fails it.
    """
    own = [phase for phase in phases if not phase.sub]
    ranked: list[tuple[Result, list[records.Phase]]] = [
        (Result.FAILED, [p for p in phases if p.outcome == "failed" and p.when not in ("setup", "teardown")]),
        (Result.ERROR, [p for p in phases if p.outcome == "failed"]),
        (Result.XPASSED, [p for p in own if p.outcome == "passed" and p.xfail]),
        (Result.PASSED, [p for p in own if p.outcome == "passed"]),
        (Result.XFAILED, [p for p in own if p.outcome == "skipped" and p.xfail]),
    ]
    for result, deciding in ranked:
        if deciding:
            return result, deciding[0]
    return Result.SKIPPED, phases[0]


def _collections(reports: Iterable[records.Collect], places: _Places) -> dict[str, Case]:
    cases = {}
    for report in reports:
        test = report.id + COLLECTION
        result = Result.ERROR if report.outcome == "failed" else Result.SKIPPED
        cases[test] = _case(test, result, report, places)
    return cases


def _case(test: str, result: Result, telling: records.Phase | records.Collect, places: _Places) -> Case:
    path = places.path(telling.path) if telling.path else ""
    return Case(
        id=test,
        result=result,
        file=places.file(test),
        message=telling.message,
        path=path,
        line=telling.line if path else 0,
    )


def _of(kinds: dict[type, list[object]], kind: type[T]) -> list[T]:
    return cast(list[T], kinds.get(kind, []))


def _first(items: Sequence[T]) -> T | None:
    return items[0] if items else None
