"""The order of asking: the policy's while nothing is known, then by what was learnt; replayable."""

from hypothesis import given
from hypothesis import strategies as st
from tests.grade.fakes import BASE, FakeGate, make_candidate

from assay.grade.order import as_written, by_promise, sequence, settled
from assay.grade.posterior import Belief, Posteriors
from assay.model.candidate import Candidate, Change, ChangeKind

SHIPPED = ("apply", "scope", "compile", "lint", "security", "tests")


def gates(*names):
    return [FakeGate(name) for name in names]


def seen(rejected, others, cost):
    return Belief(rejected=rejected, others=others, cost=cost * (rejected + others))


def test_where_nothing_was_learnt_the_order_is_the_policys():
    for names in (
        SHIPPED,
        ("scope", "mine", "tests", "other"),
        ("tests", "lint"),
        ("apply", "tests", "mine"),
    ):
        assert settled(gates(*names), Posteriors()).gates == names


def test_a_gate_that_rejects_often_for_little_comes_first():
    learnt = Posteriors(gates={"lint": seen(60, 40, 0.02), "scope": seen(0, 100, 0.02)})
    order = settled(gates(*SHIPPED), learnt).gates
    assert order.index("lint") < order.index("scope")
    assert (order[0], order[-1]) == ("apply", "tests")


def test_apply_comes_first_whatever_was_learnt():
    learnt = Posteriors(gates={"apply": seen(0, 100, 50.0), "scope": seen(99, 1, 0.001)})
    assert settled(gates(*SHIPPED), learnt).gates[0] == "apply"


def test_a_gate_comes_after_those_it_needs():
    cheap = FakeGate("cheap")
    cheap.needs = ("slow", "not-there", "cheap")
    learnt = Posteriors(gates={"cheap": seen(99, 1, 0.001), "slow": seen(0, 100, 9.0)})
    assert settled([cheap, FakeGate("slow")], learnt).gates == ("slow", "cheap")


@given(
    st.lists(st.sampled_from("abcdefg"), min_size=1, unique=True),
    st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefg"), max_size=2)),
    st.dictionaries(st.sampled_from("abcdefg"), st.floats(0, 10)),
)
def test_every_gate_is_in_it_once_even_where_needs_go_in_a_circle(names, needs, worth):
    assert sorted(sequence(names, needs, worth)) == sorted(names)


def test_the_same_seed_tries_the_same_gates_on_the_same_candidates():
    names = [f"c{number}" for number in range(400)]
    order, again, other = (
        settled(gates(*SHIPPED), Posteriors(), share=0.1, seed=seed) for seed in ("one", "one", "two")
    )
    tried = [name for name in names if order.of(name) != order.gates]
    assert tried == [name for name in names if again.of(name) != again.gates]
    assert tried != [name for name in names if other.of(name) != other.gates]
    assert 10 < len(tried) < 100
    for name in tried:
        assert order.of(name)[0] == "apply"
        assert sorted(order.of(name)) == sorted(SHIPPED)


def test_nothing_is_tried_out_where_somebody_waits():
    order = settled(gates(*SHIPPED), Posteriors(), seed="one")
    assert {order.of(f"c{number}") for number in range(200)} == {SHIPPED}
    assert as_written(gates("b", "a")).of("c") == ("b", "a")


def test_small_changes_come_first_and_equals_as_given():
    def sized(name, *lines):
        changes = tuple(
            Change(
                path=f"{number}",
                old_path=f"{number}",
                kind=ChangeKind.MODIFIED,
                old_mode=0,
                new_mode=0,
                old_blob=None,
                new_blob=None,
                added_lines=count,
                deleted_lines=0,
            )
            for number, count in enumerate(lines)
        )
        return Candidate(id=name, name=name, source=name, base=BASE, tree="t", changes=changes)

    given_order = [sized("large", 90), sized("two", 1, 1), sized("one", 2), sized("also", 2)]
    assert [candidate.id for candidate in by_promise(given_order)] == ["one", "also", "two", "large"]


def test_what_is_no_change_of_lines_is_no_obstacle():
    assert by_promise([make_candidate("a")])[0].id == "a"
