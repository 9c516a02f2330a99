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
from random import SystemRandom
from sys import _getframe as frame_of
from sys import audit
from types import ModuleType
from typing import Any

from assay.gates.inject.constants import embed
from assay.gates.inject.marks import NOTE, STRIDE, Marked, Trail, codes, compared, mark, paired, spelled
from assay.gates.inject.patches import replaces
from assay.gates.inject.vault import Vault

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
        self.constants = self.written()

    def written(self) -> str:
        """The constants of the code, as they are now: who writes into memory changes them in place."""
        try:
            return repr(self.code.co_consts)
        except ValueError:  # a number of more digits than are written out
            return ""


class Sources:
    """What was loaded from trusted files. `tell(path, state)` hears of files that are not what they should
    be. `trail` is where marks note their numbers, `probes` are `compared` and `paired` of `equal`."""

    def __init__(
        self,
        tree: Tree,
        tell: Callable[[str, str], None],
        trail: Trail,
        probes: tuple[Any, Any],
    ) -> None:
        draw = SystemRandom()
        self._tree = tree
        self._tell = tell
        self._stamps = {path: _stamp(tree.root + path) for path in tree.manifest}
        self._origins: dict[int, Origin] = {}
        self._labels: dict[str, list[Marked]] = {}
        self._marks: dict[int, Any] = {}
        """The code that has a mark, by the mark's number in strides."""
        self._loaded: set[str] = set()
        self._number = draw.getrandbits(40) * 1_000_000
        stem = "@py_" + format(draw.getrandbits(64), "x")
        self._constants = {stem + "n": audit, stem + "c": probes[0], stem + "p": probes[1]}
        self._trail = trail
        self._wanted: Callable[[str], bool] = lambda name: name.startswith("test")

    def configure(self, patterns: Any) -> None:
        """What the project calls a test, besides what begins with `test`: pytest's `python_functions`."""
        prefixes = ("test", *[str(pattern) for pattern in patterns if str(pattern).isidentifier()])
        self._wanted = lambda name: name.startswith(prefixes)

    def serve(self, vault: Vault, rewrite: Any, loaded: Callable[[str, Any], None]) -> None:
        """Have Python and pytest load trusted files from here: tests, and what they import of their own.
        `loaded(name, globals)` hears of each module once it is loaded."""
        hook, asserts = rewrite.AssertionRewritingHook, rewrite.rewrite_asserts
        of_hook, of_python = hook.exec_module, SourceFileLoader.exec_module

        def load(path: str, config: Any, box: list[Any]) -> None:
            rewriting = None if config is None else lambda *arguments: asserts(*arguments, config)
            relative = self._tree.inside(path)
            data = self._verify(relative, path)
            code = None if data is None else self.compile(data, path, relative, rewriting)
            if data is not None:
                self._loaded.add(relative)
            box += [code, of_python if config is None else of_hook]

        vault.serve("assay.load", load)
        vault.serve("assay.loaded", loaded)
        vault.heard(NOTE, self._note)

    def _note(self, arguments: Any) -> None:
        """A mark's event counts only if the code that has this mark raised it."""
        number = arguments[0]
        if frame_of(2).f_code is self._marks.get(number // STRIDE):
            self._trail.append(number)

    def compile(self, data: bytes, path: str, relative: str, rewriting: Any) -> Any:
        """The code of a module's bytes, marked, its assertions rewritten by `rewriting(tree, data, path)` (or
        not, if None); None if that cannot be."""
        note, both, pair = self._constants
        try:
            tree = compile(data, path, "exec", PARSE, dont_inherit=True)
            marked, self._number = mark(tree, note, self._wanted, self._number)
            if b"Equal" in data:
                paired(tree, pair)
            if rewriting is not None:
                rewriting(tree, data, path)
                compared(tree, both)
            elif not sys.flags.optimize:
                spelled(tree, both)
            code = embed(compile(tree, path, "exec", dont_inherit=True), self._constants)
        except Exception:  # pytest finds the same, and says it better
            return None
        for qualname, inner in codes(code):
            found = marked.get((qualname, inner.co_firstlineno))
            label = relative + "::" + qualname.replace(".", "::")
            self._origins[id(inner)] = Origin(label, inner, found)
            if found is not None:
                self._labels.setdefault(label, []).append(found)
                self._marks[found.first // STRIDE] = inner
        return code

    def origin(self, codes: list[Any]) -> tuple[Origin | None, bool]:
        """The trusted function among those of a test's, outermost first, and whether it is the outermost:
        the test's is that function itself, undecorated."""
        for position, code in enumerate(codes):
            found = self._origins.get(id(code))
            if found is not None:
                return found, position == 0
        return None, False

    def named(self, path: str, name: str) -> list[Marked]:
        """The marks of what the trusted file defines under a test's qualified name."""
        return self._labels.get("::".join([self._tree.inside(path), *name.split(".")]), [])

    def unseen(self, plugins: Any) -> None:
        """Tell of trusted conftest files that pytest has, but that were not loaded from here."""
        for plugin in plugins:
            path = self._tree.inside(vars(plugin).get("__file__") if isinstance(plugin, ModuleType) else None)
            if path.endswith("conftest.py") and path in self._tree.manifest and path not in self._loaded:
                self._tell(path, UNSEEN)

    def replacing(self, module: str, name: str) -> str:
        """The trusted file, of those that were loaded, that itself replaces this part of a module; empty if
        none does."""
        for path in self.loaded():
            data = self._verify(path, self._tree.root + path, LATER)
            if data is not None and replaces(data, module, name):
                return path
        return ""

    def loaded(self) -> list[str]:
        """The trusted Python files that were loaded from here."""
        return sorted(self._loaded)

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
        return data


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes when a file is written to; None if there is none."""
    try:
        found = status_of(path)  # noqa: PTH116 what the project cannot change
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
