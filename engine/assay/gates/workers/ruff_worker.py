"""Warm worker: what does ruff say about the base's tree with some files changed?

Runs inside a jail at the root of a private, writable copy of the base's tree, under Assay's own Python with
`-I -S`; executes ruff and nothing else. Requests and replies are framed as in `compile_worker.py`; the form
of a request stands in `assay/gates/frames.py`. Each unit writes and deletes its files, runs its calls, and
undoes all of it before the next; it is answered by what each call said, or by a `problem` if the tree could
not be changed as asked. A tree that cannot be put back ends the worker.
"""

from __future__ import annotations

import json
import os
import resource
import stat
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Undo = Callable[[], None]


class Refused(Exception):
    """A change that this worker does not make."""


def change(root: Path, files: list[list[Any]], content: bytes, undo: list[Undo]) -> None:
    """Make the changes of one unit: `[path, mode, size]` to write, `[path, None, 0]` to delete, deletions
    first. `undo` gets what puts each back."""
    position = 0
    for path, mode, size in files:
        place = root / path
        if path.startswith("/") or ".." in place.parts:
            raise Refused(f"{path!r} leaves the tree")
        if mode is None:
            delete(place, undo)
            forget_empty(root, place.parent, undo)
            continue
        write(root, place, mode, content[position : position + size], undo)
        position += size


def write(root: Path, place: Path, mode: int, data: bytes, undo: list[Undo]) -> None:
    """Write one file, making the directories above it."""
    missing = [parent for parent in place.parents if parent != root and not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o755)
        undo.append(parent.rmdir)
    if os.path.lexists(place):
        keep(place, undo)
    else:
        place.touch(exist_ok=False)
        undo.append(place.unlink)
    place.write_bytes(data)
    place.chmod(mode)


def delete(place: Path, undo: list[Undo]) -> None:
    """Remove a file, or a directory with all that it holds."""
    found = place.lstat()
    if stat.S_ISDIR(found.st_mode):
        for entry in sorted(place.iterdir()):
            delete(entry, undo)
        place.rmdir()
        undo.append(lambda: remake(place, stat.S_IMODE(found.st_mode)))
    elif stat.S_ISLNK(found.st_mode):
        target = place.readlink()
        place.unlink()
        undo.append(lambda: place.symlink_to(target))
    else:
        keep(place, undo)
        place.unlink()


def keep(place: Path, undo: list[Undo]) -> None:
    """Remember a regular file as it is."""
    found = place.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{place.name!r} is no plain file")
    data = place.read_bytes()
    undo.append(lambda: refill(place, data, stat.S_IMODE(found.st_mode)))


def forget_empty(root: Path, directory: Path, undo: list[Undo]) -> None:
    """Remove the directories that a deletion leaves empty, as git does."""
    while directory != root and not any(directory.iterdir()):
        delete(directory, undo)
        directory = directory.parent


def remake(place: Path, mode: int) -> None:
    place.mkdir()
    place.chmod(mode)


def refill(place: Path, data: bytes, mode: int) -> None:
    place.write_bytes(data)
    place.chmod(mode)


def call(argv: list[str]) -> dict[str, Any]:
    """Run one program to its end: its code, what it printed, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "code": done.returncode,
        "out": done.stdout.decode("utf-8", "replace"),
        "cpu": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
    }


def serve(root: Path, unit: dict[str, Any], content: bytes) -> dict[str, Any]:
    """The reply for one unit; the tree is as before afterwards."""
    undo: list[Undo] = []
    try:
        change(root, unit["files"], content, undo)
        calls = [call(argv) for argv in unit["calls"]]
        return {"id": unit["id"], "root": str(root), "calls": calls}
    except (OSError, Refused) as error:
        return {"id": unit["id"], "problem": f"{type(error).__name__}: {error}"}
    finally:
        for step in reversed(undo):
            step()


def answer(root: Path, payload: bytes) -> bytes:
    """The reply to one request."""
    (length,) = struct.unpack(">I", payload[:4])
    header = json.loads(payload[4 : 4 + length].decode("ascii"))
    position = 4 + length
    replies = []
    for unit in header["units"]:
        replies.append(serve(root, unit, payload[position : position + unit["size"]]))
        position += unit["size"]
    return json.dumps({"units": replies}).encode("ascii")


def read_exactly(count: int) -> bytes:
    """`count` bytes of standard input, or none at its end."""
    data = sys.stdin.buffer.read(count)
    return data if len(data) == count else b""


def main() -> None:
    """Answer until standard input closes."""
    root = Path.cwd()
    with os.fdopen(int(os.environ["ASSAY_REPORT_FD"]), "wb") as report:
        while prefix := read_exactly(4):
            payload = read_exactly(struct.unpack(">I", prefix)[0])
            if not payload:
                return
            reply = answer(root, payload)
            report.write(struct.pack(">I", len(reply)) + reply)
            report.flush()


if __name__ == "__main__":
    main()
