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
    History("more-itertools", 2014, ("six", "pynose")),
    History("freezegun", 2015, ("python-dateutil", "maya", "six", "mock", "pynose")),
    History("marshmallow", 2017, ("python-dateutil", "pytz", "simplejson", "packaging", "six")),
    History("click", 2018),
    History(
        "rich",
        2020,
        ("pygments", "markdown-it-py", "attrs", "typing_extensions", "commonmark", "colorama", "pprintpp"),
    ),
)
"""Of many others no one environment runs the suite over the years, or a commit costs minutes. What tests
read of their project's own distribution is not there: it is not installed, but on the path."""

_OLDER = """
import collections, collections.abc
for name in collections.abc.__all__:
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
"""
"""Names that code of before Python 3.10 expects, for the environments of these projects."""


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
        for site in (place / "venv/lib").glob("python*/site-packages"):
            (site / "_older_names.py").write_text(_OLDER)
            (site / "_older_names.pth").write_text("import _older_names\n")
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
