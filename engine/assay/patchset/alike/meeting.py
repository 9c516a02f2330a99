"""Where two members of a set meet: functions from which both what the one changes can be reached, and what
the other does.

Promises: reads git objects and runs nothing. Bare names are followed, in every version that a member makes of
a file, so that more may be found than is reached; pairs come with the likeliest to meet first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import PurePosixPath
from typing import NamedTuple

from assay.gates.syntax import Function
from assay.model.candidate import Candidate
from assay.patchset.alike.sources import Trees, mentioning, read, sources
from assay.patchset.alike.targets import STEPS, bare, changed, definitions, mentions
from assay.repo.globs import Matcher
from assay.repo.repository import Repository

_FILES = 300
_CROWD = 12
"""A function from which the changes of more members are reached says little of any two of them."""

Place = tuple[str, str]
"""Path and symbol of a definition."""


class Meeting(NamedTuple):
    """Two members, and the functions from which the changes of both are reached."""

    one: Candidate
    other: Candidate
    places: frozenset[Place]


def meetings(repo: Repository, members: Sequence[Candidate], is_test: Matcher) -> list[Meeting]:
    """The pairs of `members`, which are of one base, that meet somewhere."""
    versions = [_versions(repo, member, is_test) for member in members]
    names = [_changed(before, after) for before, after in versions]
    wanted = set().union(*names) if names else set()
    if not wanted:
        return []
    files = sources(repo, members[0].base.tree)
    others = mentioning(repo, files, wanted, lambda path: not is_test(path), _FILES)
    spoken = _spoken([others, *(part for both in versions for part in both)])
    users: dict[str, set[Place]] = defaultdict(set)
    for place, words in spoken.items():
        for word in words:
            users[word].add(place)
    reached = [_reached(found, spoken, users) for found in names]
    return _pairs(members, names, reached)


def _versions(repo: Repository, member: Candidate, is_test: Matcher) -> tuple[Trees, Trees]:
    paths = {change.path for change in member.changes if change.new_mode}
    paths = {path for path in paths if PurePosixPath(path).suffix == ".py" and not is_test(path)}
    return read(repo, member.base.tree, paths), read(repo, str(member.tree), paths)


def _changed(before: Trees, after: Trees) -> set[str]:
    return {bare(symbol) for path in after for symbol in changed(before.get(path), after.get(path))}


def _spoken(trees: Sequence[Trees]) -> dict[Place, set[str]]:
    """What each function mentions, in any version."""
    found: dict[Place, set[str]] = defaultdict(set)
    for version in trees:
        for path, tree in version.items():
            for symbol, node in definitions(tree).items():
                if isinstance(node, Function):
                    found[path, symbol] |= mentions(node)
    return found


def _reached(
    names: set[str], spoken: Mapping[Place, set[str]], users: Mapping[str, set[Place]]
) -> frozenset[Place]:
    """The functions that are one of `names`, or get there within a few steps."""
    found = {place for place in spoken if bare(place[1]) in names}
    todo = set(names)
    for _ in range(STEPS):
        nearer = set().union(*(users.get(name, ()) for name in todo)) - found
        found |= nearer
        todo = {bare(symbol) for _, symbol in nearer}
    return frozenset(found)


def _pairs(
    members: Sequence[Candidate], names: Sequence[set[str]], reached: Sequence[frozenset[Place]]
) -> list[Meeting]:
    company: dict[Place, list[int]] = defaultdict(list)
    for index, places in enumerate(reached):
        for place in places:
            company[place].append(index)
    weight: dict[tuple[int, int], float] = defaultdict(float)
    for place, everyone in company.items():
        if len(everyone) <= _CROWD:
            near = sum(bare(place[1]) in names[index] for index in everyone)
            for pair in combinations(everyone, 2):
                weight[pair] += (1.0 + near) / len(everyone)
    order = sorted(weight, key=lambda pair: (-weight[pair], pair))
    return [Meeting(members[a], members[b], reached[a] & reached[b]) for a, b in order]


def through(found: Sequence[Meeting], first: Sequence[frozenset[str]]) -> Iterator[Meeting]:
    """The meetings, those of pairs in `first` (ids) before all others."""
    yield from (one for one in found if frozenset((one.one.id, one.other.id)) in first)
    yield from (one for one in found if frozenset((one.one.id, one.other.id)) not in first)
