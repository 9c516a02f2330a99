"""Which test files a run is narrowed to, and pytest's command line for that.

Promises: pure but for reading git objects. A word of the project's own arguments is left out only if it can
be nothing but a place to look for tests; whatever else it is stays, at worst so that more tests run than are
wanted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from assay.gates.testing.settings import python_files
from assay.repo.repository import Repository

_BY_DEFAULT = ("test_*.py", "*_test.py")
_CONFIGURATION = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""In the order in which pytest looks for its settings."""

_WITH_VALUE = frozenset({"-c", "-k", "-m", "-n", "-o", "-p", "-r", "-W"})
_WITHOUT_VALUE = frozenset(
    {
        "--doctest-modules", "--exitfirst", "--failed-first", "--ff", "--last-failed", "--lf", "--new-first",
        "--nf", "--no-cov", "--no-header", "--no-summary", "--pyargs", "--quiet", "--showlocals",
        "--stepwise", "--strict", "--strict-config", "--strict-markers", "--sw", "--verbose",
    }
)  # fmt: skip


def collectable(repo: Repository, tree: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that the project's pytest takes for test files, by the settings in `tree`; sorted."""
    patterns = next(
        (found for name in _CONFIGURATION if (found := python_files(name, repo.read(tree, name)))),
        _BY_DEFAULT,
    )
    return tuple(sorted(path for path in paths if path.endswith(".py") and matches(path, patterns)))


def narrowed(repo: Repository, tree: str, args: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """`args` of pytest with `files` in place of the files and directories of `tree` that they name."""
    before = ("", *args)
    kept = (
        word
        for previous, word in zip(before, args, strict=False)
        if previous in _WITH_VALUE or _takes_value(previous) or not _names_place(repo, tree, word)
    )
    return (*kept, *(f"./{file}" if file.startswith("-") else file for file in files))


def _takes_value(word: str) -> bool:
    """Whether a long option may have the next word for its value."""
    return word.startswith("--") and "=" not in word and word not in _WITHOUT_VALUE


def _names_place(repo: Repository, tree: str, word: str) -> bool:
    path = posixpath.normpath(word.split("::", 1)[0])
    return path == "." or (not path.startswith(("-", "/", "..")) and repo.entry(tree, path) is not None)


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether pytest takes `path` for a test file: a pattern with a '/' is held against the end of the path,
    others against the name."""
    name = posixpath.basename(path)
    return any(
        fnmatchcase(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatchcase(name, pattern)
        for pattern in patterns
    )
