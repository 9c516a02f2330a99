"""Declared dependencies: which requirement came, went or moved.

Promises: pure; names compare in their normal form (`Foo_Bar` is `foo-bar`); what a requirement says beyond
the name is its value, `any` if it says nothing. Reads pyproject.toml (project, dependency groups, build
system, poetry), requirements and constraints files, setup.cfg, the literals in setup.py, Pipfile,
package.json, go.mod and Cargo.toml; lock files follow from these and are not read.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from assay.gates.syntax import last_name, parse
from assay.model.delta import DependencyChange
from assay.model.expressions import expression

Requirements = dict[tuple[str, str], str]
"""(group, name) to what is required; the group is empty for what the product itself needs."""

_REQUIREMENT = expression(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*)", re.DOTALL)
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
        "setup.py": _setup_py,
        "Pipfile": _pipfile,
        "Cargo.toml": _cargo,
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


def setup_py(text: str) -> tuple[ast.Module | None, list[ast.keyword]]:
    """A setup.py's tree and what it passes to `setup(...)` by name; no tree where it cannot be parsed."""
    module = parse(text.encode("utf-8", "replace"))
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call)) if module is not None else ()
    call = next((call for call in calls if last_name(call) == "setup"), None)
    return module, call.keywords if call is not None else []


def _setup_py(text: str) -> _Entries:
    given = {word.arg: _literal(word.value) for word in setup_py(text)[1] if word.arg}
    for key, group in (("install_requires", ""), ("setup_requires", "build"), ("tests_require", "test")):
        yield from _specs(group, _strings(given.get(key)))
    extras = given.get("extras_require")
    for group, specs in (extras if isinstance(extras, dict) else {}).items():
        yield from _specs(str(group), _strings(specs))


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []


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
    block = ""
    for line in text.splitlines():
        words = line.partition("//")[0].replace("(", " ( ").split()
        if words[1:2] == ["("]:
            block = words[0]
        elif words[:1] == [")"]:
            block = ""
        elif block in ("", "require"):
            yield from _go_required(words if block else words[1:] if words[:1] == ["require"] else [])


def _go_required(words: list[str]) -> _Entries:
    if len(words) > 1 and "/" in words[0] and words[1].startswith("v"):
        yield ("", words[0]), words[1]


def _pipfile(text: str) -> _Entries:
    data = tomllib.loads(text)
    yield from _table("", data.get("packages", {}))
    yield from _table("dev", data.get("dev-packages", {}))


def _cargo(text: str) -> _Entries:
    data = tomllib.loads(text)
    for place in (data, data.get("workspace", {}), *data.get("target", {}).values()):
        yield from _table("", place.get("dependencies", {}))
        yield from _table("dev", place.get("dev-dependencies", {}))
        yield from _table("build", place.get("build-dependencies", {}))


def _specs(group: str, specs: Iterable[str]) -> _Entries:
    for spec in specs:
        found = _REQUIREMENT.fullmatch(spec)
        if found:
            yield (group, _name(found[1])), " ".join(found[2].split()) or _ANY


def _table(group: str, table: dict[str, Any]) -> _Entries:
    """Poetry's form, Pipfile's and Cargo's: a version, a table that has one or a place, or several."""
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
