"""Everything a landing needs, prepared beside the repository before anything is published.

Promises: writes only its own directory under Assay's; the files in it are what git would check out (end of
line, encoding, symbolic links, modes), made by git itself with every filter program off. Whatever an update
of the work tree would overwrite or could not do is refused here, with `BadInput`.

    <common git directory>/assay/landing/<transaction>/
        plan.json   the plan and the manifest, written last: a stage without it was never journalled
        files/      the new files, by path
        index       the index as it will be
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from assay.land.checkout import name_some
from assay.land.gitprogram import GitProgram
from assay.land.plan import LandingPlan, WorktreeUpdate
from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.repo.repository import SUBMODULE, Repository

_FIX = "land on a branch that is not checked out"


class Entry(Record, frozen=True, kw_only=True):
    """One path of the work tree, before and after, as fingerprints; None where nothing is there."""

    path: str
    old: str | None
    new: str | None


class Stage(Record, frozen=True, kw_only=True):
    """A prepared landing. `index_before` is the digest of the index it was prepared against."""

    plan: LandingPlan
    entries: tuple[Entry, ...] = ()
    index_before: str = ""


def directory(repo: Repository) -> Path:
    """Where stages live."""
    return repo.common_dir / "assay" / "landing"


def fingerprint(root: Path, path: str) -> str | None:
    """Kind and content digest of what is at `path`; None for nothing, also where a parent is no directory."""
    full = root / path
    if blocking_parent(root, path) is not None:
        return None
    try:
        found = full.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        return f"link:{hashlib.sha256(os.fsencode(full.readlink())).hexdigest()}"
    if stat.S_ISREG(found.st_mode):
        kind = "program" if found.st_mode & stat.S_IXUSR else "file"
        return f"{kind}:{digest(full)}"
    return "directory" if stat.S_ISDIR(found.st_mode) else "special"


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes; of no bytes where there is no file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return hashlib.sha256().hexdigest()


def blocking_parent(root: Path, path: str) -> str | None:
    """The first directory above `path` that is something else (a link to one included), or None."""
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        above = "/".join(parts[:count])
        try:
            mode = (root / above).lstat().st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):
            return above
    return None


def prepare(repo: Repository, transaction: str, plan: LandingPlan) -> Path:
    """Make the stage of a plan and return its directory. Raises `BadInput` for what cannot be updated."""
    place = directory(repo) / transaction
    remove(place)
    (place / "files").mkdir(parents=True, mode=0o700)
    try:
        stage = Stage(plan=plan)
        if plan.worktree is not None:
            stage = _prepare_files(place, plan, plan.worktree)
        _write(place / "plan.json", json.dumps(msgspec.to_builtins(stage)).encode())
    except BaseException:
        remove(place)
        raise
    return place


def read(place: Path) -> Stage | None:
    """The stage in a directory; None if it was never finished."""
    try:
        return msgspec.convert(json.loads((place / "plan.json").read_bytes()), Stage)
    except FileNotFoundError:
        return None


def remove(place: Path) -> None:
    """Remove a stage, whatever state it is in; its plan goes first."""
    (place / "plan.json").unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)


def make_index(git: GitProgram, update: WorktreeUpdate, target: Path) -> None:
    """Write at `target` the work tree's present index, taken from the old tree to the new one.

    Entries that do not differ keep what they know of their files. Raises `Unsound` where the present index
    has changes of its own at the same paths.
    """
    # The time of the copy must be the index's own: git tells from it which entries it cannot trust yet.
    shutil.copy2(Path(update.git_dir) / "index", target)
    git.run("read-tree", "-i", "-m", update.old_tree, update.new_tree, index=target)


def overwritten(root: Path, entries: tuple[Entry, ...]) -> list[str]:
    """Paths at which something that git does not track would have to go."""
    gone = {entry.path for entry in entries if entry.new is None}
    found = set()
    for entry in entries:
        if entry.new is None:
            continue
        above = blocking_parent(root, entry.path)
        if above is not None and above not in gone:
            found.add(above)
        if entry.old == "directory":
            found.update(path for path in _below(root, entry.path) if path not in gone)
        elif entry.old is None and fingerprint(root, entry.path) is not None:
            found.add(entry.path)
    return sorted(found)


def _lend_attributes(root: Path, files: Path, writes: list[str], changed: set[str]) -> list[Path]:
    """Put the work tree's `.gitattributes` that stand above `writes` beside the files to be made: git heeds
    those that nobody committed as well, and would find none of them there."""
    above = {Path(path).parent for path in writes}
    above |= {parent for each in above for parent in each.parents}
    lent = []
    for path in (each / ".gitattributes" for each in above):
        if path.as_posix() not in changed and (root / path).is_file() and not (root / path).is_symlink():
            (files / path).parent.mkdir(parents=True, exist_ok=True)
            lent.append(Path(shutil.copyfile(root / path, files / path)))
    return lent


def _prepare_files(place: Path, plan: LandingPlan, update: WorktreeUpdate) -> Stage:
    root, git_dir = Path(update.path), Path(update.git_dir)
    git = GitProgram(git_dir, root)
    index_before = digest(git_dir / "index")
    make_index(git, update, place / "index")
    changed = list(_changed(git, update))
    writes = [path for path, _, new in changed if new]
    _refuse_submodules(root, [path for path, old, new in changed if SUBMODULE in (old, new)])
    _refuse_filters(git, root, place, writes)
    listing = b"".join(os.fsencode(path) + b"\0" for path in writes)
    lent = _lend_attributes(root, place / "files", writes, {path for path, _, _ in changed})
    git.run(
        "checkout-index",
        "-f",
        "-z",
        "--stdin",
        index=place / "index",
        work_tree=place / "files",
        stdin=listing,
    )
    for path in lent:
        path.unlink()
    entries = tuple(
        Entry(path=path, old=_old(root, path, old), new=fingerprint(place / "files", path) if new else None)
        for path, old, new in changed
    )
    if in_the_way := overwritten(root, entries):
        raise BadInput(
            f"files that git does not track would be overwritten: {name_some(in_the_way)}",
            where=str(root),
            fix=f"move them away, or {_FIX}",
        )
    return Stage(plan=plan, entries=entries, index_before=index_before)


def _old(root: Path, path: str, mode: int) -> str | None:
    """The present fingerprint of a tracked path; of an untracked one only whether a directory is there."""
    found = fingerprint(root, path)
    return found if mode or found == "directory" else None


def _changed(git: GitProgram, update: WorktreeUpdate) -> Iterator[tuple[str, int, int]]:
    """(path, old mode, new mode) of every leaf that differs; 0 where a side has none."""
    raw = git.run("diff-tree", "-r", "-z", "--no-renames", "--raw", update.old_tree, update.new_tree)
    fields = raw.split(b"\0")
    for about, path in zip(fields[0::2], fields[1::2], strict=False):
        old, new = about[1:].split(b" ")[:2]
        yield os.fsdecode(path), int(old, 8), int(new, 8)


def _refuse_submodules(root: Path, paths: list[str]) -> None:
    if paths:
        raise BadInput(
            f"the landing changes submodules, which a work tree has to follow by hand: {name_some(paths)}",
            where=str(root),
            fix=_FIX,
        )


def _refuse_filters(git: GitProgram, root: Path, place: Path, paths: list[str]) -> None:
    """Refuse paths whose content a configured program would have to produce (Git LFS and the like)."""
    if not git.filters or not paths:
        return
    listing = b"".join(os.fsencode(path) + b"\0" for path in paths)
    raw = git.run("check-attr", "--cached", "-z", "--stdin", "filter", index=place / "index", stdin=listing)
    fields = raw.split(b"\0")
    filtered = [
        (os.fsdecode(path), value.decode(errors="replace"))
        for path, value in zip(fields[0::3], fields[2::3], strict=False)
        if value.decode(errors="replace") in git.filters
    ]
    if filtered:
        names = ", ".join(sorted({name for _, name in filtered}))
        raise BadInput(
            f"checking out {name_some([path for path, _ in filtered])} needs the content filter {names}, "
            "and a landing runs no programs",
            where=str(root),
            fix=_FIX,
        )


def _below(root: Path, path: str) -> Iterator[str]:
    """Everything under a directory that is no directory itself, as paths relative to the root."""
    for above, directories, files in os.walk(root / path):
        links = [name for name in directories if (Path(above) / name).is_symlink()]
        for name in (*files, *links):
            yield os.fspath((Path(above) / name).relative_to(root))


def _write(path: Path, data: bytes) -> None:
    """Write a file so that it is there as a whole, and on disk, or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
