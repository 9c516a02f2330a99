"""Loads test files from bytes that are known, with marks in them. Injected: see `boot.py`.

Promises: a file that the manifest names is executed from the very bytes that are compared with its git blob,
never from a cached `.pyc`, and is rewritten by pytest as ever. Whatever else pytest loads is left to pytest.
What cannot be marked (no syntax, nested too deeply) is loaded as pytest does it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from hashlib import sha1
from importlib.machinery import SourceFileLoader
from io import FileIO
from os import stat as status_of
from os.path import realpath
from pathlib import Path
from random import SystemRandom
from sys import _getframe as frame_of
from types import FunctionType, MethodType, ModuleType
from typing import Any

from assay.gates.inject.marks import STRIDE, Marked, Trail, codes, compared, mark, paired
from assay.gates.inject.patches import replaces

PARSE = ast.PyCF_ONLY_AST
REWRITTEN = "rewritten"
"""The file was not in the state of the tree any more when it was loaded, or when all tests were collected."""
LATER = "later"
"""It was not when the session was over."""
UNSEEN = "unseen"
"""It is loaded, but not by us."""


class Tree:
    """The project's files: what is inside its root, and not in the environment that it runs in."""

    def __init__(self, root: str, manifest: dict[str, str]) -> None:
        self.root = root.rstrip("/") + "/"
        self._outside = tuple(
            prefix.rstrip("/") + "/"
            for prefix in {sys.prefix, sys.base_prefix, realpath(sys.prefix)}
            if prefix.startswith(self.root)
        )
        self.manifest = manifest

    def inside(self, path: object) -> str:
        """The path relative to the root, or empty."""
        if not isinstance(path, str) or not path.startswith(self.root) or path.startswith(self._outside):
            return ""
        return path[len(self.root) :]

    def product(self, path: object) -> str:
        """The same for code that is no trusted test file; code made up at run time keeps its mock name."""
        relative = self.inside(path)
        if relative:
            return "" if relative in self.manifest else relative
        return path if isinstance(path, str) and path.startswith("<") else ""


class Origin:
    """A trusted function: where it is defined, and its marks if it may be a test."""

    def __init__(self, label: str, code: Any, marked: Marked | None) -> None:
        self.label = label
        self.code = code
        self.marked = marked


class Sources:
    """What was loaded from trusted files. `tell(path, state)` hears of files that are not what they should
    be, `loaded(module)` of each module once it is loaded. `trail` is where marks note their numbers, `probes`
    are the two functions of `equal`."""

    def __init__(
        self,
        tree: Tree,
        tell: Callable[[str, str], None],
        loaded: Callable[[Any], None],
        trail: Trail,
        probes: tuple[Any, Any],
    ) -> None:
        draw = SystemRandom()
        self._tree = tree
        self._tell = tell
        self._loaded = loaded
        self._stamps = {path: _stamp(tree.root + path) for path in tree.manifest}
        self._origins: dict[int, Origin] = {}
        self._labels: dict[str, list[Marked]] = {}
        self._verified: set[str] = set()
        self._number = draw.getrandbits(40) * 1_000_000
        stem = "@py_" + format(draw.getrandbits(64), "x")
        self._names = {stem + "n": self._noting(trail), stem + "c": probes[0], stem + "p": probes[1]}
        self._wanted: Callable[[str], bool] = lambda name: name.startswith("test")

    def configure(self, patterns: Any) -> None:
        """What the project calls a test, besides what begins with `test`: pytest's `python_functions`."""
        prefixes = ("test", *[str(pattern) for pattern in patterns if str(pattern).isidentifier()])
        self._wanted = lambda name: name.startswith(prefixes)

    def _noting(self, trail: Trail) -> Callable[[int], None]:
        """What a mark calls: it takes a number from the code that has this mark, and from no other."""
        origins = self._origins

        def note(number: int) -> None:
            origin = origins.get(id(frame_of(1).f_code))
            marked = None if origin is None else origin.marked
            if marked is not None and marked.first <= number < marked.first + STRIDE:
                trail.append(number)

        return note

    def install(self, rewrite: Any) -> None:
        """Have Python and pytest load trusted files from here: tests, and what they import of their own."""
        hook, asserts = rewrite.AssertionRewritingHook, rewrite.rewrite_asserts
        of_hook, of_python, loaded = hook.exec_module, SourceFileLoader.exec_module, self._loaded

        def exec_rewritten(self: Any, module: Any) -> None:
            code = load(module, lambda *arguments: asserts(*arguments, self.config))
            if code is None:
                of_hook(self, module)
                return
            names = self._rewritten_names
            if isinstance(names, dict):
                names[module.__name__] = Path(module.__spec__.origin)
            else:
                names.add(module.__name__)
            exec(code, vars(module))  # noqa: S102 the project's own test file, as pytest does it
            loaded(module)

        def exec_plain(self: Any, module: Any) -> None:
            code = load(module, None)
            if code is None:
                of_python(self, module)
                return
            exec(code, vars(module))  # noqa: S102 the project's own test file, as Python does it
            loaded(module)

        def load(module: Any, rewriting: Any) -> Any:
            path = str(module.__spec__.origin)
            relative = self._tree.inside(path)
            data = self._verify(relative, path)
            code = None if data is None else self.compile(data, path, relative, rewriting)
            if code is not None:
                vars(module).update(self._names)
            return code

        hook.exec_module = exec_rewritten
        SourceFileLoader.exec_module = exec_plain  # type: ignore[method-assign]

    def compile(self, data: bytes, path: str, relative: str, rewriting: Any) -> Any:
        """The code of a module's bytes, marked, its assertions rewritten by `rewriting(tree, data, path)` (or
        not, if None); None if that cannot be."""
        note, both, pair = self._names
        try:
            tree = compile(data, path, "exec", PARSE, dont_inherit=True)
            marked, self._number = mark(tree, note, self._wanted, self._number)
            if b"Equal" in data:
                paired(tree, pair)
            if rewriting is not None:
                rewriting(tree, data, path)
                compared(tree, both)
            code = compile(tree, path, "exec", dont_inherit=True)
        except Exception:  # pytest finds the same, and says it better
            return None
        for qualname, inner in codes(code):
            found = marked.get((qualname, inner.co_firstlineno))
            label = relative + "::" + qualname.replace(".", "::")
            self._origins[id(inner)] = Origin(label, inner, found)
            if found is not None:
                self._labels.setdefault(label, []).append(found)
        return code

    @property
    def names(self) -> dict[str, Any]:
        """The globals that marked code needs."""
        return self._names

    def origin(self, function: Any) -> tuple[Origin | None, bool]:
        """The trusted function behind a test's, and whether the test's is that function itself,
        undecorated."""
        plain = True
        for _ in range(20):
            while isinstance(function, (MethodType, staticmethod, classmethod)):
                function = function.__func__
            found = self._origins.get(id(getattr(function, "__code__", None)))
            if found is not None:
                return found, plain
            plain = False
            hypothesis = getattr(function, "hypothesis", None)
            function = (
                getattr(hypothesis, "inner_test", None)
                or getattr(function, "__wrapped__", None)
                or getattr(function, "func", None)
            )
            if not isinstance(
                function, (FunctionType, MethodType, staticmethod, classmethod)
            ) and not hasattr(function, "func"):
                break
        return None, False

    def named(self, path: Any, cls: Any, name: Any) -> list[Marked]:
        """The marks of what the trusted file defines under a test's name."""
        within = [] if cls is None else cls.__qualname__.split(".")
        return self._labels.get("::".join([self._tree.inside(path), *within, str(name)]), [])

    def unseen(self, plugins: Any) -> None:
        """Tell of trusted conftest files that pytest has, but that were not loaded from here."""
        for plugin in plugins:
            path = self._tree.inside(vars(plugin).get("__file__") if isinstance(plugin, ModuleType) else None)
            if path.endswith("conftest.py") and path in self._tree.manifest and path not in self._verified:
                self._tell(path, UNSEEN)

    def replacing(self, module: str, name: str) -> str:
        """The trusted file, of those that were loaded, that itself replaces this part of a module; empty if
        none does."""
        for path in sorted(self._verified):
            data = self._verify(path, self._tree.root + path, LATER) if path.endswith(".py") else None
            if data is not None and replaces(data, module, name):
                return path
        return ""

    def check_again(self, state: str) -> None:
        """Tell of trusted files, data among them, that are not any more what they were."""
        for path, stamp in self._stamps.items():
            if stamp is not None and _stamp(self._tree.root + path) != stamp:
                self._verify(path, self._tree.root + path, state)

    def _verify(self, relative: str, path: str, state: str = REWRITTEN) -> bytes | None:
        blob = self._tree.manifest.get(relative)
        if blob is None:
            return None
        try:
            with FileIO(path) as file:
                data = file.readall() or b""
        except OSError:
            data = b""
        if sha1(b"blob %d\0" % len(data) + data).hexdigest() != blob:  # noqa: S324 git's own name for it
            self._tell(relative, state)
            return None
        self._verified.add(relative)
        return data


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes when a file is written to; None if there is none."""
    try:
        found = status_of(path)  # noqa: PTH116 what the project cannot change
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
