"""Bring a checked-out branch's work tree and index to what a stage prepared.

Promises:

1. The index lock is held while anything here is changed, so that no git command sees half of it.
2. Every step may be repeated: `update` on a work tree that is partly or wholly new finishes it, and changes
   nothing that is already new.
3. A file goes from old to new in one rename. A file that is neither (edited meanwhile) is never touched, and
   is reported.
4. The index follows the files, in one rename, and keeps what the user staged meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.land.checkout import lock_is_taken, name_some
from assay.land.gitprogram import GitProgram
from assay.land.plan import WorktreeUpdate
from assay.land.staging import Entry, Stage, blocking_parent, digest, fingerprint, make_index
from assay.model.errors import Unsound


@contextmanager
def index_lock(git_dir: Path, owner: str) -> Iterator[None]:
    """Hold the index lock, as git itself would, marked with its owner. Raises `BadInput` if it is taken by
    anybody but `owner` (whose earlier process is dead: the caller knows)."""
    lock = git_dir / "index.lock"
    mark = f"assay landing {owner}\n".encode()
    # The mark must be there as soon as the lock is: it is written beside and linked into place.
    ours = git_dir / f"index.lock.{owner}"
    ours.write_bytes(mark)
    try:
        os.link(ours, lock)
    except FileExistsError:
        if not is_marked(lock, mark):
            raise lock_is_taken(lock) from None
    finally:
        ours.unlink()
    try:
        yield
    finally:
        if is_marked(lock, mark):
            lock.unlink()


def release_lock(git_dir: Path, owner: str) -> None:
    """Remove the lock, and its beginnings, of an owner whose process is dead."""
    (git_dir / f"index.lock.{owner}").unlink(missing_ok=True)
    if is_marked(git_dir / "index.lock", f"assay landing {owner}\n".encode()):
        (git_dir / "index.lock").unlink()


def is_marked(lock: Path, mark: bytes) -> bool:
    """Whether a lock carries this mark."""
    try:
        return lock.read_bytes() == mark
    except OSError:
        return False


def update(place: Path, stage: Stage, *, again: bool = False) -> tuple[str, ...]:
    """Bring files and index to the new tree; sentences about what was left alone. The lock is the caller's.

    `again` says that an earlier attempt died, whose git may have died with it, or work on for a moment.
    Raises OSError or `Unsound` when the machine does not let it finish; it can be called again then.
    """
    target = stage.plan.worktree
    assert target is not None
    root = Path(target.path)
    kept = [entry.path for entry in stage.entries if entry.new is None and not _delete(root, entry)]
    for number, entry in enumerate(stage.entries):
        if entry.new is not None and not _write(root, place, entry, number):
            kept.append(entry.path)
    notes = [f"{name_some(sorted(kept))} changed meanwhile and was left as it is"] if kept else []
    return (*notes, *_update_index(place, stage, target, again=again))


def _update_index(place: Path, stage: Stage, target: WorktreeUpdate, *, again: bool) -> Iterator[str]:
    git = GitProgram(Path(target.git_dir), Path(target.path))
    present, prepared = Path(target.git_dir) / "index", place / "index"
    mode = present.stat().st_mode & 0o777
    if again or digest(present) != stage.index_before:
        # Under a name of its own: the prepared one may be locked by a dead git, or in use by an orphaned one.
        prepared = place / f"index-{time.time_ns()}"
        try:
            make_index(git, target, prepared)
        except Unsound as error:
            yield f"the index has changes of its own and was left as it is ({error.what})"
            return
    # Exit code 1 says that some file differs from its entry: an edit that was left alone.
    git.run("update-index", "-q", "--refresh", index=prepared, ok=(0, 1))
    prepared.chmod(mode)
    prepared.replace(present)


def _delete(root: Path, entry: Entry) -> bool:
    found = fingerprint(root, entry.path)
    if found == entry.old and found is not None:
        (root / entry.path).unlink()
        found = None
    if found is None:
        _remove_empty_parents(root, entry.path)
    # Where the file stood there may be a directory by now: of new files, or, if repeated, our own.
    return found in (None, "directory")


def _write(root: Path, place: Path, entry: Entry, number: int) -> bool:
    found = fingerprint(root, entry.path)
    if found == entry.new:
        return True
    if found == "directory":
        _remove_empty(root / entry.path)
        found = fingerprint(root, entry.path)
    if found not in (None, entry.old) or (found is None and entry.old not in (None, "directory")):
        return False
    source, target = place / "files" / entry.path, root / entry.path
    if blocking_parent(root, entry.path) is not None or not os.path.lexists(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(source, target, f".assay-{place.name}-{number}")
    return True


def _copy_over(source: Path, target: Path, name: str) -> None:
    """Replace `target` from another file system: a copy beside it, then one rename. A copy that a killed run
    left under this name is written anew."""
    copy = target.with_name(name)
    copy.unlink(missing_ok=True)
    try:
        shutil.copy2(source, copy, follow_symlinks=False)
        copy.replace(target)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _remove_empty(top: Path) -> None:
    """Remove a directory in which there is no file at any depth; otherwise only its empty corners."""
    for above, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):
            Path(above).rmdir()


def _remove_empty_parents(root: Path, path: str) -> None:
    above = (root / path).parent
    while above != root:
        try:
            above.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        above = above.parent
