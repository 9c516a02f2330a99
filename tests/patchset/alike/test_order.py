"""Which orders cannot matter, and which are left alone."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.alike.order import ordered

A = "def a(x, y=1):\n    return b(x)\n\n"
B = "def b(x):\n    return x\n\n"
ONE = "    def one(self):\n        return 1\n"
TWO = "    def two(self):\n        return 2\n"
HEAD = "class C(ValueError):\n    limit: int = 3\n"
C = HEAD + ONE + TWO


def same(one: str, two: str) -> bool:
    found = ordered(one.encode()), ordered(two.encode())
    assert None not in found
    return found[0] == found[1]


def test_functions_that_call_each_other_only_when_they_run_may_change_places():
    assert same(A + B, B + A)


def test_classes_functions_and_constants_may_change_places():
    assert same(A + C + "LIMIT = 3\n" + B, "LIMIT = 3\n" + B + C + A)


def test_methods_side_by_side_may_change_places():
    assert same(C, HEAD + TWO + ONE)


def test_imports_of_the_standard_library_may_be_sorted():
    assert same("import os\nimport json\n" + A, "import json\nimport os\n" + A)


def test_it_is_not_the_same_text():
    assert not same(A + B, A + B.replace("return x", "return -x"))
    assert not same(A + B, A)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        # Used when another is made.
        ("LIMIT = 1\n", "def f(x=LIMIT):\n    return x\n"),
        ("class K:\n    pass\n", "class L(K):\n    pass\n"),
        ("def key():\n    return 1\n", "class L:\n    x: key = 1\n"),
        # Runs something.
        ("@register\ndef f():\n    pass\n", "@register\ndef g():\n    pass\n"),
        ("x = make()\n", "def f():\n    pass\n"),
        ("class K(Base):\n    pass\n", "class L(Base):\n    pass\n"),
        ("class K:\n    x = Field()\n", "class L:\n    x = Field()\n"),
        ("class K(metaclass=M):\n    pass\n", "class L:\n    pass\n"),
        # The last one wins.
        ("def f():\n    return 1\n", "def f():\n    return 2\n"),
        ("x = 1\n", "x = 2\n"),
        # Imports of others may do anything when they are imported.
        ("import ours\n", "import theirs\n"),
        ("import os\n", "import theirs\n"),
        ("from os import path\n", "from ntpath import *\n"),
        ("import os.path as os\n", "import posixpath as os\n"),
        ("__all__ = 'a'\n", "__version__ = '1'\n"),
    ],
)
def test_what_may_matter_is_not_the_same(one, two):
    assert not same(one + two, two + one)


@pytest.mark.parametrize(
    "word", ["globals()", "vars()", "inspect.getmembers(x)", "x.__dict__", "K.__subclasses__()"]
)
def test_a_file_that_may_look_at_its_own_order_is_left_alone(word):
    looks = f"def look(x):\n    return {word}\n"
    assert not same(A + B + looks, B + A + looks)


def test_what_a_star_may_bind_is_not_known():
    star = "from ours import *\n"
    assert not same(star + A + C, star + C + A)


def test_nothing_moves_past_what_runs():
    call = "prepare()\n"
    assert not same(A + call + B, B + call + A)
    assert not same(A + B + call, A + call + B)


def test_fields_keep_their_order():
    assert not same(
        "class K:\n    a: int = 1\n    b: int = 2\n", "class K:\n    b: int = 2\n    a: int = 1\n"
    )


def test_a_method_that_another_needs_to_be_made_keeps_its_place():
    one = "    def f(self):\n        return 1\n"
    two = "    def g(self, by=f):\n        return by\n"
    assert not same("class K:\n" + one + two, "class K:\n" + two + one)


def test_what_does_not_parse_has_no_form():
    assert ordered(b"def f(:\n") is None
    assert ordered(b"x" + b"(" * 5000) is None


@given(
    st.lists(st.sampled_from([A, B, C, "N = 1\n", "async def z():\n    yield 1\n"]), unique=True),
    st.randoms(),
)
def test_any_order_of_independent_definitions_is_the_same(parts: list[str], chance: random.Random):
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert same("".join(parts), "".join(shuffled))
