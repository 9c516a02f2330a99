"""The base's evidence against the candidate's: what of a run cannot be believed, and why.

Promises: pure. Every signal is held against the base's own run of the same suite: a project whose tests
swallow exceptions, whose plugins replace pytest's parts, or that patches the clock for good shows the same
on its base, and nothing of it speaks against a candidate (invariant 6). Only what is new does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.gates.inject.machinery import WALKS
from assay.gates.testing.compare import Touched
from assay.gates.testing.suite import Body, Case, Suite
from assay.model.candidate import Record

FORGED = "tests/forged-result"
"""The rule for a test that counts as passed though its own body says otherwise."""


PLUGIN = "the plugin "
"""How a run tells of a plugin of the project's own: its file, or its directory with a slash."""


class Deviation(Record, frozen=True, kw_only=True):
    """One thing that a candidate's run shows and the base's does not. `about` is a test, a file or a name;
    `message` a whole sentence without its full stop."""

    rule: str
    about: str
    message: str
    path: str = ""


def deviations(base: Suite, found: Suite, touched: Touched) -> tuple[Deviation, ...]:
    """Why a complete run of a candidate cannot be believed, the most telling first."""
    return (
        *_bodies(base, found, touched),
        *_altered(base, found, touched),
        *_files(base, found),
        *_missing(base, found, touched),
        *_equals(base, found),
        *_canaries(base, found),
        *_session(base, found, touched),
    )


def again(first: Iterable[Deviation], second: Iterable[Deviation]) -> tuple[Deviation, ...]:
    """Those of `first` of whose kind a second run shows any: which tests a forger picks need not be the
    same."""
    rules = {deviation.rule for deviation in second}
    return tuple(deviation for deviation in first if deviation.rule in rules)


def _bodies(base: Suite, found: Suite, touched: Touched) -> Iterator[Deviation]:
    """Tests that count as passed though their own bodies say otherwise."""
    if base.parallel or found.parallel:
        return
    before = base.by_id()
    # Somewhere in this project an exception does not make a test fail, so that one says nothing.
    swallows = _arranged(touched) or any(_swallowed(case) for case in base.cases)
    for case in found.cases:
        if not case.result.good:
            continue
        old = before.get(case.id)
        edited = not touched.trusted and case.file in touched.paths
        # What an edited test did before, under a decorator less perhaps, says nothing of what it does now.
        wrong = _wrong(case, None if edited else old, swallows=swallows) or _foreign(case, old, touched)
        if wrong:
            yield Deviation(
                rule=FORGED,
                about=case.id,
                message=f"{case.id} is reported as passed, but {wrong}",
                path=case.file,
            )


def _wrong(case: Case, old: Case | None, *, swallows: bool) -> str:
    """What the test's body, or its call, says against its result; empty if nothing."""
    if old is not None and old.result.good:
        raising, entering, leaving = not old.raised, _entered(old), _left(old)
    else:
        # Nothing to compare with: an undecorated test cannot pass but by its body's normal end.
        raising, leaving = not swallows, case.plain and not swallows
        entering = leaving or _entered(old)
    if case.raised and raising:
        return "its call raised an exception"
    if case.body is Body.NONE and entering:
        return "its own body was not executed"
    if case.body is Body.ENTERED and leaving:
        return "its own body did not come to an end"
    if case.body is Body.CUT and old is not None and old.body is Body.LEFT:
        return "a context manager swallowed an exception in its body"
    return ""


def _foreign(case: Case, old: Case | None, touched: Touched) -> str:
    """Whether another function runs under the test's name than the trusted file has."""
    if old is None or not old.origin or case.origin == old.origin:
        return ""
    if not touched.trusted and (case.file in touched.paths or old.origin.split("::", 1)[0] in touched.paths):
        return ""  # the test was edited, or its file is gone
    if not case.origin and not old.plain:
        return ""  # a decorator, perhaps the product's own, hides its function now
    return f"it is not {old.origin} that ran under its name"


def _good(old: Case | None) -> bool:
    return old is not None and old.result.good


def _entered(old: Case | None) -> bool:
    return old is not None and old.body in (Body.ENTERED, Body.CUT, Body.LEFT)


def _left(old: Case | None) -> bool:
    return old is not None and old.body in (Body.CUT, Body.LEFT)


def _swallowed(case: Case) -> bool:
    odd = case.raised or case.body is Body.NONE or case.body is Body.ENTERED
    return case.result.good and case.plain and odd


def _altered(base: Suite, found: Suite, touched: Touched) -> Iterator[Deviation]:
    for what, path in sorted(found.altered.items()):
        if what in base.altered:
            continue
        if _arranged(touched) and what.startswith(("the hook ", "the module ")):
            continue  # a person's own change of what pytest loads
        if path and not touched.trusted and path not in touched.paths:
            continue  # the base's own code, which a person's new test is the first to run
        if what.startswith(PLUGIN):
            continue  # no harm by itself: what its hooks do is told of each
        if not touched.trusted and what.startswith("the hook ") and _of_plugin(path, base):
            continue  # a project that is a plugin of pytest's, and gets one more hook
        walked = what.split(" in ")[0] in WALKS
        if walked and not touched.trusted:
            continue  # there are honest tools that trace, or look at the heap
        by = f", by {path}" if path else ""
        said = (
            f"{path} calls {what.split(' in ')[0]} while tests run, which nothing does on the base"
            if walked
            else f"{what} is not what it was before the candidate's code ran{by}"
        )
        yield Deviation(rule="tests/altered-machinery", about=what, message=said, path=path)


def _arranged(touched: Touched) -> bool:
    """Whether a person changed what pytest loads, and so perhaps how tests come to their results."""
    conftests = any(path.rpartition("/")[2] == "conftest.py" for path in touched.paths)
    return not touched.trusted and (touched.configured or conftests)


def _of_plugin(path: str, base: Suite) -> bool:
    """Whether a file is one of a plugin that is registered on the base as well."""
    names = [what.removeprefix(PLUGIN) for what in base.altered if what.startswith(PLUGIN)]
    return any(path == name or (name.endswith("/") and path.startswith(name)) for name in names)


def _files(base: Suite, found: Suite) -> Iterator[Deviation]:
    words = {
        "rewritten": "was not any more what it is in the tree when the tests began",
        "later": "was not any more what it is in the tree when the tests were over",
        "unseen": "was loaded from elsewhere",
    }
    before = base.by_id()
    fixed = any(case.result.good and not _good(before.get(case.id)) for case in found.cases)
    for path, state in sorted(found.files.items()):
        if path in base.files or (state == "later" and fixed):
            continue  # a test that did not get so far on the base may itself have written to it
        yield Deviation(
            rule="tests/rewritten-file",
            about=path,
            message=f"the test file {path} {words.get(state, state)}",
            path=path,
        )


def _missing(base: Suite, found: Suite, touched: Touched) -> Iterator[Deviation]:
    """Test files, helpers above all, that something else stood in for: the same tests ran without them."""
    if not touched.trusted or not base.by_id().keys() <= found.by_id().keys():
        return
    for path in sorted({*base.loaded} - {*found.loaded}) if found.loaded else ():
        yield Deviation(
            rule="tests/rewritten-file",
            about=path,
            message=f"the test file {path} was not loaded, which the same tests do on the base",
            path=path,
        )


def _equals(base: Suite, found: Suite) -> Iterator[Deviation]:
    """Objects that are equal to anything, in tests that the base has: what a base's test compares was there
    before, and is no wildcard by intention of the candidate."""
    before = base.by_id()
    known = {kind for case in base.cases for kind in case.equal}
    for case in found.cases:
        new = [kind for kind in case.equal if kind not in known]
        if new and case.result.good and case.id in before:
            yield Deviation(
                rule="tests/equals-everything",
                about=case.id,
                message=f"{case.id} passes since an object of type {new[0]} equals everything",
                path=case.file,
            )


def _canaries(base: Suite, found: Suite) -> Iterator[Deviation]:
    """Tests of known outcome that did not come back right. One that does not on the base either is
    unusable."""
    if base.canaries.planned and not base.canaries.wrong:
        missing = found.canaries.planned - found.canaries.ran
        if found.canaries.wrong:
            yield Deviation(
                rule="tests/canary",
                about="canary",
                message=f"a test whose outcome is known was reported as {found.canaries.wrong[0]}",
            )
        elif missing and base.canaries.planned == base.canaries.ran:
            yield Deviation(
                rule="tests/canary",
                about="canary",
                message=f"{missing} of the tests of known outcome did not run",
            )


def _session(base: Suite, found: Suite, touched: Touched) -> Iterator[Deviation]:
    if touched.trusted and found.parallel and not base.parallel:
        # Nothing is seen of bodies then: whoever could say so would be believed without.
        yield Deviation(
            rule="tests/session",
            about="workers",
            message="workers are said to run the tests, which they do not on the base",
        )
    if base.exit_status is not None and found.exit_status is None:
        yield Deviation(
            rule="tests/session",
            about="exit",
            message="the process left before pytest had returned, which it does not do on the base",
        )
