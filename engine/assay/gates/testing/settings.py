"""pytest's own part of the files that may hold its configuration.

Promises: pure, and raises nothing for what a file holds. A file that does not parse counts whole, since
nobody knows what pytest will make of it.
"""

from __future__ import annotations

import configparser
import shlex
import tomllib
from collections.abc import Mapping, Sequence

_WHOLLY = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"})
_INI_SECTIONS = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}

FILES = (*sorted(_WHOLLY), *_INI_SECTIONS, "pyproject.toml")
"""The names under which pytest looks for its configuration, in any directory."""


def section(name: str, data: bytes | None) -> object:
    """pytest's own part of the file `name` (one of `FILES`), in a form that can be compared; None if none."""
    if data is None:
        return None
    if name in _WHOLLY:
        return data
    return _parsed(name, data)


def python_path(name: str, data: bytes | None) -> tuple[str, ...]:
    """What the file `name` has pytest put on the module path, relative to the file."""
    return _words(name, data, "pythonpath")


def python_files(name: str, data: bytes | None) -> tuple[str, ...]:
    """The patterns by which pytest tells test files, as the file `name` sets them; empty if it does not."""
    return _words(name, data, "python_files")


def _words(name: str, data: bytes | None, key: str) -> tuple[str, ...]:
    found = None if data is None else _parsed(name, data)
    if name.endswith(".toml") and isinstance(found, Mapping):
        found = found.get("ini_options", found)
    value = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    return tuple(filter(_is_text, value)) if isinstance(value, Sequence) else ()


def named_by(args: Sequence[str]) -> tuple[str, ...]:
    """The configuration file that pytest's command line names, if any."""
    found: list[str] = []
    for position, arg in enumerate(args):
        if arg in ("-c", "--config-file"):
            found += args[position + 1 : position + 2]
        elif arg.startswith("--config-file="):
            found.append(arg.partition("=")[2])
        elif arg.startswith("-c") and not arg.startswith("--"):
            found.append(arg[2:])
    return tuple(found)


def _parsed(name: str, data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    try:
        if name.endswith(".toml"):
            table = tomllib.loads(text)
            tool = table.get("tool", {})
            if name != "pyproject.toml":
                return table.get("pytest", {})
            return tool.get("pytest") if isinstance(tool, dict) else None
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        title = _INI_SECTIONS.get(name, "pytest")
        return dict(parser[title]) if parser.has_section(title) else None
    except (tomllib.TOMLDecodeError, configparser.Error, RecursionError):
        return data


def _is_text(value: object) -> bool:
    return isinstance(value, str)
