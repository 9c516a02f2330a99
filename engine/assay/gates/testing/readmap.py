"""What the tests of a base execute and read: learnt from one traced run, remembered, carried over.

Promises: a run that came to no end is never remembered. What is carried over to another base holds there: the
tests that the difference can affect are counted among those of which nothing is known.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.gates.testing import arrivals, base, reach, tracing
from assay.gates.testing.conditions import USUAL
from assay.gates.testing.impact import Blobs, impact
from assay.gates.testing.reads import FileReads, ReadMap
from assay.gates.testing.run import BOOT, OURS, Ended, Run
from assay.gates.testing.suite import Suite
from assay.gates.testing.units import outline
from assay.gates.testing.worth import SOONER, SPARED, pays
from assay.ledger.codec import decode, encode
from assay.model.candidate import Change, ChangeKind
from assay.model.event import Preparing
from assay.model.tool import Ending, Tier
from assay.policy.schema import Select, Tests
from assay.repo.diff import changes
from assay.sandbox import landlock
from assay.sandbox.spec import JailCommand

LOOKS_A_SECOND = 10_000_000
"""Objects of which it is told in a second that they are as they were."""

FEWEST_LOOKS = 100_000
"""In most projects no more than that can change at all. Who is looked at with others answers for them."""

REVISION = 3
"""Raised when the meaning of a remembered map changes."""

ENOUGH = 0.8
"""The share of tests still known with which a carried map is good enough."""

SLOWDOWN = 30.0
"""So many times the usual run's seconds a traced one may take, and at least a minute."""


async def learn(toolbox: Toolbox, tree: str) -> ReadMap:
    """The map of the base `tree`: remembered, carried over from the base before, or from a traced run now.
    It is `blind` where there can be none."""
    return await toolbox.once(f"tests:reads:{tree}", lambda: _find(toolbox, tree))


async def at_hand(toolbox: Toolbox, tree: str) -> ReadMap | None:
    """The map of the base `tree`, if it takes no traced run."""
    return await toolbox.once(f"tests:reads:known:{tree}", lambda: _known(toolbox, tree))


def helps(rules: Tests) -> bool:
    """Whether runs under settled `rules` make use of a map: to select tests, or to run some ahead."""
    return rules.select is Select.ALWAYS or (rules.select is Select.NEVER and rules.warm)


class _Making:
    """What candidates that run at the same time know of a map in the making."""

    def __init__(self) -> None:
        self.begun = False
        self.reads: ReadMap | None = None


async def useful(toolbox: Toolbox, tree: str) -> ReadMap | None:
    """The map of the base `tree`, as far as it costs less than it saves: one that is at hand; or else, where
    enough candidates are graded, one that is made on behalf of the first that asks, while the others do
    without it. A toolbox that knows of no number wants it at any cost."""
    if not toolbox.candidates:
        return await learn(toolbox, tree)
    known = await at_hand(toolbox, tree)
    if known is not None:
        return known
    making = await toolbox.once(f"tests:reads:making:{tree}", _begin)
    if making.begun:
        return making.reads
    usual = await base.results(toolbox, tree)
    latest = await _recall(toolbox, await _key(toolbox, "latest"))
    lasting = _lasting(toolbox.policy.tests)
    spared = SPARED if lasting else SOONER
    if making.begun or not pays(
        toolbox.candidates, usual.suite, usual.use, latest, spared=spared, lasting=lasting
    ):
        return making.reads
    making.begun = True
    making.reads = await learn(toolbox, tree)
    return making.reads


async def _begin() -> _Making:
    return _Making()


def carried(
    old: ReadMap, difference: Sequence[Change], tree: str, suite: Suite, blob: Blobs
) -> ReadMap | None:
    """`old` as the map of `tree`, which differs from the base of `old` by `difference` and has the tests of
    `suite`; None if nothing of it holds. Of the tests that are affected, or new, nothing is known there.
    Pure, but for reading blobs."""
    found = impact(old, difference, blob)
    if found.tests is None:
        return None
    why = "it may behave otherwise since the base moved"
    lost = {test: why for test in old.tests if _affected(test, found.tests, found.files)}
    known = set(old.tests)
    come = [case for case in suite.cases if case.id not in known]
    strange = {case.id: "the base did not have it before" for case in come}
    return structs.replace(
        _rearranged(old, arrivals.taken_apart(difference), blob),
        tree=tree,
        tests=(*old.tests, *(case.id for case in come)),
        files=(*old.files, *(case.file for case in come)),
        seconds=(*old.seconds, *(case.seconds for case in come)),
        always={**lost, **old.always, **strange},
    )


def _rearranged(old: ReadMap, difference: Sequence[Change], blob: Blobs) -> ReadMap:
    """With the files that there are after `difference`. Whoever gets at new ones is among those of which
    nothing is known."""
    by_name = {name: path for path, file in old.modules.items() for name in file.names}
    modules, directories = dict(old.modules), Counter(old.directories)
    new: set[str] = set()
    names: set[str] = set()
    for change in difference:
        if change.kind is ChangeKind.ADDED:
            new.add(change.path)
            names |= arrivals.names(change.path, arrivals.come(change.path, old.directories))
            directories.update(arrivals.above(change.path))
        elif change.kind is ChangeKind.DELETED:
            modules.pop(change.path, None)
            directories.subtract(arrivals.above(change.path))
        elif change.path in modules:
            modules[change.path] = _again(change, modules[change.path], by_name, blob)
    words = {name.rpartition(".")[2] for name in names}
    return structs.replace(
        old,
        modules=modules,
        directories={path: count for path, count in directories.items() if count > 0},
        strange=old.strange | new,
        attempted=old.attempted | names,
        unloaded=old.unloaded | words,
    )


def _affected(test: str, tests: frozenset[str], files: frozenset[str]) -> bool:
    return test in tests or test.split("::", 1)[0] in files


def _again(change: Change, file: FileReads, by_name: dict[str, str], blob: Blobs) -> FileReads:
    source = outline(blob(change.new_blob))
    return reach.described(change.path, change.new_blob, source, file.names, by_name, file.late)


async def _find(toolbox: Toolbox, tree: str) -> ReadMap:
    if (known := await _known(toolbox, tree)) is not None:
        return known
    usual = await base.results(toolbox, tree)
    if usual.ended is not Ended.COMPLETE:
        return ReadMap(tree=tree, blind=f"on the base, pytest {usual.why}")
    return await _kept(toolbox, await _traced(toolbox, tree, usual))


async def _known(toolbox: Toolbox, tree: str) -> ReadMap | None:
    """The map, if it takes no traced run: remembered, or carried over."""
    if (known := await _recall(toolbox, await _key(toolbox, tree))) is not None:
        return known
    usual = await base.results(toolbox, tree)
    if usual.ended is not Ended.COMPLETE:
        return None
    found = await _from_before(toolbox, tree, usual.suite)
    return await _kept(toolbox, found) if found is not None else None


async def _kept(toolbox: Toolbox, found: ReadMap) -> ReadMap:
    """Remember a map, also that a run which came to its end made none."""
    if found.tests:
        value = zlib.compress(encode(found), level=1)
        await toolbox.remember(await _key(toolbox, found.tree), value)
        await toolbox.remember(await _key(toolbox, "latest"), value)
    return found


async def _from_before(toolbox: Toolbox, tree: str, suite: Suite) -> ReadMap | None:
    """The latest map, if enough of it holds for `tree`."""
    old = await _recall(toolbox, await _key(toolbox, "latest"))
    if old is None or old.blind or not toolbox.repo.has(old.tree):
        return None
    difference = changes(toolbox.repo, old.tree, tree, renames=False)
    new = carried(old, difference, tree, suite, toolbox.repo.blob)
    if new is None or len(new.always) > (1 - ENOUGH) * len(new.tests):
        return None
    return new


async def _traced(toolbox: Toolbox, tree: str, usual: Run) -> ReadMap:
    toolbox.observer(Preparing(what="which tests read what"))
    call = await toolbox.sandbox.run(await _command(toolbox, tree, usual))
    trace = tracing.told(call.report)
    if call.ending is not Ending.EXITED or trace is None or trace.status != call.exit_code:
        return ReadMap(tree=tree, blind="a traced run of the base came to no end")
    return tracing.mapped(trace, usual.suite, toolbox.repo, tree)


async def _command(toolbox: Toolbox, tree: str, usual: Run) -> JailCommand:
    environment = await toolbox.environment()
    policy = toolbox.policy
    steady: dict[str, object] = {
        "seed": policy.tests.seed,
        "order": USUAL.order,
        "cpus": environment.cpus,
        "clock": policy.tests.instant,
    }
    root = toolbox.repo.root
    apart = toolbox.sandbox.isolation.tier is not Tier.NONE
    places = landlock.writable(root, environment.mounts) if apart else ()
    options: dict[str, object] = {
        "skip": [*environment.inside(root), ".git"],
        "looks": looks(usual.suite) if _lasting(policy.tests) else 0,
    }
    text = tracing.program(options, steady, places)
    return JailCommand(
        label="traced tests on the base",
        argv=(str(environment.python), "-c", BOOT, str(len(text)), *policy.tests.args, *OURS),
        root=root,
        stack=await toolbox.stack(tree),
        binds=environment.mounts,
        variables={**environment.variables, **USUAL.variables},
        limits=structs.replace(policy.limits, seconds=max(60.0, SLOWDOWN * usual.use.seconds)),
        stdin=text,
        report=True,
    )


def looks(suite: Suite) -> int:
    """How many objects may be looked at after a test, to find what it leaves behind: what takes half as long
    as a test does in the mean, or some milliseconds. Pure."""
    mean = sum(case.seconds for case in suite.cases) / max(1, len(suite.cases))
    return max(FEWEST_LOOKS, int(LOOKS_A_SECOND * mean / 2))


async def _recall(toolbox: Toolbox, key: str) -> ReadMap | None:
    if not (raw := await toolbox.recall(key)):
        return None
    try:
        return decode(zlib.decompress(raw), ReadMap)
    except (zlib.error, msgspec.MsgspecError, ValueError):
        return None  # a damaged entry is a miss


async def _key(toolbox: Toolbox, what: str) -> str:
    environment = await toolbox.environment()
    isolation = toolbox.sandbox.isolation
    tier = f"{isolation.backend}:{isolation.tier}"
    text = hashlib.sha256(tracing.program({}, {}, ())).hexdigest()[:16]
    kind = what if _lasting(toolbox.policy.tests) else f"{what}:fleeting"
    return f"tests:reads:{REVISION}:{text}:{kind}:{base.configuration(toolbox)}:{environment.digest}:{tier}"


def _lasting(rules: Tests) -> bool:
    """Whether it must be known what tests leave behind for others. To look for that takes half
    as long as the tests do, and for short ones longer than they do; where nothing is left out by what the map
    says, nobody needs it."""
    return rules.select is not Select.NEVER
