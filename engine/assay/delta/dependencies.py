"""Declared dependencies: which requirement came, went or moved.

Promises: pure; names compare in their normal form (`Foo_Bar` is `foo-bar`); what a requirement says beyond
the name is its value, `any` if it says nothing. Reads pyproject.toml (project, dependency groups, build
system, poetry), requirements and constraints files, setup.cfg, package.json and go.mod; lock files follow
from these and are not read.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from assay.model.delta import DependencyChange

Requirements = dict[tuple[str, str], str]
"""(group, name) to what is required; the group is empty for what the product itself needs."""

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*)", re.DOTALL)
_GO_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.~-]+(?:/[\w.~-]+)+)\s+(v\S+)", re.MULTILINE)
_ANY = "any"


class UnreadableManifest(ValueError):
    """A file that should declare dependencies cannot be parsed."""


def is_manifest(path: str) -> bool:
    """Whether a file declares dependencies in a form that is read here."""
    return _reader(path) is not None


def requirements(path: str, text: str) -> Requirements:
    """What a manifest requires; nothing for an empty (or absent) one. Raises UnreadableManifest."""
    reader = _reader(path)
    if reader is None or not text.strip():
        return {}
    try:
        found: dict[tuple[str, str], list[str]] = {}
        for key, value in reader(text):
            found.setdefault(key, []).append(value)
        # One name with several markers is several lines; together they are what is required.
        return {key: " | ".join(sorted(set(values))) for key, values in found.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, configparser.Error) as error:
        raise UnreadableManifest(f"{path}: {error}") from error


def changed(path: str, old: Requirements, new: Requirements) -> tuple[DependencyChange, ...]:
    """The differences, sorted by group and name."""
    return tuple(
        DependencyChange(
            path=path, group=key[0], name=key[1], before=old.get(key, ""), after=new.get(key, "")
        )
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


_Entries = Iterator[tuple[tuple[str, str], str]]


def _reader(path: str) -> Callable[[str], _Entries] | None:
    pure = PurePosixPath(path)
    exact = {
        "pyproject.toml": _pyproject,
        "setup.cfg": _setup_cfg,
        "package.json": _package_json,
        "go.mod": _go_mod,
    }
    if pure.name in exact:
        return exact[pure.name]
    listed = re.fullmatch(r"(.*[-_.])?(requirements|constraints)([-_.].*)?\.(txt|in)", pure.name)
    return _listed if listed or (pure.parent.name == "requirements" and pure.suffix == ".txt") else None


def _pyproject(text: str) -> _Entries:
    data = tomllib.loads(text)
    project = data.get("project", {})
    yield from _specs("", project.get("dependencies", []))
    for group, specs in project.get("optional-dependencies", {}).items():
        yield from _specs(group, specs)
    for group, specs in data.get("dependency-groups", {}).items():
        yield from _specs(group, (spec for spec in specs if isinstance(spec, str)))
    yield from _specs("build", data.get("build-system", {}).get("requires", []))
    poetry = data.get("tool", {}).get("poetry", {})
    yield from _table("", poetry.get("dependencies", {}))
    yield from _table("dev", poetry.get("dev-dependencies", {}))
    for group, content in poetry.get("group", {}).items():
        yield from _table(group, content.get("dependencies", {}))


def _setup_cfg(text: str) -> _Entries:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    if parser.has_section("options"):
        yield from _specs("", parser.get("options", "install_requires", fallback="").splitlines())
    if parser.has_section("options.extras_require"):
        for group, value in parser.items("options.extras_require"):
            yield from _specs(group, re.split(r"[\n]", value))


def _listed(text: str) -> _Entries:
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    # Options (-r, -e, --hash) name no requirement; hashes behind one are not its version.
    yield from _specs(
        "", (re.split(r"\s--\w", line)[0] for line in lines if line and not line.startswith("-"))
    )


def _package_json(text: str) -> _Entries:
    data = json.loads(text)
    for key, group in (
        ("dependencies", ""),
        ("devDependencies", "dev"),
        ("peerDependencies", "peer"),
        ("optionalDependencies", "optional"),
    ):
        for name, value in (data.get(key) or {}).items():
            yield (group, name), str(value) or _ANY


def _go_mod(text: str) -> _Entries:
    bare = re.sub(r"//.*", "", text)
    bare = re.sub(
        r"(?ms)^\s*(replace|exclude|retract)\s*\(.*?^\s*\)|^\s*(replace|exclude|retract)\b.*?$", "", bare
    )
    for name, version in _GO_REQUIRE.findall(bare):
        yield ("", name), version


def _specs(group: str, specs: Iterable[str]) -> _Entries:
    for spec in specs:
        found = _REQUIREMENT.fullmatch(spec)
        if found:
            yield (group, _name(found[1])), " ".join(found[2].split()) or _ANY


def _table(group: str, table: dict[str, Any]) -> _Entries:
    """Poetry's form: a version, a table with a version or a place, or a list of such tables."""
    for name, value in table.items():
        if isinstance(value, str):
            text = value
        elif isinstance(value, dict) and set(value) == {"version"}:
            text = str(value["version"])
        else:
            text = json.dumps(value, sort_keys=True, default=str)
        yield (group, _name(name)), _ANY if text == "*" else text


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()
