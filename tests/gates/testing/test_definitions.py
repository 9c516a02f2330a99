"""What differs between two versions of a test file."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.testing.definitions import MAX_BYTES, TestDiff, differ, is_test, parts

BASE = '''
import pytest
from lib import double

LIMIT = 4


@pytest.fixture()
def number():
    return 2


def check(x):
    assert x == LIMIT


class TestAll:
    """All."""

    size = 1

    def test_in(self, number):
        """Doubles."""
        check(double(number))


@pytest.mark.parametrize("x", [1, 2])
def test_out(x):
    assert double(x) == 2 * x
'''


def diff(old, new):
    assert old in BASE
    return differ(BASE.encode(), BASE.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return 2", "return 3", "fixture:number"),
        ("@pytest.fixture()", '@pytest.fixture(scope="session")', "fixture:number"),
        ("x == LIMIT", "x", "helper:check"),
        ("double(number)", "4", "TestAll.test_in"),
        ("[1, 2]", "[1]", "test_out"),
        ("assert double(x)", "return\n    assert double(x)", "test_out"),
        ("@pytest.mark.param", "@pytest.mark.skip\n@pytest.mark.param", "test_out"),
        ("def test_out", "async def test_out", "test_out"),
        ("size = 1", "size = 2", "TestAll"),
        ("class TestAll:", "class TestAll(Other):", "TestAll"),
        ("LIMIT = 4", "LIMIT = 5", "<module>"),
        ("from lib", "from other", "<module>"),
    ],
)
def test_a_change_is_named(old, new, changed):
    assert diff(old, new) == TestDiff(changed=(changed,))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x == LIMIT", "x == ( LIMIT )  # same"),
        ('"""Doubles."""', '"""Doubles a number."""'),
        ("import pytest\nfrom lib import double", "from lib import double\nimport pytest"),
    ],
)
def test_layout_comments_and_words_are_no_change(old, new):
    assert diff(old, new) == TestDiff()


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        ("import pytest", "import os\nimport pytest", ("<module>",)),
        ("size = 1", "size = 1\n    __test__ = False", ("TestAll",)),
        ("LIMIT = 4", "LIMIT = 4\npytestmark = 1", ("<module>",)),
        ("@pytest.fixture()", "def test_new():\n    pass\n\n\n@pytest.fixture()", ("test_new",)),
    ],
)
def test_what_only_grows_is_added_to(old, new, added):
    assert diff(old, new) == TestDiff(added=added)


def test_a_test_that_is_defined_again_or_under_a_condition_is_another():
    again = BASE + "\n\ndef test_out(x):\n    pass\n"
    assert differ(BASE.encode(), again.encode()).changed == ("test_out",)
    old = b"def test_a():\n    assert 1\n"
    assert differ(old, b"if False:\n    def test_a():\n        assert 1\n").changed == ("test_a",)


def test_a_doctest_is_more_than_words():
    old = b'def test_a():\n    """>>> 1\n    1"""\n'
    assert differ(old, old.replace(b'1"', b'2"')).changed == ("test_a",)


def test_removed_added_and_absent():
    assert "test_out" in differ(BASE.encode(), None).removed
    assert "test_out" in differ(None, BASE.encode()).added
    assert differ(None, None) == TestDiff()


def test_a_renamed_test_keeps_its_form():
    before, after = parts(b"def test_a():\n    assert 1\n"), parts(b"\ndef helper_a():\n    assert 1\n")
    assert before["test_a"].form == after["helper:helper_a"].form
    assert after["helper:helper_a"].line == 2


def test_names_of_tests():
    assert {name for name in parts(BASE.encode()) if is_test(name)} == {"TestAll.test_in", "test_out"}


DEEP = 30_000


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * DEEP + ")" * DEEP,
        "-" * DEEP + "1",
        "a" + ".b" * DEEP,
        "a" + "+a" * DEEP,
        "lambda:" * DEEP + "1",
        "if 1: pass\n" + "elif 1: pass\n" * DEEP,
        "a = b = " * DEEP + "1",
        "f'" + "{a}" * 4 * DEEP + "'",
        "0x" + "f" * DEEP,
        "9" * DEEP,
        "\0",
        "x" * (MAX_BYTES + 1),
        "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
        "# coding: no-such-codec\n",
    ],
)
def test_no_hostile_source_raises(hostile):
    data = hostile.encode("latin-1")
    assert isinstance(differ(BASE.encode(), data), TestDiff)
    assert isinstance(differ(data, BASE.encode()), TestDiff)


def test_what_cannot_be_parsed_counts_as_a_whole():
    assert differ(BASE.encode(), b"(((") == TestDiff(changed=("<module>",), readable=False)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ast.parse(BASE).body), max_size=6))
def test_formatting_never_matters(statements):
    source = ast.unparse(ast.Module(body=statements, type_ignores=[]))
    spaced = source.replace("\n", "  # why\n\n" if '"""' not in source else "\n\n")
    assert differ(source.encode(), spaced.encode()) == TestDiff()
