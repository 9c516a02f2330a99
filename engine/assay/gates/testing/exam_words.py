"""The acceptance gate's words: from what was demanded and what was confirmed to a gate result.

Promises: pure; lists are bounded and say how long they were; a pass counts at least one required test that
passed. A result that is not to show the tests names none: what is left out is kept under one key of the
detail, which reports leave out and the ledger has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs, to_builtins

from assay.gates import examining
from assay.gates.fingerprint import fingerprint, fold_space
from assay.gates.testing.compare import Comparison
from assay.gates.testing.conditions import Conditions
from assay.gates.testing.confirm import Confirmation
from assay.gates.testing.judge import LIST_LIMIT, Trial, bounded, counts, failure, place, spoilt
from assay.gates.testing.package import Package
from assay.gates.testing.required import Demand, Kind, Standing
from assay.gates.testing.run import Run
from assay.gates.testing.suite import Case
from assay.model.candidate import Record
from assay.model.outcome import (
    PRIVATE,
    Finding,
    GateResult,
    Outcome,
    ResourceUse,
    Severity,
    failed,
    infra,
    passed,
)
from assay.policy.schema import FlakyRule, Tests

GATE = examining.GATE
_RULES = {Kind.MENDED: "acceptance/fail-to-pass", Kind.KEPT: "acceptance/pass-to-pass"}


class Paper(Record, frozen=True, kw_only=True):
    """Everything that was found out about one candidate by complete runs under one set of conditions."""

    package: Package
    base: Run
    found: Run
    demands: tuple[Demand, ...]
    confirmation: Confirmation
    wobbly: str = ""
    restored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    use: ResourceUse = ResourceUse()

    @property
    def trial(self) -> Trial:
        """The two runs as the tests gate's stages take them."""
        return Trial(
            base=self.base, found=self.found, comparison=Comparison(), confirmation=self.confirmation
        )

    @property
    def guilty(self) -> frozenset[str]:
        """Ids that failed for good, or were not asked again since others had."""
        return frozenset((*self.confirmation.culprits, *self.confirmation.unproven))

    def failing(self) -> tuple[Demand, ...]:
        """The demands that are not met."""
        return tuple(demand for demand in self.demands if self.guilty.intersection(demand.suspects))

    def met(self) -> tuple[Demand, ...]:
        """The demands that are."""
        there = (d for d in self.demands if d.standing in (Standing.PASSED, Standing.SUSPECT))
        return tuple(demand for demand in there if not self.guilty.intersection(demand.suspects))


def mark(paper: Paper, rules: Tests) -> GateResult:
    """The result of a candidate whose run was complete."""
    rest: dict[str, Any] = {"detail": _detail(paper), "use": paper.use}
    if failing := paper.failing():
        findings = tuple(finding for demand in failing for finding in _findings(demand, paper))[:LIST_LIMIT]
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        return failed(GATE, f"{findings[0].message}{more}", findings=findings, **rest)
    if paper.confirmation.trouble is not None:
        return spoilt(paper.confirmation.trouble, paper.use)
    if why := _undecided(paper, rules):
        return infra(GATE, fold_space(why), **rest)
    good = len(paper.met())
    if not good:
        return infra(GATE, _nothing(paper), **rest)
    return passed(GATE, evidence={"tests": good}, **rest)


def as_on_the_base(result: GateResult, found: Run, on_base: Run) -> GateResult:
    """The result of a run that came to no end, where the base's did not either."""
    reason = f"pytest {found.why}, before every required test had passed; on the base it {on_base.why}"
    return structs.replace(result, reason=fold_space(reason))


def under(conditions: Conditions, result: GateResult) -> GateResult:
    """A result under other conditions than those under which the tests passed."""
    reason = f"{result.reason}, with {conditions.words}; it passes with hash seed 0 in file order"
    findings = tuple(
        structs.replace(finding, message=f"{finding.message}, with {conditions.words}")
        for finding in result.findings
    )
    detail = {**result.detail, "conditions": conditions.words}
    return structs.replace(result, reason=reason, findings=findings, detail=detail)


def discreet(result: GateResult) -> GateResult:
    """`result` without anything that tells of the tests but how many there were and how it ended."""
    shown = {"counts": result.detail.get("counts", {}), "flaky": len(result.detail.get("flaky", ()))}
    private = {
        "reason": result.reason,
        "findings": to_builtins(result.findings),
        "detail": result.detail,
    }
    return structs.replace(
        result,
        reason=_discreet_reason(result),
        findings=(),
        detail={**shown, PRIVATE: private},
    )


def merged(results: Mapping[str, GateResult]) -> GateResult:
    """Passed results of several tasks as one."""
    evidence: dict[str, int] = {}
    for result in results.values():
        for what, number in result.evidence.items():
            evidence[what] = evidence.get(what, 0) + number
    uses = [result.use for result in results.values()]
    use = ResourceUse(
        seconds=sum(use.seconds for use in uses),
        cpu_seconds=sum(use.cpu_seconds for use in uses),
        peak_memory=max(use.peak_memory for use in uses),
    )
    flaky = sorted({test for result in results.values() for test in result.detail.get("flaky", ())})
    details = {task: result.detail for task, result in results.items()}
    met = {kind: sum(d["counts"][kind]["passed"] for d in details.values()) for kind in map(str, Kind)}
    totals = {kind: {"passed": number, "failed": 0} for kind, number in met.items()}
    detail = {"tasks": details, "counts": totals, "flaky": flaky}
    return passed(GATE, evidence=evidence, use=use, detail=detail)


def _undecided(paper: Paper, rules: Tests) -> str:
    """What keeps the tests from speaking for or against the candidate, as a sentence; empty if nothing."""
    for demand in paper.demands:
        if demand.standing is Standing.UNDECIDED:
            return f"{demand.id} {demand.why}"
    if paper.confirmation.shared:
        test = paper.confirmation.shared[0]
        return f"{test} passed on the base when its tests were run, and fails there by now"
    flaky = paper.confirmation.flaky
    for demand in paper.demands:
        for test in demand.suspects:
            if test in flaky and (not demand.ask_base or rules.flaky is FlakyRule.INCONCLUSIVE):
                bad, runs = flaky[test]
                return f"{test} has to pass, and failed in {bad} of {runs} runs of the candidate"
    return paper.wobbly if rules.flaky is FlakyRule.INCONCLUSIVE else ""


def _nothing(paper: Paper) -> str:
    if paper.package.required.ids:
        return "the base passes none of the tests that are to keep passing, and no others are required"
    return f"there is no test that runs in {', '.join(paper.package.run) or paper.package.source}"


def _findings(demand: Demand, paper: Paper) -> Iterator[Finding]:
    cases, before = paper.found.suite.by_id(), paper.base.suite.by_id()
    for test in demand.suspects:
        if test in paper.guilty:
            path, line = place(test, cases.get(test), before.get(test))
            yield Finding(
                rule=_RULES[demand.kind],
                path=path,
                line=line,
                message=_message(test, cases.get(test)),
                severity=Severity.ERROR,
                fingerprint=fingerprint(_RULES[demand.kind], test),
            )


def _message(test: str, case: Case | None) -> str:
    if case is None:
        return f"{test} has to pass, and is not collected"
    return failure(test, case) if case.result.bad else f"{test} has to pass, and is {case.result}"


def _detail(paper: Paper) -> dict[str, Any]:
    met, failing = paper.met(), paper.failing()
    sides = {"passed": met, "failed": failing}
    by_kind = {
        kind: {word: [d.id for d in demands if d.kind is kind] for word, demands in sides.items()}
        for kind in Kind
    }
    lists = {f"{kind} {word}": ids for kind, found in by_kind.items() for word, ids in found.items()}
    short = bounded({**lists, "restored": paper.restored, "absent": paper.absent})
    detail: dict[str, Any] = {
        str(kind): {word: short.pop(f"{kind} {word}") for word in sides} for kind in Kind
    }
    return {
        **detail,
        **short,
        "counts": {
            str(kind): {word: len(ids) for word, ids in found.items()} for kind, found in by_kind.items()
        },
        "newly_failing": [test for d in failing for test in d.suspects if test in paper.guilty][:LIST_LIMIT],
        "excluded": _whys(paper.demands, Standing.EXCLUDED),
        "undecided": _whys(paper.demands, Standing.UNDECIDED),
        "notes": [f"{d.id} {d.why}" for d in met if d.why][:LIST_LIMIT],
        "flaky": sorted(paper.confirmation.flaky)[:LIST_LIMIT],
        "flaky_rates": {t: list(rate) for t, rate in list(paper.confirmation.flaky.items())[:LIST_LIMIT]},
        "instance": paper.package.instance,
        "base_counts": counts(paper.base.suite),
        "versions": paper.found.suite.versions,
    }


def _whys(demands: Sequence[Demand], standing: Standing) -> dict[str, str]:
    found = [demand for demand in demands if demand.standing is standing]
    return {demand.id: demand.why for demand in found[:LIST_LIMIT]}


def _discreet_reason(result: GateResult) -> str:
    by_kind = result.detail.get("counts", {})
    bad = sum(kind.get("failed", 0) for kind in by_kind.values() if isinstance(kind, dict))
    total = bad + sum(kind.get("passed", 0) for kind in by_kind.values() if isinstance(kind, dict))
    words = {
        Outcome.PASSED: "",
        Outcome.FAILED: f"{bad} of {total} acceptance tests fail" if total else "the acceptance tests fail",
        Outcome.EXHAUSTED: f"the acceptance tests ran out of {result.resource}",
        Outcome.TAMPERED: "the run of the acceptance tests was tampered with",
        Outcome.INFRA: "the acceptance tests came to no verdict; the ledger says why",
        Outcome.SKIPPED: "the acceptance tests were not run to their end",
    }
    return words[result.outcome]
