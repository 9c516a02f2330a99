"""Tables to train and to measure risk models on: commits with features and labels, mined once and kept.

Promises: a table is mined from a repository's objects alone, and kept in a directory under a name that says
how it was made; labels of the training repositories come from the published table, all others from `mine`.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Container
from pathlib import Path

import msgspec
from msgspec.structs import replace

from assay.model.candidate import Record
from assay.repo.repository import open_repository
from assay.risk.history.mine import Row, mine

VERSION = 1


class Table(Record, frozen=True, kw_only=True):
    """The commits of one repository by time. `until`: when its history was taken; nothing is known after."""

    name: str
    until: int
    rows: tuple[Row, ...]


def mined(
    histories: Path,
    kept: Path,
    *,
    labels: bool,
    only: Container[str] | None = None,
    besides: Container[str] = (),
) -> dict[str, Path]:
    """Mine every repository under `histories` that is not kept yet; the tables by repository name. `only`:
    no others than these; `besides`: all but these."""
    kept.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for place in sorted(histories.glob("[!.]*/")):
        where = place / "repo" if (place / "repo").is_dir() else place
        name = place.name.rpartition("+")[2].removesuffix(".git")
        if (only is not None and name not in only) or name in besides:
            continue
        target = kept / f"{name}-{VERSION}{'' if labels else '-unlabelled'}.msgpack"
        if not target.exists():
            rows = mine(open_repository(where), labels=labels)
            if rows:
                save(Table(name=name, until=max(row.time for row in rows), rows=tuple(rows)), target)
        if target.exists():
            found[name] = target
    return found


def save(table: Table, target: Path) -> None:
    """Keep a table, whole or not at all."""
    partial = target.with_suffix(".partial")
    partial.write_bytes(msgspec.msgpack.encode(table))
    partial.replace(target)


def load(path: Path) -> Table:
    """A table that was kept."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Table)


def published(data: Path) -> dict[str, dict[str, dict[str, str]]]:
    """The published table: its rows by repository and commit."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    with gzip.open(data, "rt", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["repo"]][row["commit"]] = row
    return dict(found)


def with_published_labels(table: Table, rows: dict[str, dict[str, str]]) -> Table:
    """The commits of a table that the published one knows, with its labels."""
    known = [
        replace(row, fixed=int(float(rows[row.commit]["first_fix_ts"] or 0)))
        for row in table.rows
        if row.commit in rows
    ]
    until = max(int(row["commit_ts"]) for row in rows.values())
    return replace(table, rows=tuple(known), until=until)
