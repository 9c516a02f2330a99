from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from assay.model.candidate import Base, Candidate, Oid
from assay.model.report import Confidence, Conflict, ConflictKind
from assay.patchset.select import Choice, Worth, choose

BASE = Base(commit=None, tree=Oid("0" * 40))


def candidate(name: str, tree: str = "", instance: str = "") -> Candidate:
    return Candidate(
        id=name, name=name, source="test", base=BASE, tree=Oid(tree or f"tree-{name}"), instance=instance
    )


def conflict(a: str, b: str) -> Conflict:
    return Conflict(a=a, b=b, kind=ConflictKind.TEXTUAL, where="f", why=f"{a} and {b} conflict")


def reasons(choice: Choice) -> dict[str, str]:
    return {left.id: left.why for left in choice.left_out}


def test_everything_lands_that_has_no_conflict() -> None:
    choice = choose([candidate("a"), candidate("b")], (), {})
    assert (choice.members, choice.left_out, choice.exact) == (("a", "b"), (), True)
    assert choice.value == choice.bound == 2


def test_a_suspicion_keeps_nobody_out() -> None:
    edge = replace(conflict("a", "b"), confidence=Confidence.SUSPECTED)
    assert choose([candidate("a"), candidate("b")], [edge], {}).members == ("a", "b")


def test_the_larger_side_of_a_star_lands_and_the_centre_is_told_why() -> None:
    people = [candidate(name) for name in "abcd"]
    choice = choose(people, [conflict("a", other) for other in "bcd"], {})
    assert choice.members == ("b", "c", "d")
    assert reasons(choice) == {"a": "conflicts with b, which is in the set: a and b conflict"}


def test_value_outranks_number_and_risk_breaks_ties() -> None:
    people = [candidate(name) for name in "abc"]
    edges = [conflict("a", "b"), conflict("a", "c")]
    assert choose(people, edges, {"a": Worth(value=3)}).members == ("a",)
    pair = [candidate("a"), candidate("b")]
    assert choose(pair, edges[:1], {"a": Worth(risk=0.6), "b": Worth(risk=0.2)}).members == ("b",)
    assert choose(pair, edges[:1], {"a": Worth(size=6), "b": Worth(size=2)}).members == ("b",)
    assert choose(pair, edges[:1], {}).members == ("a",)


def test_of_several_attempts_at_one_task_one_lands() -> None:
    attempts = [
        candidate("a", instance="T-1"),
        candidate("b", instance="T-1"),
        candidate("c", instance="T-2"),
    ]
    choice = choose(attempts, (), {"a": Worth(risk=0.5), "b": Worth(risk=0.1)})
    assert choice.members == ("b", "c")
    assert reasons(choice) == {"a": "another attempt at T-1: b was chosen, which looks less risky"}


def test_equal_trees_stand_for_the_tasks_of_each_of_them() -> None:
    branch = candidate("branch", tree="same")
    attempts = [candidate("first", tree="same", instance="T-1"), candidate("second", instance="T-1")]
    choice = choose([branch, *attempts], (), {})
    assert choice.members == ("branch",)
    assert reasons(choice) == {
        "first": "same tree as branch",
        "second": "another attempt at T-1: branch was chosen, which came first",
    }


def test_the_riskier_attempt_lands_where_the_other_stands_in_others_way() -> None:
    attempts = [candidate("a", instance="T"), candidate("b", instance="T"), candidate("c")]
    choice = choose(attempts, [conflict("b", "c")], {"a": Worth(risk=0.5), "b": Worth(risk=0.1)})
    assert choice.members == ("a", "c")
    assert reasons(choice)["b"].startswith("conflicts with c")


def test_equal_trees_take_part_once() -> None:
    choice = choose([candidate("a"), candidate("b", tree="tree-a")], (), {})
    assert choice.members == ("a",)
    assert reasons(choice) == {"b": "same tree as a"}


def test_of_a_group_that_does_not_merge_nobody_is_said_to_fail() -> None:
    people, group = [candidate(name) for name in "abc"], frozenset("abc")
    choice = choose(people, (), {"b": Worth(risk=0.9)}, [group], {group: "a.py is full"})
    assert reasons(choice) == {"b": "does not merge with a and c together: a.py is full"}


def test_a_failing_group_is_broken_up_and_the_odd_one_told_why() -> None:
    people = [candidate(name) for name in "abc"]
    choice = choose(people, (), {"b": Worth(risk=0.9)}, [frozenset("abc")])
    assert choice.members == ("a", "c")
    assert reasons(choice) == {"b": "fails the gates together with a and c, though each passes alone"}


def test_a_value_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        choose([candidate("a")], (), {"a": Worth(value=0)})


def test_beyond_the_exact_size_the_bound_is_stated() -> None:
    ring = [candidate(f"c{n}") for n in range(60)]
    edges = [conflict(f"c{n}", f"c{(n + 1) % 60}") for n in range(60)]
    choice = choose(ring, edges, {})
    assert not choice.exact
    assert choice.value <= choice.bound <= 60


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0, 0.1, 0.5]), st.integers(0, 5)), max_size=6),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8),
    st.lists(st.sets(st.integers(0, 5), min_size=2, max_size=4), max_size=2),
    st.lists(st.sampled_from(["", "T", "U"]), min_size=6, max_size=6),
)
def test_choice_equals_brute_force(
    worths: list[tuple[int, float, int]],
    edges: set[tuple[int, int]],
    groups: list[set[int]],
    tasks: list[str],
) -> None:
    count = len(worths)
    people = [candidate(str(n), instance=tasks[n]) for n in range(count)]
    values = {str(n): Worth(value=v, risk=r, size=s) for n, (v, r, s) in enumerate(worths)}
    conflicts = [conflict(str(a), str(b)) for a, b in edges if a < count and b < count and a != b]
    failing = [frozenset(map(str, group)) for group in groups if max(group) < count]

    def allowed(members: tuple[int, ...]) -> bool:
        ids = frozenset(map(str, members))
        named = [tasks[n] for n in members if tasks[n]]
        return (
            not any(c.a in ids and c.b in ids for c in conflicts)
            and not any(group <= ids for group in failing)
            and len(set(named)) == len(named)
        )

    def rank(members: tuple[int, ...]) -> tuple[object, ...]:
        total = [sum(round(worths[n][i] * 10) for n in members) for i in range(3)]
        return total[0], -total[1], -total[2], [n in members for n in range(count)]

    sets = [s for size in range(count + 1) for s in combinations(range(count), size) if allowed(s)]
    choice = choose(people, conflicts, values, failing)
    assert choice.members == tuple(map(str, max(sets, key=rank)))
    assert {left.id for left in choice.left_out} == {str(n) for n in range(count)} - set(choice.members)
    assert all(left.why for left in choice.left_out)
