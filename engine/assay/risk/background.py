"""What one run knows of its repository's past before it asks how risky a change is.

Promises: brought up to date once a run, by the new commits alone, and given up when its time is over: a run
never fails, and hardly waits, for its sake. What could not be known is said (`why`), never guessed.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

import pygit2

from assay.model.candidate import Base, Record
from assay.model.errors import AssayError
from assay.repo.program import GitFailed
from assay.repo.repository import Repository
from assay.risk.chosen import Models, usual
from assay.risk.history.log import LogEntry, read_log
from assay.risk.history.mine import PATHS, row, source_edits, touched
from assay.risk.history.past import RepositoryPast
from assay.risk.history.store import FORMAT, Past
from assay.risk.model import Model

MOST_COMMITS = 50_000
"""Of a longer history only the newest so many commits are read."""
ESTIMATED = 300
"""So many of the newest commits are what a change is compared with."""
LEAST_ESTIMATED = 50
_DIRECTORY = "risk"
_SHALLOW = "this clone is shallow, so that the history of its files is cut off: `git fetch --unshallow`"


class Background(Record, frozen=True, kw_only=True):
    """What is known at `now` (seconds; the base's own time, so that equal inputs get equal answers).

    `place` is the database of files' pasts, None where there is none, and then `why` says why. `estimates`
    are what the whole model says of the repository's past changes, sorted.
    """

    models: Models
    now: int = 0
    place: Path | None = None
    state: str = ""
    """What the database knows of files, as `Past.state` tells it."""
    why: str = ""
    repository: RepositoryPast = RepositoryPast()
    estimates: tuple[float, ...] = ()
    """Sorted probabilities of past changes, those that are known."""

    def percentile(self, probability: float) -> float | None:
        """The share of past changes that looked less risky; None where too few are known."""
        if len(self.estimates) < LEAST_ESTIMATED:
            return None
        return bisect_left(self.estimates, probability) / len(self.estimates)


class _Late(Exception):
    """The time is over."""


def background(
    repo: Repository,
    base: Base,
    cache: Path | None,
    *,
    seconds: float,
    models: Models | None = None,
    compare: bool = False,
) -> Background:
    """Bring what the cache knows of the repository up to `base`, in about `seconds` at most.

    `cache` is Assay's cache directory; None keeps nothing, and knows nothing. `seconds` bounds the reading of
    the log; a run that somebody waits for gives little, and profits from one that gave more. With `compare`,
    the model is asked about the newest past changes, too, for what a change is compared with.
    """
    place = kept(repo, cache, f"{FORMAT}.sqlite") if cache is not None else None
    chosen = models or usual(kept(repo, cache, "json") if cache is not None else None)
    if base.commit is None:
        return Background(models=chosen, why="the repository has no history yet")
    now = _time(repo, base.commit) + 1
    if repo.git.is_shallow:
        return Background(models=chosen, now=now, why=_SHALLOW)
    if place is None:
        return Background(models=chosen, now=now, why="there is no cache to keep the history of its files in")
    deadline = time.monotonic() + seconds
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        with Past(place) as past:
            _update(repo, base.commit, past, deadline)
            if compare:
                _estimate(repo, base.commit, past, chosen.whole, deadline)
            state, whole = past.state, past.repository(now)
            estimates = past.estimates(chosen.whole.title, now)
    except _Late:
        why = "the history of its files has not been read yet: it takes longer than this run may wait"
        return Background(models=chosen, now=now, why=why)
    except (OSError, ValueError, sqlite3.Error, AssayError, GitFailed) as error:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            place.unlink(missing_ok=True)  # damaged: the next run begins anew
        return Background(models=chosen, now=now, why=f"the history of its files cannot be read ({error})")
    return Background(
        models=chosen,
        now=now,
        place=place,
        state=state,
        repository=whole,
        estimates=tuple(sorted(estimates[-ESTIMATED:])),
    )


def _time(repo: Repository, commit: str) -> int:
    return int(repo.git.revparse_single(commit).peel(pygit2.Commit).commit_time)


def kept(repo: Repository, cache: Path, suffix: str) -> Path:
    """Where the cache keeps what it knows of a repository."""
    return cache / _DIRECTORY / f"{_key(repo)}.{suffix}"


def _key(repo: Repository) -> str:
    return hashlib.sha256(str(repo.common_dir).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _update(repo: Repository, commit: str, past: Past, deadline: float) -> None:
    tip = past.tip
    if tip == commit and past.state:
        return
    known = [f"^{tip}"] if tip and repo.has(tip) else []
    entries = read_log(repo, commit, *known, lines=False, most=MOST_COMMITS)
    past.learn(_in_time(entries, deadline), commit)


def _estimate(repo: Repository, commit: str, past: Past, model: Model, deadline: float) -> None:
    """Ask the model about the newest past changes, as far as time allows."""
    if past.estimated_to(model.title) == commit:
        return
    known = past.estimated(model.title)
    tip = commit
    found: list[tuple[int, str, float]] = []
    for entry in read_log(repo, commit, paths=PATHS, most=ESTIMATED):
        if time.monotonic() > deadline:
            tip = ""
            break
        edits = source_edits(entry)
        if edits and entry.commit not in known:
            one = row(entry, edits, touched(repo, entry, edits), past)
            found.append((entry.committed, entry.commit, model.probability(one.features)))
    past.estimate(model.title, found, tip)


def _in_time(entries: Iterable[LogEntry], deadline: float) -> Iterator[LogEntry]:
    for entry in entries:
        if time.monotonic() > deadline:
            raise _Late
        yield entry
