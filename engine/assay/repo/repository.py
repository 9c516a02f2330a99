"""A repository opened as a database: names resolved, objects read and written.

Promises: no hook, filter, textconv or fsmonitor program is ever started from here, nothing but new objects
is written, and trouble with the repository itself (missing, unreadable, incomplete) is a `BadInput` of one
sentence. Paths inside trees are '/'-separated; bytes that are no UTF-8 are kept by surrogateescape.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pygit2

from assay.model.candidate import Base, Oid, Record
from assay.model.errors import BadInput
from assay.repo.globs import Matcher, compile_globs
from assay.repo.paths import to_bytes, to_text

EMPTY_TREE = Oid("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

TREE = 0o040000
FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000

_BLOB_TYPE = 3
_TREE_TYPE = 2
_BLOBS = 16 * 1024 * 1024
"""Bytes of blobs that are kept at hand."""
_WRITE_ATTEMPTS = 5


class TreeEntry(Record, frozen=True, kw_only=True):
    """One leaf of a tree: a file, a symbolic link or a submodule (whose `blob` is a commit elsewhere)."""

    path: str
    mode: int
    blob: Oid


Entries = dict[bytes, tuple[int, Oid]]
"""One level of a tree: name to (mode, object)."""


class Repository:
    """An open repository. Reading is safe from several threads; the object database is append-only."""

    __slots__ = ("_blobs", "_trees", "bare", "common_dir", "git", "git_dir", "index_file", "root", "veiled")

    def __init__(self, git: pygit2.Repository, root: Path | None, index_file: Path | None) -> None:
        self.git = git
        self.git_dir = Path(str(git.path)).resolve()
        self.common_dir = _common_dir(self.git_dir)
        workdir = root if root is not None else git.workdir
        self.bare = workdir is None
        self.root = self.git_dir if workdir is None else Path(workdir).resolve()
        self.index_file = index_file if index_file is not None else self.git_dir / "index"
        self._trees: dict[str, Entries] = {EMPTY_TREE: {}}
        self._blobs = _Recent()
        self.veiled: dict[str, tuple[int, bytes]] = {}
        """Objects that are in no database, only here: type and bytes by name (see `veil`)."""

    def resolve(self, rev: str) -> Base:
        """The commit that `rev` names, tags peeled. Raises BadInput when there is none."""
        if not rev.strip("\0 \t\n") or "\0" in rev:
            raise BadInput("an empty revision names nothing", where=str(self.root))
        try:
            found = self.git.revparse_single(rev).peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError) as error:
            why = _tail(error)
            raise BadInput(
                f"revision {rev!r} is not a commit here" + (f" ({why})" if why != rev else ""),
                where=str(self.root),
                fix=self._deepen() or "see `git log --all` for what there is",
            ) from error
        return Base(commit=Oid(str(found.id)), tree=Oid(str(found.tree_id)))

    def head(self) -> Base:
        """The commit that is checked out; before the first commit, no commit and the empty tree."""
        if self.git.head_is_unborn:
            return Base(commit=None, tree=EMPTY_TREE)
        return self.resolve("HEAD")

    def entries(self, tree: str) -> Entries:
        """One level of a tree. The mapping is shared: do not change it."""
        cached = self._trees.get(tree)
        if cached is None:
            cached = _parse_tree(self._object(tree, _TREE_TYPE))
            self._keep_tree(tree, cached)
        return cached

    def _keep_tree(self, tree: str, entries: Entries) -> None:
        if len(self._trees) > 20_000:
            # Forgetting everything is cheaper than bookkeeping, and a run seldom sees so many.
            self._trees = {EMPTY_TREE: {}}
        self._trees[tree] = entries

    def entry(self, tree: str, path: str) -> TreeEntry | None:
        """What is at `path`, a directory included (mode `TREE`); None when there is nothing."""
        here, mode = tree, TREE
        for name in to_bytes(path).split(b"/"):
            found = self.entries(here).get(name) if mode == TREE else None
            if found is None:
                return None
            mode, here = found
        return TreeEntry(path=path, mode=mode, blob=Oid(here))

    def read(self, tree: str, path: str) -> bytes | None:
        """The bytes of the file at `path` (of a symbolic link: its target), or None when it is no file."""
        found = self.entry(tree, path)
        if found is None or found.mode in (TREE, SUBMODULE):
            return None
        return self.blob(found.blob)

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob."""
        found = self._blobs.get(oid)
        if found is None:
            found = self._object(oid, _BLOB_TYPE)
            self._blobs.put(oid, found)
        return found

    def has(self, oid: str) -> bool:
        """Whether an object of this full name is here."""
        return oid in self.veiled or oid in self.git.odb

    def is_blob(self, oid: str) -> bool:
        """Whether a blob of this full name is here."""
        if (veiled := self.veiled.get(oid)) is not None:
            return veiled[0] == _BLOB_TYPE
        return self.has(oid) and int(self.git.odb.read_header(oid)[0]) == _BLOB_TYPE

    def write_blob(self, data: bytes) -> Oid:
        """Store `data` as it is, past every filter, and name it."""
        oid = self._write(_BLOB_TYPE, data)
        self._blobs.put(oid, data)
        return oid

    def write_tree(self, entries: Entries) -> Oid:
        """Store one level of a tree, in git's order."""
        if not entries:
            return EMPTY_TREE
        ordered = sorted(entries.items(), key=lambda item: item[0] + (b"/" if item[1][0] == TREE else b""))
        tree = self._write(
            _TREE_TYPE,
            b"".join(b"%o %s\0" % (mode, name) + bytes.fromhex(oid) for name, (mode, oid) in ordered),
        )
        self._keep_tree(tree, dict(ordered))
        return tree

    def write_commit(self, data: bytes) -> Oid:
        """Store a commit object as it is."""
        return self._write(1, data)

    def files(self, tree: str, globs: Matcher | Sequence[str] | None = None) -> Iterator[TreeEntry]:
        """Every leaf of `tree` that matches `globs` (None: all), sorted by the bytes of its path."""
        matcher = compile_globs(globs) if isinstance(globs, Sequence) else globs
        for path, mode, blob in self._walk(tree, b""):
            text = to_text(path)
            if matcher is None or matcher.matches(text):
                yield TreeEntry(path=text, mode=mode, blob=blob)

    def _walk(self, tree: str, prefix: bytes) -> Iterator[tuple[bytes, int, Oid]]:
        # Git orders directories as if their names ended in '/', which is exactly the order of whole paths.
        for name, (mode, oid) in self.entries(tree).items():
            if mode == TREE:
                yield from self._walk(oid, prefix + name + b"/")
            else:
                yield prefix + name, mode, oid

    def incomplete(self, what: str) -> BadInput:
        """The error for `what` that should be here and is not, with the remedy for clones of parts."""
        message = f"{what} is missing or damaged"
        return BadInput(message, where=str(self.git_dir), fix=self._deepen() or "run `git fsck`")

    def raw(self, oid: str) -> tuple[int, bytes]:
        """Any object: its type (1 commit, 2 tree, 3 blob, 4 tag) and its bytes."""
        if (veiled := self.veiled.get(oid)) is not None:
            return veiled
        try:
            kind, data = self.git.odb.read(oid)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise self.incomplete(f"object {oid}") from error
        return int(kind), data

    def _object(self, oid: str, wanted: int) -> bytes:
        kind, data = self.raw(oid)
        if kind != wanted:
            raise BadInput(f"object {oid} is not of the expected type", where=str(self.git_dir))
        return data

    def _write(self, kind: int, data: bytes) -> Oid:
        for attempt in range(_WRITE_ATTEMPTS):
            try:
                return Oid(str(self.git.odb.write(kind, data)))
            except (OSError, pygit2.GitError) as error:
                # A `git gc` at the same time removes emptied directories under the writer's feet.
                if attempt < _WRITE_ATTEMPTS - 1:
                    continue
                raise BadInput(
                    f"the object database cannot be written ({_tail(error)})",
                    where=str(self.common_dir / "objects"),
                    fix="check its permissions and the free space, or work in a clone of your own",
                ) from error
        raise AssertionError("unreachable")

    def _deepen(self) -> str:
        if self.git.is_shallow:
            return "this clone is shallow: `git fetch --unshallow` brings the rest"
        if any("partialclonefilter" in name.lower() for name in _config_names(self.git)):
            return "this clone is partial: `git fetch --refetch --no-filter` brings the rest"
        return ""


class _Recent:
    """Blobs at hand, within bounds: what was read or written is soon asked for again, to be applied,
    compared, measured and shown. Shared by threads, which may make it forget early and nothing else."""

    __slots__ = ("_held", "_room")

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}
        self._room = _BLOBS

    def get(self, oid: str) -> bytes | None:
        """The blob, if it is still here."""
        return self._held.get(oid)

    def put(self, oid: str, data: bytes) -> None:
        """Keep a blob, unless it alone would push out most others."""
        if len(data) > _BLOBS // 16:
            return
        if len(data) > self._room:
            self._held, self._room = {}, _BLOBS
        self._room -= len(data)
        self._held[oid] = data


def open_repository(path: str | Path, environ: Mapping[str, str] | None = None) -> Repository:
    """Open the repository that contains `path`. Raises BadInput when there is none or it cannot be read.

    `environ` (default: the process's) is believed about GIT_DIR, GIT_WORK_TREE and GIT_INDEX_FILE only when
    `path` is the current directory or above it, as in a hook: it speaks of the repository one stands in.
    """
    _configure()
    try:
        here = Path.cwd()
    except OSError as error:
        raise BadInput(
            f"the current directory is gone ({error.strerror})", where=str(path), fix="change to another one"
        ) from error
    start = here / path
    if not start.exists():
        raise BadInput("there is no such directory", where=str(start))
    variables = os.environ if environ is None else environ
    if start.resolve() != here and start.resolve() not in here.parents:
        variables = {}
    named = variables.get("GIT_DIR", "")
    git = _named(start, here / named) if named else _open(start, _found(start))
    return Repository(git, _work_tree(variables, here), _index_file(variables, here))


def _named(start: Path, git_dir: Path) -> pygit2.Repository:
    """The repository of this directory, by way of `start` if that belongs to it: which work tree a `.git`
    file stands for is known only where that file is."""
    with contextlib.suppress(BadInput):
        found = _open(start, start)
        if Path(str(found.path)).resolve() == git_dir.resolve():
            return found
    return _open(start, git_dir)


def _work_tree(variables: Mapping[str, str], here: Path) -> Path | None:
    named = variables.get("GIT_WORK_TREE") if variables.get("GIT_DIR") else None
    return here / named if named else None


def _index_file(variables: Mapping[str, str], here: Path) -> Path | None:
    named = variables.get("GIT_INDEX_FILE")
    return here / named if named else None


def _configure() -> None:
    # Owner validation guards against configuration that starts programs (hooks, fsmonitor, filters, pagers).
    # Nothing here starts any, so a checkout owned by someone else (CI containers) is safe to read as data.
    pygit2.option(pygit2.enums.Option.SET_OWNER_VALIDATION, False)


def _found(start: Path) -> Path:
    """`start`, if there is a repository at or above it."""
    try:
        found = pygit2.discover_repository(str(start))
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise BadInput(f"the repository cannot be opened ({_tail(error)})", where=str(start)) from error
    if found is None:
        raise BadInput(
            "this is not inside a git repository", where=str(start), fix="run `git init` or use --repo"
        )
    return start


def _open(start: Path, place: Path) -> pygit2.Repository:
    """The repository at or above `place`."""
    try:
        return pygit2.Repository(str(place))
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise BadInput(
            f"the repository cannot be opened ({_tail(error)})", where=str(start), fix=_remedy(str(error))
        ) from error


def _remedy(message: str) -> str:
    if "objectformat" in message.lower() or "object format" in message.lower() or "sha256" in message.lower():
        return "only repositories with SHA-1 object names are supported"
    if "extension" in message.lower() or "refstorage" in message.lower():
        return "it uses a repository extension that Assay cannot read; clone it without that extension"
    return "see `git status` there"


def _common_dir(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    return (git_dir / pointer.read_text().strip()).resolve()


def _config_names(git: pygit2.Repository) -> list[str]:
    try:
        return [entry.name for entry in git.config]
    except pygit2.GitError:
        return []


def _parse_tree(data: bytes) -> Entries:
    entries: Entries = {}
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        mode = int(data[at:space], 8)
        entries[data[space + 1 : end]] = (mode, Oid(data[end + 1 : end + 21].hex()))
        at = end + 21
    return entries


def _tail(error: BaseException) -> str:
    """A library's error as the end of a sentence."""
    text = str(error.args[0] if error.args else error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__
