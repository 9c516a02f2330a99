"""The conflict graph of a set of candidates: every edge and every cleared pair, with its witness.

Promises: nothing is run and nothing is checked out; the result depends on the base and the candidates alone,
and is in their order. Pairs are found through indexes (paths, symbols, names, numbers), never by going
through all of them; a pair that no index brings together is cleared without having been looked at. A pair
has one edge: the strongest of what was found, textual conflicts first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from assay.model.candidate import Base, Candidate
from assay.model.report import Conflict
from assay.patchset.adapted.find import Adaptations, newcomers
from assay.patchset.broken import broken
from assay.patchset.clash import Clash, conflict
from assay.patchset.covering import keys_of as covering_keys
from assay.patchset.covering import uncovered
from assay.patchset.cycles import Circles, circles
from assay.patchset.edges import Graph
from assay.patchset.edits import Edits
from assay.patchset.erased import erased, renamed, words
from assay.patchset.facts.library import Library
from assay.patchset.guessed import first_step, suspected
from assay.patchset.halves import halves
from assay.patchset.heirs import catching, class_in, heirs, lost_kinds, new_classes, new_members
from assay.patchset.instep import unsteady
from assay.patchset.overlap import Overlap, overlaps
from assay.patchset.passed import behind
from assay.patchset.protocols import asked, cls_of, instance_of
from assay.patchset.raising import coming_out, looked_out_for
from assay.patchset.shapes import shapes
from assay.patchset.siblings import siblings
from assay.patchset.spoken import lost, read, revalued, spoken, unprovided, unspoken, unvalued
from assay.patchset.taken import keys_of as taken_keys
from assay.patchset.taken import taken
from assay.patchset.texts import TEXT, given_up, told, unsaid
from assay.patchset.textual import textual
from assay.patchset.touch import Place, Touch, Touches
from assay.patchset.tuples import fields, taken_apart
from assay.patchset.twins import exported, numbers, twins, versions
from assay.patchset.view import Symbol, Target, Trail, Unknown
from assay.repo.repository import Repository

Pair = tuple[int, int]
_MOST_PLACES = 40
"""Uses of one symbol that are looked at for one pair: a conflict shows at the first."""


def graph(
    repo: Repository, base: Base, candidates: Sequence[Candidate], library: Library | None = None
) -> Graph:
    """The graph of `candidates`, all of them applied to `base`. Those without a tree, and all but the first
    of equal trees, take no part. `library` holds what is known of sources from before. Raises `ValueError`
    for a candidate on another base."""
    distinct: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.base.tree != base.tree:
            raise ValueError(f"{candidate.id} was applied to another base")
        if candidate.tree is not None:
            distinct.setdefault(candidate.tree, candidate)
    people = list(distinct.values())
    return _Finder(repo, base, people, library).graph() if len(people) > 1 else Graph((), {}, {})


class _Finder:
    def __init__(
        self, repo: Repository, base: Base, people: list[Candidate], library: Library | None
    ) -> None:
        edits = Edits(repo)
        self._textual = textual(repo, base, edits)
        self._people = people
        self._touches = Touches(repo, base.tree, edits, library)
        self._by_id = {candidate.id: index for index, candidate in enumerate(people)}
        self.touch = [self._touches.of(candidate) for candidate in people]
        self._lost = [lost(touch) for touch in self.touch]
        self._texts = [given_up(touch) for touch in self.touch]
        self._renamed = [renamed(touch, edits) for touch in self.touch]
        self._words = [words(touch, edits) if any(self._renamed) else set() for touch in self.touch]
        self._shaped = [shapes(touch) for touch in self.touch]
        self._adapted = [Adaptations(touch) for touch in self.touch]
        self._circles = Circles(self.touch)

    def graph(self) -> Graph:
        found: dict[Pair, Conflict] = {}
        meetings: dict[Pair, Overlap] = {}
        for overlap in overlaps(self._people):
            pair = self._by_id[overlap.a.id], self._by_id[overlap.b.id]
            meetings[pair] = overlap
            edge = self._textual(overlap)
            if edge is not None:
                found[pair] = edge
        beside = [{*a, *b.symbols} for a, b in zip(self._shaped, self._adapted, strict=True)]
        agreed = [
            (*a, *((TEXT, text) for text in b), *revalued(touch))
            for a, b, touch in zip(self._lost, self._texts, self.touch, strict=True)
        ]
        index = _Index(self.touch, agreed, beside)
        index.add_words(self._renamed, self._words)
        index.beside.update(newcomers(self.touch, self._adapted))
        shared = index.pairs()
        for pair in sorted({*shared, *meetings, *self._circles.pairs()}):
            if pair not in found:
                edge = self._look(pair, index, meetings.get(pair))
                if edge is not None:
                    found[pair] = edge
        ids = [candidate.id for candidate in self._people]

        def keyed(of: dict[Pair, tuple[str, ...]]) -> dict[frozenset[str], tuple[str, ...]]:
            return {frozenset((ids[a], ids[b])): what for (a, b), what in of.items() if what}

        return Graph(
            tuple(found[pair] for pair in sorted(found)),
            keyed({pair: overlap.shared for pair, overlap in meetings.items()}),
            keyed(shared),
            {touch.candidate.id: touch.unread for touch in self.touch if touch.unread},
        )

    def _look(self, pair: Pair, index: _Index, meeting: Overlap | None) -> Conflict | None:
        a, b = (self.touch[each] for each in pair)
        found = conflict(a.candidate, b.candidate, self._clashes(pair, index, meeting))
        return found or conflict(a.candidate, b.candidate, self._erased(*pair, index))

    def _erased(self, a: int, b: int, index: _Index) -> Iterator[Clash]:
        """What only words say."""
        for first, second in ((a, b), (b, a)):
            if (first, second) in index.words:
                gone, heard = self._renamed[first], self._words[second]
                for clash in erased(self.touch[first], self.touch[second], gone, heard):
                    yield clash if first == a else clash.turned()

    def _clashes(self, pair: Pair, index: _Index, meeting: Overlap | None) -> Iterator[Clash]:
        first, second = pair
        a, b = self.touch[first], self.touch[second]
        yield from self._one_way(first, second, index)
        for clash in self._one_way(second, first, index):
            yield clash.turned()
        around = tuple(self._circles.meetings(first, second))
        if around:
            yield from circles(a, b, self._touches.both(a, b), around)
        if pair in index.twins or meeting is not None:
            both = self._touches.both(a, b)
            yield from twins(a, b, both, self._touches.library)
            yield from taken(a, b, both)
        for path in meeting.shared if meeting is not None else ():
            mine, theirs = a.by_path.get(path), b.by_path.get(path)
            if mine is not None and theirs is not None and mine.path == theirs.path:
                yield from halves(self._touches.library, mine, theirs)

    def _one_way(self, first: int, second: int, index: _Index) -> Iterator[Clash]:
        """What the first does to the second."""
        ours, theirs = self.touch[first], self.touch[second]
        places = index.uses.get((first, second), ())
        unknown = index.unknown.get((first, second), ())
        classes = (first, second) in index.classes
        beside = (first, second) in index.beside
        if places or classes or beside or (first, second) in index.spoken:
            both = self._touches.both(ours, theirs)
            for place in places[:_MOST_PLACES]:
                yield from broken(ours, theirs, place, both, self._shaped[first])
                yield from self._adapted[first].at_use(theirs, place, both)
            if beside:
                yield from uncovered(ours, theirs)
            if classes or beside:
                yield from self._adapted[first].at_definitions(self._adapted[second], both)
            if classes:
                yield from heirs(ours, theirs, both)
                yield from siblings(ours, theirs, both)
                yield from unsteady(ours, theirs)
            spelled = tuple(unspoken(ours, theirs, self._lost[first]))
            yield from spelled or unsaid(ours, theirs, both, self._texts[first])
            yield from unvalued(ours, theirs)
            yield from unprovided(ours, theirs, both)
        for place, label in unknown[:_MOST_PLACES]:
            yield from suspected(ours, theirs, place, label)
            yield from self._adapted[first].at_guess(theirs, place)


class _Index:
    """Which candidates have to do with which, by names. Directed pairs: the first touches what the second
    uses."""

    def __init__(
        self,
        touches: Sequence[Touch],
        given_up: Sequence[Iterable[tuple[str, str]]],
        shaped: Sequence[Iterable[str]],
    ) -> None:
        self.uses: dict[Pair, list[Place]] = defaultdict(list)
        self.unknown: dict[Pair, list[tuple[Place, str]]] = defaultdict(list)
        self.classes: set[Pair] = set()
        self.spoken: set[Pair] = set()
        self.words: set[Pair] = set()
        self.beside: set[Pair] = set()
        self.twins: set[Pair] = set()
        self._names: dict[Pair, set[str]] = defaultdict(set)
        self._touches = touches
        touching = _by(touches, lambda touch: touch.symbols)
        for index, labels in enumerate(shaped):
            for label in labels:
                touching[label] = sorted({*touching[label], index})
        members = _by(touches, _members)
        self._index_uses(touching, members)
        self._index_classes(touching)
        self._index_caught()
        self._index_words(given_up)
        for keys in (_added, _versions, _numbers, taken_keys):
            for everyone in _by(touches, keys).values():
                self.twins.update((a, b) for i, a in enumerate(everyone) for b in everyone[i + 1 :])
        for everyone in _by(touches, covering_keys).values():
            self.beside.update((a, b) for a in everyone for b in everyone if a != b)

    def pairs(self) -> dict[Pair, tuple[str, ...]]:
        """Every pair that has to do with each other, in order, with the symbols that they share."""
        every = {
            *self.uses,
            *self.unknown,
            *self.classes,
            *self.spoken,
            *self.words,
            *self.beside,
            *self.twins,
        }
        found: dict[Pair, set[str]] = defaultdict(set)
        for a, b in every:
            found[min(a, b), max(a, b)] |= self._names.get((a, b), set())
        return {pair: tuple(sorted(names)) for pair, names in found.items()}

    def add_words(self, renamed_: Sequence[Mapping[str, object]], said: Sequence[set[str]]) -> None:
        """Bring together who renames a word and who newly says it."""
        renaming: dict[str, list[int]] = defaultdict(list)
        for first, each in enumerate(renamed_):
            for word in each:
                renaming[word].append(first)
        for second, heard in enumerate(said):
            for word in heard & renaming.keys():
                self.words.update((first, second) for first in renaming[word] if first != second)

    def _index_uses(self, touching: dict[str, list[int]], members: dict[str, list[int]]) -> None:
        for second, touch in enumerate(self._touches):
            for place in touch.fresh():
                trail: set[str] = set()
                target = touch.view.resolve(place.module, place.use.path, trail)
                _objects(touch, place, trail)
                if place.use.call is not None:
                    touch.view.signature(target, trail)
                    _further(touch, place, target, trail)
                firsts: dict[int, None] = {}
                for label in sorted(trail & touching.keys()):
                    for first in touching[label]:
                        if first != second:
                            firsts[first] = None
                            self._names[first, second].add(label)
                for first in firsts:
                    self.uses[first, second].append(place)
                if isinstance(target, Unknown) and target.attribute and place.module:
                    self._index_unknown(second, place, target.attribute, members)
                if place.module and (inner := first_step(place)) is not None:
                    self._index_unknown(second, inner, inner.use.path[-1], members)

    def _index_unknown(self, second: int, place: Place, name: str, members: dict[str, list[int]]) -> None:
        for first in members.get(name, ()):
            if first == second:
                continue
            touch = self._touches[first]
            for label in (*touch.removed, *touch.changed):
                if label.rpartition(".")[2] == name and "." in label.partition(":")[2]:
                    self.unknown[first, second].append((place, label))

    def _index_classes(self, touching: dict[str, list[int]]) -> None:
        for second, touch in enumerate(self._touches):
            labels = {*new_classes(touch), *(label for label, _ in new_members(touch))}
            trail: set[str] = set()
            for label in labels:
                cls = class_in(touch.view, label)
                if cls is not None:
                    touch.view.lineage(cls, trail)
            for label in trail - {label for label in labels if label in touch.added}:
                for first in touching.get(label, ()):
                    if first != second:
                        self.classes.add((first, second))
                        self._names[first, second].add(label)

    def _index_caught(self) -> None:
        losing = _by(self._touches, lost_kinds)
        for second, touch in enumerate(self._touches) if losing else ():
            for name in catching(touch):
                self.classes.update((first, second) for first in losing.get(name, ()) if first != second)

    def _index_words(self, given_up: Sequence[Iterable[tuple[str, str]]]) -> None:
        losing: dict[tuple[str, str], list[int]] = defaultdict(list)
        for first, (touch, lost_words) in enumerate(zip(self._touches, given_up, strict=True)):
            for word in (*lost_words, *(("fixture", name) for name in touch.fixtures_gone())):
                losing[word].append(first)
        if not losing:
            return
        for second, touch in enumerate(self._touches):
            asked = {("fixture", request.name) for _, request in touch.requests()}
            heard = {*spoken(touch), *told(touch), *asked, *(word for word, _, _ in read(touch))}
            for word in sorted(heard & losing.keys()):
                for first in losing[word]:
                    if first != second:
                        self.spoken.add((first, second))
                        self._names[first, second].add(":".join(word))


def _objects(touch: Touch, place: Place, trail: set[str]) -> None:
    """Add the classes of the objects that a use takes apart, goes through, enters."""
    for path, _ in asked(place.use):
        cls_of(touch.view, place.module, path, trail)
    instance_of(touch.view, place.use, place.module, trail)
    if apart := taken_apart(place.use):
        fields(touch.view, place.module, apart, trail)


def _further(touch: Touch, place: Place, target: Target, trail: Trail) -> None:
    """Add what a call rests on further in: whose result it gives, and what is caught around it."""
    if not isinstance(target, Symbol):
        return
    tuple(behind(touch.view, target, trail))
    if looked_out_for(place):
        coming_out(touch.view, target, trail)
    for raised in target.definition.raises if place.use.catches else ():
        _lineage(touch, target.module, raised, trail)


def _lineage(touch: Touch, module: str, name: str, trail: set[str]) -> None:
    found = touch.view.resolve(module, (name,), trail)
    if isinstance(found, Symbol):
        touch.view.lineage(found, trail)


def _by(touches: Sequence[Touch], keys: Callable[[Touch], Iterable[str]]) -> dict[str, list[int]]:
    """Who has each key, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for index, touch in enumerate(touches):
        for key in sorted(set(keys(touch))):
            found[key].append(index)
    return found


def _members(touch: Touch) -> Iterator[str]:
    """The last names of the members of classes that a candidate removes or changes."""
    for label in (*touch.removed, *touch.changed):
        if "." in label.partition(":")[2]:
            yield label.rpartition(".")[2]


def _added(touch: Touch) -> Iterator[str]:
    yield from touch.added
    yield from (seen for seen, _ in exported(touch))


def _versions(touch: Touch) -> Iterator[str]:
    yield from ("version" for _ in versions(touch))


def _numbers(touch: Touch) -> Iterator[str]:
    yield from (f"{place}/{number}" for place, number, _ in numbers(touch))
