"""A fix taken apart into its program text and its tests, before and after; and what is made of these.

    undone   from the fix with the tests of before, back to the program of before: known to be wrong, though
             all tests that were there let it pass
    bare     the same lines in the right direction, with the same tests
    fix      the fix as it was committed, its own tests with it

Promises: each is a commit of its own in the clone given, which no branch leads to; the same fix makes the
same commits. What is neither program nor test is as the fix has it. The features of each are of the same
past, that of before the fix: none knows that the fix was to come.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.model.candidate import Record
from assay.repo.repository import Repository, open_repository
from assay.risk.history.log import read_log
from assay.risk.history.mine import PATHS, Row, row, source_edits, touched
from assay.risk.history.store import Past
from assay.risk.kinds import Kind, kind
from bench.inducing_sample import Group

_ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}
_ABSENT = "0" * 40


class Turn(Record, frozen=True, kw_only=True):
    """One change made of a fix, against `base`; its row has the commit, and its features."""

    group: Group
    base: str
    row: Row


class Apart(Record, frozen=True, kw_only=True):
    """A fix taken apart: what is made of it, that of which evidence could say something. `refused`, on `fix`,
    is the undone program under the fix's own tests, and `accepted`, on `repaired`, under those of before."""

    fix: str
    refused: str
    repaired: str
    accepted: str
    turns: tuple[Turn, ...]


def apart(repo: Path, fix: Row) -> Apart:
    """The changes made of a fix. One that writes no line of code, as a fix undone that only added some, is
    not among them. Raises GitFailed, and CalledProcessError where git fails."""
    parent = f"{fix.commit}^"

    def committed(program: str, tests: str, on: str) -> str:
        return _committed(repo, _mixed(repo, fix.commit, program=program, tests=tests), on, fix.time)

    faulty = committed(parent, parent, parent)
    repaired = committed(fix.commit, parent, parent)
    undone = committed(parent, parent, repaired)
    pairs = (
        (Group.BARE, faulty, committed(fix.commit, parent, faulty)),
        (Group.FIX, parent, fix.commit),
        (Group.UNDONE, repaired, undone),
    )
    return Apart(
        fix=fix.commit,
        refused=committed(parent, fix.commit, fix.commit),
        repaired=repaired,
        accepted=undone,
        turns=tuple(_turns(open_repository(repo), parent, pairs)),
    )


def _turns(repo: Repository, parent: str, pairs: Sequence[tuple[Group, str, str]]) -> Iterator[Turn]:
    with Past() as past:
        past.learn(read_log(repo, parent, lines=False))
        for group, base, commit in pairs:
            found = _row(repo, base, commit, past)
            if found is not None and found.features["code"] > 0:
                yield Turn(group=group, base=base, row=found)


def _row(repo: Repository, base: str, commit: str, past: Past) -> Row | None:
    """The features of one commit, as if made after `past`; None where no program text changes."""
    for entry in read_log(repo, commit, f"^{base}", paths=PATHS):
        if edits := source_edits(entry):
            return row(entry, edits, touched(repo, entry, edits), past)
    return None


def _mixed(repo: Path, rest: str, *, program: str, tests: str) -> str:
    """The tree of `rest`, with the program of one commit and the tests of another."""
    with TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _git(repo, "read-tree", rest, variables=index)
        lines = [*_replaced(repo, rest, program, is_program), *_replaced(repo, rest, tests, is_test)]
        _git(repo, "update-index", "-z", "--index-info", variables=index, given="".join(lines))
        return _git(repo, "write-tree", variables=index)


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests: their text, and whatever lies beside it."""
    return kind(path) is Kind.TEST or kind(f"{path}.py") is Kind.TEST


def is_program(path: str) -> bool:
    """Whether a file is program text that is no test."""
    return kind(path) in (Kind.SOURCE, Kind.OTHER)


def _replaced(repo: Path, rest: str, source: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    """Lines for `git update-index --index-info`: files that are `wanted`, away, then as `source` has them."""
    for path, _ in _files(repo, rest):
        if wanted(path):
            yield f"0 {_ABSENT}\t{path}\0"
    for path, facts in _files(repo, source):
        if wanted(path):
            yield f"{facts}\t{path}\0"


def _files(repo: Path, rev: str) -> Iterator[tuple[str, str]]:
    """Path, and mode, type and id, of each file of a commit."""
    for line in _git(repo, "ls-tree", "-r", "-z", rev).split("\0"):
        facts, _, path = line.partition("\t")
        if path:
            yield path, facts


def _committed(repo: Path, tree: str, parent: str, time: int) -> str:
    dated = {"GIT_AUTHOR_DATE": f"{time} +0000", "GIT_COMMITTER_DATE": f"{time} +0000"}
    return _git(repo, "commit-tree", tree, "-p", parent, "-m", "bench", variables=_ENVIRONMENT | dated)


def _git(repo: Path, *words: str, variables: dict[str, str] | None = None, given: str = "") -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), *words],
        env=os.environ | (variables or {}),
        input=given.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "surrogateescape").strip()
