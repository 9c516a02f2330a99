"""Loads test files from bytes that are known, with marks in them. Injected: see `boot.py`.

Promises: a file that the manifest names is executed from the very bytes that are compared with its git blob,
never from a cached `.pyc`, and is rewritten by pytest as ever. Whatever else is loaded is left to pytest and
Python, but for code made ahead of time of the very bytes that are there. What cannot be marked (no syntax,
nested too deeply) is loaded as pytest does it.
"""

from __future__ import annotations

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

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, STEM, TRUSTED, Ahead, marked, names, wanting
from assay.gates.inject.constants import embed
from assay.gates.inject.marks import NOTE, STRIDE, Marked, Trail, codes
from assay.gates.inject.patches import replaces
from assay.gates.inject.ran import Passed
from assay.gates.inject.vault import Vault

ALTERED = "rewritten"
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
    be. `trail` is where marks note their numbers, `probes` are `compared` and `paired` of `equal`; `passed`
    has the code of product files whose lines are watched."""

    def __init__(
        self,
        tree: Tree,
        tell: Callable[[str, str], None],
        trail: Trail,
        probes: tuple[Any, Any],
        ahead: Ahead,
        passed: Passed,
    ) -> None:
        draw = SystemRandom()
        self._tree = tree
        self._tell = tell
        self._stamps = {path: _stamp(tree.root + path) for path in tree.manifest}
        self._origins: dict[int, Origin] = {}
        self._labels: dict[str, list[Marked]] = {}
        self._marks: dict[int, Any] = {}
        """The code that has a mark, by the mark's number in strides."""
        self._loaded: dict[str, bool] = {}
        """Trusted files that were loaded from here, and whether their assertions were rewritten."""
        self._number = draw.getrandbits(40) * 1_000_000
        self._stem = "@py_" + format(draw.getrandbits(64), "x")
        self._calls = (audit, *probes)
        self._trail = trail
        self._ahead = ahead
        self._passed = passed
        self.patterns: list[str] = []
        self._wanted = wanting(())

    def configure(self, patterns: Any) -> None:
        """What the project calls a test, besides what begins with `test`: pytest's `python_functions`."""
        self.patterns = [str(pattern) for pattern in patterns]
        self._wanted = wanting(patterns)

    def serve(self, vault: Vault, rewrite: Any, loaded: Callable[[str, Any], None]) -> None:
        """Have Python and pytest load trusted files from here: tests, and what they import of their own.
        `loaded(name, globals)` hears of each module once it is loaded."""
        hook, asserts = rewrite.AssertionRewritingHook, rewrite.rewrite_asserts
        of_hook, of_python = hook.exec_module, SourceFileLoader.exec_module

        def load(path: str, config: Any, box: list[Any]) -> None:
            relative = self._tree.inside(path)
            trusted = relative in self._tree.manifest
            code = None
            rewriting = None if config is None else lambda *arguments: asserts(*arguments, config)
            if trusted:
                data = self._verify(relative, path)
                if data is not None:
                    code = self._made(relative, path, config)
                    code = code or self.compile(data, path, relative, rewriting)
                    self._loaded[relative] = config is not None
            else:
                code = self._passed.code(relative, path, rewriting)
                if code is None and config is None:
                    code = self._product(relative, path)
            box += [code, of_python if config is None else of_hook, trusted]

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
        try:
            code, found, self._number = marked(data, path, self._stem, self._wanted, self._number, rewriting)
        except Exception:  # pytest finds the same, and says it better
            return None
        return self._placed(code, found, relative, self._stem)

    def _made(self, relative: str, path: str, config: Any) -> Any:
        """The same, of a trusted file as it is in the manifest, if it was made ahead of time."""
        kind = TRUSTED if config is None else REWRITTEN
        if self._ahead.known(relative, kind) != self._tree.manifest[relative] or relative in self._loaded:
            return None
        if config is not None and config.getini("enable_assertion_pass_hook"):
            return None
        made = self._ahead.marked(relative, kind, self.patterns)
        if made is None or made[0].co_filename != path:
            return None
        return self._placed(*made, relative, STEM)

    def _placed(self, code: Any, found: dict[tuple[str, int], Marked], relative: str, stem: str) -> Any:
        """The code with what its marks call in place, known by its functions."""
        code = embed(code, dict(zip(names(stem), self._calls)))  # noqa: B905 Python 3.8
        for qualname, inner in codes(code):
            marks = found.get((qualname, inner.co_firstlineno))
            label = relative + "::" + qualname.replace(".", "::")
            self._origins[id(inner)] = Origin(label, inner, marks)
            if marks is not None:
                self._labels.setdefault(label, []).append(marks)
                self._marks[marks.first // STRIDE] = inner
        return code

    def _product(self, relative: str, path: str) -> Any:
        """Code made ahead of time of a file that is not trusted, if it is still that file."""
        blob = self._ahead.known(relative, PRODUCT) if relative else ""
        if not blob or _read(path)[1] != blob:
            return None
        code = self._ahead.code(relative)
        return code if code.co_filename == path else None

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

    def rewritten(self) -> list[str]:
        """Those of them whose assertions pytest rewrote."""
        return sorted(path for path, rewritten in self._loaded.items() if rewritten)

    def check_again(self, state: str) -> None:
        """Tell of trusted files, data among them, that are not any more what they were."""
        for path, stamp in self._stamps.items():
            if stamp is not None and _stamp(self._tree.root + path) != stamp:
                self._verify(path, self._tree.root + path, state)

    def _verify(self, relative: str, path: str, state: str = ALTERED) -> bytes | None:
        blob = self._tree.manifest.get(relative)
        if blob is None:
            return None
        data, found = _read(path)
        if found != blob:
            self._tell(relative, state)
            return None
        return data


def _read(path: str) -> tuple[bytes, str]:
    """A file's bytes and the git blob that they are; of nothing where there is none."""
    try:
        with FileIO(path) as file:
            data = file.readall() or b""
    except OSError:
        data = b""
    return data, sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 git's own name for it


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes when a file is written to; None if there is none."""
    try:
        found = status_of(path)  # noqa: PTH116 what the project cannot change
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
