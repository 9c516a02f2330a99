"""The scope gate: what a candidate touches, before anything of it is run or parsed by a tool.

Promises: reads git objects only and starts nothing. Rules and thresholds come from the policy; each rule
has a severity of its own that the policy may override. Under the default severities an ordinary honest
patch is never rejected: only what escapes the tree, hides text, or breaks a limit the policy states is an
error. Honest limits: what a change does is told from its text and its syntax trees, never from running it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from assay.gates import scope_paths, scope_policy, scope_suppressions, scope_tests, scope_text
from assay.gates.files import display, is_regular
from assay.gates.protocol import Toolbox
from assay.gates.scope_capabilities import capabilities
from assay.gates.scope_config import weaker_settings
from assay.gates.scope_dependencies import dependencies
from assay.gates.scope_rules import SEVERITIES
from assay.gates.scope_shadows import Exists, shadows
from assay.gates.scope_types import ChangedFile, Hit
from assay.model.candidate import Candidate, Change
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, passed, skipped
from assay.policy.schema import Policy
from assay.repo import diff
from assay.repo.globs import compile_globs
from assay.repo.repository import Repository

VERSION = "scope/3"

MAX_TEXT = 1024 * 1024
"""Files above this many bytes are not read as text: data, and not what a person reviews."""

_SNIFF = 8000
"""How far git looks for a NUL before it calls a file text."""


class ScopeGate:
    """Judges paths, kinds of file, sizes, suppressions, lost tests, new abilities and hidden characters."""

    name = "scope"

    async def version(self, toolbox: Toolbox) -> str:
        """This module's version and the policy's own rules for it."""
        rules = msgspec.json.encode((toolbox.policy.scope, toolbox.policy.tests.paths))
        return f"{VERSION};{hashlib.sha256(rules).hexdigest()[:16]}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        if not candidate.changes:
            return skipped(self.name, Skip.NOT_APPLICABLE, "the candidate changes nothing")
        files = [_read(toolbox.repo, candidate, change) for change in candidate.changes]
        links = scope_paths.tree_links(toolbox.repo, candidate)
        broken = tuple(scope_policy.broken_policy(toolbox.repo, candidate))
        findings = judge(files, links, toolbox.policy, broken, exists=_existence(toolbox.repo, candidate))
        evidence = {"files": len(files), "lines": sum(len(file.added) for file in files)}
        rejecting = [finding for finding in findings if finding.severity is Severity.ERROR]
        if rejecting:
            return failed(self.name, _sentence(rejecting), findings=findings, evidence=evidence)
        return passed(self.name, evidence=evidence, findings=findings)


def judge(
    files: list[ChangedFile],
    links: scope_paths.Links,
    policy: Policy,
    more: Sequence[Hit] = (),
    *,
    exists: Exists,
) -> tuple[Finding, ...]:
    """Every finding on these changes, with `more` of the caller's, in order of path and line. Pure, but for
    what `links` and `exists` look up in the candidate's tree."""
    severities = {**SEVERITIES, **_named(policy.scope.severity)}
    findings = [_finding(hit, severities[hit.rule]) for hit in (*_hits(files, links, policy, exists), *more)]
    return tuple(sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule)))


def _hits(
    files: list[ChangedFile], links: scope_paths.Links, policy: Policy, exists: Exists
) -> Iterator[Hit]:
    is_test = compile_globs(policy.tests.paths)
    yield from scope_paths.limits(files, policy.scope)
    for file in files:
        yield from scope_paths.path_rules(file, policy.scope)
        yield from scope_paths.kind_rules(file, links)
        yield from scope_text.hidden_characters(file)
        yield from scope_suppressions.suppressions(file)
        yield from shadows(file, exists, is_test)
        yield from weaker_settings(file)
        yield from dependencies(file)
        yield from capabilities(file, is_test)
    yield from scope_tests.weakened(
        [file for file in files if is_test(file.change.path) or is_test(file.change.old_path)], is_test
    )


def _existence(repo: Repository, candidate: Candidate) -> Exists:
    tree = candidate.tree or candidate.base.tree
    return lambda path: repo.entry(tree, path) is not None


def _named(overrides: dict[str, Severity]) -> dict[str, Severity]:
    """The policy may write a rule with or without its `scope/`."""
    return {name if "/" in name else f"scope/{name}": severity for name, severity in overrides.items()}


def _read(repo: Repository, candidate: Candidate, change: Change) -> ChangedFile:
    old = repo.blob(change.old_blob) if is_regular(change.old_mode) else None
    new = repo.blob(change.new_blob) if is_regular(change.new_mode) else None
    link = None
    if change.new_mode == scope_paths.SYMLINK:
        link = repo.blob(change.new_blob).decode("utf-8", "surrogateescape")
    text = _text(new)
    differs = text is not None and not change.binary and change.new_blob != change.old_blob
    return ChangedFile(
        change=change,
        old=_text(old),
        new=text,
        added=diff.added_lines(repo, change) if differs else (),
        size=len(new or b""),
        link=link,
    )


def _text(content: bytes | None) -> bytes | None:
    """Content that rules may read as text, else None."""
    if content is None or len(content) > MAX_TEXT or b"\0" in content[:_SNIFF]:
        return None
    return content


def _finding(hit: Hit, severity: Severity) -> Finding:
    return Finding(
        rule=hit.rule,
        path=hit.path,
        line=hit.line,
        message=display(hit.message),
        severity=severity,
        fingerprint=hit.fingerprint,
    )


def _sentence(findings: Iterable[Finding]) -> str:
    listed = list(findings)
    first = listed[0]
    place = (
        f"{display(first.path)}:{first.line}: "
        if first.line
        else (f"{display(first.path)}: " * bool(first.path))
    )
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return f"{place}{first.message}{more}"
