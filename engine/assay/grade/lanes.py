"""Two lanes: runs that somebody waits for, and bulk that gives way to them.

Promises: a run of the interactive lane is known to all runs of the same cache directory, in whatever
process, while it lasts and not an instant longer, however it ends; a bulk run sees it within some hundredths
of a second, holds its own jails still and starts no others; a bulk run always gets its share of the time
(`Floor`). Interactive runs do not disturb each other, nor do bulk runs.

Who is there is told by a lock on a file (`lane`), which goes with the process.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import anyio

from assay.grade.lane import open_lane, taken
from assay.sandbox.freeze import Freezer

SHARE = 0.1
"""The part of the time that bulk gets whoever else wants the machine."""

_TURN = 1.0
"""How long bulk runs when it is its turn, in seconds."""

_LOOK_SECONDS = 0.04


async def give_way(directory: Path, freezer: Freezer) -> None:
    """Hold the jails of `freezer` still whenever an interactive run is there, until cancelled."""
    try:
        descriptor = open_lane(directory)
    except OSError:
        return
    floor = Floor()
    then = time.monotonic()
    try:
        while True:
            now = time.monotonic()
            if floor.holds(taken(descriptor), now - then, running=freezer.busy):
                freezer.freeze()
            elif freezer.frozen:
                freezer.thaw()
            then = now
            await anyio.sleep(_LOOK_SECONDS)
    finally:
        freezer.thaw()
        os.close(descriptor)


class Floor:
    """When bulk has its turn although somebody waits. Pure: time is told to it."""

    def __init__(self, share: float = SHARE, turn: float = _TURN) -> None:
        self._rate = share / (1.0 - share)
        self._turn = turn
        self._owed = 0.0
        self._on_turn = False

    def holds(self, wanted: bool, passed: float, *, running: bool) -> bool:
        """Whether bulk is to be held from now on. `wanted`: somebody waits; `passed`: seconds since the last
        call, in which some of bulk ran or all of it was held."""
        if running:
            self._owed -= passed
        elif wanted:
            self._owed = min(self._turn, self._owed + passed * self._rate)
        if not wanted:
            # What ran while nobody waited was not taken from anybody.
            self._owed = max(0.0, self._owed)
            self._on_turn = False
            return False
        self._on_turn = self._owed > 0 if self._on_turn else self._owed >= self._turn
        return not self._on_turn
