"""Build the delta between two trees: what a change does, in terms a person reads.

Promises: derived from the trees and the gate results alone, so that equal inputs give equal deltas; cost
follows the diff (only changed Python and dependency files are read); never raises for what files hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from assay.delta.breaks import breaks, module_break
from assay.delta.parse import Outlines, Pair, parse
from assay.delta.symbols import changed_symbols
from assay.delta.testnames import tests_of
from assay.gates.manifests import UnreadableManifest, changed, is_manifest, requirements
from assay.model.candidate import Change, Record
from assay.model.delta import Delta, DependencyChange, MemberShare, SymbolChange
from assay.model.outcome import Finding, GateResult
from assay.repo import diff
from assay.repo.repository import SUBMODULE, SYMLINK, Repository


class _CodeDelta(Record, frozen=True, kw_only=True):
    """What the syntax trees of the changed files say."""

    symbols: tuple[SymbolChange, ...]
    api_breaks: tuple[str, ...]
    tests_before: frozenset[str]
    tests_after: frozenset[str]
    unparsed: tuple[str, ...]


def build(
    repo: Repository,
    base_tree: str,
    tree: str,
    results: Sequence[GateResult],
    members: Sequence[MemberShare] = (),
) -> Delta:
    """The delta from `base_tree` to `tree`.

    `results` are the gate results of `tree`: their findings are those introduced, and those that a gate
    lists as findings under `detail["fixed"]` are those fixed. `members` are the shares of those that make up
    a set. The risk is left to whoever knows the policy.
    """
    changes = diff.changes(repo, base_tree, tree)
    code = _code(repo, changes)
    dependencies, unreadable = _dependencies(repo, changes)
    return Delta(
        files=tuple(changes),
        added_lines=sum(change.added_lines for change in changes),
        deleted_lines=sum(change.deleted_lines for change in changes),
        symbols=code.symbols,
        api_breaks=code.api_breaks,
        tests_added=tuple(sorted(code.tests_after - code.tests_before)),
        tests_removed=tuple(sorted(code.tests_before - code.tests_after)),
        dependencies=dependencies,
        findings_introduced=_sorted(finding for result in results for finding in result.findings),
        findings_fixed=_sorted(finding for result in results for finding in _fixed(result)),
        unparsed=tuple(sorted({*code.unparsed, *unreadable})),
        members=tuple(members),
    )


def _code(repo: Repository, changes: Sequence[Change]) -> _CodeDelta:
    files = [change for change in changes if _is_python(change)]
    parsed = parse([_sources(repo, change) for change in files])
    symbols: list[SymbolChange] = []
    sentences: list[str] = []
    before: set[str] = set()
    after: set[str] = set()
    for change, outlines in zip(files, parsed, strict=True):
        if outlines is None:
            continue
        found = changed_symbols(outlines.old, outlines.new, change.path)
        symbols += found
        sentences += _sentences(change, outlines, found)
        # Under the new path on both sides: a test that moved with its file neither came nor went.
        before |= {f"{change.path}::{test}" for test in tests_of(outlines.old, change.old_path)}
        after |= {f"{change.path}::{test}" for test in tests_of(outlines.new, change.path)}
    return _CodeDelta(
        symbols=tuple(sorted(symbols, key=lambda symbol: (symbol.path, symbol.symbol))),
        api_breaks=tuple(sentences),
        tests_before=frozenset(before),
        tests_after=frozenset(after),
        unparsed=tuple(change.path for change, outlines in zip(files, parsed, strict=True) if not outlines),
    )


def _sentences(change: Change, outlines: Outlines, symbols: Sequence[SymbolChange]) -> tuple[str, ...]:
    if not change.new_blob:
        return module_break(outlines.old, change.path, None)
    moved = module_break(outlines.old, change.old_path, change.path) if change.old_path != change.path else ()
    return (*moved, *breaks(outlines.old, outlines.new, symbols, change.path))


def _is_python(change: Change) -> bool:
    same_content = change.old_blob == change.new_blob and change.old_path == change.path
    plain = not {change.old_mode, change.new_mode} & {SYMLINK, SUBMODULE}
    return plain and not same_content and PurePosixPath(change.path).suffix in (".py", ".pyi")


def _sources(repo: Repository, change: Change) -> Pair:
    return Pair(
        old=repo.blob(change.old_blob) if change.old_blob else None,
        new=repo.blob(change.new_blob) if change.new_blob else None,
    )


def _dependencies(
    repo: Repository, changes: Sequence[Change]
) -> tuple[tuple[DependencyChange, ...], tuple[str, ...]]:
    """The changed requirements, and the manifests that could not be read."""
    found: list[DependencyChange] = []
    unreadable: list[str] = []
    for change in changes:
        plain = not {change.old_mode, change.new_mode} & {SYMLINK, SUBMODULE}
        if not (plain and is_manifest(change.path)):
            continue
        sides = _sources(repo, change)
        try:
            old, new = (requirements(change.path, (side or b"").decode()) for side in (sides.old, sides.new))
        except (UnreadableManifest, UnicodeDecodeError):
            unreadable.append(change.path)
        else:
            found += changed(change.path, old, new)
    return tuple(found), tuple(unreadable)


def _fixed(result: GateResult) -> tuple[Finding, ...]:
    """The findings that a gate says are gone. Gates that only count them, or say it otherwise, add none."""
    try:
        return msgspec.convert(result.detail.get("fixed", ()), tuple[Finding, ...])
    except msgspec.ValidationError:
        return ()


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column, f.rule, f.message)))
