"""Which files are merged by syntax, and what reads and checks them.

Promises: pure; told by the path alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from assay.patchset.merging import data, lines, python, statements
from assay.patchset.merging.entries import Group, Node

_NAMES = ("change", "history", "news", "release", "unreleased")
"""How a list of changes is called, if its name has no telling suffix."""


Versions = tuple[str, str, str]


def _everything(versions: Versions) -> tuple[str, Versions, str]:
    return "", versions, ""


class Format(NamedTuple):
    """`shared` finds in versions what is not to be looked into, and `read` is told; `meaning` is what a node
    says whatever its layout; `check` raises `Clash` for a bad result, from base, ours, theirs and merged.
    `window` cuts off what all versions have before and behind, as far as nothing that is merged depends on
    it."""

    name: str
    shared: Callable[[Iterable[str]], frozenset[str]]
    read: Callable[[str, Collection[str]], Group]
    meaning: Callable[[Node], object]
    check: Callable[[str, str, str, str], None]
    window: Callable[[Versions], tuple[str, Versions, str]] = _everything


def _nothing(versions: Iterable[str]) -> frozenset[str]:
    return frozenset()


def _whole(read: Callable[[str], Group]) -> Callable[[str, Collection[str]], Group]:
    return lambda text, shared: read(text)


PYTHON = Format("python", statements.shared, statements.read, python.meaning, python.check)
JSON = Format("json", _nothing, _whole(data.read_json), data.meaning, data.check_json)
TOML = Format("toml", _nothing, _whole(data.read_toml), data.meaning, data.check_toml)
REQUIREMENTS = Format(
    "requirements", _nothing, _whole(lines.read_requirements), data.meaning, lines.check_requirements
)
PROSE = Format("prose", _nothing, _whole(lines.read_prose), data.meaning, lines.check_prose, lines.window)

_SUFFIXES = {
    ".py": PYTHON,
    ".pyi": PYTHON,
    ".json": JSON,
    ".toml": TOML,
    ".md": PROSE,
    ".markdown": PROSE,
    ".rst": PROSE,
}


def format_of(path: str) -> Format | None:
    """The format of a file; None for what is not merged by syntax."""
    pure = PurePosixPath(path)
    found = _SUFFIXES.get(pure.suffix.lower())
    if found is not None or pure.suffix not in ("", ".txt", ".in"):
        return found
    if pure.suffix and (
        "requirements" in pure.name or "constraints" in pure.name or pure.parent.name == "requirements"
    ):
        return REQUIREMENTS
    return PROSE if pure.suffix != ".in" and pure.name.lower().startswith(_NAMES) else None
