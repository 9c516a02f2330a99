"""Paths as module names, as an interpreter would find them: packages, a `src` layout, test directories.

Promises: pure. A file below directories that hold an `__init__.py` is named from the topmost of those; any
other is named from the root of the tree, or of `src` or `lib` there; and, where it is in no package, by its
own name as well (pytest puts such directories on the path).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

_ROOTS = frozenset({"src", "lib", "python"})
_INIT = "__init__.py"


class Modules:
    """The modules of one tree: names of paths, and paths of names."""

    def __init__(self, paths: Iterable[str], tops: Iterable[str] = ()) -> None:
        self._paths = {path for path in paths if path.endswith(".py")}
        self._packages = {path[: -len(_INIT)].rstrip("/") for path in self._paths if path.endswith(_INIT)}
        self.path_of: dict[str, str] = {}
        self._tops = set(tops)
        for path in sorted(self._paths):
            self._register(path)

    def changed(self, gone: Iterable[str], new: Iterable[str]) -> Modules:
        """The modules once some paths are gone and others are there; itself if no Python file is. A name that
        was the project's stays so."""
        away = {path for path in gone if path in self._paths}
        more = {path for path in new if path.endswith(".py")} - self._paths
        if not away and not more:
            return self
        if any(path.endswith(_INIT) for path in away | more):
            return Modules((self._paths - away) | more, self._tops)
        return self._with(away, more)

    def _with(self, away: set[str], more: set[str]) -> Modules:
        """The same where no directory becomes a package or ceases to be one: without naming all files
        anew."""
        other = Modules((), self._tops)
        other._paths = (self._paths - away) | more
        other._packages = self._packages
        other.path_of = {name: path for name, path in self.path_of.items() if path not in away}
        for path in sorted(more):
            other._register(path)
        return other

    def name_of(self, path: str) -> str:
        """The module's own name; of a package that of its directory."""
        parts = path.removesuffix(".py").split("/")
        start = self._start(parts)
        if parts[-1] == "__init__" and len(parts) - start > 1:
            parts = parts[:-1]
        return ".".join(parts[start:])

    def is_package(self, name: str) -> bool:
        """Whether the module of this name is a package's own."""
        return self.path_of.get(name, "").endswith(_INIT)

    def is_ours(self, name: str) -> bool:
        """Whether a module of this name would be one of the project's."""
        return name.split(".", 1)[0] in self._tops or name in self.path_of

    def is_directory(self, name: str) -> bool:
        """Whether there are modules below this name."""
        return name in self._below

    @cached_property
    def _below(self) -> frozenset[str]:
        return frozenset(name[:end] for name in self.path_of for end, char in enumerate(name) if char == ".")

    def _start(self, parts: list[str]) -> int:
        """Where in a path the part begins that names the module."""
        start = len(parts) - 1
        while start > 0 and "/".join(parts[:start]) in self._packages:
            start -= 1
        if start == len(parts) - 1 and parts[-1] != "__init__":
            return 1 if len(parts) > 1 and parts[0] in _ROOTS else 0
        return start

    def _register(self, path: str) -> None:
        name = self.name_of(path)
        if not name:
            return
        self.path_of.setdefault(name, path)
        self._tops.add(name.split(".", 1)[0])
        last = name.rpartition(".")[2]
        if last != name and path.rpartition("/")[0] not in self._packages:
            self.path_of.setdefault(last, path)


def absolute(module: str, here: str, is_package: bool) -> str:
    """A module's absolute name, of one written with leading dots in the module `here`; '' if above the
    top."""
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return module
    parts = here.split(".")
    keep = len(parts) - dots + is_package
    if keep < 1:
        return ""
    rest = module[dots:]
    return ".".join([*parts[:keep], *([rest] if rest else [])])
