"""Projects for the pairs: where their clones and environments are, and what their tests need.

Promises: a project is cloned and installed once, under a directory of the caller's; of what is found there
ready nothing is changed. Needs a package index for the first run, through pip under its usual configuration.
"""

from __future__ import annotations

import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from assay.repo.repository import Repository, open_repository

_PYTEST = "pytest<9"
"""Suites of these years predate pytest 9, and some fail under it."""

NEEDS: dict[str, tuple[str, ...]] = {
    "cookiecutter": ("pytest-mock", "freezegun"),
    "deepdiff": (
        *("numpy", "jsonpickle", "ordered-set", "click", "pyyaml", "toml", "tomli", "tomli_w"),
        *("python-dateutil", "mock", "pytz", "polars", "pydantic", "uuid6"),
    ),
    "glom": ("attrs", "pyyaml"),
    "humanize": ("freezegun", "pytest-benchmark"),
    "jsonschema": ("jsonpath-ng", "pyrsistent", "attrs"),
    "loguru": ("colorama", "freezegun"),
    "markdown": ("pyyaml",),
    "mistune": (),
    "packaging": ("pretend", "hypothesis", "tomli_w"),
    "python-dotenv": ("click", "sh"),
    "starlette": ("httpx", "trio", "jinja2", "python-multipart", "itsdangerous", "pyyaml"),
    "structlog": ("freezegun", "pretend", "time-machine", "pytest-asyncio", "simplejson", "twisted", "rich"),
    "tabulate": ("wcwidth",),
    "tenacity": ("tornado", "typeguard", "pytest-asyncio", "trio"),
    "tomlkit": ("pyyaml",),
    "voluptuous": (),
    "webargs": (*("webtest", "pytest-asyncio", "Flask", "Django", "bottle", "tornado", "pyramid", "falcon"),),
}
"""Of projects that are known here, what their tests need besides pytest and the project itself."""

ARGS: dict[str, tuple[str, ...]] = {
    "humanize": ("--benchmark-disable",),
    "markdown": ("--ignore=tests/test_syntax/extensions/test_md_in_html.py",),
    "tomlkit": ("--ignore=tests/test_toml_tests.py",),
    "webargs": ("--ignore=tests/test_aiohttpparser.py", "--ignore=tests/test_tornadoparser.py"),
}
"""Arguments of pytest: without test files that no longer run, or not without what is not in the clone."""


@dataclass(frozen=True)
class Place:
    """A project made ready: the clone, with its environment in `.venv`, and where answers are kept."""

    name: str
    repo: Repository
    python: Path
    args: tuple[str, ...]
    answers: Path


def ready(name: str, history: Path, kept: Path, *, install: bool) -> Place:
    """The project of that name, cloned from `history` and, if so asked, installed at the first call. Raises
    `CalledProcessError` where that cannot be."""
    place = kept / name
    repo = place / "repo"
    if not repo.exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "-q", str(history), str(repo)], check=True)
        with (repo / ".git/info/exclude").open("a") as exclude:
            exclude.write(".venv\n")
    python = repo / ".venv/bin/python"
    if install and not (place / "installed").exists():
        shutil.rmtree(repo / ".venv", ignore_errors=True)
        venv.create(repo / ".venv", with_pip=True)
        pip = [str(python), "-m", "pip", "-q", "install"]
        subprocess.run([*pip, _PYTEST, *NEEDS.get(name, ())], check=True)
        subprocess.run([*pip, "-e", str(repo)], check=True)
        (place / "installed").touch()
    return Place(name, open_repository(repo), python, ARGS.get(name, ()), place / "answers.jsonl")
