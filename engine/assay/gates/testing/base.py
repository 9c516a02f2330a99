"""The base's own results: what every candidate is compared with, run once per base and remembered.

Promises: a run that timed out, crashed or was spoilt by the machine is never remembered; all candidates of a
transaction see the same base run. A test counts as failing on the base only if it failed there twice: a
failure of chance would excuse every candidate that breaks the test, for as long as the run is remembered.
"""

from __future__ import annotations

import hashlib
import zlib

import msgspec
from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.gates.testing.compare import clears
from assay.gates.testing.run import Ended, Run, execute, plugin_source
from assay.ledger.codec import decode, encode
from assay.model.event import Preparing

REVISION = 3
"""Raised when the meaning of a remembered run changes."""


def configuration(toolbox: Toolbox) -> str:
    """A digest of all, besides the tree, that a run's results depend on and a policy or Assay decides."""
    policy = toolbox.policy
    parts = (policy.tests, policy.limits, policy.environment, policy.prepare)
    digest = hashlib.sha256(plugin_source())
    for part in parts:
        digest.update(msgspec.json.encode(part, order="sorted"))
    return f"{REVISION}:{digest.hexdigest()}"


async def results(toolbox: Toolbox, tree: str) -> Run:
    """The base's run of the whole suite, complete or not."""
    return await toolbox.once(f"tests:base:{tree}", lambda: _results(toolbox, tree))


async def results_again(toolbox: Toolbox, tree: str) -> Run:
    """A second, independent run of the whole suite on the base, for doubtful cases. Never remembered."""
    seconds = base_seconds(toolbox)
    return await toolbox.once(
        f"tests:base-again:{tree}",
        lambda: execute(toolbox, tree, label="tests on the base again", seconds=seconds),
    )


def base_seconds(toolbox: Toolbox) -> float:
    """How long the base's suite may take."""
    return toolbox.policy.tests.time_limit or toolbox.policy.limits.seconds


async def _results(toolbox: Toolbox, tree: str) -> Run:
    key = await _key(toolbox, tree)
    if (raw := await toolbox.recall(key)) is not None:
        try:
            return decode(zlib.decompress(raw), Run)
        except (zlib.error, msgspec.MsgspecError, ValueError):
            pass  # a damaged entry is a miss
    toolbox.observer(Preparing(what="the base's tests"))
    run = await execute(toolbox, tree, label="tests on the base", seconds=base_seconds(toolbox))
    if run.ended is Ended.COMPLETE and toolbox.policy.tests.confirm:
        run = await _without_chance(toolbox, tree, run)
    await keep(toolbox, tree, run)
    return run


async def _without_chance(toolbox: Toolbox, tree: str, run: Run) -> Run:
    """`run`, with only those failures that happen again. What passes alone may still fail in company, so the
    whole suite has the last word; where all fail alone too, it need not be asked."""
    bad = [case.id for case in run.suite.cases if case.result.bad]
    if not bad:
        return run
    alone = await execute(
        toolbox,
        tree,
        label="failing tests on the base",
        seconds=base_seconds(toolbox),
        select=bad,
        serial=run.suite.parallel,
    )
    cases = alone.suite.by_id()
    if alone.ended is not Ended.COMPLETE or not any(clears(cases, test, None) for test in bad):
        return run
    again = await results_again(toolbox, tree)
    return better(run, again) if again.ended is Ended.COMPLETE else run


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
    if run.ended is Ended.COMPLETE:
        value = zlib.compress(encode(run), level=1)
        await toolbox.remember(await _key(toolbox, tree), value)


async def forget(toolbox: Toolbox, tree: str) -> None:
    """Run the base's tests anew in the next transaction: what is remembered is not so any more."""
    await toolbox.remember(await _key(toolbox, tree), b"")


async def _key(toolbox: Toolbox, tree: str) -> str:
    environment = await toolbox.environment()
    isolation = toolbox.sandbox.isolation
    tier = f"{isolation.backend}:{isolation.tier}"
    return f"tests:base:{tree}:{configuration(toolbox)}:{environment.digest}:{tier}"
