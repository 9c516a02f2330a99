"""Real conflicts, merged by syntax, against what people made of them.

    python -m bench merging REPOSITORY... [--merges N] [--near N] [--show DIRECTORY]

REPOSITORY is a clone, bare or not. Of each, merge commits of two parents whose files conflict as text are
merged again, file by file, and compared with what the merge commit holds: equal, equal but for order and
blank lines, or different; git's own merge of the same files is counted as well (by definition none of them).
Then pairs of changes that stand close together in history, each put on the base of the earlier, are merged if
they conflict: there nobody's answer is known, but for the later commit of the pair, which holds both.
`--show` writes every merge that differs from a person's, with the versions, for a look by hand.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pygit2

from assay.patchset.merging.file import MergedFile, merge_file
from assay.patchset.merging.formats import format_of
from assay.patchset.merging.trees import git_lines
from assay.repo.repository import Repository, open_repository

EQUAL = "as the person"
ORDER = "as the person but for order and blank lines"
DIFFERENT = "different from the person"
LEFT = "left"
ALONE = "merged, nobody's answer known"


class Conflict(NamedTuple):
    """A file that conflicts as text; `person` is None where nobody's answer is known."""

    where: str
    path: str
    base: bytes
    ours: bytes
    theirs: bytes
    person: bytes | None


def main(argv: list[str]) -> int:
    """Print the counts; 0 always: whether a difference is a mistake takes a look."""
    parser = argparse.ArgumentParser(prog="python -m bench merging", description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--merges", type=int, default=100_000)
    parser.add_argument("--near", type=int, default=0)
    parser.add_argument("--show", type=Path)
    options = parser.parse_args(argv)
    if options.show:
        shutil.rmtree(options.show, ignore_errors=True)
    for name, gather, count in (("merges", of_merges, options.merges), ("near", of_neighbours, options.near)):
        tally: Counter[str] = Counter()
        for place in options.repositories:
            with _scratch(place) as repo:
                for conflict in gather(repo.git, count):
                    tally.update(_judge(repo, conflict, name, options.show))
        print(f"{name}: {sum(n for key, n in tally.items() if ':' not in key)} conflicting files")
        for key, number in sorted(tally.items()):
            print(f"  {number:6d}  {key}")
    return 0


@contextmanager
def _scratch(place: Path) -> Iterator[Repository]:
    """A repository with the objects of another, to write in."""
    with tempfile.TemporaryDirectory() as directory:
        run = ["git", "clone", "-q", "--bare", "--shared", str(place), directory]
        subprocess.run(run, check=True)
        yield open_repository(Path(directory))


def of_merges(repo: pygit2.Repository, count: int) -> Iterator[Conflict]:
    """Conflicts of historic merges; each file once."""
    seen: set[tuple[str, ...]] = set()
    merges = (c for c in repo.walk(repo.head.target) if len(c.parents) == 2)
    for commit in itertools.islice(merges, count):
        ours, theirs = commit.parents
        base = repo.merge_base(ours.id, theirs.id)
        if base is None:
            continue
        yield from _conflicts(
            repo, str(commit.id), repo[base].peel(pygit2.Tree), ours.tree, theirs.tree, commit.tree, seen
        )


def of_neighbours(repo: pygit2.Repository, count: int) -> Iterator[Conflict]:
    """Conflicts of two changes made one soon after the other, as if both had been made on the earlier's base:
    the later one without the earlier is what git makes of reverting the earlier on it."""
    seen: set[tuple[str, ...]] = set()
    single = (c for c in repo.walk(repo.head.target) if len(c.parents) == 1)
    window: list[pygit2.Commit] = []
    for later in itertools.islice(single, count):
        window = [*window, later][-4:]
        for newer, older in ((window[i], later) for i in range(len(window) - 1)):
            yield from _pair(repo, older, newer, seen)


def _pair(
    repo: pygit2.Repository, older: pygit2.Commit, newer: pygit2.Commit, seen: set[tuple[str, ...]]
) -> Iterator[Conflict]:
    """`newer` on the base of `older`, by text where git can, against `older`."""
    index = repo.merge_trees(newer.parents[0].tree, older.parents[0].tree, newer.tree)
    if index.conflicts is None:
        moved = repo[index.write_tree(repo)].peel(pygit2.Tree)
        where = f"{older.id}..{newer.id}"
        yield from _conflicts(repo, where, older.parents[0].tree, older.tree, moved, None, seen)


def _conflicts(
    repo: pygit2.Repository,
    where: str,
    base: pygit2.Tree,
    ours: pygit2.Tree,
    theirs: pygit2.Tree,
    person: pygit2.Tree | None,
    seen: set[tuple[str, ...]],
) -> Iterator[Conflict]:
    found = repo.merge_trees(base, ours, theirs)
    for sides in found.conflicts or ():
        if any(side is None for side in sides):
            continue
        blobs = [repo[side.id].data for side in sides]
        key = (str(sides[0].id), *sorted(str(side.id) for side in sides[1:]))
        if key in seen or len({side.path for side in sides}) > 1:
            continue
        seen.add(key)
        path = sides[0].path
        answer = None
        if person is not None and path in person:
            answer = person[path].data
        yield Conflict(where, path, *blobs, answer)


def _judge(repo: Repository, conflict: Conflict, name: str, show: Path | None) -> Iterator[str]:
    """What came of one conflict, as lines of the tally."""
    versions = conflict.base, conflict.ours, conflict.theirs
    merged = merge_file(conflict.path, *versions, lines=git_lines(repo))
    kind = format_of(conflict.path)
    label = kind.name if kind else "other"
    if not isinstance(merged, MergedFile):
        yield LEFT
        yield f"{LEFT}: {label}, {merged.reason}"
        outcome = None
    else:
        outcome = _compare(merged.data, conflict.person)
        yield outcome
        yield f"{outcome}: {label}"
    if show:
        _show(show, name, conflict, merged.data if isinstance(merged, MergedFile) else None, outcome, merged)


def _compare(merged: bytes, person: bytes | None) -> str:
    if person is None:
        return ALONE
    if merged == person:
        return EQUAL
    lines = [sorted(line for line in text.split(b"\n") if line.strip()) for text in (merged, person)]
    return ORDER if lines[0] == lines[1] else DIFFERENT


def _show(
    show: Path, name: str, conflict: Conflict, merged: bytes | None, outcome: str | None, about: object
) -> None:
    label = (outcome or LEFT).split(",")[0].replace(" ", "-")
    place = show / name / label / f"{conflict.where[:12]}-{conflict.path.replace('/', '_')}"
    place.mkdir(parents=True, exist_ok=True)
    for which in ("base", "ours", "theirs", "person"):
        (place / which).write_bytes(getattr(conflict, which) or b"")
    if merged is not None:
        (place / "merged").write_bytes(merged)
    (place / "about").write_text(f"{conflict.where}\n{about if merged is None else ''}\n")
