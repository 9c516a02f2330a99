"""Which of the base's tests a candidate's run consists of, and in which order they come.

Promises: everything runs unless it is certain which tests a diff can affect, and the policy lets these
decide; a selection is never empty where the base has a test that passes, so that silence is no pass
(invariant 5).
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from typing import Any

from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.gates.testing import ahead, health, reach, readmap
from assay.gates.testing.compare import file_of
from assay.gates.testing.impact import Impact, affected
from assay.gates.testing.reads import ReadMap
from assay.gates.testing.run import NOTHING, UNHURRIED, Haste, Made, Run, warmth
from assay.gates.testing.scouts import scouts
from assay.gates.testing.siblings import Siblings
from assay.gates.testing.suite import COLLECTION, Suite
from assay.gates.testing.trusted import Subject
from assay.model.candidate import Candidate, Change, Record
from assay.model.outcome import GateResult, Outcome
from assay.policy.schema import Select
from assay.sandbox.spec import Warmth

MOST = 0.8
"""Above this share of the base's tests a selection saves less than a thorough run is worth."""


class Choice(Record, frozen=True, kw_only=True):
    """`tests` are ids, or files of which every test is meant, None for everything that pytest finds; `ran` is
    how many of the base's tests that are, `of` how many it has, `shared` how many tests or files other
    candidates passed with the same changes, `why` what a selection, or its lack, rests on. `unloaded` are
    test files, and helpers of theirs, that a selection has no need of."""

    tests: tuple[str, ...] | None = None
    ran: int = 0
    of: int = 0
    shared: int = 0
    why: str = ""
    unloaded: frozenset[str] = frozenset()
    haste: Haste = UNHURRIED
    warm: Warmth | None = None
    made: Made = NOTHING
    """The code of what the candidate changes."""
    scouts: tuple[str, ...] = ()
    """Tests that are run ahead of all: what newly fails among them rejects, and a pass says nothing."""

    @property
    def quick(self) -> bool:
        """Whether anything of it is less than a thorough run, so that one follows where it is not clear."""
        return self.tests is not None or self.warm is not None or self.haste is not UNHURRIED

    def told(self) -> dict[str, Any]:
        """For a result's detail."""
        ran = self.of if self.tests is None else self.ran
        return {"ran": ran, "of": self.of, "shared": self.shared, "why": self.why}


EVERYTHING = Choice()

SELECTS_NONE = "every test is run: the policy selects none"
UNKNOWN = Impact(
    tests=None,
    why="every test is run: it is not known which ones read what, and would cost more than it saves",
)

_LOADED = (
    "cacheprovider",
    "capture",
    "debugging",
    "doctest",
    "junitxml",
    "legacypath",
    "logging",
    "pastebin",
    "python",
    "setuponly",
    "setupplan",
    "skipping",
    "stepwise",
    "terminal",
    "threadexception",
    "unittest",
    "unraisableexception",
    "warnings",
)
PLAIN = ("pytest", *(f"_pytest.{name}" for name in _LOADED))
"""What pytest itself loads for every run, where no run of the base says more."""


SPOILING = frozenset({"readline"})
"""What pytest imports, and an interpreter that forks cannot: it takes a signal's handler. One that tried
would only be started to be thrown away."""


async def choose(toolbox: Toolbox, candidate: Candidate, subject: Subject, on_base: Run) -> Choice:
    """The choice for `candidate`, of which `subject` is run."""
    rules = toolbox.policy.tests
    if not readmap.helps(rules):
        return Choice(of=len(on_base.suite.cases), why="everything runs")
    bad = [case.id for case in on_base.suite.cases if case.result.bad]
    shaky = await health.recorded(toolbox)
    changes = ran_changes(candidate, subject)
    haste = Haste(enough=1, forgiven=tuple(sorted({*bad, *shaky})))
    everything = Choice(of=len(on_base.suite.cases), haste=haste)
    if rules.warm:
        warm = (await sped(toolbox, on_base)).warm
        made = await ahead.of_changes(toolbox, subject.tree, changes, on_base.suite)
        everything = structs.replace(everything, warm=warm, made=made)
    tree = candidate.base.tree
    reads = await readmap.useful(toolbox, tree)
    found = affected(reads, changes, toolbox.repo, tree) if reads is not None else UNKNOWN
    if rules.select is Select.NEVER:
        ahead_of_all = scouts(on_base.suite, found, {change.path for change in changes})
        return structs.replace(everything, scouts=ahead_of_all, why=SELECTS_NONE)
    if reads is None or found.tests is None:
        return structs.replace(everything, why=found.why)
    known = (await siblings(toolbox, tree)).shared(
        changes,
        found,
        on_base.suite,
        lambda some: affected(reads, some, toolbox.repo, tree),
        lambda entry, common, others: reach.apart(reads, entry, common, others, toolbox.repo.blob),
    )
    tests, ran = selection(on_base.suite, found.tests - known, found.files - known)
    if ran > MOST * len(on_base.suite.cases):
        return structs.replace(everything, why="nearly every test can be affected")
    idle = _unloaded(reads, on_base.suite, tests)
    return structs.replace(everything, tests=tests, ran=ran, shared=len(known), why=found.why, unloaded=idle)


async def siblings(toolbox: Toolbox, tree: str) -> Siblings:
    """What other candidates of this transaction passed."""

    async def nothing() -> Siblings:
        return Siblings()

    return await toolbox.once(f"tests:siblings:{tree}", nothing)


class Speed(Record, frozen=True, kw_only=True):
    """What spares a run its start; see `run.execute`."""

    warm: Warmth | None = None


async def sped(toolbox: Toolbox, on_base: Run) -> Speed:
    """What spares runs their start, by what the base's run told."""
    learned = on_base.suite.learned
    installed = PLAIN if learned is None else learned.installed
    modules = [name for name in installed if name not in SPOILING]

    async def make() -> Speed:
        return Speed(warm=warmth(modules, await ahead.made(toolbox, toolbox.base.tree, on_base.suite)))

    return await toolbox.once(f"tests:warmth:{toolbox.base.tree}", make)


def scouting(choice: Choice) -> Choice:
    """The run of a choice's scouts alone. Pure."""
    why = f"of {choice.of} tests, {len(choice.scouts)} that are likelier to fail were run first"
    return structs.replace(choice, tests=choice.scouts, ran=len(choice.scouts), scouts=(), why=why)


def plainly(choice: Choice) -> Choice:
    """A thorough run instead of `choice`. Pure."""
    return Choice(of=choice.of, why="a quick run was not clear")


def clear(result: GateResult) -> bool:
    """Whether the result of a quick run stands: what passed without a doubt, and what failed for reasons that
    were confirmed in fresh processes. Pure."""
    if result.outcome is Outcome.PASSED:
        return not result.detail.get("flaky")
    if result.outcome is Outcome.FAILED:
        return bool(result.detail.get("confirmed")) or bool(result.findings)
    return result.outcome in (Outcome.EXHAUSTED, Outcome.SKIPPED)


def selection(suite: Suite, wanted: Collection[str], files: Collection[str]) -> tuple[tuple[str, ...], int]:
    """What to run of a suite: the ids that are `wanted`, the `files` as a whole, and how many tests of the
    base these are. Where there is none, one that passes: it shows that a candidate can be tested at all.
    Pure."""
    whole = frozenset(files)
    within = [case.id for case in suite.cases if file_of(case.id) in whole]
    alone = [case.id for case in suite.cases if case.id in wanted and file_of(case.id) not in whole]
    if not within and not alone:
        alone = [case.id for case in suite.cases if case.result.good][:1]
    return (*sorted(whole), *alone), len(within) + len(alone)


def narrowed(run: Run, tests: Collection[str] | None, unloaded: Collection[str] = ()) -> Run:
    """A complete run as if it had been of these tests and files alone, and not loaded some others. Pure."""
    if tests is None:
        return run
    seen = {*tests, *(file_of(test) + COLLECTION for test in tests)}
    cases = tuple(case for case in run.suite.cases if case.id in seen or file_of(case.id) in seen)
    loaded = tuple(path for path in run.suite.loaded if path not in unloaded)
    return structs.replace(run, suite=structs.replace(run.suite, cases=cases, loaded=loaded))


def _unloaded(reads: ReadMap, suite: Suite, tests: Collection[str]) -> frozenset[str]:
    """Files that the whole suite loads and these tests do not get at; no helper where they may get at any."""
    chosen = {*tests, *(file_of(test) for test in tests)}
    own = {case.file for case in suite.cases if case.id in chosen or file_of(case.id) in chosen}
    needed = reach.reached(reads, own)
    others = {case.file for case in suite.cases} - own
    idle = {path for path in suite.loaded if path not in needed and posixpath.basename(path) != "conftest.py"}
    files = (reads.modules[path] for path in needed if path in reads.modules)
    if any(file.wild or file.loose for file in files):
        idle &= others
    return frozenset(idle)


def ran_changes(candidate: Candidate, subject: Subject) -> tuple[Change, ...]:
    """Those of a candidate's changes that are in the tree which is run."""
    back = {*subject.restored, *subject.absent}
    return tuple(change for change in candidate.changes if not {change.path, change.old_path} <= back)
