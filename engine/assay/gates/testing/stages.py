"""What is asked of a candidate whose tests pass, before that is believed: one function each, in order.

Promises: a stage is handed a passed result and gives back that result, richer in evidence or findings, or one
that is no pass. The first that is none ends the matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from assay.gates.testing.bench import Bench
from assay.gates.testing.judge import Trial
from assay.model.outcome import GateResult

Stage = Callable[[Bench, Trial, GateResult], Awaitable[GateResult]]

STAGES: tuple[Stage, ...] = ()
