"""Files of data as flat settings: key path to value, whatever the format.

Promises: pure; never builds objects from what a file says and never follows a YAML alias, so that no file
costs more than its size; bounded in size and depth. Items of a list go by their `name`, `id`, `uses` or
`repo` where they have one, else a list of plain values is one value and other items go by their number.
Raises UnreadableSettings.
"""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

Flat = dict[str, str]
"""Dotted key path to the value as a short text."""

MAX_BYTES = 256 * 1024
_DEEPEST = 60
_MOST = 20_000
_MOST_KEYS = 8 * 1024 * 1024
"""Characters of all key paths together."""
_TOP = "\0top"
_NAMES = ("name", "id", "uses", "repo", "key", "title")
_INI = frozenset({".cfg", ".ini", ".conf", ".properties"})
_INI_NAMES = frozenset({".flake8", ".coveragerc", ".pylintrc", "pylintrc", ".bandit", ".editorconfig"})


class UnreadableSettings(ValueError):
    """A file of settings that cannot be read as one."""


def is_settings(path: str) -> bool:
    """Whether a file is data in a format that is read here."""
    pure = PurePosixPath(path)
    return pure.suffix in {".toml", ".json", ".yaml", ".yml", *_INI} or pure.name in _INI_NAMES


def flat(path: str, content: bytes) -> Flat:
    """The settings of a file; none for an empty one."""
    if len(content) > MAX_BYTES:
        raise UnreadableSettings("it is too big")
    try:
        text = content.decode()
        found: Flat = {}
        size = 0
        data = _read(path, text)
        for key, value in _leaves(data, "", 0) if data else ():
            found[key] = value
            size += len(key)
            if len(found) > _MOST or size > _MOST_KEYS:
                raise UnreadableSettings("it has too many settings")
    except (ValueError, TypeError, RecursionError, configparser.Error) as error:
        raise UnreadableSettings(str(error)) from error
    return found


def _read(path: str, text: str) -> Any:
    suffix = PurePosixPath(path).suffix
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text) if text.strip() else {}
    if suffix in (".yaml", ".yml"):
        from assay.delta.yaml_events import load

        return load(text)
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0none")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    # Some formats have settings before the first section.
    parser.read_string(f"[{_TOP}]\n{text}")
    found = {section: dict(parser.items(section)) for section in parser.sections()}
    return found.pop(_TOP, {}) | found


def _leaves(value: Any, key: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        raise UnreadableSettings("it is nested too deeply")
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(each, _joined(key, name), depth + 1)
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        taken: dict[str, int] = {}
        for number, each in enumerate(value):
            name = _name(each, number)
            taken[name] = taken.get(name, 0) + 1
            again = f"#{taken[name]}" if taken[name] > 1 else ""
            yield from _leaves(each, f"{key}[{name}{again}]", depth + 1)
    else:
        yield key, _text(value)


def _joined(key: str, name: object) -> str:
    shown = str(name)
    part = f'"{shown}"' if "." in shown else shown
    return f"{key}.{part}" if key else part


def _name(item: Any, number: int) -> str:
    if isinstance(item, Mapping):
        for name in _NAMES:
            if isinstance(item.get(name), str):
                # A version behind the name would make another item of each release.
                return str(item[name]).partition("@")[0]
    return str(number)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return " ".join(str(value).split()) if isinstance(value, str) else str(value)
