"""What a command's two runs, on the base and on the candidate, say about the candidate.

Promises: pure but for reading the flagged lines out of git objects. What counts is what the candidate's run
has and the base's has not; a program that is content with the base and not with the candidate never passes,
even where its report names nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.gates.command_reports import (
    Cases,
    LineOf,
    Unreadable,
    read_junit,
    read_lines,
    read_sarif,
)
from assay.gates.endings import how_it_ended, last_line
from assay.gates.files import hunks, line_at, new_side, old_side, split_lines
from assay.gates.fingerprint import (
    Comparison,
    Hunk,
    RawFinding,
    compare,
    fingerprint,
    fold_space,
    stamp,
    tally,
)
from assay.gates.lint import sentence
from assay.model.candidate import Candidate, Change, Record
from assay.model.outcome import Finding, GateResult, Severity, failed, infra, passed
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import Command, ReportKind
from assay.repo.repository import Repository

_LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING, "note": Severity.NOTE, "none": Severity.NOTE}


class Ran(Record, frozen=True, kw_only=True):
    """One run of the program, read. `problem` says why it is no answer; else one of the reports is there."""

    call: ToolCall
    problem: str = ""
    findings: tuple[RawFinding, ...] = ()
    cases: Cases | None = None

    @property
    def clean(self) -> bool:
        """Whether the report, if there is one, has nothing to say."""
        return not self.findings and not (self.cases and self.cases.failed)


def read(repo: Repository, root: Path, tree: str, command: Command, call: ToolCall) -> Ran:
    """Read one call's report. Trouble is a value: `problem`."""
    if call.ending is not Ending.EXITED or call.exit_code not in (*command.ok, *command.findings_exit):
        said = last_line(call.stderr) or last_line(call.stdout)
        problem = f"{command.run[0]} {how_it_ended(call)}" + (f" ({said})" if said else "")
        return Ran(call=call, problem=problem)
    if command.report is ReportKind.EXIT:
        return Ran(call=call)
    try:
        data = _report_of(command, call)
        if command.report is ReportKind.JUNIT:
            return Ran(call=call, cases=read_junit(data))
        return Ran(call=call, findings=_findings(command, data, str(root), _line_reader(repo, tree)))
    except Unreadable as problem:
        return Ran(call=call, problem=f"{command.run[0]}: {problem}")


def _report_of(command: Command, call: ToolCall) -> bytes:
    data = call.outputs.get(command.file) if command.file else call.stdout
    if data is None:
        raise Unreadable(f"it left no report at {command.file}")
    if call.truncated:
        raise Unreadable("its output was cut off")
    return data


def _findings(command: Command, data: bytes, root: str, lines: LineOf) -> tuple[RawFinding, ...]:
    if command.report is ReportKind.SARIF:
        return read_sarif(data, root, lines)
    return read_lines(data, re.compile(command.pattern, re.MULTILINE), root, lines)


def fine(gate: str, now: Ran) -> GateResult:
    """The pass of a run that has nothing to complain about."""
    return passed(gate, evidence=_evidence(now), use=now.call.use)


def judge(
    repo: Repository, candidate: Candidate, command: Command, before: Ran, now: Ran, *, tests_rest: bool
) -> GateResult:
    """Compare two runs that both gave a readable report. `tests_rest`: the candidate changes no test, so that
    no test case may be missing."""
    became_bad = now.call.exit_code not in command.ok and before.call.exit_code in command.ok
    if now.cases is not None and before.cases is not None:
        return _judge_cases(command, before.cases, now, became_bad=became_bad, tests_rest=tests_rest)
    return _judge_findings(repo, candidate, command, before, now, became_bad=became_bad)


def _judge_cases(
    command: Command, before: Cases, now: Ran, *, became_bad: bool, tests_rest: bool
) -> GateResult:
    assert now.cases is not None
    new = sorted(now.cases.failed.keys() - before.failed.keys())
    known = before.passed | before.skipped | before.failed.keys()
    present = now.cases.passed | now.cases.skipped | now.cases.failed.keys()
    findings = tuple(
        Finding(
            rule=f"{command.name}/test-failed",
            path="",
            line=0,
            message=f"{name}: {now.cases.failed[name]}",
            severity=Severity.ERROR,
            fingerprint=fingerprint(command.name, name),
        )
        for name in new
    )
    rest: dict[str, Any] = {
        "evidence": _evidence(now),
        "use": now.call.use,
        "detail": {
            "newly_failing": new,
            "newly_passing": sorted(before.failed.keys() & now.cases.passed),
            "pre_existing": sorted(now.cases.failed.keys() & before.failed.keys()),
            "missing": sorted(known - present),
        },
    }
    if new:
        many = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
        return failed(command.name, f"newly failing: {new[0]}{many}", findings=findings, **rest)
    if tests_rest and (lost := sorted(before.passed - present)):
        many = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        reason = f"{lost[0]}{many} passes on the base and does not run any more, though no test file changes"
        return failed(command.name, reason, **rest)
    return _verdict_by_exit(command, now, (), rest, became_bad=became_bad)


def _judge_findings(
    repo: Repository, candidate: Candidate, command: Command, before: Ran, now: Ran, *, became_bad: bool
) -> GateResult:
    compared = _compare_all(repo, candidate, before.findings, now.findings)
    findings: list[Finding] = []
    for level in sorted({finding.level for comparison in compared for finding in comparison.new}):
        new = [f for comparison in compared for f in comparison.new if f.level == level]
        severity = _LEVELS.get(level, Severity.ERROR)
        # The program itself calls the candidate worse than the base: what it warns of is the reason.
        if became_bad and severity is Severity.WARNING:
            severity = Severity.ERROR
        findings += stamp(new, now.findings, severity)
    rest: dict[str, Any] = {
        "evidence": _evidence(now),
        "use": now.call.use,
        "detail": tally(compared),
    }
    rejecting = [finding for finding in findings if finding.severity is Severity.ERROR]
    if rejecting:
        return failed(command.name, sentence(rejecting), findings=tuple(findings), **rest)
    return _verdict_by_exit(command, now, tuple(findings), rest, became_bad=became_bad)


def _verdict_by_exit(
    command: Command, now: Ran, findings: tuple[Finding, ...], rest: dict[str, Any], *, became_bad: bool
) -> GateResult:
    """Nothing new was reported: then the exit code must not have become worse either."""
    if became_bad:
        reason = f"{command.run[0]} {how_it_ended(now.call)}, and not on the base, but reports nothing new"
        return failed(command.name, reason, findings=findings, **rest)
    if now.call.exit_code not in command.ok and now.clean:
        # A report without a complaint under an exit code that complains, on both sides: no evidence at all.
        reason = f"{command.run[0]} {how_it_ended(now.call)} without a finding, on the unpatched base as well"
        return infra(command.name, reason, **rest)
    return passed(command.name, findings=findings, **rest)


def _compare_all(
    repo: Repository, candidate: Candidate, before: Sequence[RawFinding], now: Sequence[RawFinding]
) -> list[Comparison]:
    """Compare file by file; a renamed file with what it was called before."""
    changes = {change.path: change for change in candidate.changes if new_side(change)}
    old_path = {path: change.old_path for path, change in changes.items()}
    paths = {finding.path for finding in now} | {finding.path for finding in before} - set(old_path.values())
    return [
        compare(
            [finding for finding in before if finding.path == old_path.get(path, path)],
            [finding for finding in now if finding.path == path],
            _regions(repo, changes.get(path)),
        )
        for path in sorted(paths)
    ]


def _regions(repo: Repository, change: Change | None) -> tuple[Hunk, ...]:
    old, new = (old_side(change), new_side(change)) if change else (None, None)
    return hunks(repo.blob(old.blob), repo.blob(new.blob)) if old and new else ()


def _line_reader(repo: Repository, tree: str) -> LineOf:
    known: dict[str, list[str]] = {}

    def line_of(path: str, line: int) -> str:
        if path not in known:
            inside = path and not path.startswith(("/", "../"))
            known[path] = split_lines((repo.read(tree, path) if inside else None) or b"")
        return fold_space(line_at(known[path], line))

    return line_of


def _evidence(now: Ran) -> dict[str, int]:
    if now.cases is None:
        return {"runs": 1}
    return {"tests": len(now.cases.passed) + len(now.cases.failed) + len(now.cases.skipped)}
