"""What is read, listed and changed on disk, and what is done that cannot be followed: heard by an audit hook.
Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. What is opened in order to import it is not taken
for read: what of it runs is seen anyway. An event that is not understood makes whatever was running one of
which nothing is known.
"""

# An audit hook must not make objects whose making it would hear of:
# ruff: noqa: PTH100, PTH115, PTH117, PTH118

from __future__ import annotations

import os
import sys
from typing import Any

from assay.gates.inject.states import WORLD

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_LOST = frozenset(
    {
        "_xxsubinterpreters.create", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
        "os.system", "pty.spawn", "subprocess.Popen", "sys.setprofile",
    }
)  # fmt: skip
"""After these, something runs that nothing is seen of."""

_CHANGES = frozenset(
    {
        "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
        "os.truncate", "os.utime", "shutil.rmtree",
    }
)  # fmt: skip
HEARD = _LOST | _CHANGES | {"ctypes.dlopen", "import", "open", "os.listdir", "os.scandir", "sqlite3.connect"}
"""The events to be told of."""

_TWO_PATHS = frozenset({"os.link", "os.rename"})
_UNKEPT = ("/__pycache__", "/.pytest_cache", "/.hypothesis")
_REWRITER = os.path.join("_pytest", "assertion", "rewrite.py")
_DEPTH = 4
"""So many frames lie between an import and the call that opens its file, at most."""


class Log:
    """What was seen in one test, fixture or import, or outside of all."""

    def __init__(self) -> None:
        self.codes: dict[int, Any] = {}
        self.reads: set[str] = set()
        self.lists: set[str] = set()
        self.changed: set[str] = set()
        self.made: list[tuple[str, str, str]] = []
        self.why = ""
        self.phases: list[Any] = []
        self.seconds = 0.0

    def say(self, why: str) -> None:
        """Nothing that is here can be relied on; the first reason counts."""
        self.why = self.why or why


class Tree:
    """The tree at `root`, a path without links; `skip` are directories below it that are no part of it."""

    def __init__(self, root: str, skip: list[str]) -> None:
        self.root = root
        self._skip = tuple(os.path.join(root, each) + os.sep for each in skip)
        self._inside: dict[str, str] = {}

    def inside(self, path: str) -> str:
        """The path below the root, links resolved; empty if it is elsewhere, `.` for the root."""
        found = self._inside.get(path)
        if found is None:
            real = os.path.realpath(path) + os.sep
            ours = real.startswith(self.root + os.sep) and not real.startswith(self._skip)
            found = os.path.relpath(real, self.root) if ours else ""
            if os.path.isabs(path):
                self._inside[path] = found
        return found

    def of_code(self, code: Any) -> str:
        """The file of the tree that a code object is from, or nothing."""
        return self.inside(code.co_filename) if os.path.isabs(code.co_filename) else ""


class Hearing:
    """Notes what it hears in `log`, under the name of the test that is running (empty: none is)."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.log = Log()
        self.name = ""
        self.attempted: set[str] = set()
        self._written: dict[str, str] = {}

    def hear(self, event: str, args: Any) -> None:
        """Take an audit event. To be called by `Calls.hushed` from the hook."""
        try:
            self._hear(event, args, _caller())
        except Exception as error:  # what cannot be understood must not be believed
            self.log.say(f"{event} was not understood ({type(error).__name__})")

    def _hear(self, event: str, args: Any, frame: Any) -> None:
        if event == "open":
            self._open(args[0], args[1], args[2], frame)
        elif event in ("os.listdir", "os.scandir"):
            if not isinstance(args[0], int) and not _is_import_system(frame):
                self._list(args[0])
        elif event == "import":
            self.attempted.add(str(args[0]))
        elif event in _LOST and not (event == "sys.setprofile" and _begins_thread(frame)):
            self.log.say(f"{event} is called")
        elif event in _CHANGES:
            if any(self._lasts(path) for path in _paths(event, args)):
                self.log.changed.add(WORLD)
        elif event == "sqlite3.connect":
            self._open(args[0], "r+", 0, frame)
        elif event == "ctypes.dlopen" and args[0] and self._tree.inside(_absolute(args[0])):
            self.log.say("it loads a library of the tree")

    def _lasts(self, path: Any) -> bool:
        below = self._tree.inside(_absolute(path))
        return bool(below) and not any(each in "/" + below for each in _UNKEPT)

    def _list(self, path: Any) -> None:
        below = self._tree.inside(_absolute(path if path is not None else "."))
        if below:
            self.log.lists.add(below)

    def _open(self, path: Any, mode: Any, flags: Any, frame: Any) -> None:
        if isinstance(path, int):
            return
        whole = _absolute(path)
        if set(mode or "") & set("wax+") or (flags or 0) & _WRITING:
            if self._lasts(whole):
                self.log.changed.add(WORLD)
            if self.name and not whole.startswith("/dev/"):
                self._written[whole] = self.name
        if self.name and self._written.get(whole, self.name) != self.name:
            self.log.say("it reads what another test wrote")
        # What is not there can only come to be by a file that is added, which affects everything.
        below = self._tree.inside(whole)
        if below and not _importing(frame) and os.path.lexists(whole):
            self.log.reads.add(below)


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))


def _paths(event: str, args: Any) -> list[str]:
    """The paths that an event names, relative ones below the open directories that it names too."""
    named = zip(args[:2], args[-2:]) if event in _TWO_PATHS else [(args[0], args[-1])]  # noqa: B905
    found = []
    for path, directory in named:
        if isinstance(path, int):
            continue
        text = os.fsdecode(path)
        relative = event != "os.truncate" and isinstance(directory, int) and directory >= 0
        if relative and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{directory}"), text)
        found.append(text)
    return found


def _importing(frame: Any) -> bool:
    """Whether a file is being opened in order to import it, and not to be looked at by other means of those
    who import."""
    for _ in range(_DEPTH):
        if frame is None:
            return False
        inner, frame = frame, frame.f_back
        if _is_import_system(inner):
            reading = inner.f_code.co_name == "get_data"
            return not reading or (frame is not None and frame.f_code.co_name == "get_code")
        if inner.f_code.co_filename.endswith(_REWRITER):
            return True
    return False


def _is_import_system(frame: Any) -> bool:
    name = frame.f_code.co_filename if frame is not None else ""
    return "importlib" in name and "bootstrap" in name


def _begins_thread(frame: Any) -> bool:
    """Whether a thread sets what `threading.setprofile` was given."""
    return frame is not None and frame.f_code.co_name in ("_bootstrap_inner", "_bootstrap")


def _caller() -> Any:
    """The frame in which an event was raised: below this one, `hear`, `hushed` and the hook."""
    frame: Any = sys._getframe()
    for _ in range(4):
        frame = frame and frame.f_back
    return frame
