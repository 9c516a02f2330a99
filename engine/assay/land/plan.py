"""What a landing will publish, as data: built before anything is published, written to the journal as it is.

Promises: building a plan writes commit objects that nothing refers to, and changes nothing else. A plan says
everything that publication and recovery need to know beyond the objects it names.

Forms of a landing, on the branch's `tip`:

- one member: one commit on the tip;
- several: one merge commit of the tip and, each on the tip, one commit per member, so that `git log` shows
  every member's own message and author, and `git log --first-parent` one landing;
- several, linear: one commit per member, each on the one before.

A member's commit is the very one that its source named, if that has just this parent and tree (so that a
branch ahead of its target is fast-forwarded), else the one it is kept as, if its author is known, else a new
one with the member's message, by its author or, where that is unknown, by the repository's user.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pygit2

from assay.model.candidate import Candidate, Oid, Record, Signature
from assay.model.errors import BadInput
from assay.repo.commits import commit
from assay.repo.program import GitFailed, run_git
from assay.repo.repository import Repository

if TYPE_CHECKING:
    from assay.patchset.combine import Combined

BRANCHES = "refs/heads/"
_NEUTRAL = ("Assay", "assay@localhost")


class WorktreeUpdate(Record, frozen=True, kw_only=True):
    """The work tree that has the branch checked out: its root, its own git directory, from what to what."""

    path: str
    git_dir: str
    old_tree: Oid
    new_tree: Oid


class LandingPlan(Record, frozen=True, kw_only=True):
    """One publication: `ref` from `expected_old` to `new`, whose tree is `tree`.

    `commits` are the commits that the branch gains on its first-parent line, oldest first; the last is `new`.
    `message` goes to the reflog. `worktree` is None where the branch is not checked out.
    """

    ref: str
    expected_old: Oid
    new: Oid
    tree: Oid
    commits: tuple[Oid, ...]
    message: str
    worktree: WorktreeUpdate | None = None


def branch_ref(repo: Repository, branch: str) -> str:
    """The full name of the branch to land on. Raises `BadInput` unless it is an existing local branch."""
    ref = branch if branch.startswith("refs/") else BRANCHES + branch
    if not ref.startswith(BRANCHES):
        raise BadInput(
            f"{branch!r} is not a local branch", where=str(repo.root), fix="name a branch to land on"
        )
    try:
        found = repo.git.lookup_reference(ref)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise BadInput(
            f"there is no branch {branch!r} to land on", where=str(repo.root), fix="see `git branch`"
        ) from error
    if not isinstance(found.target, pygit2.Oid):
        raise BadInput(
            f"{branch!r} is only another name for {found.target}",
            where=str(repo.root),
            fix=f"land on {str(found.target).removeprefix(BRANCHES)} instead",
        )
    return ref


def tip(repo: Repository, ref: str) -> Oid:
    """The commit that a branch points at now."""
    return Oid(str(repo.git.lookup_reference(ref).target))


def build(
    repo: Repository,
    ref: str,
    expected_old: Oid,
    members: Sequence[Candidate],
    combined: Combined,
    kept: Mapping[str, Oid],
    *,
    linear: bool = False,
    now: int | None = None,
) -> LandingPlan:
    """Plan to land `members`, which `combined` put together on the tree of `expected_old`.

    `kept` holds commits of members by their ids, as far as there are (`repo.refs.candidates`). `now` is
    the committer's time in seconds since the epoch. The plan has no work tree yet: `publish` looks for one.
    """
    if not members:
        raise ValueError("there is nothing to land")
    me = committer(repo, int(time.time()) if now is None else now)
    if linear or len(members) == 1:
        commits = _chain(repo, expected_old, members, combined, kept, me=me)
    else:
        own = (_commit_of(repo, member, expected_old, member.tree, kept=kept, me=me) for member in members)
        parents = [expected_old, *own]
        text = _merge_message(ref, members)
        commits = (commit(repo, combined.tree, parents, text, me, me),)
    return LandingPlan(
        ref=ref,
        expected_old=expected_old,
        new=commits[-1],
        tree=combined.tree,
        commits=commits,
        message=f"assay: land {', '.join(' '.join(member.name.split()) for member in members)}",
    )


def committer(repo: Repository, now: int) -> Signature:
    """The repository's user, or a neutral identity where none is configured."""
    name, email = (_setting(repo, key) for key in ("user.name", "user.email"))
    offset = (time.localtime(now).tm_gmtoff or 0) // 60
    if name and email:
        return Signature(name=name, email=email, time=now, offset=offset)
    return Signature(name=_NEUTRAL[0], email=_NEUTRAL[1], time=now, offset=offset)


def _setting(repo: Repository, key: str) -> str:
    # Git itself is asked: libgit2 does not know every place that configuration can come from.
    try:
        return run_git(repo, "config", "--get", key).decode("utf-8", "replace").strip()
    except GitFailed:
        return ""


def _chain(
    repo: Repository,
    start: Oid,
    members: Sequence[Candidate],
    combined: Combined,
    kept: Mapping[str, Oid],
    *,
    me: Signature,
) -> tuple[Oid, ...]:
    commits: list[Oid] = []
    parent = start
    for member, tree in zip(members, combined.steps, strict=True):
        parent = _commit_of(repo, member, parent, tree, kept=kept, me=me)
        commits.append(parent)
    return tuple(commits)


def _commit_of(
    repo: Repository,
    member: Candidate,
    parent: Oid,
    tree: Oid | None,
    *,
    kept: Mapping[str, Oid],
    me: Signature,
) -> Oid:
    assert tree is not None, "members of a set have trees"
    for own in (member.commit, kept.get(member.id) if member.author is not None else None):
        if own is not None and _says(repo, own, parent, tree):
            return own
    return commit(repo, tree, [parent], _message(member), member.author or me, me)


def _says(repo: Repository, oid: Oid, parent: Oid, tree: Oid) -> bool:
    found = repo.git[oid].peel(pygit2.Commit)
    return str(found.tree_id) == tree and [str(one) for one in found.parent_ids] == [parent]


def _message(member: Candidate) -> str:
    return member.message.strip("\n") + "\n" if member.message.strip() else f"{member.name}\n"


def _merge_message(ref: str, members: Sequence[Candidate]) -> str:
    lines = [f"Land {len(members)} changes on {ref.removeprefix(BRANCHES)}", ""]
    lines += [f"- {_message(member).splitlines()[0]}" for member in members]
    return "\n".join(lines) + "\n"
