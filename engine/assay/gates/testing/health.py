"""What is known of the base's tests before a candidate is blamed: flaky, unsteady and slow ones.

Promises: pure, but for `recorded` and `record`, which keep what has been seen of flaky tests from one
transaction to the next. To be known as flaky excuses no failure for good, it asks for more proof: `TIMES`
failures on the candidate and as many passes on the base, each alone in a fresh jail. Whatever the test's
rate p, chance yields that at most p^5 (1-p)^5, once in a thousand times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import field

from assay.gates.protocol import EXPERIENCE, Toolbox
from assay.gates.testing.suite import Suite
from assay.model.candidate import Record

TIMES = 5
SLOW_SECONDS = 1.0
_SHOWN = 20
_MOST = 1000
_ENOUGH = 1000
_KEY = f"{EXPERIENCE}1"

Rates = Mapping[str, tuple[int, int]]
"""(failures, runs) by test."""


class Health(Record, frozen=True, kw_only=True):
    """The state of a base's suite. `flaky` tests failed in one run of it and passed in another under equal
    conditions; `unsteady` ones fail under another hash seed or in another order, time after time."""

    runs: int = 1
    flaky: dict[str, tuple[int, int]] = field(default_factory=dict)
    unsteady: tuple[str, ...] = ()
    slow: dict[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """For a gate's detail: the lists are bounded."""
        return {
            "runs": self.runs,
            "flaky": {test: list(rate) for test, rate in list(self.flaky.items())[:_SHOWN]},
            "unsteady": list(self.unsteady[:_SHOWN]),
            "slow": self.slow,
        }


def slowest(suite: Suite) -> dict[str, float]:
    """The slow tests and their seconds, the slowest first."""
    slow = sorted((case for case in suite.cases if case.seconds >= SLOW_SECONDS), key=lambda c: -c.seconds)
    return {case.id: case.seconds for case in slow[:_SHOWN]}


def added(known: Rates, more: Rates) -> dict[str, tuple[int, int]]:
    """Two tallies as one, bounded: of too many tests those seen last stay, of too many runs the share."""
    total = {test: rate for test, rate in known.items() if test not in more}
    for test, rate in more.items():
        bad, runs = (old + new for old, new in zip(known.get(test, (0, 0)), rate, strict=True))
        # A failure that was seen must not be rounded away.
        total[test] = (max(1, bad // 2), runs // 2) if runs > _ENOUGH else (bad, runs)
    return dict(list(total.items())[-_MOST:])


def passes(known: Rates, suite: Suite) -> dict[str, tuple[int, int]]:
    """Another run of the tests that a tally knows, as far as they passed."""
    return {case.id: (0, 1) for case in suite.cases if case.id in known and case.result.good}


async def recorded(toolbox: Toolbox) -> dict[str, tuple[int, int]]:
    """What has been seen of flaky tests in this repository, on bases and on candidates."""
    raw = await toolbox.recall(_KEY)
    try:
        return msgspec.msgpack.decode(raw, type=dict[str, tuple[int, int]]) if raw else {}
    except msgspec.MsgspecError:
        return {}  # a damaged entry is a miss


async def record(toolbox: Toolbox, seen: Rates, suites: Iterable[Suite] = ()) -> None:
    """Add failures of chance, and the complete runs in which known flaky tests passed."""
    known = await recorded(toolbox)
    total = added(known, seen)
    for suite in suites:
        others = {test: rate for test, rate in passes(known, suite).items() if test not in seen}
        total = added(total, others)
    if total != known:
        await toolbox.remember(_KEY, msgspec.msgpack.encode(total))
