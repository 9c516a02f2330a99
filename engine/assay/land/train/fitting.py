"""How those who wait go together: with each other, and with what somebody else has pushed under them.

Promises: nothing is run; what is said rests on the conflict graph alone. Only proven conflicts keep two
apart; suspected ones make them less likely to pass. Whoever came first goes first, unless more others can
land in its stead; then it waits for them, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from assay.model.candidate import Base, Candidate, Record
from assay.model.report import Confidence, Conflict
from assay.patchset.facts.library import Library
from assay.patchset.graph import graph
from assay.patchset.select import choose
from assay.repo.diff import changes
from assay.repo.repository import Repository

_SINCE = "since"
_MOST_FILES = 400
"""A move that touches more is not compared: looking at everybody again is quicker."""


class Fit(Record, frozen=True, kw_only=True):
    """By key: `apart` is whom each is known not to go with; `doubtful` are those of whom only a run can tell
    how they go with some other; `after` those that let others go first, each with the reason."""

    apart: dict[str, frozenset[str]]
    doubtful: frozenset[str]
    after: dict[str, str]


def fit(
    repo: Repository,
    base: Base,
    cars: Mapping[str, Candidate],
    library: Library,
    *,
    waited: Collection[str] = (),
) -> Fit:
    """How `cars`, by key in the order of the queue and all of them on `base`, go together. Those in `waited`
    have let others go first before, and need not again."""
    people = list(cars.values())
    edges = graph(repo, base, people, library).edges
    key_of = {candidate.id: key for key, candidate in cars.items()}
    apart: dict[str, set[str]] = {key: set() for key in cars}
    for one, other in (*_proven(edges, key_of), *_rivals(cars)):
        apart[one].add(other)
        apart[other].add(one)
    doubtful = {key_of[name] for edge in edges if _is_suspected(edge) for name in (edge.a, edge.b)}
    after = _after(people, edges, key_of, apart, waited)
    return Fit(
        apart={key: frozenset(others) for key, others in apart.items()},
        doubtful=frozenset(doubtful),
        after=after,
    )


def touched(
    repo: Repository, base: Base, cars: Mapping[str, Candidate], library: Library
) -> dict[str, Conflict | None]:
    """Those of `cars`, each as it was on an earlier tip, that the way from there to `base` has to do with,
    and how; None where that was not looked into."""
    found: dict[str, Conflict | None] = {}
    by_tip: dict[str, dict[str, Candidate]] = {}
    for key, car in cars.items():
        if car.base.tree != base.tree:
            by_tip.setdefault(car.base.tree, {})[key] = car
    for there in by_tip.values():
        old = next(iter(there.values())).base
        moved = changes(repo, old.tree, base.tree)
        if len(moved) > _MOST_FILES:
            found.update(dict.fromkeys(there))
            continue
        moved_on = Candidate(
            id=_SINCE, name="what has landed since", source="", base=old, tree=base.tree, changes=moved
        )
        key_of = {car.id: key for key, car in there.items()}
        for edge in graph(repo, old, [moved_on, *there.values()], library).edges:
            if _SINCE in (edge.a, edge.b):
                found[key_of[edge.b if edge.a == _SINCE else edge.a]] = edge
    return found


def _is_suspected(edge: Conflict) -> bool:
    return edge.confidence is Confidence.SUSPECTED


def _proven(edges: Sequence[Conflict], key_of: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((key_of[edge.a], key_of[edge.b]) for edge in edges if not _is_suspected(edge))


def _rivals(cars: Mapping[str, Candidate]) -> Iterator[tuple[str, str]]:
    """Attempts at one task, of which one lands."""
    first: dict[str, list[str]] = {}
    for key, car in cars.items():
        if car.instance:
            yield from ((key, other) for other in first.get(car.instance, ()))
            first.setdefault(car.instance, []).append(key)


def _after(
    people: Sequence[Candidate],
    edges: Sequence[Conflict],
    key_of: Mapping[str, str],
    apart: Mapping[str, set[str]],
    waited: Collection[str],
) -> dict[str, str]:
    choice = choose(people, edges, {})
    chosen = {key_of[member] for member in choice.members}
    reasons = {key_of[left.id]: left.why for left in choice.left_out}
    seen: set[str] = set()
    found = {}
    for key in reversed([key_of[one.id] for one in people]):
        if key in reasons and key not in waited and apart[key] & chosen & seen:
            found[key] = reasons[key]
        seen.add(key)
    return found
