"""Candidates of a project's own history on one base: what it did later, what it did before undone, and
copies of its test files.

Promises: the same repository, base and count give the same candidates; nothing is written into the
repository that they are taken from. A commit counts if it moves onto the base by three-way merge and touches
code. One that is undone goes with its tests, so that it passes alone; a copy of a test file passes alone; the
two together fail where the copy asks for what was undone, which is how silent conflicts are here by the
dozen without being made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

import pygit2

from assay.model.candidate import Base, Candidate, Oid
from assay.model.errors import BadInput
from assay.repo.diff import changes
from assay.repo.merge import Merged, merge
from assay.repo.repository import Repository
from assay.repo.trees import edit

_FILES = 30
"""Commits that touch more files are no candidates."""
_LOOKED_AT = 2000, 300
"""So many commits after the base are tried, and so many before it."""


def beside(place: Path, objects: Path) -> Repository:
    """A repository of our own at `objects` that borrows the objects of the one at `place`."""
    mirror = pygit2.Repository(str(place))
    if not objects.exists():
        pygit2.init_repository(str(objects), bare=True)
    (objects / "objects" / "info").mkdir(exist_ok=True)
    (objects / "objects" / "info" / "alternates").write_text(f"{Path(mirror.path).resolve() / 'objects'}\n")
    return Repository(pygit2.Repository(str(objects)), None, None)


def base_of(repo: Repository, place: Path, revision: str) -> Base:
    """The base at a revision of the repository at `place`; of no commit, for `repo` has none."""
    commit = pygit2.Repository(str(place)).revparse_single(revision).peel(pygit2.Commit)
    return Base(commit=None, tree=Oid(str(commit.tree_id)))


def later(repo: Repository, base: Base, place: Path, revision: str) -> Iterator[Candidate]:
    """What each commit after the base did, moved onto it, the oldest first."""
    mirror = pygit2.Repository(str(place))
    start = mirror.revparse_single(revision).peel(pygit2.Commit)
    walker = mirror.walk(mirror.head.target, pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME)
    walker.hide(start.id)
    line = reversed([each for each in walker if len(each.parents) == 1])
    for commit in islice(line, _LOOKED_AT[0]):
        yield from _moved(repo, base, commit.parents[0].tree_id, commit.tree_id, str(commit.id)[:10])


def undone(repo: Repository, base: Base, place: Path, revision: str) -> Iterator[Candidate]:
    """What commits up to the base did to code and tests, taken back, the latest first."""
    mirror = pygit2.Repository(str(place))
    start = mirror.revparse_single(revision).peel(pygit2.Commit)
    for commit in islice(mirror.walk(start.id), _LOOKED_AT[1]):
        if len(commit.parents) == 1:
            name = f"undo-{str(commit.id)[:10]}"
            yield from _moved(repo, base, commit.tree_id, commit.parents[0].tree_id, name)


def copies(repo: Repository, base: Base, paths: Iterable[str]) -> Iterator[Candidate]:
    """A copy of each of these test files under another name."""
    for path in paths:
        data = repo.read(base.tree, path)
        if data is not None:
            there = PurePosixPath(path)
            name = str(there.with_name(f"{there.stem}_again.py"))
            tree = edit(repo, base.tree, {name: (0o100644, repo.write_blob(data))})
            yield _candidate(repo, base, tree, f"again-{there.stem}")


def _moved(repo: Repository, base: Base, old: object, new: object, name: str) -> Iterator[Candidate]:
    moved = merge(repo, Oid(str(old)), base.tree, Oid(str(new)))
    if not isinstance(moved, Merged) or moved.tree == base.tree:
        return
    try:
        one = _candidate(repo, base, moved.tree, name)
    except BadInput:  # a mirror that leaves large files out
        return
    python = any(change.path.endswith(".py") for change in one.changes)
    if python and len(one.changes) <= _FILES:
        yield one


def _candidate(repo: Repository, base: Base, tree: Oid, name: str) -> Candidate:
    touched = changes(repo, base.tree, tree)
    return Candidate(id=name, name=name, source="", base=base, tree=tree, changes=touched)
