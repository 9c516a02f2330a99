"""What one candidate passed need not be run for another: only with everything the same that can affect it."""

import pytest

from assay.gates.testing.impact import Impact
from assay.gates.testing.siblings import Siblings, causes
from assay.gates.testing.suite import Case, Result, Suite
from assay.model.candidate import Change, ChangeKind
from assay.model.outcome import Outcome
from assay.policy.schema import Select


def change(path, blob):
    return Change(
        kind=ChangeKind.MODIFIED,
        path=path,
        old_path=path,
        old_mode=0o100644,
        new_mode=0o100644,
        old_blob="0" * 40,
        new_blob=blob * 40,
    )


def suite(*passed, failed=()):
    cases = [Case(id=test, result=Result.PASSED) for test in passed]
    return Suite(cases=(*cases, *(Case(id=test, result=Result.FAILED) for test in failed)))


ONE, OTHER, TWO = change("one.py", "1"), change("one.py", "9"), change("two.py", "2")
AFFECTED = {"one.py": {"t::one", "t::both"}, "two.py": {"t::two", "t::both"}, "odd.py": None}
ODD = change("odd.py", "3")


def examine(changes):
    found = [AFFECTED[each.path] for each in changes]
    if None in found:
        return Impact(tests=None)
    return Impact(tests=frozenset().union(*found))


def shared(passed, changes, *, ran=("t::one", "t::both"), failed=(), apart=lambda *_: True):
    siblings = Siblings()
    siblings.add(passed, suite(*ran, failed=failed))
    return siblings.shared(changes, examine(changes), suite("t::one", "t::two", "t::both"), examine, apart)


def test_only_tests_with_all_their_causes_in_common_are_shared():
    assert shared((ONE,), (ONE, TWO)) == {"t::one"}
    assert shared((ONE, TWO), (ONE, TWO), ran=("t::one", "t::two", "t::both")) == {
        "t::one",
        "t::two",
        "t::both",
    }


@pytest.mark.parametrize(
    ("passed", "changes", "more"),
    [
        ((OTHER,), (ONE, TWO), {}),  # another text of the same file
        ((TWO,), (ONE,), {}),
        ((ONE,), (ONE, TWO), {"ran": ()}),  # it ran elsewhere, or did not pass
        ((ONE,), (ONE, TWO), {"ran": (), "failed": ("t::one",)}),
        ((ONE, ODD), (ONE, TWO), {}),  # nothing is known of what the sibling's other change affects
    ],
)
def test_anything_else_is_run(passed, changes, more):
    assert shared(passed, changes, **more) == frozenset()


def test_what_is_in_nobody_else_s_changes_is_not_looked_into():
    siblings = Siblings()
    siblings.add((ONE,), suite("t::one"))
    assert siblings.shared((TWO,), examine((TWO,)), suite(), None, None) == frozenset()


def test_what_can_get_at_the_other_changes_is_run():
    def apart(entry, common, others):
        assert (list(common), others) == ([ONE], {"two.py"})
        return False

    assert shared((ONE,), (ONE, TWO), apart=apart) == frozenset()


def test_changes_that_mean_more_together_have_no_causes():
    def together(changes):
        return examine(changes) if len(changes) == 1 else Impact(tests=frozenset({"t::third"}))

    assert causes((ONE, TWO), examine) is not None
    assert causes((ONE, TWO), together) is None


@pytest.mark.parametrize(("ran", "expected"), [(("t::a", "t::b"), {"t"}), (("t::a",), set()), ((), set())])
def test_a_whole_file_is_shared_if_every_test_of_it_passed(ran, expected):
    def whole(changes):
        return Impact(tests=frozenset(), files=frozenset({"t"}))

    siblings = Siblings()
    siblings.add((ONE,), suite(*ran))
    assert siblings.shared((ONE,), whole((ONE,)), suite("t::a", "t::b"), whole, None) == expected


FILES = {
    "tests/test_lib.py": None,
    "one.py": "def one(x):\n    return x + 1\n",
    "two.py": "def two(x):\n    return x + 2\n",
    "tests/test_one.py": "import one\n\n\ndef test_one():\n    assert one.one(1) == 2\n",
    "tests/test_two.py": "import two\n\n\ndef test_two():\n    assert two.two(1) == 3\n",
}
RIGHT = {"one.py": FILES["one.py"].replace("x + 1", "1 + x")}
WRONG = {"two.py": FILES["two.py"].replace("x + 2", "x + 3")}


def test_a_candidate_runs_what_its_sibling_did_not(project, grade):
    made = project(FILES, select=Select.ALWAYS)
    assert grade(made, RIGHT).detail["selected"]["shared"] == 0
    other = {**RIGHT, "two.py": FILES["two.py"].replace("x + 2", "2 + x")}
    got = grade(made, other)
    assert got.outcome is Outcome.PASSED
    assert (got.detail["selected"]["shared"], got.detail["selected"]["ran"]) == (1, 1)


def test_a_failure_is_found_whatever_is_shared(project, grade):
    made = project(FILES, select=Select.ALWAYS)
    assert grade(made, RIGHT).outcome is Outcome.PASSED
    got = grade(made, {**RIGHT, **WRONG})
    assert got.outcome is Outcome.FAILED
    assert got.detail["newly_failing"] == ["tests/test_two.py::test_two"]


def test_what_failed_is_shared_by_nobody(project, grade):
    made = project(FILES, select=Select.ALWAYS)
    assert grade(made, WRONG).outcome is Outcome.FAILED
    got = grade(made, {**RIGHT, **WRONG})
    assert got.outcome is Outcome.FAILED
    assert got.detail["selected"]["shared"] == 0
