from __future__ import annotations

from itertools import combinations

import pytest
from tests.patchset.support import Lab, lines

from assay.ledger.codec import encode
from assay.ledger.keeping import Keeping
from assay.model.candidate import Candidate
from assay.model.report import Conflict
from assay.patchset import graph as finder
from assay.patchset import kept
from assay.patchset.combine import Combined, combine
from assay.patchset.edges import Graph
from assay.patchset.graph import graph
from assay.patchset.kept import known_combination, known_graph


class Memory(dict[str, bytes]):
    """What was remembered, and how often a graph was made."""

    made = 0

    def graph(self, lab: Lab, people: list[Candidate]) -> Graph:
        return known_graph(lab.repo, lab.base, people, Keeping(recall=self.get, remember=self.__setitem__))


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()

    def counted(*arguments: object) -> Graph:
        memory.made += 1
        return graph(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(finder, "graph", counted)
    return memory


@pytest.fixture
def people(lab: Lab) -> list[Candidate]:
    return [
        lab.candidate("one", {"a.py": lines(30, l3="new")}),
        lab.candidate("other", {"a.py": lines(30, l3="newer")}),
        lab.candidate("apart", {"a.py": lines(30, l20="new"), "b.py": lines(30, l2="x")}),
        lab.candidate("latin", {"latin.txt": b"\xe8\n", "broken.py": b"def (:\n"}),
    ]


def test_a_kept_graph_is_the_one_that_would_be_made(lab: Lab, memory: Memory, people: list[Candidate]):
    made, known = memory.graph(lab, people), memory.graph(lab, people)
    assert memory.made == 1
    assert made.edges and known.edges == made.edges
    ids = [each.id for each in people]
    assert [known.between(a, b) for a, b in combinations(ids, 2)] == [
        made.between(a, b) for a, b in combinations(ids, 2)
    ]
    assert known.cleared(ids) == made.cleared(ids) != ()


def test_other_candidates_another_order_and_other_names_are_compared_anew(
    lab: Lab, memory: Memory, people: list[Candidate]
):
    memory.graph(lab, people)
    renamed = lab.candidate("renamed", {"a.py": lines(30, l3="new")})
    for others in (people[:3], people[::-1], [renamed, *people[1:]]):
        assert memory.graph(lab, others).edges == graph(lab.repo, lab.base, others).edges
    assert memory.made == 4


def test_a_damaged_entry_is_a_miss(lab: Lab, memory: Memory, people: list[Candidate]):
    made = memory.graph(lab, people)
    for damage in (b"", b"{", b'{"edges": 1}', b"\xff"):
        memory[next(iter(memory))] = damage
        assert memory.graph(lab, people).edges == made.edges
    assert memory.made == 5


def test_a_candidate_on_another_base_is_refused_whatever_is_kept(
    lab: Lab, memory: Memory, people: list[Candidate]
):
    memory.graph(lab, people)
    elsewhere = Lab(lab.repo.root.parent / "other.git", {"x.py": b"1\n"})
    with pytest.raises(ValueError, match="another base"):
        memory.graph(lab, [*people, elsewhere.candidate("far", {"x.py": b"2\n"})])


class Combinations(dict[str, bytes]):
    """What was remembered, and how often members were combined."""

    made = 0

    def of(self, lab: Lab, people: list[Candidate]) -> Combined | Conflict:
        return known_combination(
            lab.repo, lab.base, people, Keeping(recall=self.get, remember=self.__setitem__)
        )


@pytest.fixture
def combinations_(monkeypatch: pytest.MonkeyPatch) -> Combinations:
    memory = Combinations()

    def counted(*arguments: object) -> Combined | Conflict:
        memory.made += 1
        return combine(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "combine", counted)
    return memory


def test_a_kept_combination_is_the_one_that_would_be_made(
    lab: Lab, combinations_: Combinations, people: list[Candidate]
):
    one, other, apart, _ = people
    for members in ([one, apart], [one, other]):  # one tree, and a conflict
        first, again = combinations_.of(lab, members), combinations_.of(lab, members)
        assert first == again == combine(lab.repo, lab.base, members)
    assert combinations_.made == 2


def test_members_in_another_order_are_combined_anew(
    lab: Lab, combinations_: Combinations, people: list[Candidate]
):
    one, _, apart, _ = people
    assert combinations_.of(lab, [one, apart]) != combinations_.of(lab, [apart, one])
    assert combinations_.made == 2


def test_a_combination_whose_trees_are_gone_or_that_is_damaged_is_made_anew(
    lab: Lab, combinations_: Combinations, people: list[Candidate]
):
    members = [people[0], people[2]]
    made = combinations_.of(lab, members)
    (key,) = combinations_
    assert isinstance(made, Combined)
    gone = encode({"combined": {"tree": made.tree, "steps": ["1" * 40, made.tree]}})
    for damage in (gone, b"{", b"{}", b"\xff"):
        combinations_[key] = damage
        assert combinations_.of(lab, members) == made
    assert combinations_.made == 5


def test_one_member_alone_is_kept_nowhere(lab: Lab, combinations_: Combinations, people: list[Candidate]):
    assert combinations_.of(lab, people[:1]) == combine(lab.repo, lab.base, people[:1])
    assert combinations_ == {}
