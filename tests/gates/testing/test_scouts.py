"""Which tests are run ahead of all."""

import pytest

from assay.gates.testing.impact import Impact
from assay.gates.testing.scouts import likely, named, scouts
from assay.gates.testing.suite import COLLECTION, Case, Result, Suite

UNKNOWN = Impact(tests=None)


def suite(**seconds_by_file):
    """Two tests for each file, of so many seconds together; `rest` are those of all other files."""
    cases = [
        Case(id=f"{file}::{name}", file=file, result=Result.PASSED, seconds=seconds / 2)
        for file, seconds in seconds_by_file.items()
        for name in ("one", "two")
    ]
    return Suite(cases=tuple(cases))


def files(*names, rest=100.0):
    return suite(**dict.fromkeys(names, 1.0), **{"tests/test_rest.py": rest})


def chosen(found):
    return sorted({test.split("::")[0] for test in found})


def test_scouts_are_what_is_likely_to_fail_as_long_as_that_is_little_of_the_suite():
    cases = [("a::one", 0.2), ("a::two", 0.1), ("b::one", 0.3), ("c::long", 9.0), ("a" + COLLECTION, 0.0)]
    found = Suite(cases=tuple(Case(id=i, result=Result.PASSED, seconds=s) for i, s in cases))
    some = Impact(tests=frozenset({"b::one", "gone::x"}))
    assert likely(found, some, {"a", "lib.py"}) == ("a::two", "a::one", "b::one")
    assert likely(found, Impact(tests=None), {"a"}) == ("a::two", "a::one")
    assert likely(found, Impact(tests=None), ()) == ()
    assert likely(found, Impact(tests=frozenset({"c::long"})), ()) == ()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("pkg/graph.py", ["tests/test_graph.py"]),
        ("pkg/_graph.py", ["tests/test_graph.py"]),
        ("src/pkg/io/read.py", ["tests/io/test_read.py"]),
        ("pkg/tree.py", ["tests/tree_test.py"]),
        ("pkg/net/http.py", ["tests/test_net_http.py"]),
        ("pkg/maths/__init__.py", ["tests/test_maths.py"]),
        ("graph.txt", []),
        ("pkg/other.py", []),
        ("tests/helpers.py", []),
        ("pkg/test_graph.py", []),
        ("pkg/_.py", []),
        ("__init__.py", []),
    ],
)
def test_a_test_file_is_known_by_the_name_of_what_it_tests(path, found):
    there = files(
        "tests/test_graph.py",
        "tests/io/test_read.py",
        "tests/other/test_read.py",
        "tests/tree_test.py",
        "tests/test_net_http.py",
        "tests/test_maths.py",
        "tests/helpers.py",
        "tests/test_.py",
    )
    assert chosen(named(there, [path])) == found


def test_a_guess_is_followed_where_it_costs_little():
    assert chosen(named(files("tests/test_graph.py", rest=30.0), ["graph.py"])) == ["tests/test_graph.py"]
    assert named(files("tests/test_graph.py", rest=10.0), ["graph.py"]) == ()


def test_what_is_known_comes_before_what_is_guessed():
    there = files("tests/test_graph.py", "tests/test_tree.py")
    assert chosen(scouts(there, UNKNOWN, {"graph.py"})) == ["tests/test_graph.py"]
    assert scouts(there, Impact(tests=frozenset({"tests/test_tree.py::one"})), {"graph.py"}) == (
        "tests/test_tree.py::one",
    )
    assert scouts(there, Impact(tests=frozenset()), {"graph.py"}) == ()
    everything = frozenset(case.id for case in there.cases)
    assert chosen(scouts(there, Impact(tests=everything), {"graph.py"})) == ["tests/test_graph.py"]
    assert chosen(scouts(there, UNKNOWN, {"tests/test_tree.py"})) == ["tests/test_tree.py"]
