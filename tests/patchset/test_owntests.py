from __future__ import annotations

from assay.model.outcome import passed
from assay.model.verdict import Decision, Verdict, fold
from assay.patchset.owntests import with_own_tests


def verdict(*own: str, cut: int = 0, flaky: tuple[str, ...] = ()) -> Verdict:
    detail = {"own_passed": list(own), "flaky": list(flaky), "cut": {"own_passed": cut} if cut else {}}
    result = passed("tests", evidence={"tests": 1}, detail=detail)
    decision, reason, gate = fold(["tests"], [result])
    return Verdict(candidate="c", decision=decision, reason=reason, rejected_by=gate, gates=(result,))


def test_a_combination_that_passes_all_members_tests_stays_as_it_is() -> None:
    both = verdict("t.py::a", "u.py::b")
    assert with_own_tests(both, [verdict("t.py::a"), verdict("u.py::b")]) is both


def test_a_members_test_that_is_gone_rejects_the_combination_and_is_named() -> None:
    found = with_own_tests(verdict("t.py::a"), [verdict("t.py::a"), verdict("u.py::b", "u.py::c")])
    assert found.decision is Decision.REJECTED and found.rejected_by == "tests"
    assert found.reason.startswith("u.py::b and 1 more passes on a member of the set alone")
    assert found.gates[0].detail["own_missing"] == ["u.py::b", "u.py::c"]


def test_a_test_in_a_file_that_another_member_renamed_is_the_same() -> None:
    assert with_own_tests(verdict("v.py::a"), [verdict("t.py::a")]).decision is Decision.ACCEPTED


def test_a_list_that_was_cut_tells_nothing_of_what_is_missing() -> None:
    assert with_own_tests(verdict("t.py::a", cut=900), [verdict("t.py::b")]).decision is Decision.ACCEPTED


def test_a_test_that_fails_by_chance_on_the_combination_is_no_fault_of_it() -> None:
    both = verdict("t.py::a", flaky=("u.py::b",))
    assert with_own_tests(both, [verdict("t.py::a"), verdict("u.py::b")]) is both
    assert with_own_tests(both, [verdict("u.py::c")]).decision is Decision.REJECTED
