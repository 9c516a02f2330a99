"""Warm worker: what does ruff say about the base's tree with some files changed?

Runs inside a jail at the root of a private, writable copy of the base's tree, under Assay's own Python with
`-I -S`; executes ruff and nothing else. Requests and replies are framed as in `compile_worker.py`; the form
of a request stands in `assay/gates/frames.py`. Each unit writes and deletes its files, runs its calls, and
undoes all of it before the next; it is answered by what each call said, or by a `problem` if the tree could
not be changed as asked. A tree that cannot be put back ends the worker.
"""

# A hook waits for this program to start, and for nothing longer than for its imports.
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH109, PTH110, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import json
import os
import resource
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Undo = Callable[[], None]


class Refused(Exception):
    """A change that this worker does not make."""


def change(root: str, files: list[list[Any]], content: bytes, undo: list[Undo]) -> None:
    """Make the changes of one unit: `[path, mode, size]` to write, `[path, None, 0]` to delete, deletions
    first. `undo` gets what puts each back."""
    position = 0
    for path, mode, size in files:
        if path.startswith("/") or ".." in path.split("/"):
            raise Refused(f"{path!r} leaves the tree")
        if mode is None:
            delete(f"{root}/{path}", undo)
            forget_empty(root, path, undo)
            continue
        write(root, path, mode, content[position : position + size], undo)
        position += size


def write(root: str, path: str, mode: int, data: bytes, undo: list[Undo]) -> None:
    """Write one file, making the directories above it."""
    place = f"{root}/{path}"
    parents = path.split("/")[:-1]
    for end in range(1, len(parents) + 1):
        parent = "/".join([root, *parents[:end]])
        if not os.path.exists(parent):
            os.mkdir(parent, 0o755)
            undo.append(lambda parent=parent: os.rmdir(parent))  # type: ignore[misc]
    if os.path.lexists(place):
        keep(place, undo)
    else:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        undo.append(lambda: os.unlink(place))
    refill(place, data, mode)


def delete(place: str, undo: list[Undo]) -> None:
    """Remove a file, or a directory with all that it holds."""
    found = os.lstat(place)
    if stat.S_ISDIR(found.st_mode):
        for name in sorted(os.listdir(place)):
            delete(f"{place}/{name}", undo)
        os.rmdir(place)
        undo.append(lambda: remake(place, stat.S_IMODE(found.st_mode)))
    elif stat.S_ISLNK(found.st_mode):
        target = os.readlink(place)
        os.unlink(place)
        undo.append(lambda: os.symlink(target, place))
    else:
        keep(place, undo)
        os.unlink(place)


def keep(place: str, undo: list[Undo]) -> None:
    """Remember a regular file as it is."""
    found = os.lstat(place)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{place!r} is no plain file")
    with open(place, "rb") as file:
        data = file.read()
    undo.append(lambda: refill(place, data, stat.S_IMODE(found.st_mode)))


def forget_empty(root: str, path: str, undo: list[Undo]) -> None:
    """Remove the directories that a deletion leaves empty, as git does."""
    above = path.rpartition("/")[0]
    while above and not os.listdir(f"{root}/{above}"):
        delete(f"{root}/{above}", undo)
        above = above.rpartition("/")[0]


def remake(place: str, mode: int) -> None:
    """Make a directory with exactly this mode."""
    os.mkdir(place)
    os.chmod(place, mode)


def refill(place: str, data: bytes, mode: int) -> None:
    """Write a file, with exactly this mode."""
    with open(place, "wb") as file:
        file.write(data)
    os.chmod(place, mode)


def call(argv: list[str]) -> dict[str, Any]:
    """Run one program to its end: its code, what it printed, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    reading, writing = os.pipe()
    null = (os.POSIX_SPAWN_OPEN, os.devnull, os.O_RDWR, 0)
    actions = [(null[0], 0, *null[1:]), (os.POSIX_SPAWN_DUP2, writing, 1), (null[0], 2, *null[1:])]
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    os.close(writing)
    with open(reading, "rb") as output:
        said = output.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "code": code,
        "out": said.decode("utf-8", "replace"),
        "cpu": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
    }


def serve(root: str, unit: dict[str, Any], content: bytes) -> dict[str, Any]:
    """The reply for one unit; the tree is as before afterwards."""
    undo: list[Undo] = []
    try:
        change(root, unit["files"], content, undo)
        calls = [call(argv) for argv in unit["calls"]]
        return {"id": unit["id"], "root": root, "calls": calls}
    except (OSError, Refused) as error:
        return {"id": unit["id"], "problem": f"{type(error).__name__}: {error}"}
    finally:
        for step in reversed(undo):
            step()


def answer(root: str, payload: bytes) -> bytes:
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
    root = os.getcwd()
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
