"""The tests gate's words: from runs, comparison and confirmation to a gate result.

Promises: pure; lists are bounded and say how long they were; a pass counts at least one passed test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from assay.gates.files import display
from assay.gates.fingerprint import fingerprint, fold_space
from assay.gates.testing.compare import Comparison, is_collection
from assay.gates.testing.confirm import Confirmation
from assay.gates.testing.health import Health
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite
from assay.model.candidate import Record
from assay.model.outcome import (
    Finding,
    GateResult,
    Resource,
    ResourceUse,
    Severity,
    Skip,
    exhausted,
    failed,
    infra,
    passed,
    skipped,
    tampered,
)
from assay.policy.schema import FlakyRule, NoTests, Tests

GATE = "tests"
LIST_LIMIT = 200
MESSAGE_LIMIT = 300
_NAMED = 5
_RAISED = {
    Resource.TIME: "tests.time_limit",
    Resource.CPU: "limits.cpu_seconds",
    Resource.MEMORY: "limits.memory",
    Resource.DISK: "limits.disk, limits.files or limits.file_size",
    Resource.PIDS: "limits.pids",
    Resource.OUTPUT: "limits.output",
}
"""What a policy raises for a suite that runs out of something."""


class Trial(Record, frozen=True, kw_only=True):
    """Everything that was found out about one candidate whose own run was complete."""

    base: Run
    found: Run
    comparison: Comparison
    confirmation: Confirmation
    health: Health = Health()
    restored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    changed_tests: tuple[str, ...] = ()
    """What of the base's tests the candidate changed or took away (`path::name`)."""
    wobbly: str = ""
    """Why a first run had to be repeated, or empty."""
    use: ResourceUse = ResourceUse()


def base_unusable(run: Run, python: str) -> GateResult:
    """The base gave nothing to compare with: never the candidate's fault (invariant 6)."""
    if run.ended is Ended.CANCELLED:
        return skipped(GATE, Skip.CANCELLED, "the tests of the base were cancelled")
    where = f"on the unpatched base pytest {run.why}"
    remedy = {
        Ended.NO_PYTEST: f"pytest is not installed in {python}: install it there or set environment.python "
        "in assay.toml",
        Ended.REFUSED: f"{where}; install what the project's tests need into {python} or set tests.args",
        Ended.EXHAUSTED: f"{where}; raise {_RAISED[run.resource or Resource.TIME]} in assay.toml, or name "
        "fewer tests in tests.args",
    }
    reason = remedy.get(run.ended, f"{where}; the base's tests must run before a candidate can be compared")
    return infra(GATE, fold_space(reason), use=run.use)


def spoilt(run: Run, use: ResourceUse) -> GateResult:
    """The machine or the user ended a run."""
    if run.ended is Ended.CANCELLED:
        return skipped(GATE, Skip.CANCELLED, "the tests were cancelled", use=use)
    return infra(GATE, f"pytest {run.why}", use=use)


def unfinished(run: Run, use: ResourceUse) -> GateResult:
    """The candidate's run did not come to its end, though the base's did."""
    reason = fold_space(f"pytest {run.why}; on the base it runs to its end")[: MESSAGE_LIMIT * 2]
    detail = {"running": list(run.suite.running[:LIST_LIMIT]), "counts": counts(run.suite)}
    rest: dict[str, Any] = {"use": use, "detail": detail, "findings": _running_findings(run)}
    if run.ended is Ended.EXHAUSTED:
        return exhausted(GATE, run.resource or Resource.TIME, reason, **rest)
    if run.ended in (Ended.SILENT, Ended.CONTRADICTED):
        return tampered(GATE, reason, **rest)
    return failed(GATE, reason, **rest)


def judge(trial: Trial, rules: Tests) -> GateResult:
    """The result of a candidate whose run was complete."""
    suite, confirmation = trial.found.suite, trial.confirmation
    rest: dict[str, Any] = {"detail": _detail(trial), "use": trial.use}
    if confirmation.culprits:
        guilty = (*confirmation.culprits, *confirmation.unproven)
        cases, before = suite.by_id(), trial.base.suite.by_id()
        findings = tuple(_finding(test, cases.get(test), before.get(test)) for test in guilty[:LIST_LIMIT])
        return failed(GATE, _blame(findings[0], guilty), findings=findings, **rest)
    if (undecided := _undecided(trial, rules, rest)) is not None:
        return undecided
    if _unexplained(trial.found) and not _unexplained(trial.base):
        status = trial.found.status
        reason = (
            f"pytest exited with {status} though no test fails that passes on the base, where it does not"
        )
        return failed(GATE, reason, **rest)
    good = suite.count(Result.PASSED, Result.XPASSED)
    if good:
        trusted = vouched(trial.changed_tests) if rules.trust else ()
        wavering = wavers(trial, confirmation, rules)
        return passed(GATE, evidence={"tests": good}, findings=(*trusted, *wavering), **rest)
    return _nothing_passed(trial, rules, rest)


def enriched(
    result: GateResult,
    use: ResourceUse,
    findings: Sequence[Finding],
    detail: Mapping[str, Any],
    **evidence: int,
) -> GateResult:
    """`result` with what a stage found: failed if one of `findings` is an error. `detail` is laid over the
    result's own, its lists of what was cut off added to it."""
    cut = {**result.detail.get("cut", {}), **detail.get("cut", {})}
    rest: dict[str, Any] = {
        "findings": (*result.findings, *findings),
        "detail": {**result.detail, **detail, "cut": cut},
        "evidence": {**result.evidence, **evidence},
        "use": use,
    }
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        return failed(GATE, _blame(errors[0], errors), **rest)
    return structs.replace(result, **rest)


def wavers(trial: Trial, confirmation: Confirmation, rules: Tests) -> tuple[Finding, ...]:
    """Tests that fail by chance on the candidate, and were not seen to on the base: it may be the candidate
    that brought the chance. No proof, but no accept should hide it."""
    severity = Severity.REVIEW if rules.from_base else Severity.WARNING
    cases = trial.found.suite.by_id()
    return tuple(
        finding(
            "tests/wavers",
            test,
            cases.get(test),
            f"{test} failed in {bad} of {runs} runs of the candidate, and was not seen to on the base",
            severity,
        )
        for test, (bad, runs) in list(confirmation.flaky.items())[:LIST_LIMIT]
        if test not in trial.health.flaky and test not in confirmation.on_base
    )


def tested_elsewhere(name: str, python: str) -> GateResult:
    """The environment has the project's own modules from elsewhere: its tests say nothing of any change."""
    return infra(
        GATE,
        f"the tests import {name} from outside of the repository, where no change of it shows; install the "
        f"project for {python} in editable mode (`pip install -e`), or set pytest's `pythonpath`",
    )


def shadowed(paths: Sequence[str]) -> GateResult:
    """The candidate adds modules that would be imported in place of those which tests are run with."""
    findings = tuple(
        Finding(
            rule="tests/shadows",
            path=path,
            line=0,
            message=f"{display(path)} would be imported in place of the module that tests are run with",
            severity=Severity.ERROR,
            fingerprint=fingerprint("tests/shadows", path),
        )
        for path in paths[:LIST_LIMIT]
    )
    return failed(
        GATE, _blame(findings[0], paths), findings=findings, detail={"shadows": list(paths[:LIST_LIMIT])}
    )


def vouched(changed: Sequence[str]) -> tuple[Finding, ...]:
    """Changed tests that count by the user's word: shown, file by file."""
    files: dict[str, list[str]] = {}
    for test in changed:
        path, _, name = test.partition("::")
        files.setdefault(path, []).append(name)
    return tuple(
        Finding(
            rule="tests/trusted",
            path=path,
            line=0,
            message=f"changed tests count as they are here (--trust-tests): {_some(names)}"[:MESSAGE_LIMIT],
            severity=Severity.WARNING,
            fingerprint=fingerprint("tests/trusted", path, *names),
        )
        for path, names in list(files.items())[:LIST_LIMIT]
    )


def bounded(lists: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Lists of names for a result's detail, each cut at the limit; `cut` says how long those were."""
    full = {name: list(names) for name, names in lists.items()}
    detail: dict[str, Any] = {name: names[:LIST_LIMIT] for name, names in full.items()}
    return detail | {"cut": {name: len(names) for name, names in full.items() if len(names) > LIST_LIMIT}}


def counts(suite: Suite) -> dict[str, int]:
    """How many tests ended in which way."""
    return {str(result): number for result in Result if (number := suite.count(result))}


def run_cost(run: Run) -> dict[str, float]:
    """What a run took, in wall and CPU seconds; `bodies`: the wall seconds of the tests in it."""
    return {
        "seconds": round(run.use.seconds, 4),
        "cpu_seconds": round(run.use.cpu_seconds, 4),
        "bodies": round(sum(case.seconds for case in run.suite.cases), 4),
    }


def _undecided(trial: Trial, rules: Tests, rest: Mapping[str, Any]) -> GateResult | None:
    """What keeps the tests from speaking for or against the candidate, or None."""
    confirmation = trial.confirmation
    if confirmation.trouble is not None:
        return spoilt(confirmation.trouble, trial.use)
    if confirmation.shared:
        reason = (
            f"{confirmation.shared[0]} passed on the base when its tests were run, and fails there by now"
        )
        return infra(GATE, f"{reason}: look what changed around it, then try again", **rest)
    if (unstable := _instability(trial)) and rules.flaky is FlakyRule.INCONCLUSIVE:
        return infra(GATE, unstable, **rest)
    if rules.tests_of_base and (unsteady := _unsteady(trial)):
        return infra(GATE, unsteady, **rest)
    return None


def _unsteady(trial: Trial) -> str:
    """A test that failed more than once on the candidate, and was not seen to waver on the base or has never
    passed on the candidate. Chance may do that to an honest change, and a change that is right by chance
    looks just so: neither proof of guilt nor the evidence that an accept needs (invariant 5)."""
    for test, (bad, runs) in trial.confirmation.flaky.items():
        if bad < 2 or test in trial.health.flaky:
            continue
        if test not in trial.confirmation.on_base:
            return f"{test} failed in {bad} of {runs} runs of the candidate, and was not seen to on the base"
        if bad == runs:
            return f"{test} failed in each of {runs} runs of the candidate, and then on the base as well"
    return ""


def _nothing_passed(trial: Trial, rules: Tests, rest: Mapping[str, Any]) -> GateResult:
    if trial.base.suite.count(Result.PASSED, Result.XPASSED):
        return failed(GATE, "the candidate leaves no test that passes", **rest)
    if trial.base.suite.cases or trial.found.suite.cases:
        return infra(GATE, "no test passes on the base, so that the tests say nothing of a candidate", **rest)
    if rules.none is NoTests.INCONCLUSIVE:
        why = "pytest finds no tests on the base, and the policy wants some (tests.none)"
        return infra(GATE, why, **rest)
    nowhere = "pytest finds no tests, neither on the base nor with the candidate"
    return skipped(GATE, Skip.NOT_APPLICABLE, nowhere, **rest)


def _unexplained(run: Run) -> bool:
    """Whether pytest's exit status is bad though no test is: a coverage threshold, a plugin's own check."""
    return run.status not in (0, 5) and not run.suite.count(Result.FAILED, Result.ERROR)


def _instability(trial: Trial) -> str:
    if trial.confirmation.flaky:
        test, (bad, runs) = next(iter(trial.confirmation.flaky.items()))
        return f"{test} is flaky: it failed in {bad} of {runs} runs of the candidate"
    return trial.wobbly


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(filter(None, names[:_NAMED])) + more or "the file as a whole"


def _blame(first: Finding, guilty: Sequence[object]) -> str:
    others = f" (and {len(guilty) - 1} more)" if len(guilty) > 1 else ""
    return f"{first.message}{others}"


def place(test: str, case: Case | None, before: Case | None = None) -> tuple[str, int]:
    """Where a test's result points to: path and line, as far as known."""
    if case is not None:
        return case.path or case.file, case.line
    return (before.file if before else test.split("::", 1)[0]), 0


def failure(test: str, case: Case) -> str:
    """How a test failed, with the message it gave."""
    return ": ".join(filter(None, (_verb(case), fold_space(case.message)[:MESSAGE_LIMIT])))


def finding(rule: str, test: str, case: Case | None, message: str, severity: Severity) -> Finding:
    """A finding about one test, or about no one test if `test` is empty."""
    path, line = place(test, case)
    return Finding(
        rule=rule,
        path=path,
        line=line,
        message=message,
        severity=severity,
        fingerprint=fingerprint(rule, test),
    )


def _finding(test: str, case: Case | None, before: Case | None) -> Finding:
    if case is not None and case.result.bad:
        message = failure(test, case)
    elif case is None:
        message = f"{test} passes on the base and does not run any more"
    else:
        message = f"{test} passes on the base and is {case.result} now"
    path, line = place(test, case, before)
    return Finding(
        rule="tests/newly-failing",
        path=path,
        line=line,
        message=message,
        severity=Severity.ERROR,
        fingerprint=fingerprint("tests/newly-failing", test),
    )


def _running_findings(run: Run) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule="tests/unfinished",
            path=test.split("::", 1)[0],
            line=0,
            message=fold_space(f"{test} did not end: pytest {run.why}")[:MESSAGE_LIMIT],
            severity=Severity.ERROR,
            fingerprint=fingerprint("tests/unfinished", test),
        )
        for test in run.suite.running[:LIST_LIMIT]
    )


def _detail(trial: Trial) -> dict[str, Any]:
    comparison, confirmation = trial.comparison, trial.confirmation
    guilty = sorted({*confirmation.culprits, *confirmation.unproven})
    lists: dict[str, Iterable[str]] = {
        "newly_failing": guilty,
        "newly_passing": comparison.newly_passing,
        "flaky": sorted(confirmation.flaky),
        "pre_existing": comparison.pre_existing,
        "lost": [test for test in comparison.lost if test in guilty],
        "removed": comparison.removed,
        "new_tests": comparison.new_tests,
        "restored": trial.restored,
        "absent": trial.absent,
        "changed_tests": trial.changed_tests,
    }
    detail = bounded(lists)
    if trial.wobbly and not detail["flaky"]:
        detail["flaky"] = list(trial.found.suite.running) or ["<session>"]
    detail["flaky_rates"] = {
        test: [bad, runs] for test, (bad, runs) in list(confirmation.flaky.items())[:LIST_LIMIT]
    }
    detail["confirmed"] = len(confirmation.culprits)
    detail["counts"] = counts(trial.found.suite)
    detail["base_health"] = trial.health.told()
    detail["base_counts"] = counts(trial.base.suite)
    detail["versions"] = trial.found.suite.versions
    detail["run_cost"] = run_cost(trial.found)
    return detail


def _verb(case: Case) -> str:
    if is_collection(case.id):
        return f"{case.id.removesuffix(COLLECTION)} cannot be collected"
    return f"{case.id} {'fails' if case.result is Result.FAILED else 'ends in an error'}"
