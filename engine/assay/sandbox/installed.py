"""What is installed for an interpreter: where its packages are, what they lead to, and a digest of them.

Promises: reads names, sizes, times and small text files; imports and runs nothing.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from assay.sandbox.interpreter import Interpreter

_MAX_TEXT = 256 * 1024
_MAX_FILES = 50_000
_PASSING = frozenset({".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__"})
"""Directories that change without any change of what a program sees."""


def package_directories(interpreter: Interpreter) -> tuple[Path, ...]:
    """The directories in which the interpreter looks for installed packages."""
    found: list[Path] = []
    if interpreter.environment is not None:
        found += _site_packages(interpreter.environment)
    if interpreter.environment is None or interpreter.system_packages:
        found += _site_packages(interpreter.base)
        found += [Path("/usr/lib/python3/dist-packages")] if interpreter.base == Path("/usr") else []
    return tuple(dict.fromkeys(path for path in found if path.is_dir()))


def linked_paths(directories: Iterable[Path]) -> tuple[Path, ...]:
    """Absolute paths that `.pth` files and the finders of editable installs add to the import path."""
    found: list[Path] = []
    for directory in directories:
        for path in sorted(directory.glob("*.pth")):
            found += _lines(directory, path)
        for path in sorted(directory.glob("__editable__*_finder.py")):
            found += [place for _, place in _mapping(path)]
    return tuple(dict.fromkeys(path for path in found if path.exists()))


def import_paths(directories: Iterable[Path]) -> tuple[Path, ...]:
    """The directories that editable installs import from. A package that is mapped to a directory of another
    name has none."""
    found: list[Path] = []
    for directory in directories:
        for path in sorted(directory.glob("*.pth")):
            found += _lines(directory, path)
        for path in sorted(directory.glob("__editable__*_finder.py")):
            found += [place.parent for package, place in _mapping(path) if place.name == package]
    return tuple(dict.fromkeys(found))


def holds_a_copy(directories: Iterable[Path], name: str) -> bool:
    """Whether the distribution of this normalised name is installed as a copy of its files, not as a link."""
    for directory in directories:
        for path in directory.glob("*.dist-info"):
            stem = re.sub(r"[-_.]+", "-", path.name.removesuffix(".dist-info").rpartition("-")[0]).lower()
            if stem == name and '"editable": true' not in _text(path / "direct_url.json"):
                return True
    return False


def contents(path: Path) -> str:
    """A digest of the files at `path` by names, sizes and times: what an editable install of another project
    or a directory of the policy's holds. Of a directory with more than `_MAX_FILES`, the first ones count."""
    total = hashlib.sha256(_stamp(path).encode() if path.is_file() else b"")
    for file in islice(_files(path), _MAX_FILES):
        total.update(f"{file} {_stamp(file)}".encode("utf-8", "surrogateescape") + b"\0")
    return total.hexdigest()


def digest(interpreter: Interpreter, directories: Iterable[Path], variables: dict[str, str]) -> str:
    """Changes with the interpreter, an installed distribution, an editable install or a variable."""
    total = hashlib.sha256()
    for part in _identity(interpreter, directories, variables):
        total.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return total.hexdigest()


def _identity(
    interpreter: Interpreter, directories: Iterable[Path], variables: dict[str, str]
) -> Iterator[str]:
    yield f"{interpreter.python} {interpreter.real} {_stamp(interpreter.real)}"
    if interpreter.environment is not None:
        yield _stamp(interpreter.environment / "pyvenv.cfg")
    for directory in directories:
        yield str(directory)
        for path in sorted(directory.iterdir()):
            if path.suffix in (".dist-info", ".egg-info"):
                record = path / "RECORD"
                yield f"{path.name} {_stamp(record if record.exists() else path)}"
            elif path.suffix in (".pth", ".egg-link") or path.name.startswith("__editable__"):
                yield f"{path.name} {_stamp(path)}"
    for name, value in sorted(variables.items()):
        yield f"{name}={value}"


def _files(path: Path) -> Iterator[Path]:
    for directory, below, files in os.walk(path):
        below[:] = sorted(name for name in below if name not in _PASSING)
        for name in sorted(files):
            yield Path(directory, name)


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "absent"
    return f"{status.st_size} {status.st_mtime_ns}"


def _site_packages(prefix: Path) -> list[Path]:
    return sorted({path.resolve() for path in prefix.glob("lib*/python3*/*-packages")})


def _lines(directory: Path, path: Path) -> Iterator[Path]:
    for line in _text(path).splitlines():
        if line.strip() and not line.startswith(("#", "import ", "import\t")):
            yield (directory / line.strip()).resolve()


def _mapping(path: Path) -> Iterator[tuple[str, Path]]:
    """The literal MAPPING of a finder that setuptools wrote: packages' or modules' names and places."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.parse(_text(path)).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if value is None or not any(getattr(target, "id", "") == "MAPPING" for target in targets):
                continue
            mapping = ast.literal_eval(value)
            if isinstance(mapping, dict):
                for name, place in mapping.items():
                    if str(place).startswith("/"):
                        yield str(name).rpartition(".")[2], Path(str(place))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TEXT).decode("utf-8", "replace")
    except OSError:
        return ""
