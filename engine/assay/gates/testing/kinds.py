"""What a changed path may matter for, by its name and mode alone.

Promises: pure.
"""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase

from assay.gates.testing.settings import FILES
from assay.model.candidate import ChangeKind

_FILE = 0o100000
_KIND = 0o170000

_RULES = (
    *FILES,
    "conftest.py",
    "setup.py",
    "noxfile.py",
    "*requirements*.txt",
    "*requirements*.in",
    "*constraints*.txt",
    "*.lock",
    "Pipfile*",
    "*.pth",
    "*.so",
    "*.pyc",
    "*.pyx",
    "*.pxd",
    "sitecustomize.py",
    "usercustomize.py",
    "pylock*.toml",
    "environment*.y*ml",
)

_OF_THE_ROOT = frozenset({"setup.py", "noxfile.py"})
"""What these say counts at the root alone; elsewhere, pytest may look whether they are there."""

_INSTALLED = (".dist-info", ".egg-info", ".egg-link")
"""Ends of the names of files and directories by which Python knows what is installed."""

_WORDS = ("*.md", "*.rst", "*.txt", "*.pyi")
_NO_MATTER = frozenset(
    {
        ".editorconfig", ".git-blame-ignore-revs", ".gitignore", ".pre-commit-config.yaml",
        ".readthedocs.yaml", ".readthedocs.yml", "AUTHORS", "CHANGELOG", "CHANGES", "CODEOWNERS", "COPYING",
        "LICENSE", "MANIFEST.in", "Makefile", "NEWS", "NOTICE", "PKG-INFO", "README", "make.bat",
    }
)  # fmt: skip


def plain(mode: int) -> bool:
    """Whether a mode of git's is a plain file's."""
    return mode & _KIND == _FILE


def decides(path: str, kind: ChangeKind = ChangeKind.MODIFIED) -> bool:
    """Whether a file may decide what tests there are, how they are run and with what."""
    name = posixpath.basename(path)
    if name in _OF_THE_ROOT and "/" in path and kind is ChangeKind.MODIFIED:
        return False
    installed = any(word.endswith(_INSTALLED) for word in path.split("/"))
    return installed or any(fnmatchcase(name, pattern) for pattern in _RULES)


def for_people(path: str) -> bool:
    """Whether a file is one that people, builds or type checkers read, as far as its name tells: a run that
    does is seen to open it."""
    name = posixpath.basename(path)
    if name.startswith("test"):
        return False
    plain = name in _NO_MATTER or path.startswith(".github/")
    return plain or any(fnmatchcase(name, pattern) for pattern in _WORDS)
