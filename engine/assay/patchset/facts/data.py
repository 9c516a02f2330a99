"""Keys of data files: TOML, JSON and INI, and the entry points that a project declares.

Promises: pure; a file that cannot be read has no keys, and never raises.
"""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator

import msgspec

from assay.model.candidate import Record

MAX_BYTES = 512 * 1024
_DEEPEST = 12
_MOST = 20_000
_SUFFIXES = (".toml", ".json", ".ini", ".cfg")
_ENTRIES = ("project.scripts.", "project.gui-scripts.", "project.entry-points.", "tool.poetry.scripts.")


class EntryPoint(Record, frozen=True, kw_only=True):
    """A name that the project lends to one of its functions."""

    name: str
    target: str
    """`module:name`."""


class Data(Record, frozen=True, kw_only=True):
    """What a data file says: each value as text by its dotted key."""

    values: dict[str, str]
    entries: tuple[EntryPoint, ...] = ()


NO_DATA = Data(values={})


def is_data(path: str) -> bool:
    """Whether a path names such a file."""
    return path.endswith(_SUFFIXES)


def data_of(path: str, source: bytes) -> Data:
    """The keys of a data file."""
    if len(source) > MAX_BYTES:
        return NO_DATA
    try:
        values = dict(_flat(_load(path, source), "", 0))
    except (ValueError, RecursionError, configparser.Error, msgspec.DecodeError):
        return NO_DATA
    entries = []
    for key, value in values.items():
        if key.startswith(_ENTRIES) and ":" in value:
            entries.append(EntryPoint(name=key.rpartition(".")[2], target=value.split("[")[0].strip()))
    return Data(values=values, entries=tuple(entries))


def _load(path: str, source: bytes) -> object:
    text = source.decode()
    if path.endswith(".toml"):
        return tomllib.loads(text)
    if path.endswith(".json"):
        return msgspec.json.decode(source)
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {name: dict(section) for name, section in parser.items()}


def _flat(value: object, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < _DEEPEST:
        for count, (key, inner) in enumerate(value.items()):
            if count > _MOST:
                return
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1)
    elif prefix:
        yield prefix, str(value) if isinstance(value, str | int | float | bool) else repr(value)[:2000]
