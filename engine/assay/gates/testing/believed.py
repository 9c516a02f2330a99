"""Whether a run that passes can be believed: the stage that comes first.

Promises: what speaks for tampering is seen twice, in two runs of the candidate, and not in either of two
runs of the base, before it is held against a candidate (invariant 6). What is seen once is not forgotten
either: a candidate whose evidence changes from run to run has not passed (invariant 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.gates.fingerprint import fingerprint, fold_space
from assay.gates.testing import base
from assay.gates.testing.bench import Bench
from assay.gates.testing.integrity import FORGED, Deviation, again, deviations
from assay.gates.testing.judge import LIST_LIMIT, MESSAGE_LIMIT, Trial, spoilt
from assay.gates.testing.run import Ended, Run
from assay.model.outcome import Finding, GateResult, Severity, infra, tampered


async def believed(bench: Bench, trial: Trial, result: GateResult) -> GateResult:
    """The stage: `result` as it is, if nothing speaks against the run that it rests on."""
    first = _against(trial.base, trial.found, bench)
    if not first:
        return result
    if not bench.toolbox.policy.tests.confirm:
        return _tampered(bench, result, first)
    found, on_base = await bench.again(), trial.base
    if on_base.ended is Ended.COMPLETE:
        on_base = await base.results_again(bench.toolbox, bench.candidate.base.tree)
    if (spoiling := next((run for run in (found, on_base) if run.ended.machine), None)) is not None:
        return spoilt(spoiling, bench.use)
    if on_base.ended is not trial.base.ended:
        return _doubtful(bench, result, f"the base's tests, run again, did not end: pytest {on_base.why}")
    held = again(first, _against(on_base, found, bench)) if found.ended is Ended.COMPLETE else first
    if held:
        return _tampered(bench, result, held)
    reason = f"{first[0].message}; a second run did not show it, so that neither can be believed"
    return _doubtful(bench, result, reason)


def _against(on_base: Run, found: Run, bench: Bench) -> tuple[Deviation, ...]:
    """What speaks against a run. A base that came to no end cannot excuse what it had no time to show:
    then only what a test's own body says counts."""
    seen = deviations(on_base.suite, found.suite, bench.subject.touched)
    if on_base.ended is Ended.COMPLETE:
        return seen
    return tuple(deviation for deviation in seen if deviation.rule == FORGED)


def _doubtful(bench: Bench, result: GateResult, reason: str) -> GateResult:
    return infra(result.gate, fold_space(reason), detail=result.detail, use=bench.use)


def _tampered(bench: Bench, result: GateResult, found: Sequence[Deviation]) -> GateResult:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    detail: dict[str, Any] = {**result.detail, "tampering": [item.message for item in found[:LIST_LIMIT]]}
    return tampered(
        result.gate,
        fold_space(found[0].message)[: MESSAGE_LIMIT * 2] + more,
        findings=tuple(_finding(item) for item in found[:LIST_LIMIT]),
        detail=detail,
        use=bench.use,
    )


def _finding(item: Deviation) -> Finding:
    return Finding(
        rule=item.rule,
        path=item.path,
        line=0,
        message=fold_space(item.message)[:MESSAGE_LIMIT],
        severity=Severity.ERROR,
        fingerprint=fingerprint(item.rule, item.about),
    )
