"""Tests that another candidate passed with everything in it that can affect them.

Promises: an outcome is taken over only from a quick run that passed without a doubt, in the same transaction,
and only for a test that the same changes can affect in both, byte for byte, and that cannot get at what else
the two change, also not by way of what these do now; where changes together can affect more than each of them
alone, nothing is. What is in nobody else's changes costs nothing to look up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from assay.gates.testing.impact import Impact
from assay.gates.testing.suite import Suite
from assay.model.candidate import Change

Effect = tuple[str, str, int, int]
"""One change as what it is about: path, blob, modes."""
Causes = dict[str, frozenset[Effect]]
"""By test id, or file of which every test is meant: the changes that can affect it."""
Examine = Callable[[Sequence[Change]], Impact]
"""What changes can affect."""
Apart = Callable[[str, Sequence[Change], frozenset[str]], bool]
"""Whether an entry cannot get at some paths, also not by what certain changes add to what it gets at."""


class _Passed(NamedTuple):
    """One candidate's clear pass: its changes, and the tests that passed in its run."""

    changes: tuple[Change, ...]
    tests: frozenset[str]


class Siblings:
    """The clear passes of one transaction. `examine` is that of its base's map."""

    def __init__(self) -> None:
        self._passed: list[_Passed] = []
        self._by_effect: dict[Effect, list[int]] = {}
        self._causes: dict[tuple[Effect, ...], Causes | None] = {}

    def add(self, changes: Sequence[Change], suite: Suite) -> None:
        """A candidate whose run came to `suite` passed without a doubt."""
        tests = frozenset(case.id for case in suite.cases if case.result.good)
        for effect in _effects(changes):
            self._by_effect.setdefault(effect, []).append(len(self._passed))
        self._passed.append(_Passed(tuple(changes), tests))

    def shared(
        self, changes: Sequence[Change], wanted: Impact, cases: Suite, examine: Examine, apart: Apart
    ) -> frozenset[str]:
        """The entries of `wanted`, tests and whole files, that need not be run for a candidate of these
        `changes`. `cases` are the base's."""
        near = {index for effect in _effects(changes) for index in self._by_effect.get(effect, ())}
        mine = self._known(changes, examine) if near else None
        if mine is None:
            return frozenset()
        found: set[str] = set()
        for index in sorted(near):
            sibling = self._passed[index]
            theirs = self._known(sibling.changes, examine)
            if theirs is None:
                continue
            common, others = _compared(changes, sibling.changes)
            same = {entry for entry, effects in mine.items() if theirs.get(entry) == effects}
            passed = {entry for entry in same - found if _passes(entry, sibling.tests, cases)}
            found |= {entry for entry in passed if not others or apart(entry, common, others)}
        return frozenset(found & {*(wanted.tests or ()), *wanted.files})

    def _known(self, changes: Sequence[Change], examine: Examine) -> Causes | None:
        key = tuple(sorted(_effects(changes)))
        if key not in self._causes:
            self._causes[key] = causes(changes, examine)
        return self._causes[key]


def causes(changes: Sequence[Change], examine: Examine) -> Causes | None:
    """What each test that these changes can affect is affected by; None where they mean more together than
    each alone, or anything is not known."""
    found: Causes = {}
    for change in changes:
        alone = examine((change,))
        if alone.tests is None:
            return None
        for entry in (*alone.tests, *alone.files):
            found[entry] = found.get(entry, frozenset()) | _effects((change,))
    together = examine(changes)
    if together.tests is None or found.keys() != {*together.tests, *together.files}:
        return None
    return found


def _compared(mine: Sequence[Change], theirs: Sequence[Change]) -> tuple[list[Change], frozenset[str]]:
    """What two candidates both change alike, and the paths of what only one of them does."""
    both = _effects(mine) & _effects(theirs)
    common = [change for change in mine if _effects((change,)) <= both]
    return common, frozenset(path for path, *_ in _effects(mine) ^ _effects(theirs))


def _effects(changes: Sequence[Change]) -> frozenset[Effect]:
    return frozenset((change.path, change.new_blob, change.old_mode, change.new_mode) for change in changes)


def _passes(entry: str, passed: Collection[str], cases: Suite) -> bool:
    """Whether a test, or every one of a file (of which there has to be one), is among those that passed."""
    if "::" in entry:
        return entry in passed
    there = [case.id for case in cases.cases if case.id.startswith(entry + "::")]
    return bool(there) and all(test in passed for test in there)
