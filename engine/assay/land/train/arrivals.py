"""Who wants to land: what the train's sources hold now, looked at again and again while they change.

Promises: the same content at the same place has the same key in every run, so that the queue can be made
anew from the sources at any time; a source that is unreadable at this moment, or a bad line, is told and
stops nobody else; a file or line that is still being written is not taken yet.

Sources: directories of patches and of JSONL files, such files themselves (predictions may be appended line by
line), revisions, ranges, and patterns of refs such as `agent/*` or `refs/pull/*/head`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from assay.model.candidate import Base, Proposal, Record
from assay.model.errors import BadInput
from assay.repo import sources
from assay.repo.repository import Repository
from assay.repo.sources.files import DIFF_SUFFIXES, JSON_SUFFIXES, from_bytes
from assay.repo.sources.predictions import from_line

SETTLED = 1.0
"""Seconds for which a patch file must be unchanged: one cut at the end of a hunk is a patch as well. Who
writes slower than that writes elsewhere and renames."""
_LINES = (".jsonl", ".ndjson")
_BRANCHES = "refs/heads/"


class Arrival(Record, frozen=True, kw_only=True):
    """One that wants to land. `key` is a digest of its place and content."""

    key: str
    proposal: Proposal


class Seen(Record, frozen=True, kw_only=True):
    """What the sources hold now, in their order; one sentence for each thing that could not be read; and
    whether something is there that was not taken yet because it may still be written."""

    arrivals: tuple[Arrival, ...]
    problems: tuple[str, ...] = ()
    unsettled: bool = False


def look(
    repo: Repository,
    specs: Iterable[str],
    base: Base,
    *,
    onto: str,
    squash: bool = False,
    now: float | None = None,
) -> Seen:
    """Everything that the sources hold. `onto` is the branch that is landed on, which no pattern means; with
    `squash` a mailbox or range is one change; `now` is in seconds since the epoch."""
    moment = time.time() if now is None else now
    found: dict[str, Arrival] = {}
    problems: list[str] = []
    unsettled = False
    for spec in specs:
        for part in _parts(repo, spec, onto):
            if isinstance(part, Path) and not _settled(part, moment):
                unsettled = True
                continue
            for proposal in _proposals(repo, part, base, problems, squash=squash):
                key = _key(proposal)
                found.setdefault(key, Arrival(key=key, proposal=proposal))
    return Seen(arrivals=tuple(found.values()), problems=tuple(problems), unsettled=unsettled)


def _parts(repo: Repository, spec: str, onto: str) -> Iterator[Path | str]:
    """The files and revisions that a source stands for."""
    path = Path(spec).expanduser()
    if path.is_dir() and not (path / ".git").exists():
        try:
            children = sorted(path.iterdir())
        except OSError:
            children = []
        yield from (
            c for c in children if c.suffix.lower() in (*DIFF_SUFFIXES, *JSON_SUFFIXES) and c.is_file()
        )
    elif path.is_file():
        yield path
    elif any(sign in spec for sign in "*?["):
        pattern = spec if spec.startswith("refs/") else _BRANCHES + spec
        names = sorted(repo.git.references)
        yield from (name for name in names if fnmatch.fnmatchcase(name, pattern) and name != onto)
    else:
        yield spec


def _settled(path: Path, now: float) -> bool:
    """Whether a file can be taken: lines are whole or not, anything else has to have rested."""
    if path.suffix.lower() in _LINES:
        return True
    try:
        return abs(now - path.stat().st_mtime) >= SETTLED
    except OSError:
        return False


def _proposals(
    repo: Repository, part: Path | str, base: Base, problems: list[str], *, squash: bool
) -> Iterator[Proposal]:
    if isinstance(part, str) and Path(part).is_dir():
        problems.append(f"{part}: a checkout changes while it is worked in; watch its branch")
        return
    try:
        if isinstance(part, str):
            yield from sources.collect(repo, [part], base, squash=squash)
            return
        data = part.read_bytes()
        if part.suffix.lower() in _LINES:
            yield from _from_lines(data, str(part), problems)
        elif data.strip():
            yield from from_bytes(
                data, part.name, str(part), squash=squash and part.suffix.lower() not in JSON_SUFFIXES
            )
    except BadInput as error:
        problems.append(error.sentence)
    except OSError as error:
        problems.append(f"{part} cannot be read ({error.strerror})")


def _from_lines(data: bytes, source: str, problems: list[str]) -> Iterator[Proposal]:
    """Each line by itself. An unfinished last line says nothing: no part of an object is one."""
    lines = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield from_line(line, f"{source}:{number}")
        except BadInput as error:
            if number < len(lines):
                problems.append(error.sentence)


def _key(proposal: Proposal) -> str:
    if proposal.patch is not None:
        content = proposal.patch
    else:
        content = f"{proposal.commit or ''}\0{proposal.tree or ''}".encode()
    place = f"{proposal.name}\0{proposal.source}\0".encode("utf-8", "surrogateescape")
    return hashlib.sha256(place + hashlib.sha256(content).digest()).hexdigest()[:24]
