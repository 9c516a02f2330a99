"""Which changed lines of the product each test ran. Injected: see `boot.py`.

Promises: what is watched is executed from the very bytes that are compared with its git blob, with marks
where it changed (see `planted`); all else is loaded as ever. A mark's event counts only if the code that has
the mark raised it; it belongs to the vault. Other threads are seen, and counted for the test that is running;
processes that a test starts are not, and it is told which tests start some. A file that is loaded already,
since pytest itself or what it stands on imports it, cannot be watched any more, and that is told as well.
With nothing to watch, nothing is done."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from hashlib import sha1
from io import FileIO
from random import SystemRandom
from sys import _getframe as frame_of
from sys import audit, modules
from types import CodeType, ModuleType
from typing import Any

from assay.gates.inject.constants import embed
from assay.gates.inject.planted import RAN, plant
from assay.gates.inject.vault import Vault

_LEAVING = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.exec")
_MOST_TESTS = 500
"""Of so many tests it is told that they ran a line, or fewer where there are many lines; of further ones
nothing."""
_LEAST_TESTS = 20
_MOST_TOLD = 400_000
"""Tests of all lines together: what is said of them stays within what a report may hold."""
_OUTSIDE = -1


class Passed:
    """`root` is the project's, with its slash; `watched` maps a path below it to its git blob and the numbers
    of the lines that changed; `send` tells of what is watched, and of what ran."""

    def __init__(self, root: str, watched: dict[str, Any], send: Callable[..., None]) -> None:
        draw = SystemRandom()
        self._root = root
        self._send = send
        self._first = self._next = draw.getrandbits(40) * 1_000_000
        self._name = "@py_" + format(draw.getrandbits(64), "x")
        read = {path: _read(root + path, blob) for path, (blob, _) in watched.items()}
        known = _loaded()
        early = [path for path, data in read.items() if data and root + path in known]
        self._files = {path: data for path, data in read.items() if data and path not in early}
        self._numbers: dict[str, int] = {}
        self._owners: dict[int, list[CodeType]] = {}
        self._codes: dict[tuple[str, bool], Any] = {}
        self._lines = {path: frozenset(lines) for path, (_, lines) in watched.items()}
        self._outside: set[int] = set()
        self._now = self._outside
        self._tests: dict[int, int] = {}
        self._left = False
        self._most = _MOST_TESTS
        for path in early:
            send("watched", path=path, first=0, places=[], early=True)
        for path in list(self._files):
            self._announce(path)
        marks = self._next - self._first
        self._most = min(_MOST_TESTS, max(_LEAST_TESTS, _MOST_TOLD // (marks + 1)))

    def code(self, relative: str, path: str, rewriting: Any) -> Any:
        """The code of a watched file with marks, its assertions rewritten by `rewriting(tree, data, path)`
        (or not, if None); None for any other file."""
        if relative not in self._files:
            return None
        key = relative, rewriting is not None
        if key not in self._codes:
            data = self._files[relative]
            tree = _parsed(data, path)
            plant(tree, self._lines[relative], self._name, self._numbers[relative])
            if rewriting is not None:
                rewriting(tree, data, path)
            code = compile(tree, path, "exec", dont_inherit=True)
            self._codes[key] = self._owned(embed(code, {self._name: audit}))
        return self._codes[key]

    def listen(self, vault: Vault) -> None:
        """Hear of marks, and of tests that leave the process."""
        if not self._files:
            return
        vault.heard(RAN, self._ran)
        for event in _LEAVING:
            vault.heard(event, self._leave)

    def begin(self) -> None:
        """A test begins."""
        if self._files:
            self._now, self._left = set(), False

    def end(self, number: int) -> None:
        """The test of this number is over."""
        if not self._files or self._now is self._outside:
            return
        marks, self._now = sorted(self._now), self._outside
        for mark in marks:
            self._tests[mark] = self._tests.get(mark, 0) + 1
        told = [mark - self._first for mark in marks if self._tests[mark] <= self._most]
        if told or self._left:
            self._send("ran", i=number, marks=told, left=self._left)

    def over(self) -> None:
        """The session is over: what ran outside of all tests, and which files were loaded."""
        if self._files:
            marks = [mark - self._first for mark in sorted(self._outside)]
            self._send("ran", i=_OUTSIDE, marks=marks, loaded=sorted({path for path, _ in self._codes}))

    def _announce(self, path: str) -> None:
        """Tell what the marks of a file stand for, before any code of the project runs."""
        try:
            places = plant(_parsed(self._files[path], path), self._lines[path], self._name, self._next)
        except Exception:  # no syntax of this Python, or nested too deeply: it is not watched
            del self._files[path]
            return
        self._numbers[path] = self._next
        self._send("watched", path=path, first=self._next - self._first, places=places)
        self._next += len(places)

    def _owned(self, code: Any) -> Any:
        for inner in _nested(code):
            for constant in inner.co_consts:
                if type(constant) is int and self._first <= constant < self._next:
                    self._owners.setdefault(constant, []).append(inner)
        return code

    def _ran(self, arguments: Any) -> None:
        number = arguments[0] if arguments else None
        if type(number) is not int or number in self._now:
            return
        code = frame_of(2).f_code
        if any(code is owner for owner in self._owners.get(number, ())):
            self._now.add(number)

    def _leave(self, _arguments: Any) -> None:
        self._left = True


def _loaded() -> set[Any]:
    """The files of the modules that are loaded by now."""
    spaces = [vars(module) for module in list(modules.values()) if isinstance(module, ModuleType)]
    return {space.get("__file__") for space in spaces if type(space.get("__file__")) is str}


def _parsed(data: bytes, path: str) -> Any:
    return compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)


def _read(path: str, blob: str) -> bytes:
    """A file's bytes; none if they are not those of the git blob."""
    try:
        with FileIO(path) as file:
            data = file.readall() or b""
    except OSError:
        return b""
    found = sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 git's own name for it
    return data if found == blob else b""


def _nested(code: Any) -> Iterator[Any]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
