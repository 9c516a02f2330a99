"""The lint gate: ruff on the changed Python files, under the base's rules, reporting only what is new.

Promises: ruff runs in a jail at the repository's root, over the whole tree, so that import sorting and
per-directory rules work as they do for a person; its configuration is the base's (invariant 3). Files that
no configuration on the base speaks for are asked for real errors only (`ruff_run.REAL_ERRORS`), since ruff's
default rules would block projects that never chose ruff; the policy's `lint.config` names another file. A
configuration that selects no rules means the default of the ruff that its project runs (`ruff_default`). A
version of ruff that the configuration requires is ignored. The detail says both. A
ruff that fails on the base as well is trouble of the set-up (`infra`), one that fails on the candidate alone
is the candidate's failure (invariants 5 and 6).
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Sequence
from typing import Any

import msgspec

from assay.gates import memo
from assay.gates.endings import machine_trouble, total, unfinished
from assay.gates.files import PYTHON, STUBS, changed_content, display, hunks, new_side, old_side, shown
from assay.gates.fingerprint import Comparison, RawFinding, compare, stamp, tally
from assay.gates.protocol import Toolbox
from assay.gates.ruff_config import RuffRules, base_rules, trusted
from assay.gates.ruff_default import EARLIER
from assay.gates.ruff_run import REAL_ERRORS, RuffRun, control
from assay.gates.ruff_seen import key, seen
from assay.gates.tools import installed_version
from assay.model.candidate import Candidate, Change
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, infra, passed, skipped
from assay.repo.globs import compile_globs

VERSION = "lint/5"

_KINDS = PYTHON | STUBS
_MOST_CONTROLS = 16
_OWN_RULES = " (by the base's rules: a change of ruff's configuration counts once it has landed)"


class LintGate:
    """One run of ruff on the candidate, and one on those base files whose findings are not known yet."""

    name = "lint"

    async def version(self, toolbox: Toolbox) -> str:
        """This module, ruff, the policy's section, and the base's configuration."""
        rules = await base_rules(toolbox)
        policy = hashlib.sha256(msgspec.json.encode(toolbox.policy.lint)).hexdigest()[:16]
        return f"{VERSION};ruff {installed_version('ruff')};{REAL_ERRORS};{policy};{rules.digest}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        excluded = compile_globs(toolbox.policy.lint.exclude)
        changes = [change for change in changed_content(candidate, _KINDS) if not excluded(change.path)]
        if not changes:
            return skipped(self.name, Skip.NOT_APPLICABLE, "no Python file changes")
        rules = await base_rules(toolbox)
        before = await _base_run(toolbox, rules, candidate, changes)
        if before.problem:
            return _base_trouble(self.name, before)
        sides = [side for change in changes if (side := new_side(change))]
        proposed = candidate.tree or candidate.base.tree
        tree = trusted(toolbox, rules, proposed)
        now = await seen(toolbox, rules, tree, sides, "ruff", of_base=False)
        if now.problem:
            return await self._candidate_trouble(toolbox, rules, candidate, changes, now)
        if now.looked_at_none:
            return skipped(
                self.name,
                Skip.NOT_APPLICABLE,
                "ruff looks at no changed file: its configuration leaves them out, or they are not in UTF-8",
                use=now.use,
            )
        result = self._judge(toolbox, changes, before, now, note=_OWN_RULES if tree != proposed else "")
        said: dict[str, Any] = {}
        if rules.unpinned:
            said["ignored"] = [f"required-version in {path}" for path in sorted(rules.unpinned)]
        if rules.selecting:
            said["default_rules"] = list(EARLIER)
        return msgspec.structs.replace(result, detail={**result.detail, **said})

    def _judge(
        self, toolbox: Toolbox, changes: Sequence[Change], before: RuffRun, now: RuffRun, *, note: str
    ) -> GateResult:
        compared = [_compare(toolbox, change, before.findings, now.findings) for change in changes]
        severity = toolbox.policy.lint.severity
        new = [finding for comparison in compared for finding in comparison.new]
        findings = tuple(stamp(new, now.findings, severity))
        rest: dict[str, Any] = {
            "findings": findings,
            "evidence": {"files": len(changes)},
            "detail": tally(compared),
            "use": total(before.use, now.use),
        }
        if findings and severity is Severity.ERROR:
            return failed(self.name, sentence(findings) + note, **rest)
        return passed(self.name, **rest)

    async def _candidate_trouble(
        self,
        toolbox: Toolbox,
        rules: RuffRules,
        candidate: Candidate,
        changes: Sequence[Change],
        now: RuffRun,
    ) -> GateResult:
        assert now.call is not None
        if trouble := machine_trouble(self.name, now.call):
            return trouble
        base_tree = trusted(toolbox, rules, candidate.base.tree)
        for path in _one_for_each_directory(changes):
            problem = await control(toolbox, rules, base_tree, path)
            if problem:
                return infra(self.name, f"{problem} (on the unpatched base as well)", use=now.use)
        if exhausted := unfinished(self.name, now.call):
            return exhausted
        about = shown(change.path for change in changes)
        return failed(self.name, f"{now.problem} (on {about}, and not on the base)", use=now.use)


async def _base_run(
    toolbox: Toolbox, rules: RuffRules, candidate: Candidate, changes: Sequence[Change]
) -> RuffRun:
    """The findings of the changed files as they were on the base; only what nobody remembers is run."""
    sides = [side for change in changes if (side := old_side(change, _KINDS))]
    if not sides:
        return RuffRun()
    tree = trusted(toolbox, rules, candidate.base.tree)

    async def make() -> RuffRun:
        return await seen(toolbox, rules, tree, sides, "ruff on the base", of_base=True)

    name = memo.key(tree, *sorted(key(rules, side) for side in sides))
    run = await toolbox.once(f"lint/base/{name}", make)
    if run.call is not None and machine_trouble("lint", run.call):
        # Not to be handed on to every candidate that asks about the same files: it may have passed.
        run = await make()
    return run


def _compare(
    toolbox: Toolbox, change: Change, before: Sequence[RawFinding], now: Sequence[RawFinding]
) -> Comparison:
    old, new = old_side(change, _KINDS), new_side(change)
    found = [finding for finding in now if finding.path == change.path]
    if old is None or new is None:
        return Comparison(new=tuple(found))
    base = [finding for finding in before if finding.path == old.path]
    if not base or not found:
        return compare(base, found, ())
    return compare(base, found, hunks(toolbox.repo.blob(old.blob), toolbox.repo.blob(new.blob)))


def _base_trouble(gate: str, before: RuffRun) -> GateResult:
    assert before.call is not None
    if trouble := machine_trouble(gate, before.call):
        return trouble
    return infra(gate, f"{before.problem} (on the unpatched base)", use=before.use)


def _one_for_each_directory(changes: Sequence[Change]) -> list[str]:
    """One path for each directory, since each may have a configuration of its own; a bounded number."""
    paths = {posixpath.dirname(change.path): change.path for change in changes}
    return [paths[directory] for directory in sorted(paths)][:_MOST_CONTROLS]


def sentence(findings: Sequence[Finding]) -> str:
    """The first finding, and how many more there are."""
    first = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{display(first.path)}:{first.line}: {first.rule} {first.message}{more}"
