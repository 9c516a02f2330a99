"""Which interpreter a project has, and which directories that interpreter needs.

Promises: reads names, links and `pyvenv.cfg`, and starts nothing. A directory counts as an installation of
Python only if its standard library is there, so that a link in somebody's `~/bin` does not show their home.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from assay.model.candidate import Record
from assay.model.errors import BadInput

_SYSTEM = tuple(Path(top) for top in ("/usr", "/bin", "/sbin", "/lib", "/lib64"))
_MAX_LINKS = 40


class Interpreter(Record, frozen=True, kw_only=True):
    """An interpreter: `python` as it is to be started, the virtual environment it belongs to, if any, and
    the installation of Python beneath it. `shown` maps every further path that must be there inside to the
    host path that is shown there."""

    python: Path
    real: Path
    environment: Path | None
    base: Path
    system_packages: bool
    shown: dict[Path, Path]


def find_interpreter(root: Path, named: str, environ: Mapping[str, str]) -> Interpreter:
    """The interpreter that the policy names, else the first of .venv, venv, $VIRTUAL_ENV and python3 on the
    path. Raises BadInput when there is none."""
    if named:
        return _describe(_named(root, named))
    for place in (root / ".venv", root / "venv", Path(environ.get("VIRTUAL_ENV") or "/nonexistent")):
        python = place / "bin" / "python"
        if _is_program(python):
            return _describe(python)
    found = _on_path(environ.get("PATH") or os.defpath)
    if found is None:
        raise BadInput(
            "no Python interpreter for the project: no .venv, no venv, no $VIRTUAL_ENV, no python3",
            where=str(root),
            fix="make a virtual environment in .venv, or name one as `python` in the policy's [environment]",
        )
    return _describe(found)


def is_system(path: Path) -> bool:
    """Whether every jail shows `path` anyway."""
    return any(path == top or top in path.parents for top in _SYSTEM)


def _named(root: Path, named: str) -> Path:
    python = root / Path(named).expanduser()
    if (python / "bin" / "python").exists():
        python = python / "bin" / "python"
    if not _is_program(python):
        raise BadInput(
            f"the interpreter {named!r} is not there or is no program",
            where="policy [environment] python",
            fix="name a program relative to the repository's root, or absolutely",
        )
    return Path(os.path.normpath(python))


def _on_path(path: str) -> Path | None:
    """The first python3 outside of Assay's own virtual environment; that one only if there is no other.

    Only a real interpreter counts: the scripts that version managers put on the path choose one by what they
    find in the user's home, which no jail shows.
    """
    own = Path(sys.prefix).resolve() if sys.prefix != sys.base_prefix else None
    last = None
    for directory in path.split(os.pathsep):
        for name in ("python3", "python"):
            python = Path(directory) / name
            if not directory.startswith("/") or not _is_program(python):
                continue
            if not _is_installation(python.resolve().parent.parent):
                continue
            if own is None or Path(directory).resolve() != own / "bin":
                return python
            last = last or python
    return last


def _describe(python: Path) -> Interpreter:
    real = python.resolve()
    environment = python.parent.parent if (python.parent.parent / "pyvenv.cfg").is_file() else None
    shown: dict[Path, Path] = {}
    settings = _settings(environment) if environment is not None else {}
    base = real.parent.parent
    if environment is None:
        # Outside of a virtual environment the path it was found by means nothing to it.
        python = real
    else:
        shown[environment] = environment.resolve()
        for hop in _hops(python):
            if environment not in hop.parents:
                _show(shown, hop)
        home = settings.get("home", "")
        if home.startswith("/") and _is_installation(Path(home).parent):
            base = Path(home).parent
            _show(shown, base / "bin" / "python3")
    _show(shown, real)
    return Interpreter(
        python=python,
        real=real,
        environment=environment,
        base=base.resolve(),
        system_packages=settings.get("include-system-site-packages", "false").lower() == "true",
        shown={target: source for target, source in shown.items() if not is_system(target)},
    )


def _show(shown: dict[Path, Path], program: Path) -> None:
    """Show the installation of which `program` is part, at the path that it is named by and at its own."""
    prefix = program.parent.parent
    if _is_installation(prefix):
        shown[prefix] = prefix.resolve()
        shown[prefix.resolve()] = prefix.resolve()
    elif program.exists():
        shown[program] = program.resolve()


def _is_installation(prefix: Path) -> bool:
    if len(prefix.parts) < 2:
        return False
    return any(True for _ in prefix.glob("lib/python3*/os.py")) or (prefix / "pyvenv.cfg").is_file()


def _hops(path: Path) -> list[Path]:
    """Every path that the links from `path` lead through, the last one included."""
    hops = []
    for _ in range(_MAX_LINKS):
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        hops.append(path)
    return hops


def _settings(environment: Path) -> dict[str, str]:
    text = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _is_program(path: Path) -> bool:
    # Not by `Path.is_file`, which raises where a directory on the path is closed to this user.
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113
