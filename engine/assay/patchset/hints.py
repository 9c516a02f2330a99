"""Whom of a set to suspect of a failure before more is run: what its test says, and what each touches.

Promises: nothing is run. A hint only decides what is asked first; nobody is blamed for one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from assay.model.candidate import Base, Candidate
from assay.model.verdict import Verdict
from assay.patchset.edits import Edits
from assay.patchset.overlap import touched
from assay.patchset.touch import Touch, Touches
from assay.repo.repository import Repository

_OWN, _FILE, _NAME = 400.0, 10.0, 4.0
"""What is added to a member's one for a test that is its own, one in a file that it touches, and for each
name in the test's file that it touches. Most tests that are somebody's own are not even there without it: it
outweighs all pairs of two hundred others."""
_NAMES = 3
_ASKED = 8
"""Of many failures so many are looked at."""
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


class Hints:
    """What is known of a set's members; made when the set has failed."""

    def __init__(
        self, repo: Repository, base: Base, members: Sequence[Candidate], own: Mapping[str, Verdict]
    ) -> None:
        self._repo = repo
        self._base = base
        self._members = members
        touches = Touches(repo, base.tree, Edits(repo))
        self._touches = [touches.of(member) for member in members]
        self._names = [_names(touch) for touch in self._touches]
        self._paths = [touched(member) for member in members]
        self._own = [_own_tests(own.get(member.id)) for member in members]
        self._words: dict[str, frozenset[bytes]] = {}

    def __call__(self, failures: Sequence[str]) -> list[float]:
        """How much each member is suspected of these failures, at least 1."""
        asked = failures[:_ASKED]
        return [
            1.0 + sum(self._suspicion(place, failure) for failure in asked) / len(asked)
            for place in range(len(self._members))
        ]

    def symbols(
        self, group: Sequence[int], failures: Sequence[str], quoted: Collection[str] = ()
    ) -> tuple[str, ...]:
        """What the members of a group touch (`module:name`) that the failing tests or another of the group
        have to do with, as far as names tell; first what the tests' messages have in quotes, of which
        `text:word` is a literal that one of the group takes away or changes."""
        spoken: set[bytes] = set().union(*(self._words_of(failure) for failure in failures[:_ASKED]))
        found = dict.fromkeys(self._missed(group, quoted))
        for place in group:
            near = set(spoken)
            for other in group:
                if other != place:
                    near |= self._names[other] | self._used(other)
            labels = self._touches[place].symbols
            found.update(dict.fromkeys(label for label in sorted(labels) if _bare(label) in near))
        return tuple(found)

    def _missed(self, group: Sequence[int], quoted: Collection[str]) -> Iterator[str]:
        """What members of a group take away, or change, and a message speaks of."""
        for place in group:
            touch = self._touches[place]
            taken = {*touch.removed, *touch.changed, *touch.unlisted}
            yield from sorted(label for label in taken if _last(label) in quoted)
            gone = set[str]().union(*(file.gone.strings for file in touch.files))
            kept = set[str]().union(*(file.uses.strings for file in touch.files))
            yield from (f"text:{word}" for word in sorted((gone - kept).intersection(quoted)))

    def _suspicion(self, place: int, failure: str) -> float:
        path = _file(failure)
        names = len(self._names[place] & self._words_of(failure))
        found = _NAME * min(names, _NAMES)
        if failure in self._own[place]:
            found += _OWN
        if path in self._paths[place]:
            found += _FILE
        return found

    def _words_of(self, failure: str) -> frozenset[bytes]:
        """The words in the file of a test, of whichever member has it."""
        path = _file(failure)
        if path not in self._words:
            trees = [self._base.tree]
            trees += [
                m.tree
                for m, paths in zip(self._members, self._paths, strict=True)
                if path in paths and m.tree
            ]
            sources = (self._repo.read(tree, path) for tree in trees)
            self._words[path] = frozenset(w for source in sources if source for w in _WORD.findall(source))
        return self._words[path]

    def _used(self, place: int) -> set[bytes]:
        """The names that a member newly uses."""
        paths = (part.encode() for one in self._touches[place].fresh() for part in one.use.path)
        return {word for part in paths for word in _WORD.findall(part)}


def _names(touch: Touch) -> frozenset[bytes]:
    """The bare names of what a candidate touches, and of the modules that it is in."""
    labels = {*touch.symbols, *touch.added}
    modules = {label.partition(":")[0].rpartition(".")[2] for label in labels}
    return frozenset(name.encode() for name in (*map(_last, labels), *modules) if len(name) > 1)


def _last(label: str) -> str:
    return label.partition(":")[2].rpartition(".")[2]


def _bare(label: str) -> bytes:
    return _last(label).encode()


def _file(failure: str) -> str:
    """The file that a failure names: that of a test's id, or of a finding."""
    if "::" in failure:
        return failure.split("::", 1)[0]
    return failure.partition(" in ")[2].partition(":")[0]


def _own_tests(verdict: Verdict | None) -> frozenset[str]:
    results = verdict.gates if verdict is not None else ()
    return frozenset(str(test) for result in results for test in result.detail.get("own_passed", ()))
