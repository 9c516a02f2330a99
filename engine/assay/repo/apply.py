"""From a proposal to a candidate: base tree and change give a tree, in memory, or the problem why not.

Promises: pure but for new objects in the database. `apply` never raises for what a proposal says; only a
repository that cannot be read or written does (BadInput).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from assay.model.candidate import ApplyProblem, Base, Candidate, Change, Oid, ProblemKind, Proposal
from assay.repo.diff import changes, patch
from assay.repo.mail import is_mailbox, split_mailbox
from assay.repo.merge import MergeConflicts, merge
from assay.repo.patch import FilePatch, parse
from assay.repo.patching import patch_tree
from assay.repo.paths import refusal, shown
from assay.repo.problems import PatchError, hostile
from assay.repo.repository import EMPTY_TREE, SYMLINK, Repository

_ID_DIGITS = 12


def apply(repo: Repository, base: Base, proposal: Proposal) -> Candidate:
    """Apply `proposal` to `base`. A candidate without a tree says why in `problem`."""
    problem = proposal.problem
    tree: Oid | None = None
    found: tuple[Change, ...] = ()
    if problem is None:
        try:
            tree = _tree(repo, base, proposal)
            found = changes(repo, base.tree, tree)
            _refuse_hostile(found)
        except PatchError as error:
            tree, found, problem = None, (), error.problem
    if tree == base.tree:
        problem = _empty(repo, base, proposal)
        tree = None
    given = proposal.patch
    if given is None:
        given = b"" if tree is None else patch(repo, base.tree, tree)
    return Candidate(
        id=_digest(base, tree or hashlib.sha256(given).hexdigest(), proposal),
        name=proposal.name,
        source=proposal.source,
        base=base,
        tree=tree,
        problem=problem,
        changes=found,
        patch=given,
        author=proposal.author,
        message=proposal.message,
        instance=proposal.instance,
        commit=proposal.commit,
    )


def _tree(repo: Repository, base: Base, proposal: Proposal) -> Oid:
    if proposal.tree is not None:
        return _transplanted(repo, base, proposal, proposal.tree)
    data = proposal.patch or b""
    if not data.strip():
        raise _problem(ProblemKind.EMPTY, "the patch is empty")
    # A mailbox is a series: each mail's patch is made against the result of the one before it.
    parts = [mail.patch for mail in split_mailbox(data)] if is_mailbox(data) else [data]
    series: list[tuple[FilePatch, ...]] = [files for part in parts if (files := parse(part))]
    if not series:
        raise _problem(ProblemKind.MALFORMED, "there is no diff in it")
    tree = base.tree
    for files in series:
        tree = patch_tree(repo, tree, files)
    return tree


def _transplanted(repo: Repository, base: Base, proposal: Proposal, tree: Oid) -> Oid:
    """The tree of a proposal that is already one; re-applied if it was made on another base."""
    origin = proposal.base.tree if proposal.base is not None else base.tree
    if origin == base.tree:
        return tree
    result = merge(repo, origin, base.tree, tree)
    if not isinstance(result, MergeConflicts):
        return result.tree
    first = result.conflicts[0]
    more = f" (and {len(result.conflicts) - 1} more)" if len(result.conflicts) > 1 else ""
    message = f"it conflicts with the base in {shown(first.path)}: {first.kind.value}{more}"
    if ".." in proposal.source:
        message += "; commits that build on each other are graded as one with --squash"
    raise _problem(ProblemKind.DOES_NOT_APPLY, message, first.path)


def _refuse_hostile(found: Iterable[Change]) -> None:
    for change in found:
        if change.new_mode and (why := refusal(change.path, symlink=change.new_mode == SYMLINK)):
            raise hostile(change.path, why)


def _problem(kind: ProblemKind, message: str, path: str = "") -> PatchError:
    return PatchError(ApplyProblem(kind=kind, message=message, path=path))


def _empty(repo: Repository, base: Base, proposal: Proposal) -> ApplyProblem:
    """Why a proposal comes to nothing."""
    message = "it changes nothing"
    origin = proposal.base.tree if proposal.base is not None else EMPTY_TREE
    if proposal.commit is not None and base.commit is not None and proposal.tree not in (None, origin):
        message = "it changes nothing that the base does not have already"
    elif proposal.commit is not None and _contains(repo, base, proposal.commit):
        message = "it changes nothing: the base contains it already"
    return ApplyProblem(kind=ProblemKind.EMPTY, message=message)


def _contains(repo: Repository, base: Base, commit: Oid) -> bool:
    return base.commit is not None and (
        base.commit == commit or bool(repo.git.descendant_of(base.commit, commit))
    )


def _digest(base: Base, content: str, proposal: Proposal) -> str:
    parts = (base.tree, content, proposal.name, proposal.source)
    whole = b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts)
    return hashlib.sha256(whole).hexdigest()[:_ID_DIGITS]


def identify(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The candidates in order, with ids made unique (`-2`, `-3`, …) and `equivalent_to` set on every one
    whose tree an earlier one has."""
    seen: set[str] = set()
    first_with: dict[tuple[str, str], str] = {}
    named: list[Candidate] = []
    for candidate in candidates:
        unique, count = candidate.id, 1
        while unique in seen:
            count += 1
            unique = f"{candidate.id}-{count}"
        seen.add(unique)
        twin = None
        if candidate.tree is not None:
            key = (candidate.base.tree, candidate.tree)
            twin = first_with.setdefault(key, unique)
        equivalent_to = twin if twin != unique else None
        named.append(msgspec.structs.replace(candidate, id=unique, equivalent_to=equivalent_to))
    return tuple(named)
