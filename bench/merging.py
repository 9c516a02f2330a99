"""Real conflicts, merged by syntax, against what people made of them.

    python -m bench merging REPOSITORY... [--merges N] [--near N] [--show DIRECTORY]

REPOSITORY is a clone, bare or not. Of each, merge commits of two parents whose files conflict as text are
merged again, file by file, and compared with what the merge commit holds: equal, equal but for the order of
entries and blank lines, or different. (Git's own merge leaves all of them.) Then pairs of successive changes
of one file, of which the earlier only adds lines, are taken as if they had been made at once: if the two
conflict, the merge is compared with the file that really came after both. `--show` writes every merge with
its versions, for a look by hand at those that differ.
"""

from __future__ import annotations

import argparse
import difflib
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

from assay.patchset.merging.entries import body
from assay.patchset.merging.file import MergedFile, merge_file
from assay.patchset.merging.formats import format_of
from assay.patchset.merging.inventory import Inventory, inventory
from assay.patchset.merging.reasons import Clash
from assay.patchset.merging.split import said_in
from assay.patchset.merging.trees import git_lines
from assay.repo.repository import Repository, open_repository

_MOST_LINES = 2000
"""Longer files take the benchmark too long to compare."""

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
    """Two changes of one file, one right after the other, as if both had been made at once: the earlier one
    only adds lines, and the later one without them is what its author would have done beside it."""
    later: dict[str, tuple[pygit2.Oid, pygit2.Oid]] = {}
    single = (c for c in repo.walk(repo.head.target) if len(c.parents) == 1)
    for commit in itertools.islice(single, count):
        for delta in repo.diff(commit.parents[0].tree, commit.tree).deltas:
            path, old, new = delta.new_file.path, delta.old_file.id, delta.new_file.id
            if delta.status is not pygit2.enums.DeltaStatus.MODIFIED or format_of(path) is None:
                later.pop(path, None)
                continue
            next_old, next_new = later.get(path, (None, None))
            later[path] = (old, new)
            if next_old == new and next_new is not None:
                yield from _pair(repo, str(commit.id), path, [repo[oid].data for oid in (old, new, next_new)])


def _pair(repo: pygit2.Repository, where: str, path: str, versions: list[bytes]) -> Iterator[Conflict]:
    base, first, both = (data.split(b"\n") for data in versions)
    if b"\0" in versions[2] or max(len(base), len(both)) > _MOST_LINES:
        return
    steps = difflib.SequenceMatcher(None, base, first, autojunk=False).get_opcodes()
    if any(tag not in ("equal", "insert") for tag, *_ in steps):
        return
    added = {line for tag, _, _, start, end in steps if tag == "insert" for line in range(start, end)}
    kept = difflib.SequenceMatcher(None, first, both, autojunk=False).get_matching_blocks()
    places = {old + i: new + i for old, new, size in kept for i in range(size)}
    if not added or not added <= places.keys():
        return
    gone = {places[line] for line in added}
    second = b"\n".join(line for index, line in enumerate(both) if index not in gone)
    sides = [repo.create_blob(data) for data in (versions[0], versions[1], second)]
    entries = [pygit2.IndexEntry(path, oid, pygit2.enums.FileMode.BLOB) for oid in sides]
    try:
        found = repo.merge_file_from_index(*entries)
    except UnicodeDecodeError:
        return
    if not found.automergeable and _is_part(path, second, versions[2]):
        yield Conflict(where, path, versions[0], versions[1], second, versions[2])


def _is_part(path: str, second: bytes, both: bytes) -> bool:
    """Whether taking lines away has left whole entries: else nobody could have written it."""
    try:
        return _entries(path, second) <= _entries(path, both)
    except Clash:
        return False


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
        outcome = compare(merged.path, merged.data, conflict.person)
        yield outcome
        yield f"{outcome}: {label}"
    if show:
        _show(show, name, conflict, merged.data if isinstance(merged, MergedFile) else None, outcome, merged)


def compare(path: str, merged: bytes, person: bytes | None) -> str:
    if person is None:
        return ALONE
    if merged == person:
        return EQUAL
    lines = [sorted(line for line in text.split(b"\n") if line.strip()) for text in (merged, person)]
    return ORDER if lines[0] == lines[1] and _entries(path, merged) == _entries(path, person) else DIFFERENT


def _entries(path: str, data: bytes) -> Inventory:
    found = format_of(path)
    assert found is not None
    return inventory(found.read(data.decode(errors="replace"), ()), lambda node: said_in(body(node)))


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
