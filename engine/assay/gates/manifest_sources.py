"""Where a manifest lets dependencies come from, and what it makes run when the project is built.

Promises: pure. Both answers are named entries, so that two versions of a file can be compared; code in a
setup.py is one entry by its digest. Raises `UnreadableManifest` as the reader of requirements does.
"""

from __future__ import annotations

import ast
import configparser
import json
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from assay.gates.manifests import UnreadableManifest, requirements, setup_py
from assay.gates.syntax import REFUSED
from assay.gates.testing.definitions import digest
from assay.model.expressions import expression

Declared = dict[str, str]
"""What is declared, by a name that a person can find in the file."""

_FILES = frozenset(
    {"pip.conf", "pip.ini", ".pypirc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".condarc", "uv.toml"}
)
_ELSEWHERE = expression(
    r"://|\b(?:git|hg|svn|bzr)\+|\bgit@|\"(?:git|url|path|file|registry)\"\s*:"
    r"|(?:^|\s)(?:file|link|github|gitlab):|^[\w.-]+/[\w.-]+$"
)
_OPTIONS = frozenset(
    {
        "-i", "-f", "-e", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--no-index",
        "--editable", "--pre",
    }
)  # fmt: skip
_SCRIPTS = ("preinstall", "install", "postinstall", "prepare", "prepublish", "prepack")
_PYPROJECT_SOURCES = (
    ("tool", "uv", "sources"), ("tool", "uv", "index"), ("tool", "uv", "index-url"),
    ("tool", "uv", "extra-index-url"), ("tool", "uv", "find-links"), ("tool", "uv", "pip"),
    ("tool", "poetry", "source"), ("tool", "pdm", "source"),
    ("tool", "hatch", "metadata", "allow-direct-references"),
)  # fmt: skip
_PYPROJECT_BUILDS = (
    ("build-system", "build-backend"), ("build-system", "backend-path"), ("tool", "setuptools", "cmdclass"),
    ("tool", "setuptools", "ext-modules"), ("tool", "hatch", "build", "hooks"), ("tool", "poetry", "build"),
    ("tool", "pdm", "build"), ("project", "entry-points", "pytest11"),
    ("tool", "poetry", "plugins", "pytest11"), ("tool", "flit", "entrypoints", "pytest11"),
)  # fmt: skip
_CARGO_SOURCES = (("patch",), ("replace",), ("registries",), ("source",))
_LITERALS = frozenset({"install_requires", "extras_require", "setup_requires", "tests_require"})
_HOOKS = frozenset({"cmdclass", "ext_modules", "distclass", "entry_points", "scripts", "script_args"})


def is_source_file(path: str) -> bool:
    """Whether a file's whole purpose is to say where dependencies come from."""
    pure = PurePosixPath(path)
    return pure.name in _FILES or pure.parts[-2:] in ((".cargo", "config"), (".cargo", "config.toml"))


def sources(path: str, text: str) -> Declared:
    """Direct references, indexes and replacements."""
    if not text.strip():
        return {}
    found = {
        f"{group}: {name}" if group else name: value
        for (group, name), value in requirements(path, text).items()
        if _ELSEWHERE.search(value)
    }
    return found | _read(path, text, _SOURCES)


def builds(path: str, text: str) -> Declared:
    """Backends, hooks and plugins that run when the project is built or its tests start."""
    return _read(path, text, _BUILDS) if text.strip() else {}


def _read(path: str, text: str, readers: dict[str, Any]) -> Declared:
    pure = PurePosixPath(path)
    reader = readers.get(pure.name) or (readers["*.txt"] if pure.suffix in (".txt", ".in") else None)
    if reader is None:
        return {}
    try:
        return dict(reader(text))
    except (ValueError, TypeError, AttributeError, RecursionError, configparser.Error) as error:
        raise UnreadableManifest(f"{path}: {error}") from error


_Entries = Iterator[tuple[str, str]]


def _toml(text: str, places: tuple[tuple[str, ...], ...]) -> _Entries:
    data = tomllib.loads(text)
    for place in places:
        value: Any = data
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None and value is not False:
            yield ".".join(place), json.dumps(value, sort_keys=True, default=str)


def _options(text: str) -> _Entries:
    for line in text.splitlines():
        option, _, value = line.strip().replace("=", " ", 1).partition(" ")
        local = option in ("-e", "--editable") and value.strip().startswith(".")
        if option in _OPTIONS and not local:
            yield f"{option} {value.strip()}".strip(), ""


def _no_entries(_text: str) -> _Entries:
    yield from ()


def _package_builds(text: str) -> _Entries:
    scripts = json.loads(text).get("scripts") or {}
    for name in _SCRIPTS:
        if name in scripts:
            yield f"scripts.{name}", str(scripts[name])


def _go_replace(text: str) -> _Entries:
    for line in text.splitlines():
        old, arrow, new = line.partition("//")[0].partition("=>")
        if arrow:
            yield f"replace {old.replace('replace', '', 1).strip()}", new.strip()


def _cfg_builds(text: str) -> _Entries:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    for section, key in (
        ("options", "cmdclass"),
        ("global", "command_packages"),
        ("options.entry_points", "pytest11"),
    ):
        value = parser.get(section, key, fallback="")
        if value.strip():
            yield f"{section}.{key}", " ".join(value.split())


def _cfg_sources(text: str) -> _Entries:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read_string(text)
    for section, key in (
        ("options", "dependency_links"),
        ("easy_install", "index_url"),
        ("easy_install", "find_links"),
    ):
        value = parser.get(section, key, fallback="")
        if value.strip():
            yield f"{section}.{key}", " ".join(value.split())


def _setup_sources(text: str) -> _Entries:
    for word in setup_py(text)[1]:
        if word.arg == "dependency_links":
            yield "dependency_links", ast.unparse(word.value)


def _setup_builds(text: str) -> _Entries:
    """The hooks that setup() is given, and the digest of all code of a setup.py that is no plain data."""
    module, words = setup_py(text)
    if module is None:
        yield "setup.py", "code that cannot be parsed"
        return
    hooks = [word for word in words if word.arg in _HOOKS and not _is_harmless(word)]
    for word in hooks:
        yield f"setup({word.arg}=)", ast.unparse(word.value)
    words[:] = [
        word for word in words if word not in hooks and word.arg not in _LITERALS and not _is_data(word.value)
    ]
    yield "the code of setup.py", digest(module)


def _is_harmless(word: ast.keyword) -> bool:
    """Whether a hook is an entry point that no test run loads."""
    return word.arg in ("entry_points", "scripts") and "pytest11" not in ast.unparse(word.value)


def _is_data(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (TypeError, *REFUSED):
        return False
    return True


_SOURCES = {
    "pyproject.toml": lambda text: _toml(text, _PYPROJECT_SOURCES),
    "Pipfile": lambda text: _toml(text, (("source",),)),
    "Cargo.toml": lambda text: _toml(text, _CARGO_SOURCES),
    "go.mod": _go_replace,
    "setup.cfg": _cfg_sources,
    "setup.py": _setup_sources,
    "package.json": _no_entries,
    "*.txt": _options,
}
_BUILDS = {
    "pyproject.toml": lambda text: _toml(text, _PYPROJECT_BUILDS),
    "package.json": _package_builds,
    "Cargo.toml": lambda text: _toml(text, (("package", "build"),)),
    "setup.cfg": _cfg_builds,
    "setup.py": _setup_builds,
    "*.txt": _no_entries,
}
