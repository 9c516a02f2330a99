"""What is true of a pair, by the project's own tests alone.

Promises: nothing of Assay's judgement is asked, but for the merge by syntax, which is tested like any other
tree. The whole suite runs on each tree (`suite`), once; a test that fails counts if it fails twice. Two
members make one tree, whichever of them comes first, or the pair is one that conflicts as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.delta.testnames import is_test_path
from assay.model.candidate import Base, Candidate, Oid
from assay.patchset.combine import Combined, combine
from assay.repo.merge import Merged, merge
from assay.repo.repository import Repository
from bench.pairs_made import Feature
from bench.pairs_places import Place
from bench.suite import Answer, Suite

_MANY = 0.2
"""A base of whose tests more fail than this share is none that the environment can run."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two features on one base, the older first."""

    base: Base
    features: tuple[Feature, Feature]
    candidates: tuple[Candidate, Candidate]

    @property
    def name(self) -> str:
        """For whoever reads a list of pairs."""
        sides = zip(self.features, self.candidates, strict=True)
        return " + ".join(f"{one.name} ({feature.title[:48]})" for feature, one in sides)

    def person(self, repo: Repository, path: str) -> bytes | None:
        """What the file was once both were in, if nobody else changed it since the base."""
        early, late = self.features
        trees = (self.base.tree, early.before), (early.after, late.before)
        if any(repo.read(one, path) != repo.read(other, path) for one, other in trees):
            return None
        return repo.read(late.after, path)


@dataclass(frozen=True)
class Truth:
    """Whether a pair `works` as one tree; `newly` are tests that fail on it only, or that it lacks. Of a pair
    that is `textual` the tree is the one `merged` by syntax, None where there is none."""

    works: bool
    textual: bool
    merged: Oid | None
    newly: tuple[str, ...]


class Texts:
    """What text alone says of pairs: every side is taken to pass, and what merges to work."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo

    def is_sound(self, base: Base) -> bool:
        """Whether the environment can run the tests of a base at all."""
        return True

    def passes_alone(self, pair: Pair) -> bool:
        """Whether both sides fail nothing that their base does not, and bring tests of their own."""
        return True

    def is_textual(self, pair: Pair) -> bool:
        """Whether the two do not merge as text to one tree, whichever comes first."""
        return self._merged(pair) is None

    def of(self, pair: Pair) -> Truth:
        """What is true of a pair whose sides pass alone."""
        tree = self._merged(pair)
        if tree is not None:
            newly = self._newly(pair, tree)
            return Truth(not newly, False, None, newly)
        found = combine(self._repo, pair.base, pair.candidates)
        if not isinstance(found, Combined):
            return Truth(False, True, None, ())
        newly = self._newly(pair, found.tree)
        return Truth(not newly, True, found.tree, newly)

    def _merged(self, pair: Pair) -> Oid | None:
        a, b = (str(one.tree) for one in pair.candidates)
        ways = [merge(self._repo, pair.base.tree, *sides) for sides in ((a, b), (b, a))]
        trees = {way.tree if isinstance(way, Merged) else None for way in ways}
        return trees.pop() if len(trees) == 1 else None

    def _newly(self, pair: Pair, tree: Oid) -> tuple[str, ...]:
        return ()


class Truths(Texts):
    """What a project's tests say of its pairs."""

    def __init__(self, place: Place, scratch: Path) -> None:
        super().__init__(place.repo)
        self._suite = Suite(place.repo, place.python, place.args, scratch, place.answers)

    def is_sound(self, base: Base) -> bool:
        """Whether the environment can run the tests of a base at all."""
        before = self._suite.of(base.tree)
        return bool(before.passed) and len(before.failed) <= _MANY * len(before.passed)

    def passes_alone(self, pair: Pair) -> bool:
        """Whether both sides fail nothing that their base does not, and bring tests of their own."""
        return all(self._passes_alone(pair.base, one) for one in pair.candidates)

    def _passes_alone(self, base: Base, one: Candidate) -> bool:
        before, alone = self._suite.of(base.tree), self._alone(one)
        paths = {change.path for change in one.changes if is_test_path(change.path)}
        own = set(alone.passed) - set(before.passed)
        return set(alone.failed) <= set(before.failed) and any(t.split("::")[0] in paths for t in own)

    def _newly(self, pair: Pair, tree: Oid) -> tuple[str, ...]:
        before, both = self._suite.of(pair.base.tree), self._suite.of(tree)
        sides = [self._alone(one) for one in pair.candidates]
        failing = set(both.failed) - set(before.failed)
        own = {test for side in sides for test in set(side.passed) - set(before.passed)}
        return tuple(sorted(failing | (own - set(both.passed))))

    def _alone(self, one: Candidate) -> Answer:
        assert one.tree is not None
        return self._suite.of(one.tree)
