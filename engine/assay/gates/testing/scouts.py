"""Which of the base's tests are likeliest to fail on a candidate: they are run ahead of all.

Promises: pure. What is guessed wrongly costs time and no verdict: what fails among them is confirmed as ever,
and what passes there has shown nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from assay.gates.testing.compare import file_of, is_collection
from assay.gates.testing.impact import Impact
from assay.gates.testing.suite import Case, Suite

SCOUTED = 0.25
"""Tests that take more of the suite's time are not run twice, ahead of all and with all."""

MOST = 0.8
"""Nor are more of the tests than this share."""

GUESSED = 0.08
"""What tests that are chosen by a name alone spare, as a share of the suite's time: of candidates that come
so far two in five fail, three in five of these fail there, and a third of the suite runs before it shows
otherwise."""

STARTED = 0.25
"""Seconds that a run of them takes besides."""

_NAME = re.compile(r"^tests?_|^test(?=[A-Z])|_tests?$")


def scouts(suite: Suite, found: Impact, paths: Collection[str]) -> tuple[str, ...]:
    """The tests to run ahead, for changes of `paths`: those that the changes can affect, as far as `found`
    knows, and those of changed files; where these are none, or too many, those of the files that are named
    after what is changed. The quickest come first."""
    if known := likely(suite, found, paths):
        return known
    if found.tests is not None and not found.tests and not found.files:
        return ()  # it is known that they affect nobody
    return named(suite, paths)


def likely(suite: Suite, found: Impact, files: Collection[str]) -> tuple[str, ...]:
    """The tests that `found` tells of, and those in `files`; none where they are so many, or take so long,
    that all may as well be run at once."""
    known = found.tests or frozenset()
    there = [
        case
        for case in suite.cases
        if case.id in known or file_of(case.id) in found.files or file_of(case.id) in files
    ]
    if _seconds(there) > SCOUTED * _seconds(suite.cases) or len(there) > MOST * len(suite.cases):
        return ()
    return _in_order(there)


def named(suite: Suite, paths: Iterable[str]) -> tuple[str, ...]:
    """The tests in files whose names say that they are of what is at `paths`; none where they take longer
    than such a guess is worth."""
    files = {case.file for case in suite.cases if case.file}
    chosen = {file for path in paths for file in _namesakes(path, files)}
    there = [case for case in suite.cases if case.file in chosen]
    if not there or _seconds(there) + STARTED > GUESSED * _seconds(suite.cases):
        return ()
    return _in_order(there)


def _namesakes(path: str, files: Iterable[str]) -> list[str]:
    """Those of the test files that are named after a module: of several, the ones nearest to it."""
    above, name = posixpath.split(path)
    stem, extension = posixpath.splitext(name)
    if extension != ".py":
        return []
    parent = posixpath.basename(above)
    names = {_plain(parent)} if stem == "__init__" else {_plain(stem), _plain(f"{parent}_{stem}")}
    found = [file for file in files if file != path and _tested(file) in names - {""}]
    words = set(above.split("/"))
    near = {file: len(words.intersection(posixpath.dirname(file).split("/"))) for file in found}
    return [file for file in found if near[file] == max(near.values())]


def _tested(file: str) -> str:
    """What a test file is named after; empty if its name does not say that it has tests."""
    stem = posixpath.splitext(posixpath.basename(file))[0]
    rest = _NAME.sub("", stem)
    return "" if rest == stem else _plain(rest)


def _plain(name: str) -> str:
    return name.strip("_").replace("_", "").lower()


def _in_order(cases: Sequence[Case]) -> tuple[str, ...]:
    cases = sorted(cases, key=lambda case: case.seconds)
    return tuple(case.id for case in cases if not is_collection(case.id))


def _seconds(cases: Iterable[Case]) -> float:
    return sum(case.seconds for case in cases)
