"""The security gate: bandit on the changed Python files, under the base's rules, reporting only what is new.

Promises: bandit's library runs in a jail, in a warm worker; a file it cannot read or parse fails, unless
the base's version is no better (invariant 5, 6). A `nosec` that the candidate itself adds hides nothing from
this gate (invariant 3). `assert` in test files is no finding; any other there does what `security.tests`
says, which is nothing worse than elsewhere. Where the project's interpreter compiles a file that Assay's own
cannot parse, the answer is `infra`: that is Assay's shortcoming, not the candidate's.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from assay.gates.bandit_config import BanditRules, base_rules
from assay.gates.bandit_run import Issue, Scan, State, Version, scan, tool_version
from assay.gates.files import PYTHON, changed_content, display, hunks, new_side, old_side
from assay.gates.fingerprint import Comparison, Hunk, RawFinding, compare, fingerprint, stamp, tally
from assay.gates.frames import BadReply
from assay.gates.lint import sentence
from assay.gates.protocol import Toolbox
from assay.model.candidate import Candidate, Change, Record
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, infra, passed, skipped
from assay.repo import diff
from assay.repo.globs import compile_globs

VERSION = "security/2"
UNREADABLE = "security/unreadable"

_NOSEC = re.compile(r"#\s*nosec\b", re.IGNORECASE)
_HIDDEN = " (hidden by a nosec comment that the candidate adds)"
_ONLY_IN_PROGRAMS = frozenset({"B101"})


class _File(Record, frozen=True, kw_only=True):
    """One changed file: its scans on both sides, each also without regard to nosec where that matters."""

    change: Change
    nosec_lines: frozenset[int]
    now: Scan
    before: Scan | None
    now_all: Scan | None
    before_all: Scan | None


class SecurityGate:
    """One request for all changed files of a candidate, both versions of each."""

    name = "security"

    async def version(self, toolbox: Toolbox) -> str:
        """This module, its worker, bandit and its Python, the policy's sections, and the base's rules."""
        rules = await base_rules(toolbox)
        policy = toolbox.policy
        own = hashlib.sha256(
            msgspec.json.encode((policy.security, policy.tests.paths, policy.compile, policy.gates))
        )
        return f"{VERSION};{tool_version()};{own.hexdigest()[:16]};{rules.digest}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        excluded = compile_globs(toolbox.policy.security.exclude)
        changes = [change for change in changed_content(candidate, PYTHON) if not excluded(change.path)]
        if not changes:
            return skipped(self.name, Skip.NOT_APPLICABLE, "no Python file changes")
        try:
            files = await _scan_all(toolbox, await base_rules(toolbox), changes)
        except BadReply as problem:
            return infra(self.name, str(problem))
        return judge(toolbox, files)


def judge(toolbox: Toolbox, files: Sequence[_File]) -> GateResult:
    """The result that these scans add up to."""
    gate = SecurityGate.name
    if limit := _own_shortcoming(toolbox, files):
        return infra(gate, limit)
    unreadable = [_unreadable(file) for file in files if _is_candidates_unreadable(toolbox, file)]
    read = [file for file in files if file.now.state is State.READ]
    if not read and not unreadable:
        if all(file.now.state is State.EXCLUDED for file in files):
            return skipped(gate, Skip.NOT_APPLICABLE, "bandit's configuration excludes every changed file")
        return skipped(gate, Skip.NOT_APPLICABLE, "no changed file can be parsed, on the base neither")
    compared = [_compare(toolbox, file) for file in read]
    severity = _severities(toolbox)
    findings = [
        finding for file, comparison in compared for finding in _stamped(file, comparison, severity(file))
    ]
    findings += [found for file, _ in compared for found in _hidden(toolbox, file, severity(file))]
    detail = {
        **tally(comparison for _, comparison in compared),
        "not_scanned": [display(file.change.path) for file in files if file.now.state is not State.READ],
    }
    reported = (*unreadable, *findings)
    if against := [finding for finding in reported if finding.severity is Severity.ERROR]:
        return failed(
            gate, sentence(against), findings=reported, evidence={"files": len(read)}, detail=detail
        )
    return passed(gate, evidence={"files": len(read)}, findings=reported, detail=detail)


def _severities(toolbox: Toolbox) -> Callable[[_File], Severity]:
    """What a finding in a file does."""
    rules, is_test = toolbox.policy.security, compile_globs(toolbox.policy.tests.paths)
    in_tests = max(rules.severity, rules.tests, key=list(Severity).index)
    return lambda file: in_tests if is_test(file.change.path) else rules.severity


async def _scan_all(toolbox: Toolbox, rules: BanditRules, changes: Sequence[Change]) -> list[_File]:
    """Ask about every version at once, then put the answers back where they belong."""
    versions: list[Version] = []
    plan: list[tuple[Change, frozenset[int], list[int | None]]] = []
    for change in changes:
        new, old = new_side(change), old_side(change, PYTHON)
        assert new is not None
        lines = frozenset(
            line for line, text in diff.added_lines(toolbox.repo, change) if _NOSEC.search(text)
        )
        slots: list[int | None] = []
        for side, ignore_nosec in ((new, False), (old, False), (new, True), (old, True)):
            if side is None or (ignore_nosec and not lines):
                slots.append(None)
                continue
            content = toolbox.repo.blob(side.blob)
            slots.append(len(versions))
            versions.append(Version(path=side.path, content=content, ignore_nosec=ignore_nosec))
        plan.append((change, lines, slots))
    scans = await scan(toolbox, rules, versions)
    files = []
    for change, lines, slots in plan:
        now, before, now_all, before_all = (None if slot is None else scans[slot] for slot in slots)
        assert now is not None
        files.append(
            _File(
                change=change,
                nosec_lines=lines,
                now=now,
                before=before,
                now_all=now_all,
                before_all=before_all,
            )
        )
    return files


def _own_shortcoming(toolbox: Toolbox, files: Sequence[_File]) -> str:
    """What bandit or Assay's interpreter cannot do, as a sentence; empty if it could do everything."""
    for file in files:
        path, now, before = display(file.change.path), file.now, file.before
        if now.crashed and not (before and set(now.crashed) <= set(before.crashed)):
            return f"a check of bandit's own crashed on {path} ({now.crashed[0]})"
        if now.state is State.NOT_PYTHON and _was_compiled(toolbox, file) and not _was_bad(file):
            version = ".".join(platform.python_version_tuple()[:2])
            return (
                f"bandit under Python {version} cannot parse {path}, which the project's interpreter compiles"
            )
    return ""


def _was_compiled(toolbox: Toolbox, file: _File) -> bool:
    """Whether the compile gate passed this file before this gate was asked."""
    policy = toolbox.policy
    before_us = policy.gates[: policy.gates.index("security")] if "security" in policy.gates else policy.gates
    return "compile" in before_us and not _need_not_compile(toolbox, file)


def _need_not_compile(toolbox: Toolbox, file: _File) -> bool:
    return compile_globs(toolbox.policy.compile.exclude)(file.change.path)


def _was_bad(file: _File) -> bool:
    return file.before is not None and file.before.state in (State.NOT_PYTHON, State.UNREADABLE)


def _is_candidates_unreadable(toolbox: Toolbox, file: _File) -> bool:
    if file.now.state is State.NOT_PYTHON:
        return not _was_bad(file) and not _need_not_compile(toolbox, file)
    return file.now.state is State.UNREADABLE and not _was_bad(file)


def _unreadable(file: _File) -> Finding:
    return Finding(
        rule=UNREADABLE,
        path=file.change.path,
        line=0,
        message=f"bandit could not check this file: {file.now.reason}",
        severity=Severity.ERROR,
        fingerprint=fingerprint(UNREADABLE, file.change.path, file.now.reason),
    )


def _compare(toolbox: Toolbox, file: _File) -> tuple[_File, Comparison]:
    return file, _new_among(toolbox, file, file.before, file.now.issues)


def _new_among(toolbox: Toolbox, file: _File, before: Scan | None, issues: Sequence[Issue]) -> Comparison:
    """Which of these issues the scan `before` does not have."""
    is_test = compile_globs(toolbox.policy.tests.paths)
    found = _counting(issues, test=is_test(file.change.path))
    base = _counting(before.issues if before else (), test=is_test(file.change.old_path))
    old, new = old_side(file.change), new_side(file.change)
    regions: tuple[Hunk, ...] = ()
    if base and found and old and new:
        regions = hunks(toolbox.repo.blob(old.blob), toolbox.repo.blob(new.blob))
    return compare(base, found, regions)


def _counting(issues: Sequence[Issue], *, test: bool) -> list[RawFinding]:
    return [issue.raw for issue in issues if not (test and issue.raw.rule in _ONLY_IN_PROGRAMS)]


def _hidden(toolbox: Toolbox, file: _File, severity: Severity) -> list[Finding]:
    """New findings that only a nosec comment of the candidate's own keeps out of bandit's report."""
    if file.now_all is None:
        return []
    reported = Counter(issue.raw for issue in file.now.issues)
    hidden = []
    for issue in file.now_all.issues:
        if reported[issue.raw] > 0:
            reported[issue.raw] -= 1
        elif any(issue.first <= line <= issue.last for line in file.nosec_lines):
            hidden.append(issue)
    # Against everything the base has, hidden or not: silencing an old finding makes it no new one.
    new = _new_among(toolbox, file, file.before_all, hidden).new
    everything = [issue.raw for issue in file.now_all.issues]
    return [
        msgspec.structs.replace(finding, message=finding.message + _HIDDEN)
        for finding in stamp(new, everything, severity)
    ]


def _stamped(file: _File, comparison: Comparison, severity: Severity) -> list[Finding]:
    return stamp(comparison.new, [issue.raw for issue in file.now.issues], severity)
