"""A directory of files as a tree: what `git add -A` would stage there, without staging it.

Promises: reads files, writes only objects; the index is left as it is, byte for byte, and no git command
runs in the directory (invariant 4). Line ends are converted as git's attributes and configuration say; no
filter program runs. A file under `filter=lfs` is taken as the pointer git-lfs would make of it; one under
any other external filter is taken as it stands. Repositories nested in the directory are not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, DiffOption

from assay.model.candidate import Oid
from assay.model.errors import BadInput
from assay.repo.index import skipped_paths, staged_tree
from assay.repo.paths import shown, to_text
from assay.repo.repository import SUBMODULE, SYMLINK, Repository
from assay.repo.scratch import scratch
from assay.repo.trees import Leaf, edit

_FLAGS = (
    DiffOption.INCLUDE_UNTRACKED
    | DiffOption.RECURSE_UNTRACKED_DIRS
    | DiffOption.INCLUDE_TYPECHANGE
    | DiffOption.INCLUDE_UNREADABLE
)
# Configuration that decides which bytes and modes git would store.
_COPIED = (
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.filemode",
    "core.symlinks",
    "core.excludesfile",
)


def worktree_tree(repo: Repository) -> Oid:
    """The tree of the repository's own work tree: tracked files as they are, and untracked ones that are not
    ignored. Raises BadInput for a bare repository, a conflicted index, or a file that cannot be read."""
    if repo.bare:
        raise BadInput("a bare repository has no work tree", where=str(repo.root))
    if repo.git.workdir is None or Path(repo.git.workdir).resolve() != repo.root:
        # The environment named another work tree than the repository's own, of which libgit2 knows nothing.
        return directory_tree(repo, repo.root, staged_tree(repo))
    try:
        index = repo.git.index
        index.read()
    except (OSError, pygit2.GitError) as error:
        raise BadInput(
            f"the index cannot be read ({error})",
            where=str(repo.root),
            fix="use --staged, or turn it into a plain one: `git update-index --no-split-index` or "
            "`git sparse-checkout reapply --no-sparse-index`",
        ) from error
    if index.conflicts is not None:
        sides = next(iter(index.conflicts))
        path = next(side.path for side in sides if side is not None)
        raise BadInput(
            f"the index has an unresolved conflict in {path}", where=str(repo.root), fix="resolve it first"
        )
    # An intent to add stands in the index as the empty file, which need not be in the database.
    repo.write_blob(b"")
    tree = Oid(str(index.write_tree()))
    return _tree(repo, repo.git, tree, index)


def directory_tree(repo: Repository, directory: Path, tracked: str) -> Oid:
    """The tree of any directory, as if it were a work tree of `repo` in which `tracked` is staged."""
    with _view(repo, directory) as view:
        index = view.index
        index.read_tree(pygit2.Oid(hex=tracked))
        return _tree(repo, view, Oid(tracked), index)


@contextmanager
def _view(repo: Repository, directory: Path) -> Iterator[pygit2.Repository]:
    """A repository of our own over `directory`, so that nothing that lies in it (its `.git`, its index, its
    configuration) has a say; it borrows the objects of `repo`."""
    with scratch() as place:
        made = pygit2.init_repository(str(place), bare=True)
        objects = (repo.common_dir / "objects").resolve()
        alternates = place / "objects" / "info" / "alternates"
        alternates.parent.mkdir(parents=True, exist_ok=True)
        alternates.write_text(f"{objects}\n")
        made.config["core.bare"] = False
        made.config["core.worktree"] = str(directory)
        for name in _COPIED:
            if name in repo.git.config:
                made.config[name] = repo.git.config[name] or ""
        exclude = repo.common_dir / "info" / "exclude"
        if exclude.is_file():
            (place / "info").mkdir(exist_ok=True)
            (place / "info" / "exclude").write_bytes(exclude.read_bytes())
        yield pygit2.Repository(str(place))


def _tree(repo: Repository, view: pygit2.Repository, tree: Oid, index: pygit2.Index) -> Oid:
    edits: dict[str, Leaf | None] = {}
    skipped: frozenset[bytes] | None = None
    try:
        deltas = list(index.diff_to_workdir(flags=_FLAGS).deltas)
    except (OSError, pygit2.GitError) as error:
        raise BadInput(f"the work tree cannot be read ({error})", where=str(view.workdir)) from error
    for delta in deltas:
        raw = delta.new_file.raw_path
        if raw.endswith(b"/"):
            continue
        if delta.status == DeltaStatus.DELETED:
            if skipped is None:
                skipped = skipped_paths(repo) if view is repo.git else frozenset()
            if raw not in skipped:
                # A path below a file that took its directory's place may be listed after that file.
                edits.setdefault(to_text(raw), None)
        else:
            leaf = _leaf(repo, view, raw, delta)
            if leaf is not None:
                edits[to_text(raw)] = leaf
    return edit(repo, tree, edits)


def _leaf(repo: Repository, view: pygit2.Repository, raw: bytes, delta: pygit2.DiffDelta) -> Leaf | None:
    """What to store for a changed or new file; None where the tree need not change."""
    path = to_text(raw)
    mode = int(delta.new_file.mode)
    if mode == SUBMODULE:
        return (SUBMODULE, Oid(str(delta.new_file.id))) if delta.new_file.id else None
    if delta.status == DeltaStatus.UNREADABLE:
        raise BadInput(
            f"{shown(path)} cannot be read", where=str(view.workdir), fix="make it readable or ignore it"
        )
    try:
        if mode != SYMLINK and _attribute(view, path) == "lfs":
            return mode, repo.write_blob(_pointer((Path(str(view.workdir)) / path).read_bytes()))
        oid = Oid(str(view.create_blob_fromworkdir(path)))
    except (OSError, KeyError, ValueError, pygit2.GitError) as error:
        raise BadInput(
            f"{shown(path)} cannot be read ({error})", where=str(view.workdir), fix="run again"
        ) from error
    return mode, oid if view is repo.git else repo.write_blob(view.odb.read(oid)[1])


def _attribute(view: pygit2.Repository, path: str) -> str:
    value = view.get_attr(path, "filter") if path.isprintable() else None
    return value if isinstance(value, str) else ""


def _pointer(content: bytes) -> bytes:
    """The pointer file that git-lfs stores for `content`; a pointer is its own."""
    if not content or (
        len(content) < 1024 and content.startswith(b"version https://git-lfs.github.com/spec/")
    ):
        return content
    digest = hashlib.sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    return text.encode()
