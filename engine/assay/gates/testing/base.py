"""The base's own results: what every candidate is compared with, run once per base and remembered.

Promises: a run that timed out, crashed or was spoilt by the machine is never remembered; all candidates of a
transaction see the same base run.
"""

from __future__ import annotations

import hashlib
import zlib

import msgspec

from assay.gates.protocol import Toolbox
from assay.gates.testing.run import Ended, Run, execute, plugin_source
from assay.ledger.codec import decode, encode
from assay.model.event import Preparing

REVISION = 2
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
    await keep(toolbox, tree, run)
    return run


async def keep(toolbox: Toolbox, tree: str, run: Run) -> None:
    """Remember a run of the whole suite of `tree`, if it was complete. What was graded today and landed is
    the base tomorrow: its own run is the one that would be made then."""
    if run.ended is Ended.COMPLETE:
        value = zlib.compress(encode(run), level=1)
        await toolbox.remember(await _key(toolbox, tree), value)


async def _key(toolbox: Toolbox, tree: str) -> str:
    environment = await toolbox.environment()
    isolation = toolbox.sandbox.isolation
    tier = f"{isolation.backend}:{isolation.tier}"
    return f"tests:base:{tree}:{configuration(toolbox)}:{environment.digest}:{tier}"
