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
_WAYS = (
    "/pathlib.py",
    "/pathlib/",
    "/genericpath.py",
    "/posixpath.py",
    "<frozen genericpath>",
    "<frozen posixpath>",
)
"""Modules of the standard library by way of which others look at paths."""

_REWRITER = os.path.join("_pytest", "assertion", "rewrite.py")
_DEPTH = 4
"""So many frames lie between an import and the call that opens its file, at most."""


class Log:
    """What was seen in one test, fixture or import, or outside of all."""

    def __init__(self) -> None:
        self.codes: dict[int, Any] = {}
        self.reads: set[str] = set()
        self.lists: set[str] = set()
        self.looks: set[str] = set()
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
            if not isinstance(args[0], int) and not (_is_import_system(frame) or _finds_tests(frame)):
                self._list(args[0])
        elif event == "import":
            self.attempted.add(str(args[0]))
        elif event in _LOST and not (event == "sys.setprofile" and _begins_thread(frame)):
            self.log.say(f"{event} is called")
        elif event in _CHANGES:
            for path in _paths(event, args):
                self._look(path)
                if self._lasts(path):
                    self.log.changed.add(WORLD)
        elif event == "sqlite3.connect":
            self._open(args[0], "r+", 0, frame)
        elif event == "ctypes.dlopen" and args[0] and self._tree.inside(_absolute(args[0])):
            self.log.say("it loads a library of the tree")

    def look(self, path: Any, directory: Any) -> None:
        """Take that somebody looks at a path. To be called by `Calls.hushed` from what is called for that."""
        try:
            if isinstance(path, int) or _finds_tests(_looker()):
                return
            named = _paths("", (path, -1 if directory is None else directory))
            self._look(named[0])
        except Exception as error:
            self.log.say(f"a look at a path was not understood ({type(error).__name__})")

    def _look(self, path: Any) -> None:
        below = self._tree.inside(_absolute(path))
        if below:
            self.log.looks.add(below)

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
        below = self._tree.inside(whole)
        if below and not _importing(frame):
            (self.log.reads if os.path.lexists(whole) else self.log.looks).add(below)


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


def _finds_tests(frame: Any) -> bool:
    """Whether it is pytest that looks for tests, or the standard library for what is installed: the names of
    what they would find tell."""
    frame = _asking(frame)
    name = frame.f_code.co_filename if frame is not None else ""
    return "/_pytest/" in name or "/importlib/metadata" in name or "/importlib_metadata/" in name


def _looker() -> Any:
    """The frame that looks at a path, by way of what `os` was given, the tracer, `hushed` and `look`."""
    frame: Any = sys._getframe()
    for _ in range(5):
        frame = frame and frame.f_back
    return frame


def _asking(frame: Any) -> Any:
    """The frame that wants to know, and not one that is a way to get there."""
    while frame is not None and any(each in frame.f_code.co_filename for each in _WAYS):
        frame = frame.f_back
    return frame


def _begins_thread(frame: Any) -> bool:
    """Whether a thread sets what `threading.setprofile` was given."""
    return frame is not None and frame.f_code.co_name in ("_bootstrap_inner", "_bootstrap")


def _caller() -> Any:
    """The frame in which an event was raised: below this one, `hear`, `hushed` and the hook."""
    frame: Any = sys._getframe()
    for _ in range(4):
        frame = frame and frame.f_back
    return frame
