"""Which mutants are made: each statement before any twice, as if by lot, by the tests that come by."""

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.testing.suite import Case, Mark, Result
from assay.risk.evidence.mutation import draw
from assay.risk.evidence.mutation.propose import Proposal, propose


def mark(first, last=None, tests=(), outside=False, path="a.py"):
    return Mark(
        path=path,
        kind="line",
        first=first,
        last=last or first,
        line=first,
        target=0,
        tests=tuple(tests),
        outside=outside,
    )


def proposal(line, operator="constant", rank=1, start=0):
    return Proposal(
        line=line, operator=operator, rank=rank, before="1", after="2", start=start, end=start + 1, text="2"
    )


def drawn(proposals, statements, cases, *, per_line=1, fit=lambda path, proposal: True, seconds=60.0):
    return list(draw.drawn(proposals, statements, cases, fit, per_line=per_line, seconds=seconds))


def cases(**seconds):
    return {test: Case(id=test, result=Result.PASSED, seconds=time) for test, time in seconds.items()}


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1), st.integers(1, 3))
def test_each_statement_has_one_before_any_has_two(lines, per_line):
    found = drawn(
        {"a.py": [proposal(line, f"o{n}", start=n) for n, line in enumerate(lines)]},
        [mark(line, tests=["t"]) for line in range(1, 13)],
        cases(t=1.0),
        per_line=per_line,
    )
    turns = [each.statement.first for each in found]
    distinct = len(set(lines))
    assert set(turns[:distinct]) == set(lines)
    assert all(turns.count(line) <= per_line for line in turns)


def test_what_tells_more_comes_first_and_no_operator_twice():
    offered = [proposal(1, "constant", 2), proposal(1, "boundary", 0), proposal(1, "boundary", 0, start=9)]
    found = drawn({"a.py": offered}, [mark(1, tests=["t"])], cases(t=1.0), per_line=3)
    assert [each.proposal.operator for each in found] == ["boundary", "constant"]


def test_a_mutant_belongs_to_the_statement_around_it():
    statements = [mark(1, 3, ["wide"]), mark(4, tests=["other"])]
    (found,) = drawn({"a.py": [proposal(2)]}, statements, cases(wide=1.0, other=1.0))
    assert found.audience.tests == ("wide",)


def test_specific_and_quick_tests_are_asked_first():
    statements = [mark(1, tests=["all", "slow", "quick"]), mark(2, tests=["all"])]
    given_cases = cases(all=0.1, slow=5.0, quick=0.2, failing=1.0)
    found = drawn({"a.py": [proposal(1)]}, statements, given_cases)
    assert found[0].audience.tests == ("quick", "slow", "all")


def test_what_runs_at_import_concerns_everybody_the_near_ones_first():
    statements = [mark(1, outside=True), mark(2, tests=["near"])]
    found = drawn({"a.py": [proposal(1)]}, statements, cases(far=0.1, near=9.0))
    assert found[0].audience.tests == ("near", "far")
    assert found[0].reached


def test_where_no_test_comes_by_a_mutant_is_unreached():
    (found,) = drawn({"a.py": [proposal(1)]}, [mark(1)], cases(t=1.0))
    assert not found.reached
    assert found.audience.tests == ()


def test_the_order_follows_from_the_source_alone():
    source = "\n".join(f"def f{n}(a): return a + {n}" for n in range(30))
    offered = {"a.py": propose(source, range(1, 31))}
    statements = [mark(line, tests=["t"]) for line in range(1, 31)]
    one, two = (drawn(offered, statements, cases(t=1.0)) for _ in range(2))
    lines = [each.proposal.line for each in one]
    assert one == two
    assert sorted(lines) == list(range(1, 31)) != lines


def test_what_does_not_fit_gives_its_turn_to_the_next():
    offered = [proposal(1, "boundary", 0), proposal(1, "constant", 2)]
    (found,) = drawn(
        {"a.py": offered}, [mark(1, tests=["t"])], cases(t=1.0), fit=lambda path, each: each.rank > 0
    )
    assert found.proposal.operator == "constant"


def test_an_audience_that_takes_too_long_is_cut_and_says_so():
    statements = [mark(1, tests=["a", "b", "c"])]
    given_cases = cases(a=1.0, b=2.0, c=30.0)
    (found,) = drawn({"a.py": [proposal(1)]}, statements, given_cases, seconds=5.0)
    assert (found.audience.tests, found.audience.whole) == (("a", "b"), False)
    (found,) = drawn({"a.py": [proposal(1)]}, statements, given_cases, seconds=0.5)
    assert (found.audience.tests, found.audience.whole) == (("a",), False)
    (found,) = drawn({"a.py": [proposal(1)]}, statements, given_cases, seconds=40.0)
    assert found.audience.whole
