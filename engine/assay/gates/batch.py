"""Ask a warm worker about many files, and find the one that kills it.

Promises: a file is called a crasher only after it alone killed a worker that nothing else had used, and
after another fresh worker answered an empty request (else the machine is to blame, invariant 6). What other
candidates ask at the same time never falls back on this one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from assay.gates.frames import Unit, replies, request
from assay.gates.protocol import Toolbox
from assay.model.errors import Unsound
from assay.sandbox.spec import JailCommand
from assay.sandbox.worker import WorkerDied

Start = Callable[[], Awaitable[JailCommand]]
Reply = dict[str, Any]

_PATIENCE = 60.0
"""Seconds for one request, however small: a loaded machine is not a crash."""
_PATIENCE_PER_UNIT = 1.0


async def ask(
    toolbox: Toolbox, name: str, start: Start, units: Sequence[Unit], common: Mapping[str, Any]
) -> list[Reply | None]:
    """One reply for each unit, in order; None for a unit that kills the worker.

    Raises `BadReply` where a living worker answers nonsense, `Unsound` where no worker lives.
    """
    if not units:
        return []
    try:
        worker = await toolbox.worker(name, start)
        return [*replies(await worker.ask(request(units, common), _patience(units)), units)]
    except WorkerDied:
        return await _search(toolbox, name, start, units, common)


async def _search(
    toolbox: Toolbox, name: str, start: Start, units: Sequence[Unit], common: Mapping[str, Any]
) -> list[Reply | None]:
    """Halve until the crashers stand alone. Each question goes to a worker of its own."""
    try:
        return await _ask_fresh(toolbox, start, units, common)
    except WorkerDied:
        pass
    if len(units) > 1:
        middle = len(units) // 2
        first = await _search(toolbox, name, start, units[:middle], common)
        return first + await _search(toolbox, name, start, units[middle:], common)
    try:
        await _ask_fresh(toolbox, start, (), common)
    except WorkerDied as death:
        raise Unsound(f"no {name} worker lives ({death})", fix="see `assay doctor`") from None
    return [None]


async def _ask_fresh(
    toolbox: Toolbox, start: Start, units: Sequence[Unit], common: Mapping[str, Any]
) -> list[Reply | None]:
    async with toolbox.sandbox.serve(await start()) as worker:
        return [*replies(await worker.ask(request(units, common), _patience(units)), units)]


def _patience(units: Sequence[Unit]) -> float:
    return _PATIENCE + _PATIENCE_PER_UNIT * len(units)
