"""What passes is run once more under another hash seed and in another order: a pass that changes with these
is luck.

Promises: a candidate is blamed only for tests that fail under the other conditions time after time and that
the base passes under the very same (invariant 6); a project whose tests depend on their order or on hashes
anyway is told so and blamed for nothing. A candidate that could not be run again has not passed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import structs

from assay.gates.fingerprint import fold_space
from assay.gates.testing import base, health
from assay.gates.testing.bench import Bench, Hearing
from assay.gates.testing.compare import Comparison, compare
from assay.gates.testing.conditions import Conditions, others
from assay.gates.testing.confirm import Confirmation
from assay.gates.testing.judge import (
    GATE,
    LIST_LIMIT,
    MESSAGE_LIMIT,
    Trial,
    enriched,
    finding,
    spoilt,
    wavers,
)
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Result
from assay.model.outcome import GateResult, Outcome, Severity, infra
from assay.policy.schema import FlakyRule

RULE = "tests/unsteady"


async def perturb(bench: Bench, trial: Trial, result: GateResult) -> GateResult:
    """The stage. What it finds is in the detail `perturbed`: the conditions, the tests that failed under them
    (`failing`), those that the base fails under them too (`pre_existing`)."""
    tree = bench.candidate.base.tree
    if not bench.toolbox.policy.tests.perturb or result.outcome is not Outcome.PASSED:
        return result
    conditions = others(tree)
    on_base = await base.results_otherwise(bench.toolbox, tree)
    if on_base.ended.machine:
        return spoilt(on_base, bench.use)
    if on_base.ended is not Ended.COMPLETE:
        why = f"with {conditions.words} the base's own pytest {on_base.why}"
        return _noted(bench, result, conditions, note=fold_space(why)[:MESSAGE_LIMIT])
    hearing = await _heard(bench, conditions)
    if hearing.trouble or hearing.run.ended is not Ended.COMPLETE:
        return _unfinished(bench, result, conditions, hearing)
    return await _weighed(bench, trial, result, conditions, bench.narrowed(on_base), hearing.run)


async def _weighed(
    bench: Bench, trial: Trial, result: GateResult, conditions: Conditions, on_base: Run, found: Run
) -> GateResult:
    """The result, after re-runs of what speaks against the candidate."""
    comparison = compare(on_base.suite, found.suite, bench.subject.touched)
    known = {*trial.health.flaky, *trial.confirmation.flaky, *await health.recorded(bench.toolbox)}
    confirmation = await bench.confirm(comparison.suspects, known, conditions=conditions, on_base=on_base)
    await health.record(bench.toolbox, confirmation.flaky)
    if confirmation.trouble is not None:
        return spoilt(confirmation.trouble, bench.use)
    by_seed = await _by_seed(bench, conditions, confirmation)
    result = enriched(result, bench.use, wavers(trial, confirmation, bench.toolbox.policy.tests), {})
    return _judged(bench, result, conditions, found, comparison, confirmation, by_seed)


async def _heard(bench: Bench, conditions: Conditions) -> Hearing:
    """The candidate's run. One that comes to no end is made again before that is believed, and the base is
    asked at that very time: what is remembered of it may be from a better day of the machine's."""
    run = await bench.otherwise(conditions)
    if run.ended not in (Ended.COMPLETE, Ended.EXHAUSTED) and not run.ended.machine:
        run = await bench.otherwise(conditions)
    if run.ended is Ended.COMPLETE or run.ended.machine:
        return Hearing(run=run)
    return await bench.fairly(run, conditions)


async def _by_seed(bench: Bench, conditions: Conditions, confirmation: Confirmation) -> frozenset[str]:
    """The culprits that need no other order to fail, so that their author knows where to look."""
    if not confirmation.culprits:
        return frozenset()
    seed = Conditions(hash_seed=conditions.hash_seed)
    run = await bench.otherwise(seed, confirmation.culprits)
    cases = run.suite.by_id()
    return frozenset(test for test in confirmation.culprits if test in cases and cases[test].result.bad)


def _judged(
    bench: Bench,
    result: GateResult,
    conditions: Conditions,
    found: Run,
    comparison: Comparison,
    confirmation: Confirmation,
    by_seed: Collection[str],
) -> GateResult:
    lists = {
        "failing": [*confirmation.culprits, *confirmation.unproven][:LIST_LIMIT],
        "pre_existing": list(comparison.pre_existing[:LIST_LIMIT]),
    }
    result = _with_flaky(_noted(bench, result, conditions, **lists), confirmation)
    if confirmation.culprits:
        cases = found.suite.by_id()
        findings = [
            finding(
                RULE, test, cases.get(test), _words(test, conditions, seed=test in by_seed), Severity.ERROR
            )
            for test in lists["failing"]
        ]
        return enriched(result, bench.use, findings, {})
    if confirmation.flaky and bench.toolbox.policy.tests.flaky is FlakyRule.INCONCLUSIVE:
        test, (bad, runs) = next(iter(confirmation.flaky.items()))
        why = f"{test} is flaky: with {conditions.words} it failed in {bad} of {runs} runs of the candidate"
        return infra(GATE, why, detail=result.detail, use=bench.use)
    good = found.suite.count(Result.PASSED, Result.XPASSED)
    return structs.replace(result, evidence={**result.evidence, "tests_otherwise": good})


def _unfinished(bench: Bench, result: GateResult, conditions: Conditions, hearing: Hearing) -> GateResult:
    if hearing.trouble:
        why = fold_space(f"with {conditions.words} {hearing.trouble}")
        return infra(GATE, why, detail=result.detail, use=bench.use)
    if hearing.run.ended.machine:
        return spoilt(hearing.run, bench.use)
    why = f"with {conditions.words} pytest {hearing.run.why}, twice; on the base it runs to its end"
    told = finding(RULE, "", None, fold_space(why)[:MESSAGE_LIMIT], Severity.ERROR)
    return enriched(_noted(bench, result, conditions), bench.use, [told], {})


def _words(test: str, conditions: Conditions, *, seed: bool) -> str:
    """What the pass of a test depends on."""
    passes = "with hash seed 0" if seed else "in file order"
    fails = f"hash seed {conditions.hash_seed}" if seed else conditions.words
    return f"{test} passes {passes} and fails with {fails}, where it passes on the base"[:MESSAGE_LIMIT]


def _noted(bench: Bench, result: GateResult, conditions: Conditions, **more: Any) -> GateResult:
    told = {"hash_seed": conditions.hash_seed, "order": conditions.order, **more}
    return structs.replace(result, detail={**result.detail, "perturbed": told}, use=bench.use)


def _with_flaky(result: GateResult, confirmation: Confirmation) -> GateResult:
    """What failed by chance here is flaky as well, and keeps the result out of the cache."""
    names = sorted({*result.detail.get("flaky", ()), *confirmation.flaky})[:LIST_LIMIT]
    rates = {test: list(rate) for test, rate in list(confirmation.flaky.items())[:LIST_LIMIT]}
    detail = {
        **result.detail,
        "flaky": names,
        "flaky_rates": {**result.detail.get("flaky_rates", {}), **rates},
    }
    return structs.replace(result, detail=detail)
