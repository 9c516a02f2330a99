"""Assay's own tools, found on the host and shown read-only inside jails.

Promises: only Assay's own installation and `PATH` are searched, never the project's tree. Nothing is run.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from assay.model.errors import Unsound
from assay.sandbox.spec import Bind

_SYSTEM = (Path("/usr"), Path("/"))
"""Prefixes that every jail shows anyway."""


def ruff_binary() -> Path:
    """The `ruff` that was installed with Assay, else one on `PATH`. Raises `Unsound` if there is none."""
    for candidate in _ruff_places():
        if candidate.is_file():
            return candidate
    raise Unsound("ruff is not installed", fix="install Assay with its dependencies, or put ruff on PATH")


def own_interpreter() -> Path:
    """The real binary behind Assay's interpreter: it finds its standard library without a venv."""
    return Path(sys.executable).resolve()


def own_interpreter_binds() -> tuple[Bind, ...]:
    """What must be shown for `own_interpreter` to start."""
    prefix = Path(sys.base_prefix).resolve()
    return () if prefix in _SYSTEM else (Bind(source=prefix),)


def package_directories(names: Sequence[str]) -> tuple[Path, ...]:
    """The directories on Assay's path that hold these packages. Raises `Unsound` if one is missing."""
    found: dict[Path, None] = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise Unsound(f"the package {name} is not installed", fix="install Assay with its dependencies")
        found[Path(spec.origin).parent.parent] = None
    return tuple(found)


@cache
def installed_version(distribution: str) -> str:
    """The version of a distribution of Assay's installation, or `unknown`."""
    # The directory's name says it; to import what parses its content takes longer than ruff runs.
    pattern = re.compile(re.escape(distribution) + r"-(.+)\.dist-info")
    for place in sys.path:
        with contextlib.suppress(OSError):
            for entry in os.scandir(place or "."):
                if match := pattern.fullmatch(entry.name):
                    return match[1]
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def _ruff_places() -> list[Path]:
    places = [Path(sys.executable).parent / "ruff"]
    # A ruff that came without its Python package is fine too.
    with contextlib.suppress(ImportError, FileNotFoundError):
        places.insert(0, Path(import_module("ruff.__main__").find_ruff_bin()))
    on_path = shutil.which("ruff")
    return [*places, Path(on_path)] if on_path else places
