"""The past of a repository's source files in one small database, so that a question costs what it asks about.

Promises: what was learnt once is not read again; what is learnt is learnt whole or not at all; times decide
what an answer knows, not the order of learning. A renamed file keeps its past under both names.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from assay.risk.history.log import LogEntry
from assay.risk.history.past import DAY, YEAR, FilePast, RepositoryPast, file_past, is_fix
from assay.risk.kinds import Kind, kind

FORMAT = 1
_TABLES = f"""
create table if not exists fact (name text primary key, value text) without rowid;
create table if not exists path (name text primary key, file integer not null) without rowid;
create table if not exists event (file integer, time integer, commit_id text, fix integer,
    primary key (file, time, commit_id)) without rowid;
create table if not exists change (time integer, commit_id text, fix integer,
    primary key (time, commit_id)) without rowid;
create table if not exists estimate (model text, time integer, commit_id text, probability real,
    primary key (model, time, commit_id)) without rowid;
pragma user_version = {FORMAT};
"""
_SOURCE = (Kind.SOURCE, Kind.OTHER)


class Past:
    """What is known of one repository's past. A context manager; `Past()` lives in memory alone."""

    def __init__(self, place: Path | None = None) -> None:
        self._db = sqlite3.connect(str(place) if place else ":memory:", timeout=0.3, isolation_level=None)
        self._db.execute("pragma synchronous = off")  # what is lost is learnt again
        if place is not None:
            self._db.execute("pragma journal_mode = wal")
        if self._db.execute("pragma user_version").fetchone()[0] != FORMAT:
            self._db.executescript(_TABLES)

    def __enter__(self) -> Past:
        return self

    def __exit__(
        self, kind_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    @property
    def tip(self) -> str:
        """The commit whose history was learnt last; empty before the first."""
        return self._fact("tip")

    @property
    def state(self) -> str:
        """What tells what is known of files and of the repository from all that was known before or will be;
        empty before anything is learnt."""
        return self._fact("state")

    def learn(self, entries: Iterable[LogEntry], tip: str = "") -> None:
        """Add `entries`, oldest first, and remember `tip`. Entries that are known already change nothing."""
        self._db.execute("begin immediate")
        try:
            for entry in entries:
                self._learn(entry)
            if tip:
                self._note("tip", tip)
            self._note("state", secrets.token_hex(16))
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def files(self, paths: Sequence[str | None], now: int) -> list[FilePast]:
        """The past of each path at `now`; of None, the past of a file that is new."""
        return [FilePast() if path is None else self._file(path, now) for path in paths]

    def repository(self, now: int) -> RepositoryPast:
        """The past of the whole repository at `now`."""
        row = self._db.execute(
            "select count(*), min(time), coalesce(sum(time >= ?), 0), coalesce(sum(fix and time >= ?), 0)"
            " from change where time < ?",
            (now - YEAR, now - YEAR, now),
        ).fetchone()
        if not row[0]:
            return RepositoryPast()
        return RepositoryPast(changes=row[0], year=row[2], year_fixes=row[3], days=(now - row[1]) / DAY)

    def estimates(self, model: str, now: int) -> list[float]:
        """The probabilities that `model` gave to past changes before `now`, oldest first."""
        query = "select probability from estimate where model = ? and time < ? order by time, commit_id"
        return [row[0] for row in self._db.execute(query, (model, now))]

    def estimated(self, model: str) -> set[str]:
        """The commits that `model` has a probability for."""
        query = "select commit_id from estimate where model = ?"
        return {row[0] for row in self._db.execute(query, (model,))}

    def estimated_to(self, model: str) -> str:
        """The commit up to which `model` was asked last; empty where it never was."""
        return self._fact(f"estimated:{model}")

    def estimate(self, model: str, rows: Iterable[tuple[int, str, float]], tip: str = "") -> None:
        """Remember what `model` said: time, commit and probability; with `tip`, that this is all up to it."""
        self._db.execute("begin immediate")
        self._db.executemany(
            "insert or replace into estimate values (?, ?, ?, ?)", ((model, *row) for row in rows)
        )
        if tip:
            self._note(f"estimated:{model}", tip)
        self._db.execute("commit")

    def _fact(self, name: str) -> str:
        found = self._db.execute("select value from fact where name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def _note(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into fact values (?, ?)", (name, value))

    def _file(self, path: str, now: int) -> FilePast:
        rows = self._db.execute(
            "select time, fix from event where file = (select file from path where name = ?)"
            " and time < ? order by time",
            (_storable(path), now),
        )
        return file_past([(time, bool(fix)) for time, fix in rows], now)

    def _learn(self, entry: LogEntry) -> None:
        edits = [edit for edit in entry.edits if kind(edit.name) in _SOURCE]
        if not edits:
            return
        time, fix = entry.committed, is_fix(entry.message)
        self._db.execute("insert or ignore into change values (?, ?, ?)", (time, entry.commit, fix))
        for edit in edits:
            file = self._number(edit.old_path, edit.path)
            self._db.execute(
                "insert or ignore into event values (?, ?, ?, ?)", (file, time, entry.commit, fix)
            )

    def _number(self, old: str | None, new: str | None) -> int:
        """The file that `new` names: the one that `old` named, if it was moved to where none was."""
        old, new = (None if name is None else _storable(name) for name in (old, new))
        for name in (new, old):
            if name is None:
                continue
            found = self._db.execute("select file from path where name = ?", (name,)).fetchone()
            if found is not None:
                if new is not None and name != new:
                    self._db.execute("insert into path values (?, ?)", (new, found[0]))
                return int(found[0])
        number: int = self._db.execute("select coalesce(max(file), 0) + 1 from path").fetchone()[0]
        for name in {name for name in (old, new) if name is not None}:
            self._db.execute("insert into path values (?, ?)", (name, number))
        return number


def _storable(path: str) -> str:
    """A path as the database can hold it: one of odd bytes as the characters that have their numbers."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape").decode("latin-1")
    return path
