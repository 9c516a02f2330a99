"""Modules that a candidate adds where Python would import them in place of the library's own or pytest's.

Promises: reads git objects only, and no more than the candidate's own paths unless it adds a module in such a
place. A name counts only where imports begin (the repository's root, `src`, the directory of a test file that
is in no package, pytest's `pythonpath`), and only if the base has no module of that name there: inside a
package, `types.py` is a name like any other. The names by which the base's own tests and their helpers are
imported count as well.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable, Iterator

from assay.gates.testing.settings import FILES, python_path
from assay.model.candidate import Candidate
from assay.repo.globs import Matcher
from assay.repo.repository import SYMLINK, Repository

_HARMLESS = frozenset({"antigravity", "idlelib", "test", "this", "turtledemo"})
"""Parts of the library that no test run imports, among them a usual name for a directory of tests."""

_TESTING = frozenset(
    {
        "_pytest", "anyio", "attr", "atomicwrites", "coverage", "exceptiongroup", "execnet", "hypothesis",
        "iniconfig", "mock", "more_itertools", "packaging", "pkg_resources", "pluggy", "py", "pygments",
        "pytest", "pytest_asyncio", "pytest_cov", "pytest_mock", "setuptools", "six", "sortedcontainers",
        "tomli", "typing_extensions", "xdist",
    }
)  # fmt: skip
"""pytest, what it imports, and the plugins that most projects have."""

_NAMES = (frozenset(sys.stdlib_module_names) | _TESTING) - _HARMLESS
_SUFFIXES = frozenset({"py", "pyc", "so", "pyd"})


def shadowing(repo: Repository, candidate: Candidate, is_test: Matcher) -> tuple[str, ...]:
    """The paths, sorted, that would hide a module which tests are run with. `candidate` has a tree."""
    base = candidate.base.tree
    new = {
        change.path: named
        for change in candidate.changes
        if change.new_mode
        and (named := _module(change.path, change.new_mode)) is not None
        and not _there(repo, base, *named)
    }
    fixed = frozenset(_fixed_beginnings(repo, base))
    if not any(root in fixed or module in _NAMES for root, module in new.values()):
        return ()
    tests = [entry.path for entry in repo.files(base, is_test) if entry.path.endswith(".py")]
    begins = fixed | {_rootdir(repo, base, path) for path in tests}
    own = {module for path in tests for module in _imported_as(repo, base, path)}
    return tuple(
        sorted(
            path
            for path, (root, module) in new.items()
            if root in begins and (module in _NAMES or (module in own and not is_test(path)))
        )
    )


def _module(path: str, mode: int) -> tuple[str, str] | None:
    """(directory, name) if a path would be a module that is imported by this name from that directory."""
    directory, name = posixpath.split(path)
    stem, _, rest = name.partition(".")
    if stem == "__init__":
        directory, stem = posixpath.split(directory)
    elif not rest and mode != SYMLINK:  # a link may lead to a package
        return None
    if rest and rest.rpartition(".")[2] not in _SUFFIXES:
        return None
    return (directory, stem) if stem.isidentifier() else None


def _there(repo: Repository, tree: str, root: str, module: str) -> bool:
    """Whether a tree has this module, as a file or a package, below `root`."""
    found = (posixpath.join(root, f"{module}{suffix}") for suffix in (".py", "/__init__.py"))
    return any(repo.entry(tree, path) is not None for path in found)


def _fixed_beginnings(repo: Repository, base: str) -> Iterator[str]:
    """Directories on the module path when the base's tests run, besides those of the tests themselves."""
    yield ""
    if not _package(repo, base, "src"):
        yield "src"
    yield from _configured(repo, base)


def _imported_as(repo: Repository, base: str, path: str) -> Iterator[str]:
    """The first words of the names by which a test file or a helper can be imported: from the directory that
    pytest puts on the module path, and from the top."""
    directory = _rootdir(repo, base, path)
    for name in (posixpath.relpath(path, directory or "."), path):
        yield name.split("/", 1)[0].removesuffix(".py")


def _rootdir(repo: Repository, base: str, path: str) -> str:
    """The directory that pytest puts on the module path to import a test file: the first in no package."""
    directory = posixpath.dirname(path)
    while directory and _package(repo, base, directory):
        directory = posixpath.dirname(directory)
    return directory


def _configured(repo: Repository, base: str) -> Iterable[str]:
    for name in FILES:
        for each in python_path(name, repo.read(base, name)):
            directory = posixpath.normpath(each)
            yield "" if directory == "." else directory


def _package(repo: Repository, tree: str, directory: str) -> bool:
    return repo.entry(tree, posixpath.join(directory, "__init__.py")) is not None
