"""Which tests a candidate must pass, as lists in SWE-bench's form, and what two runs say of each of them.

Promises: pure. A listed id is looked for exactly first, then with the differences between listings that are
known from practice: parameters cut off at a space, paths among them, a function or class for all of its
cases. What the base fails too and should pass speaks against the list, never against a candidate
(invariant 6); what must turn from failing to passing and is skipped, or not there, did not pass
(invariant 5).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from assay.gates.testing.compare import is_collection
from assay.gates.testing.suite import Case, Suite
from assay.model.candidate import Record
from assay.model.errors import BadInput

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PATH_PARAMETER = re.compile(r"\[(/[^/*\]][^*\]]*)\]$")


class Required(Record, frozen=True, kw_only=True):
    """Ids of tests, each in one list at most. `must_pass` does not say how they fare on the base. Without any
    list, every test of the acceptance files counts."""

    fail_to_pass: tuple[str, ...] = ()
    pass_to_pass: tuple[str, ...] = ()
    must_pass: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id, in the order of the lists."""
        return (*self.fail_to_pass, *self.pass_to_pass, *self.must_pass)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the ids name, sorted."""
        return tuple(sorted({_file(test) for test in self.ids}))


class Kind(StrEnum):
    """What is expected of a test between base and candidate."""

    MENDED = "fail_to_pass"
    KEPT = "pass_to_pass"


class Standing(StrEnum):
    """What the first runs say of a demand. `suspect` is to be confirmed; `excluded` and `undecided` speak
    neither for nor against a candidate, and only the latter keeps it from passing."""

    PASSED = "passed"
    SUSPECT = "suspect"
    EXCLUDED = "excluded"
    UNDECIDED = "undecided"


class Demand(Record, frozen=True, kw_only=True):
    """One required test, as listed (it may stand for several cases), and how it stands. `suspects` are the
    ids to run again; `ask_base`: the base passes it, so that it is asked as well. `why` is a sentence."""

    id: str
    kind: Kind
    standing: Standing
    suspects: tuple[str, ...] = ()
    ask_base: bool = False
    why: str = ""


def read_lists(fields: Mapping[str, object], where: str) -> Required:
    """The lists of a record: each a list of ids, or such a list as JSON text. Raises BadInput."""
    required = Required(
        fail_to_pass=_list(fields.get("FAIL_TO_PASS"), f"{where}: FAIL_TO_PASS"),
        pass_to_pass=_list(fields.get("PASS_TO_PASS"), f"{where}: PASS_TO_PASS"),
    )
    both = sorted(set(required.fail_to_pass) & set(required.pass_to_pass))
    if both:
        raise BadInput(f"{_shown(both[0])} is in both lists", where=where, fix="leave it in one of them")
    return required


def read_lines(text: str, where: str) -> Required:
    """One id a line, which must pass; empty lines and lines that begin with '#' are passed over. Raises
    BadInput."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(_id(line.strip(), f"{where}:{number}"))
    return Required(must_pass=tuple(dict.fromkeys(found)))


def weigh(required: Required, base: Suite, found: Suite, *, base_complete: bool) -> tuple[Demand, ...]:
    """How each listed test stands, in the order of the lists. `base_complete`: `base` has all there is."""
    sides = _Sides(base, found, base_complete)
    return (
        *(sides.fail_to_pass(test) for test in required.fail_to_pass),
        *(sides.pass_to_pass(test) for test in required.pass_to_pass),
        *(sides.must_pass(test) for test in required.must_pass),
    )


def observe(files: Iterable[str], base: Suite, found: Suite, *, base_complete: bool) -> tuple[Demand, ...]:
    """How each test of these files stands, sorted by id: all of them must pass."""
    wanted = frozenset(files)
    sides = _Sides(base, found, base_complete)
    tests = {case.id for suite in (base, found) for case in suite.cases if case.file in wanted}
    demands = (sides.observed(test) for test in sorted(tests))
    return tuple(demand for demand in demands if demand is not None)


class _State(StrEnum):
    """How the cases that a listed id stands for fared in one run, as one."""

    GOOD = "good"
    BAD = "bad"
    IDLE = "idle"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class _Side:
    """One run, with its cases to be found by what a list may call them."""

    def __init__(self, suite: Suite, *, complete: bool) -> None:
        self.cases = suite.by_id()
        self.files = {case.file for case in suite.cases if not (is_collection(case.id) and case.result.bad)}
        self._missing = _State.ABSENT if complete else _State.UNKNOWN
        self._called: dict[str, list[str]] = defaultdict(list)
        for case in suite.cases:
            if not is_collection(case.id):
                for name in dict.fromkeys(_names(case)):
                    self._called[name].append(case.id)

    def find(self, test: str) -> tuple[str, ...]:
        """The cases that `test` stands for."""
        if test in self.cases:
            return (test,)
        return tuple(self._called.get(test) or self._called.get(_plain(test)) or ())

    def knows_function(self, test: str) -> bool:
        """Whether the function of `test` is there, with whatever parameters."""
        return bool(self.find(_function(test)))

    def state(self, ids: Sequence[str]) -> _State:
        results = [self.cases[test].result for test in ids]
        if not results:
            return self._missing
        if any(result.bad for result in results):
            return _State.BAD
        return _State.GOOD if any(result.good for result in results) else _State.IDLE


class _Sides:
    """Base and candidate side by side."""

    def __init__(self, base: Suite, found: Suite, base_complete: bool) -> None:
        self.base = _Side(base, complete=base_complete)
        self.found = _Side(found, complete=True)

    def fail_to_pass(self, test: str) -> Demand:
        before = self._before(test)
        note = "passes on the base already" if before is _State.GOOD else ""
        return self._demand(test, Kind.MENDED, before, note)

    def pass_to_pass(self, test: str) -> Demand:
        before = self._before(test)
        if before in (_State.GOOD, _State.UNKNOWN):
            return self._demand(test, Kind.KEPT, before)
        why = {
            _State.BAD: "fails on the base too",
            _State.IDLE: "is skipped on the base too",
            _State.ABSENT: "is not collected on the base",
        }[before]
        return Demand(id=test, kind=Kind.KEPT, standing=Standing.EXCLUDED, why=why)

    def must_pass(self, test: str) -> Demand:
        before = self._before(test)
        kind = Kind.KEPT if before is _State.GOOD else Kind.MENDED
        return self._demand(test, kind, before)

    def observed(self, test: str) -> Demand | None:
        """The demand that a test of an acceptance file makes; None if it makes none."""
        before, after = (side.cases.get(test) for side in (self.base, self.found))
        if is_collection(test):
            same = before is not None and after is not None and before.result is after.result
            if after is None or (same and not after.result.bad):
                return None
            return Demand(id=test, kind=Kind.MENDED, standing=Standing.SUSPECT, suspects=(test,))
        state = self._before(test)
        if state is _State.IDLE and after is not None and not after.result.bad and not after.result.good:
            why = "is skipped on the base too"
            return Demand(id=test, kind=Kind.KEPT, standing=Standing.EXCLUDED, why=why)
        if state is _State.ABSENT and after is not None and not after.result.bad and not after.result.good:
            why = f"is {after.result} on the candidate, and cannot be compared with the base, which lacks it"
            return Demand(id=test, kind=Kind.MENDED, standing=Standing.UNDECIDED, why=why)
        kind = Kind.KEPT if state in (_State.GOOD, _State.IDLE) else Kind.MENDED
        return self._demand(test, kind, state)

    def _before(self, test: str) -> _State:
        return self.base.state(self.base.find(test))

    def _demand(self, test: str, kind: Kind, before: _State, note: str = "") -> Demand:
        """The demand of a test that has to pass on the candidate."""
        ids = self.found.find(test)
        if (why := self._undecidable(test, before, ids)) is not None:
            return Demand(id=test, kind=kind, standing=Standing.UNDECIDED, why=why)
        suspects = (*self._not_passing(ids), *self._lost(test, ids)) or (() if ids else (test,))
        return Demand(
            id=test,
            kind=kind,
            standing=Standing.SUSPECT if suspects else Standing.PASSED,
            suspects=suspects,
            ask_base=before in (_State.GOOD, _State.UNKNOWN),
            why=note,
        )

    def _undecidable(self, test: str, before: _State, ids: Sequence[str]) -> str | None:
        """Why the list, or what this machine has, is at odds with the test, whatever the candidate does."""
        if before is _State.IDLE and self.found.state(ids) is _State.IDLE:
            return "is required to pass, and is skipped on the base as on the candidate"
        if before is _State.ABSENT and not ids and not self._may_come(test):
            return "is in none of the files' tests, on the base and on the candidate: check the list"
        return None

    def _may_come(self, test: str) -> bool:
        """Whether another candidate may have this test: its file cannot be told on one of the sides, or its
        function is there, with other parameters."""
        sides = (self.base, self.found)
        return any(_file(test) not in side.files or side.knows_function(test) for side in sides)

    def _not_passing(self, ids: Sequence[str]) -> Iterator[str]:
        """Cases that fail, or that do not run though nothing shows that they would not without the change."""
        for test in ids:
            result, before = self.found.cases[test].result, self.base.cases.get(test)
            one_of_several = len(ids) > 1 and before is not None and before.result is result
            if not result.good and (result.bad or not one_of_several):
                yield test

    def _lost(self, test: str, ids: Sequence[str]) -> Iterator[str]:
        """Where a listed id stands for several cases: those that the base passes and the candidate lacks."""
        before = self.base.find(test)
        if len(before) > 1 or len(ids) > 1:
            there = frozenset(ids)
            yield from (t for t in before if t not in there and self.base.cases[t].result.good)


def _names(case: Case) -> Iterator[str]:
    """Everything that a list may call this case: its id, with the path from the root, with its parameters cut
    or told otherwise, and each of the functions, classes and files that it lies in."""
    for test in dict.fromkeys((case.id, _from_root(case))):
        yield test
        yield _plain(test)
        if "[" in test:
            yield test.split(maxsplit=1)[0]
            yield _function(test)
        parts = _function(test).split("::")
        yield from ("::".join(parts[:end]) for end in range(1, len(parts)))


def _from_root(case: Case) -> str:
    """The id as it is where pytest's root directory is the repository's."""
    _, separator, rest = case.id.partition("::")
    return f"{case.file}{separator}{rest}" if case.file else case.id


def _plain(test: str) -> str:
    """The id with a parameter that is an absolute path, which differs from machine to machine, cut to its
    last component."""
    return _PATH_PARAMETER.sub(lambda found: f"[/{found[1].rsplit('/', 1)[-1]}]", test)


def _function(test: str) -> str:
    return test.partition("[")[0]


def _file(test: str) -> str:
    return posixpath.normpath(test.split("::", 1)[0])


def _list(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"this is no JSON list ({error})", where=where) from error
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadInput("this must be a list of test ids, or such a list as JSON text", where=where)
    return tuple(dict.fromkeys(_id(each, where) for each in value))


def _id(value: object, where: str) -> str:
    """A pytest node id whose path is relative to the root."""
    if not isinstance(value, str):
        raise BadInput(f"{_shown(value)} is no test id: ids are strings", where=where)
    test = value.strip().removeprefix("./")
    path = test.split("::", 1)[0]
    if "::" not in test and not path.endswith(".py"):
        what = "no pytest node id, which is of the form path/to/test_x.py::test_y"
    elif _CONTROL.search(test) or not path:
        what = "no pytest node id"
    elif path.startswith("/") or ".." in path.split("/"):
        what = "not relative to the repository's root"
    else:
        return test
    raise BadInput(f"{_shown(value)} is {what}", where=where)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
