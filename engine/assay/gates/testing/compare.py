"""A candidate's suite against the base's: what the candidate broke, fixed, removed and added.

Promises: pure. What the base also fails blames nobody (invariant 6); a test that passed on the base has to
pass still, and silence is no pass (invariant 5), unless the candidate itself changed what defines the test.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.candidate import Record


class Touched(Record, frozen=True, kw_only=True):
    """What of the tree that was run differs from the base. `configured`: pytest's configuration does.
    `trusted`: its tests are the base's, so that a case which is gone has no innocent reason."""

    paths: frozenset[str] = frozenset()
    configured: bool = False
    trusted: bool = False


class Comparison(Record, frozen=True, kw_only=True):
    """Sorted test ids. `failing` fail now and did not on the base (new tests too); `lost` passed on the base
    and now did not run, or were skipped; `removed` did as well, but the candidate changed their file;
    `pre_existing` fail on both."""

    failing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    newly_passing: tuple[str, ...] = ()
    pre_existing: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    new_tests: tuple[str, ...] = ()

    @property
    def suspects(self) -> tuple[str, ...]:
        """What speaks against the candidate, to be confirmed. A file that cannot be collected comes first:
        it is why its tests are lost."""
        return tuple(sorted({*self.failing, *self.lost}, key=lambda test: (not is_collection(test), test)))


def compare(base: Suite, found: Suite, touched: Touched) -> Comparison:
    """Compare two complete runs."""
    old, new = base.by_id(), found.by_id()
    gone = [case for case in base.cases if case.result.good and not _ran(new.get(case.id))]
    removed = {case.id for case in gone if _explained(case, new, touched)}
    return Comparison(
        failing=_ids(case for case in found.cases if case.result.bad and not _bad(old.get(case.id))),
        lost=_ids(case for case in gone if case.id not in removed),
        newly_passing=_ids(case for case in found.cases if case.result.good and _bad(old.get(case.id))),
        pre_existing=_ids(case for case in found.cases if case.result.bad and _bad(old.get(case.id))),
        removed=tuple(sorted(removed)),
        new_tests=_ids(case for case in found.cases if case.id not in old and not is_collection(case.id)),
    )


def clears(cases: Mapping[str, Case], test: str, on_base: Case | None) -> bool:
    """Whether a re-run (its cases by id) acquits `test`, whose result in the base's own run was `on_base`."""
    case = cases.get(test)
    if is_collection(test):
        return case is None or not case.result.bad
    if case is None:
        return False
    return case.result.good if on_base is not None and on_base.result.good else not case.result.bad


def is_collection(test: str) -> bool:
    """Whether an id stands for the collection of a file."""
    return test.endswith(COLLECTION)


def _ran(case: Case | None) -> bool:
    return case is not None and (case.result.good or case.result.bad)


def _bad(case: Case | None) -> bool:
    return case is not None and case.result.bad


def _explained(case: Case, new: Mapping[str, Case], touched: Touched) -> bool:
    """Whether a passing test that no longer runs is so by an edit of the candidate to the test itself."""
    if touched.trusted:
        return False
    collection = new.get(file_of(case.id) + COLLECTION)
    if collection is not None and collection.result.bad:
        return False
    if case.file in touched.paths or touched.configured:
        return True
    if any(directory in touched.paths for directory in _conftests(case.file)):
        return True
    # A parametrised case may hang on data files.
    return _siblings_run(case.id, new)


def _siblings_run(test: str, new: Mapping[str, Case]) -> bool:
    function, bracket, _ = test.partition("[")
    return bool(bracket) and any(
        other.startswith(function + "[") and case.result is not Result.SKIPPED for other, case in new.items()
    )


def file_of(test: str) -> str:
    """The file of a test, by its id."""
    return test.split("::", 1)[0]


def _conftests(file: str) -> Iterable[str]:
    directory = posixpath.dirname(file)
    while True:
        yield posixpath.join(directory, "conftest.py")
        if not directory:
            return
        directory = posixpath.dirname(directory)


def _ids(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(sorted(case.id for case in cases))
