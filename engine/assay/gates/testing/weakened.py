"""Tests that pass only because the candidate weakened them: the base's versions, run against its product.

Promises: for a change whose own tests count (a person's). What is reported passes on the base, fails on the
candidate's product as the base has it, again when repeated, and passes as the candidate has it or is gone.
Whether the product or the test was wrong, no machine can tell: what follows is the policy's
(`tests.weakened`), and tests that were only moved or added to are never reported.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from assay.gates.testing import aside
from assay.gates.testing.bench import Bench
from assay.gates.testing.judge import MESSAGE_LIMIT, Trial, bounded, enriched, finding, spoilt
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.settings import FILES
from assay.gates.testing.suite import Case, Suite
from assay.gates.testing.trusted import with_base_tests
from assay.model.outcome import Finding, GateResult, Severity

RULE = "tests/weakened"
_GOVERNING = frozenset({*FILES, "conftest.py"})


async def weakened_tests(bench: Bench, trial: Trial, result: GateResult) -> GateResult:
    """Run the base's versions of the tests that the candidate changed or took away."""
    rules, candidate = bench.toolbox.policy.tests, bench.candidate
    if rules.from_base or rules.trust:
        return result
    before = with_base_tests(bench.toolbox.repo, candidate, rules)
    select = affected(trial.base.suite, before.restored, before.absent)
    if not select or before.tree == candidate.base.tree:
        return result
    part = aside.Part(tree=before.tree, select=select, label=f"tests that {candidate.name} changed")
    run = await aside.run(bench, part)
    if run.ended is not Ended.COMPLETE:
        return _unfinished(bench, run, result, rules.weakened)
    suspects = failing_as_on_base(trial.found.suite, run.suite, select)
    confirmation = await aside.confirmed(bench, part, suspects, trial.base.suite.by_id())
    if confirmation.trouble is not None and rules.weakened is Severity.ERROR:
        return spoilt(confirmation.trouble, bench.use)
    guilty = sorted((*confirmation.culprits, *confirmation.unproven))
    findings = [_finding(test, trial, rules.weakened) for test in guilty]
    return enriched(result, bench.use, findings, bounded({"weakened": guilty}))


def affected(base: Suite, restored: Iterable[str], absent: Iterable[str]) -> tuple[str, ...]:
    """Ids of the base's passing tests that the candidate's test files have a say in: those in a changed file,
    and where the file holds no tests itself (a conftest.py, a helper, data, a setting), all below the nearest
    directory that does. Of what the candidate added, only what pytest reads by itself counts. Pure."""
    good = [case for case in base.cases if case.result.good]
    files = {case.file for case in good}
    directories = {above for file in files for above in _above(file)}
    governing = (path for path in absent if posixpath.basename(path) in _GOVERNING)
    reached = {
        path if path in files else next((up for up in _above(path) if up in directories), "")
        for path in (*restored, *governing)
    }
    return tuple(
        case.id for case in good if case.file in reached or not reached.isdisjoint(_above(case.file))
    )


def failing_as_on_base(found: Suite, again: Suite, select: Iterable[str]) -> tuple[str, ...]:
    """Those of the tests `select`, which the base passes, that do not pass in the run `again`, though in the
    candidate's own run (`found`) they do not fail. Pure."""
    own, now = found.by_id(), again.by_id()
    return tuple(test for test in select if not _good(now.get(test)) and not _bad(own.get(test)))


def _finding(test: str, trial: Trial, severity: Severity) -> Finding:
    own = trial.found.suite.by_id().get(test)
    if own is None:
        here = "does not run here any more"
    else:
        here = "passes only as it was changed" if own.result.good else f"is {own.result} as it was changed"
    return finding(
        RULE,
        test,
        own or trial.base.suite.by_id().get(test),
        f"{test} fails as the base has it, and {here}",
        severity,
    )


def _unfinished(bench: Bench, run: Run, result: GateResult, severity: Severity) -> GateResult:
    """The base's versions did not run to their end: nobody knows what they would say."""
    if run.ended.machine and severity is Severity.ERROR:
        return spoilt(run, bench.use)
    words = f"the changed tests, as on the base, do not run to their end on this change: pytest {run.why}"
    findings = () if run.ended.machine else (finding(RULE, "", None, words[:MESSAGE_LIMIT], severity),)
    return enriched(
        result, bench.use, findings, {"weakened": [], "weakened_unfinished": words[:MESSAGE_LIMIT]}
    )


def _above(path: str) -> Iterator[str]:
    """The directories above a path, nearest first; the top is the empty string."""
    while path:
        path = posixpath.dirname(path)
        yield path


def _good(case: Case | None) -> bool:
    return case is not None and case.result.good


def _bad(case: Case | None) -> bool:
    return case is not None and case.result.bad
