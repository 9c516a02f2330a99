"""Scope rule: settings of linters, type checkers, coverage and pytest made to find less.

Promises: pure. Files are read as data, never as the tool reads them; a setting counts only if its new value
lets more through than the old one did (a list of exceptions that grows, a threshold that falls, a check that
is switched off). A file that cannot be read any more counts too. Honest limits: the settings known here are
those of ruff, flake8, pylint, mypy, pyright, coverage, bandit and pytest.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import PurePosixPath
from typing import Any

from assay.gates.scope_types import ChangedFile, Hit
from assay.model.candidate import Record
from assay.model.expressions import expression

Settings = dict[str, Any]
"""Dotted key to value: a number, a truth value, a string, or a list of strings."""


class Worse(Enum):
    """Which way a setting lets more through."""

    LONGER = "has more exceptions"
    SHORTER = "covers less"
    LOWER = "is lower"
    HIGHER = "is higher"
    OFF = "is switched off"
    ON = "is switched on"


class _Rule(Record, frozen=True, kw_only=True):
    key: re.Pattern[str]
    worse: Worse


def _rules(*rows: tuple[str, Worse]) -> tuple[_Rule, ...]:
    return tuple(_Rule(key=expression(key), worse=worse) for key, worse in rows)


_RUFF = r"tool\.ruff\."
_MYPY = r"(?:tool\.)?mypy(?:-.+?)?(?:\.overrides)?\."
_STRICT = (
    r"strict|disallow_\w+|check_untyped_defs|warn_\w+|no_implicit_\w+|strict_\w+|extra_checks"
    r"|local_partial_types"
)
_LENIENT = r"ignore_errors|ignore_missing_imports|allow_\w+|implicit_\w+|follow_untyped_imports"
_PYLINT = r"(?:tool\.pylint\.)?"
_COVERAGE = r"(?:tool\.coverage\.)?"
RULES = _rules(
    (_RUFF + r"(?:extend-)?(?:ignore|per-file-ignores\b.*|exclude|unfixable)", Worse.LONGER),
    (_RUFF + r"(?:extend-)?(?:select|include)", Worse.SHORTER),
    (_RUFF + r"(?:line-length|(?:mccabe|pylint)\.max-.+)", Worse.HIGHER),
    (r"flake8\.(?:extend-)?(?:ignore|exclude|per-file-ignores)", Worse.LONGER),
    (r"flake8\.(?:extend-)?select", Worse.SHORTER),
    (r"flake8\.max-.+", Worse.HIGHER),
    (_PYLINT + r"(?:messages[ _]control\.disable|ma(?:in|ster)\.ignore.*)", Worse.LONGER),
    (_PYLINT + r"ma(?:in|ster)\.fail-under", Worse.LOWER),
    (_MYPY + rf"(?:{_STRICT})", Worse.OFF),
    (_MYPY + rf"(?:{_LENIENT})", Worse.ON),
    (_MYPY + r"(?:disable_error_code|exclude)", Worse.LONGER),
    (_MYPY + r"(?:enable_error_code|files|packages)", Worse.SHORTER),
    (r"tool\.pyright\.(?:exclude|ignore)", Worse.LONGER),
    (r"tool\.pyright\.(?:include|strict)", Worse.SHORTER),
    (r"tool\.pyright\.(?:report\w+|strict\w+|typeCheckingMode)", Worse.OFF),
    (_COVERAGE + r"report\.fail_under", Worse.LOWER),
    (_COVERAGE + r"(?:report|run)\.(?:omit|exclude_lines|exclude_also|partial_branches)", Worse.LONGER),
    (_COVERAGE + r"run\.branch", Worse.OFF),
    (_COVERAGE + r"run\.(?:source|source_pkgs|include)", Worse.SHORTER),
    (r"(?:tool\.)?bandit\.(?:skips|exclude_dirs|exclude|skip)", Worse.LONGER),
    (r"(?:tool\.)?bandit\.tests", Worse.SHORTER),
    (r"pytest\.(?:xfail_strict|strict.*)", Worse.OFF),
    (r"pytest\.(?:testpaths|python_\w+|filterwarnings\.error)", Worse.SHORTER),
    (r"pytest\.(?:norecursedirs|addopts\.deselecting|filterwarnings\.ignore)", Worse.LONGER),
    (r"pytest\.timeout", Worse.HIGHER),
)

_LEVELS = {
    level: rank
    for rank, levels in enumerate(
        (
            ("none", "off", "false", "no", "0"),
            ("basic", "information"),
            ("standard", "warning"),
            ("strict", "error", "true", "yes", "on", "1"),
        )
    )
    for level in levels
}
"""How much words and truth values demand."""

_INI = frozenset(
    {"setup.cfg", "tox.ini", ".flake8", "mypy.ini", ".mypy.ini", ".coveragerc", ".bandit", ".pylintrc"}
)
_INI_MORE = frozenset({"pylintrc", "pytest.ini", ".pytest.ini"})
_TOML = {"pyproject.toml": "", "ruff.toml": "tool.ruff.", ".ruff.toml": "tool.ruff.", ".coveragerc.toml": ""}
_JSON = {"pyrightconfig.json": "tool.pyright."}
_DESELECTING = expression(r"^(?:--deselect|--ignore|--ignore-glob|-k|-m|-p|--noconftest|-x|--maxfail|-W)")
_PYTEST = expression(r"^(?:tool\.pytest\.ini_options|tool\.pytest|tool:pytest)\.")
_RUFF_LINT = expression(r"^tool\.ruff\.lint\.")
_NAMED = 3
_MAX_BYTES = 128 * 1024
"""Larger files hold no settings, and some formats take more than their length in time to read."""
_LISTS = expression(r"[\s,]+")


def weaker_settings(file: ChangedFile) -> Iterator[Hit]:
    """The settings of a changed file that let more through than on the base, in one finding."""
    path = file.change.path
    if file.old is None or not _is_known(file.change.old_path):
        # A new file of settings has no older one to be weaker than.
        return
    if not _is_known(path):
        yield _hit(path, "is no longer where its tool looks for it", file.change.old_path)
        return
    old = settings(file.change.old_path, file.old)
    if old is None:
        return
    new = settings(path, file.new) if file.new is not None else {}
    if new is None:
        yield _hit(path, "cannot be read any more", "unreadable")
        return
    worse = [
        (key, rule)
        for key in sorted(old.keys() | new.keys())
        if (rule := _rule_of(key)) is not None and _is_worse(rule.worse, old.get(key), new.get(key))
    ]
    if worse:
        said = [f"{key} {rule.worse.value}{_difference(old.get(key), new.get(key))}" for key, rule in worse]
        more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        yield _hit(path, "; ".join(said[:_NAMED]) + more, "; ".join(said))


def _rule_of(key: str) -> _Rule | None:
    return next((rule for rule in RULES if rule.key.fullmatch(key)), None)


def settings(path: str, content: bytes) -> Settings | None:
    """All settings of a file by dotted key; None if it cannot be read."""
    if len(content) > _MAX_BYTES:
        return None
    name = PurePosixPath(path).name
    text = content.decode("utf-8", "replace")
    try:
        if name in _TOML:
            flat = dict(_flat(tomllib.loads(text), _TOML[name]))
        elif name in _JSON:
            flat = dict(_flat(json.loads(text), _JSON[name]))
        else:
            parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
            parser.read_string(text)
            flat = {
                f"{section}.{key}".lower(): value
                for section in parser.sections()
                for key, value in parser.items(section)
            }
    except (ValueError, RecursionError, AttributeError, configparser.Error):
        return None
    # Ruff reads its settings with and without `lint.`.
    plain = {_PYTEST.sub("pytest.", _RUFF_LINT.sub("tool.ruff.", key)): value for key, value in flat.items()}
    return plain | dict(_pytest_parts(plain))


def _is_known(path: str) -> bool:
    return PurePosixPath(path).name in {*_INI, *_INI_MORE, *_TOML, *_JSON}


def _flat(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{prefix}{key}.")
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        # Overrides: what any of them says counts, for whichever modules.
        found: dict[str, list[Any]] = {}
        for each in value:
            for key, inner in _flat(each, prefix):
                found.setdefault(key, []).append(inner)
        yield from (
            (key, values[0] if len(values) == 1 else _loosest(values)) for key, values in found.items()
        )
    else:
        yield prefix[:-1], value


def _loosest(values: list[Any]) -> Any:
    """One value for several overrides: their lists joined, or how many of them say something else than no."""
    if all(isinstance(each, list) for each in values):
        return [item for each in values for item in each]
    return next((each for each in values if each is not False), False)


def _pytest_parts(flat: Settings) -> Iterator[tuple[str, list[str]]]:
    """The options and filters of pytest that decide what runs and what fails."""
    words = _words(flat.get("pytest.addopts"))
    chosen = [
        f"{word} {after}"
        for word, after in zip(words, [*words[1:], ""], strict=False)
        if _DESELECTING.match(word)
    ]
    if chosen:
        yield "pytest.addopts.deselecting", chosen
    filters = flat.get("pytest.filterwarnings")
    lines = filters.splitlines() if isinstance(filters, str) else filters if isinstance(filters, list) else []
    listed = [str(line).strip() for line in lines if str(line).strip()]
    yield "pytest.filterwarnings.error", [line for line in listed if line.startswith("error")]
    yield "pytest.filterwarnings.ignore", [line for line in listed if line.startswith(("ignore", "default"))]


def _is_worse(worse: Worse, old: object, new: object) -> bool:
    match worse:
        case Worse.LONGER:
            return not set(_words(new)) <= set(_words(old))
        case Worse.SHORTER:
            return bool(set(_words(old)) - set(_words(new))) and not _covers(new, old)
        case Worse.OFF:
            return old is not None and _level(new) < _level(old)
        case Worse.ON:
            return _level(new) > (_level(old) if old is not None else 0)
    before, after = _number(old), _number(new)
    if before is None or after is None:
        # No threshold any more is the lowest there is, and the tool's own for a highest.
        return before is not None and worse is Worse.LOWER
    return after < before if worse is Worse.LOWER else after > before


def _covers(new: object, old: object) -> bool:
    """Whether every old selector is within a wider new one: `E` covers `E501`, `ALL` everything."""
    words = set(_words(new))
    return "ALL" in words or all(any(each.startswith(word) for word in words) for each in _words(old))


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    if isinstance(value, str):
        return [word for word in _LISTS.split(re.sub(r"(?m)[#;].*$", "", value)) if word]
    return []


def _level(value: object) -> int:
    return _LEVELS.get(str(value).lower(), 0)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def _difference(old: object, new: object) -> str:
    more = [word for word in _words(new) if word not in _words(old)]
    fewer = [word for word in _words(old) if word not in _words(new)]
    if more or fewer:
        shown = ", ".join([*(f"+{word}" for word in more), *(f"-{word}" for word in fewer)])
        return f" ({shown[:120]})"
    return f" ({old} to {new})" if old is not None and new is not None else ""


def _hit(path: str, message: str, what: str) -> Hit:
    return Hit(rule="scope/config-weakened", path=path, message=message, what=what)
