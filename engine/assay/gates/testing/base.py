"""The base's own results: what every candidate is compared with, run once per base and remembered.

Promises: a run that timed out, crashed or was spoilt by the machine is never remembered; all candidates of a
transaction see the same base run; trouble of the machine is waited out a bounded number of times. A test
counts as failing on the base only if it failed there twice: a failure of chance would excuse every candidate
that breaks the test, for as long as the run is remembered. What failed in an earlier transaction has to fail
in this one as well, before it excuses anybody: the trouble may have been that day's.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import msgspec
from msgspec import field, structs

from assay.gates.protocol import Toolbox
from assay.gates.testing import health
from assay.gates.testing.compare import clears
from assay.gates.testing.conditions import USUAL, Conditions, others
from assay.gates.testing.health import Health
from assay.gates.testing.run import Ended, Run, execute
from assay.gates.testing.suite import Case
from assay.ledger.codec import decode, encode
from assay.ledger.keeping import edition
from assay.model.candidate import Record
from assay.model.errors import AssayError
from assay.model.event import Preparing
from assay.policy.schema import Select

REVISION = 4
"""Raised when the meaning of a remembered run changes."""

QUICK_SECONDS = 20.0
"""A suite that takes less is run a second time of itself."""

_PROGRAM = ("gates/inject", "gates/testing/run.py", "sandbox/inject/landlock.py")
"""Where the program is that the project's interpreter runs: as written, which is read sooner than as sent."""

ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


class Known(Record, frozen=True, kw_only=True):
    """What is known of one base under some conditions. `company` are tests that fail among all others and
    pass alone; `flaky` tests failed by chance, (failures, runs)."""

    run: Run
    company: tuple[str, ...] = ()
    flaky: dict[str, tuple[int, int]] = field(default_factory=dict)


def configuration(toolbox: Toolbox) -> str:
    """A digest of all, besides the tree, that a run's results depend on and a policy or Assay decides."""
    policy = toolbox.policy
    # How few of the tests are run, and how they are started, makes no difference to what each comes to.
    tests = structs.replace(policy.tests, select=Select.MANY, warm=True)
    parts = (tests, policy.limits, policy.environment, policy.prepare)
    digest = hashlib.sha256(edition(*_PROGRAM).encode())
    for part in parts:
        digest.update(msgspec.json.encode(part, order="sorted"))
    return f"{REVISION}:{digest.hexdigest()}"


async def results(toolbox: Toolbox, tree: str, conditions: Conditions = USUAL) -> Run:
    """The base's run of the whole suite, complete or not."""
    return (await _known(toolbox, tree, conditions)).run


async def results_for_many(toolbox: Toolbox, tree: str) -> Run:
    """The same. Where whatever passes is run under other conditions, and there are several candidates, the
    base's run under these is made at the same time: all would wait for it later, with processors idle now."""
    if not toolbox.policy.tests.perturb or toolbox.candidates < 2:
        return await results(toolbox, tree)
    raised: AssayError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_beforehand, toolbox, tree)
        try:
            run = await results(toolbox, tree)
        except AssayError as error:
            raised = error  # outside of the group, which would wrap it
    if raised is not None:
        raise raised
    return run


async def _beforehand(toolbox: Toolbox, tree: str) -> None:
    with suppress(AssayError):  # whoever asks for it hears of it
        await results_otherwise(toolbox, tree)


async def results_again(toolbox: Toolbox, tree: str, conditions: Conditions = USUAL, turn: int = 0) -> Run:
    """A further, independent run of the whole suite on the base, for doubtful cases: another one for each
    `turn`, shared by the candidates of a transaction. Never remembered."""
    again = await _persistently(
        toolbox,
        f"tests:base-again:{tree}:{conditions.words}:{turn}",
        lambda: _whole(toolbox, tree, "tests on the base again", conditions),
    )
    return again.run


async def results_otherwise(toolbox: Toolbox, tree: str) -> Run:
    """The base's run under another hash seed and order; remembered like the usual one."""
    return await results(toolbox, tree, others(tree))


async def examine(toolbox: Toolbox, tree: str, *, again: bool) -> Health:
    """The health of a base whose usual run is complete. With `again` it is run a second time where the policy
    and the time it takes allow: under other conditions, so that one run tells of chance, seed and order."""
    usual = await _known(toolbox, tree, USUAL)
    flaky, runs = dict(usual.flaky), 1
    unsteady: tuple[str, ...] = ()
    rules = toolbox.policy.tests
    quick = usual.run.use.seconds < QUICK_SECONDS
    if again and rules.confirm and (rules.base_runs > 1 or (not rules.base_runs and quick)):
        other = await _known(toolbox, tree, others(tree))
        if other.run.ended is Ended.COMPLETE:
            runs = 2
            flaky = health.added(flaky, other.flaky)
            unsteady = _unsteady(usual.run, other.run)
    return Health(runs=runs, flaky=flaky, unsteady=unsteady, slow=health.slowest(usual.run.suite))


def base_seconds(toolbox: Toolbox) -> float:
    """How long the base's suite may take."""
    return toolbox.policy.tests.time_limit or toolbox.policy.limits.seconds


async def _known(toolbox: Toolbox, tree: str, conditions: Conditions) -> Known:
    return await _persistently(
        toolbox, f"tests:base:{tree}:{conditions.words}", lambda: _find(toolbox, tree, conditions)
    )


async def _persistently(toolbox: Toolbox, key: str, make: Callable[[], Awaitable[Known]]) -> Known:
    """What `make` finds, once per transaction; a run that the machine spoilt, or that somebody killed, is
    made again, and all candidates together have `ATTEMPTS` of them."""

    async def later() -> Known:
        await anyio.sleep(_PAUSE_SECONDS)
        return await make()

    found = await toolbox.once(key, make)
    for attempt in range(1, ATTEMPTS):
        if found.run.ended is not Ended.INFRA and not found.run.killed:
            break
        found = await toolbox.once(f"{key}:attempt {attempt}", later)
    return found


async def _find(toolbox: Toolbox, tree: str, conditions: Conditions) -> Known:
    known = await _recall(toolbox, tree, conditions)
    if known is not None and await _holds(toolbox, tree, known, conditions):
        return known
    other = "" if conditions == USUAL else " in another order"
    toolbox.observer(Preparing(what=f"the base's tests{other}"))
    label = f"tests on the base{other}"
    known = await _whole(toolbox, tree, label, conditions)
    if known.run.ended is Ended.COMPLETE and toolbox.policy.tests.confirm:
        known = await _without_chance(toolbox, tree, known.run, conditions)
        await health.record(toolbox, known.flaky)
    await _store(toolbox, tree, known, conditions)
    return known


async def _whole(toolbox: Toolbox, tree: str, label: str, conditions: Conditions) -> Known:
    seconds = base_seconds(toolbox)
    return Known(run=await execute(toolbox, tree, label=label, seconds=seconds, conditions=conditions))


async def _alone(toolbox: Toolbox, tree: str, run: Run, tests: list[str], conditions: Conditions) -> Run:
    return await execute(
        toolbox,
        tree,
        label="failing tests on the base",
        seconds=base_seconds(toolbox),
        select=tests,
        serial=run.suite.parallel,
        conditions=conditions,
    )


async def _holds(toolbox: Toolbox, tree: str, known: Known, conditions: Conditions) -> bool:
    """Whether what an earlier transaction saw fail fails still. What cannot be asked now is believed, and so
    is what fails only in company: to ask that would take the whole suite."""
    bad = [case.id for case in known.run.suite.cases if case.result.bad and case.id not in known.company]
    if not bad or not toolbox.policy.tests.confirm:
        return True
    now = await _alone(toolbox, tree, known.run, bad, conditions)
    cases = now.suite.by_id()
    return now.ended is not Ended.COMPLETE or not any(clears(cases, test, None) for test in bad)


async def _without_chance(toolbox: Toolbox, tree: str, run: Run, conditions: Conditions) -> Known:
    """`run`, with only those failures that happen again. What passes alone may still fail in company, so the
    whole suite has the last word; where all fail alone too, it need not be asked."""
    bad = [case.id for case in run.suite.cases if case.result.bad]
    if not bad:
        return Known(run=run)
    alone = await _alone(toolbox, tree, run, bad, conditions)
    cases = alone.suite.by_id()
    if alone.ended is not Ended.COMPLETE or not any(clears(cases, test, None) for test in bad):
        return Known(run=run)
    again = await results_again(toolbox, tree, conditions)
    return settled(run, alone, again) if again.ended is Ended.COMPLETE else Known(run=run)


def settled(run: Run, alone: Run, again: Run) -> Known:
    """Two complete runs of one tree, and one of the first's failures alone, as one. Pure."""
    merged = better(run, again)
    first, second, single = run.suite.by_id(), again.suite.by_id(), alone.suite.by_id()
    still = {case.id for case in merged.suite.cases if case.result.bad}
    flaky = {}
    for test in sorted({*first, *second}):
        one, two = _failed(first.get(test)), _failed(second.get(test))
        if one is not two and test in first and test in second:
            third = [_failed(single[test])] if test in single else []
            flaky[test] = (sum((one, two, *third)), 2 + len(third))
    company = tuple(sorted(test for test in still if test in single and clears(single, test, None)))
    return Known(run=merged, company=company, flaky=flaky)


def better(run: Run, again: Run) -> Run:
    """Two complete runs of one tree as one: what did not fail in both did not fail. Pure."""
    first, second = run.suite.by_id(), again.suite.by_id()
    cases = dict(first)
    for test, case in first.items():
        if case.result.bad and clears(second, test, None):
            del cases[test]
    for test, case in second.items():
        if test not in cases and not case.result.bad:
            cases[test] = case  # among them the tests of a file that could not be collected the first time
    suite = structs.replace(run.suite, cases=tuple(cases[test] for test in sorted(cases)))
    if any(case.result.bad for case in suite.cases):
        return structs.replace(run, suite=suite)
    # An exit status that failures of chance explained must not look like one that nothing explains.
    explained = any(case.result.bad for case in again.suite.cases)
    return structs.replace(run, suite=suite, status=0 if explained else again.status)


async def keep(toolbox: Toolbox, tree: str, run: Run) -> None:
    """Remember a run of the whole suite of `tree`, if it was complete. What was graded today and landed is
    the base tomorrow: its own run is the one that would be made then."""
    known = await _known(toolbox, toolbox.base.tree, USUAL)
    await _store(toolbox, tree, Known(run=run, company=known.company), USUAL)


async def forget(toolbox: Toolbox, tree: str) -> None:
    """Run the base's tests anew in the next transaction: what is remembered is not so any more."""
    await toolbox.remember(await _key(toolbox, tree, USUAL), b"")


async def _recall(toolbox: Toolbox, tree: str, conditions: Conditions) -> Known | None:
    if not (raw := await toolbox.recall(await _key(toolbox, tree, conditions))):
        return None
    try:
        return decode(zlib.decompress(raw), Known)
    except (zlib.error, msgspec.MsgspecError, ValueError):
        return None  # a damaged entry is a miss


async def _store(toolbox: Toolbox, tree: str, known: Known, conditions: Conditions) -> None:
    if known.run.ended is Ended.COMPLETE:
        value = zlib.compress(encode(known), level=1)
        await toolbox.remember(await _key(toolbox, tree, conditions), value)


async def _key(toolbox: Toolbox, tree: str, conditions: Conditions) -> str:
    environment = await toolbox.environment()
    isolation = toolbox.sandbox.isolation
    tier = f"{isolation.backend}:{isolation.tier}"
    what = f"{tree}:{conditions.words}" if conditions != USUAL else tree
    return f"tests:base:{what}:{configuration(toolbox)}:{environment.digest}:{tier}"


def _failed(case: Case | None) -> bool:
    return case is not None and case.result.bad


def _unsteady(usual: Run, other: Run) -> tuple[str, ...]:
    fine = usual.suite.by_id()
    bad = (case.id for case in other.suite.cases if case.result.bad)
    return tuple(sorted(test for test in bad if test in fine and not fine[test].result.bad))
