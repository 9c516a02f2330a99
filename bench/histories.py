"""Real histories for the benchmarks: which projects, from which year on, and what their tests need today.

Promises: a history is cloned from where the caller says, mined once, and kept with an environment of its own
under one directory, so that a second run asks nobody. Nothing of a project is changed.
"""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from assay.repo.repository import open_repository
from assay.risk.history.labels import blames
from assay.risk.history.log import read_log
from assay.risk.history.mine import PATHS, WINDOW, mine
from bench.risk_tables import VERSION, Table, load, save

_PYTEST = "pytest<9"
"""Suites of these years predate pytest 9, and some fail under it."""


@dataclass(frozen=True)
class History:
    """A project whose tests need nothing but Python: since which year today's Python and pytest run them, and
    with which arguments."""

    name: str
    since: int
    needs: tuple[str, ...] = ()
    args: tuple[str, ...] = ("-W", "ignore")


HISTORIES = (
    History("cachetools", 2014),
    History("boltons", 2014),
    History("sqlparse", 2014, args=("-W", "ignore", "-c", "/dev/null")),
    History("more-itertools", 2014),
    History("itsdangerous", 2016, ("freezegun",)),
    History("freezegun", 2015, ("python-dateutil", "maya")),
    History("pytest-mock", 2016, ("pytest-mock", "pytest-asyncio", "mock")),
    History("marshmallow", 2017, ("python-dateutil", "pytz", "simplejson", "packaging")),
    History("markdown", 2018, ("markdown", "pyyaml")),
    History("jsonschema", 2017, ("jsonschema", "attrs", "pyrsistent")),
    History(
        "deepdiff",
        2020,
        ("numpy<2", "orderly-set", "ordered-set", "jsonpickle", "pyyaml", "toml", "click", "pytz"),
    ),
    History("parso", 2018),
    History("jinja", 2019, ("markupsafe", "trio")),
    History("click", 2018),
    History(
        "starlette",
        2019,
        ("anyio", "httpx", "requests", "jinja2", "itsdangerous", "python-multipart", "pyyaml", "trio"),
    ),
    History("werkzeug", 2019, ("markupsafe", "ephemeral-port-reserve", "watchdog", "cryptography")),
    History("rich", 2020, ("pygments", "markdown-it-py", "attrs", "typing_extensions", "commonmark")),
)
"""Of more than these the suites take too long, or no one environment runs them over the years."""


@dataclass(frozen=True)
class Ready:
    """A history made ready: a clone of it, the interpreter that has what its tests need, its commits."""

    history: History
    repo: Path
    python: Path
    table: Table

    @property
    def since(self) -> int:
        """The first second of its first year."""
        return int(datetime(self.history.since, 1, 1, tzinfo=UTC).timestamp())


def ready(history: History, histories: Path, kept: Path) -> Ready:
    """The history, cloned from `histories` (`name`, or `owner+name/repo`), mined and installed at the first
    call. Raises LookupError where there is no such clone."""
    place = kept / history.name
    repo, rows, python = place / "repo", place / f"rows-{VERSION}.msgpack", place / "venv/bin/python"
    if not repo.exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "-q", str(_found(history.name, histories)), str(repo)], check=True)
    if not rows.exists():
        found = mine(open_repository(repo))
        save(Table(name=history.name, until=max(row.time for row in found), rows=tuple(found)), rows)
    if not (place / "installed").exists():
        shutil.rmtree(place / "venv", ignore_errors=True)
        venv.create(place / "venv", with_pip=True)
        subprocess.run([str(python), "-m", "pip", "-q", "install", _PYTEST, *history.needs], check=True)
        (place / "installed").touch()
    return Ready(history, repo, python, load(rows))


def blamed(place: Ready) -> dict[str, frozenset[tuple[str, int]]]:
    """By commit, the lines of its own version that fixes within 365 days took away; kept like the rest."""
    kept = place.repo.parent / f"blamed-{VERSION}.msgpack"
    if not kept.exists():
        written = {row.commit: row.time for row in place.table.rows}
        lines: dict[str, set[tuple[str, int]]] = defaultdict(set)
        repo = open_repository(place.repo)
        for blame in blames(repo, read_log(repo, "HEAD", paths=PATHS)):
            if blame.time <= written.get(blame.commit, -WINDOW) + WINDOW:
                lines[blame.commit].update(blame.lines)
        kept.write_bytes(msgspec.msgpack.encode({commit: sorted(own) for commit, own in lines.items()}))
    found = msgspec.msgpack.decode(kept.read_bytes(), type=dict[str, list[tuple[str, int]]])
    return {commit: frozenset(own) for commit, own in found.items()}


def _found(name: str, histories: Path) -> Path:
    for place in sorted(histories.glob("[!.]*/")):
        if place.name.rpartition("+")[2].removesuffix(".git") == name:
            return place / "repo" if (place / "repo").is_dir() else place
    raise LookupError(f"there is no clone of {name} in {histories}")
