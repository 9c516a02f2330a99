"""Revisions and ranges as proposals.

Promises: a revision, however it is named, stands for everything since its line left the base's, as the head
of a pull request does. `A..B` stands for each commit of B's first-parent line that A does not have, each
against its own first parent, so that a merge is one change; `C^!` is the one commit C.
"""

from __future__ import annotations

import re

import pygit2
from msgspec.structs import replace
from pygit2.enums import SortMode

from assay.model.candidate import ApplyProblem, Base, Oid, ProblemKind, Proposal
from assay.model.errors import BadInput
from assay.repo.commits import signature
from assay.repo.repository import EMPTY_TREE, Repository

_RANGE = re.compile(r"(?P<old>.*?)\.\.\.?(?P<new>.*)", re.DOTALL)
_SUBJECTS = 100
"""How many commits a message lists."""
_NOTHING = Base(commit=None, tree=EMPTY_TREE)


def is_range(spec: str) -> bool:
    """Whether `spec` has the form of a range."""
    return _RANGE.fullmatch(spec) is not None or spec.endswith("^!")


def from_revision(repo: Repository, spec: str, base: Base) -> Proposal:
    """The line of commits that ends at `spec`, as one change. Raises BadInput when it names no commit."""
    tip = repo.resolve(spec)
    assert tip.commit is not None
    fork = merge_base(repo, base, tip.commit)
    return _whole(repo, spec, tip, fork)


def from_range(repo: Repository, spec: str, *, squash: bool) -> list[Proposal]:
    """Every commit of a range, oldest first, or all of it as one change."""
    old, new = _ends(repo, spec)
    if squash:
        fork = merge_base(repo, old, new.commit) if new.commit else None
        return [_whole(repo, spec, new, fork or old)]
    found = [_single(repo, spec, commit) for commit in _line(repo, old, new)]
    if not found:
        raise BadInput(
            f"the range {spec} holds no commit", where=str(repo.root), fix="is it the right way round?"
        )
    return found


def _ends(repo: Repository, spec: str) -> tuple[Base, Base]:
    if spec.endswith("^!"):
        new = repo.resolve(spec[:-2])
        return _parent(repo, _commit(repo, new.commit)), new
    found = _RANGE.fullmatch(spec)
    assert found is not None
    return repo.resolve(found["old"] or "HEAD"), repo.resolve(found["new"] or "HEAD")


def _line(repo: Repository, old: Base, new: Base) -> list[pygit2.Commit]:
    """The first-parent line from `old`, exclusive, to `new`, oldest first."""
    try:
        walker = repo.git.walk(pygit2.Oid(hex=new.commit or ""), SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walker.simplify_first_parent()
        if old.commit is not None:
            walker.hide(pygit2.Oid(hex=old.commit))
        return list(walker)
    except (KeyError, pygit2.GitError) as error:
        raise repo.incomplete("a commit of this range") from error


def _single(repo: Repository, spec: str, commit: pygit2.Commit) -> Proposal:
    tip = Base(commit=Oid(str(commit.id)), tree=Oid(str(commit.tree_id)))
    subject = _message(commit).partition("\n")[0][:60]
    name = f"{str(commit.id)[:10]} {subject}".rstrip()
    return _proposal(repo, name=name, source=spec, tip=tip, base=_parent(repo, commit))


def _whole(repo: Repository, spec: str, tip: Base, fork: Base | None) -> Proposal:
    """Everything from `fork` to `tip` as one change, whose message names each commit of its line."""
    proposal = _proposal(repo, name=spec, source=spec, tip=tip, base=fork, unrelated=fork is None)
    line = _line(repo, fork, tip) if fork is not None else []
    if len(line) < 2:
        return proposal
    subjects = [_message(commit).partition("\n")[0] for commit in line]
    listed = [f"- {subject}" for subject in subjects[:_SUBJECTS]]
    more = [f"- and {len(line) - _SUBJECTS} more"] if len(line) > _SUBJECTS else []
    text = "\n".join([f"{len(line)} commits of {spec}", "", *listed, *more]) + "\n"
    return replace(proposal, message=text)


def _parent(repo: Repository, commit: pygit2.Commit) -> Base:
    return repo.resolve(str(commit.parent_ids[0])) if commit.parent_ids else _NOTHING


def _commit(repo: Repository, oid: str | None) -> pygit2.Commit:
    return repo.git[oid or ""].peel(pygit2.Commit)


def merge_base(repo: Repository, base: Base, tip: str) -> Base | None:
    """Where `tip`'s line left the base's; the empty tree for a base without commits; None if unrelated."""
    if base.commit is None:
        return _NOTHING
    try:
        found = repo.git.merge_base(pygit2.Oid(hex=base.commit), pygit2.Oid(hex=tip))
    except (KeyError, pygit2.GitError) as error:
        raise repo.incomplete("a commit between these and the base") from error
    # pygit2 answers None where git has no answer, whatever its signature says.
    return repo.resolve(str(found)) if found else None


def _proposal(
    repo: Repository, *, name: str, source: str, tip: Base, base: Base | None, unrelated: bool = False
) -> Proposal:
    commit = _commit(repo, tip.commit)
    return Proposal(
        name=name,
        source=source,
        tree=tip.tree,
        commit=tip.commit,
        base=base,
        author=signature(commit.author),
        message=_message(commit),
        problem=_unrelated(repo, name) if unrelated else None,
    )


def _message(commit: pygit2.Commit) -> str:
    return commit.raw_message.decode("utf-8", "replace")


def _unrelated(repo: Repository, name: str) -> ApplyProblem:
    message = f"{name} shares no history with the base"
    if repo.git.is_shallow:
        message += " as far as this shallow clone goes; `git fetch --unshallow` brings the rest"
    return ApplyProblem(kind=ProblemKind.WRONG_BASE, message=message)
