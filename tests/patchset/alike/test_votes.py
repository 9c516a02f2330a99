"""Votes of clusters in what candidates are worth, and in what is chosen."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.patchset.alike.test_clusters import attempt

from assay.model.report import Alike, Cluster
from assay.patchset.alike.votes import tasks, with_votes
from assay.patchset.select import Worth, choose


def cluster(size, attempts, members=()):
    return Cluster(size=size, attempts=attempts, members=members, how=Alike.TESTS, representative="", why="")


def test_one_of_the_larger_cluster_is_chosen_though_it_looks_riskier():
    attempts = [attempt("a"), attempt("b"), attempt("c")]
    worths = {"a": Worth(risk=0.1), "b": Worth(risk=0.4), "c": Worth(risk=0.3)}
    two = cluster(2, 3)
    found = with_votes(worths, {"a": cluster(1, 3), "b": two, "c": two})
    choice = choose(attempts, (), found)
    assert choice.members == ("c",)
    assert "c was chosen, which behaves like 2 of 3 attempts" in choice.left_out[0].why
    assert "c was chosen, which looks less risky" in choice.left_out[1].why


def test_candidates_without_rivals_keep_their_worth():
    worths = {"a": Worth(value=3.0, risk=0.2)}
    assert with_votes(worths, {}) == worths


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=200))
def test_all_votes_together_are_worth_less_than_one_candidate(sizes: list[tuple[int, int]]):
    worths = {str(index): Worth() for index in range(len(sizes))}
    found = {str(index): cluster(size, size + more) for index, (size, more) in enumerate(sizes)}
    gained = sum(one.value for one in with_votes(worths, found).values()) - len(sizes)
    assert 0 < gained < 1


def test_attempts_are_those_at_one_task_that_apply():
    lonely = replace(attempt("x"), instance="u")
    none = replace(attempt("y"), instance="")
    broken = replace(attempt("z"), tree=None)
    both = [attempt("a"), attempt("b")]
    assert tasks([lonely, none, broken, *both]) == {"t": both}
