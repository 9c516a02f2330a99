"""Sources as units: what differs between two versions, and which unit a line belongs to."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.units import MODULE, changed, complaints, outline

SOURCE = b"""
import os

@decorate
def f(a=1):
    "about f"
    return [g(x) for x in a]

class C(Base):
    size = 1

    def m(self):
        def inner():
            return 2
        return lambda: inner

    @property
    def m(self):
        return 3

if os:
    def g(x):
        pass
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("for x in a", "for x in b", {"f"}),
        ("return 2", "return 9", {"C.m"}),
        ("return 3", "return 9", {"C.m#1"}),
        ("pass", "return x", {"g"}),
        ("a=1", "a=2", {MODULE}),
        ("about f", "of f", {MODULE}),
        ("@decorate", "@other", {MODULE}),
        ("size = 1", "size = 2", {MODULE}),
        ("(Base)", "(Other)", {MODULE}),
        ("if os", "if not os", {MODULE}),
        ("import os", "import os, sys", {MODULE}),
        ("def f(", "async def f(", {MODULE, "f"}),
        ("def g(x)", "def h(x)", {MODULE, "g", "h"}),
        ("\nimport os", "from __future__ import annotations\nimport os", {MODULE, "f", "C.m", "C.m#1", "g"}),
    ],
)
def test_what_differs(old, new, expected):
    assert old in SOURCE.decode()
    assert changed(SOURCE, SOURCE.replace(old.encode(), new.encode(), 1)) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\nimport os", "# hello\n\n\nimport os"),
        ("return 2", "return (  2)  # two"),
        ("size = 1", "size  =  0x1"),
    ],
)
def test_layout_and_comments_are_no_difference(old, new):
    assert changed(SOURCE, SOURCE.replace(old.encode(), new.encode())) == frozenset()


@pytest.mark.parametrize("bad", [b"def f(:", b"# coding: nonsense\nx = 1", b"x = '\xff'", b"\0", b"(" * 5000])
def test_what_cannot_be_read_cannot_be_told(bad):
    assert changed(SOURCE, bad) is None
    assert changed(bad, SOURCE) is None


def test_lines_belong_to_the_outermost_function():
    found = outline(SOURCE)
    at = {number: found.at(number) for number in range(1, SOURCE.count(b"\n") + 1)}
    names = SOURCE.decode().splitlines()
    assert at[names.index("@decorate") + 1] == "f"
    assert at[names.index("            return 2") + 1] == "C.m"
    assert at[names.index("    @property") + 1] == "C.m#1"
    assert at[names.index("    size = 1") + 1] == MODULE
    assert at[names.index("        pass") + 1] == "g"


def functions(draw):
    lines = draw(st.lists(st.sampled_from(["x = 1", "y = 2", "return x", "def n(): return 1"]), min_size=1))
    return "def NAME(a):\n" + "".join(f"    {line}\n" for line in lines)


@given(st.data())
def test_every_code_object_belongs_to_the_unit_that_a_change_of_it_changes(data):
    bodies = [functions(data.draw) for _ in range(data.draw(st.integers(1, 4)))]
    source = "".join(body.replace("NAME", f"f{index}") for index, body in enumerate(bodies)).encode()
    found = outline(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            owner = found.at(node.lineno)
            line = source.splitlines()[node.body[-1].lineno - 1]
            indent = b" " * (len(line) - len(line.lstrip()))
            lines = source.splitlines()
            lines.insert(node.body[-1].end_lineno, indent + b"z = 3")
            if node.body[-1].lineno != node.lineno:
                assert changed(source, b"\n".join(lines)) == {owner}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            b"def f(x=1):\n    return x\n\nclass A:\n    @p\n    def m(self): pass\n",
            b"def f(x=1):\n    return x\n",
        ),
        (b"def f(): return 1\n", b"def f(): return 2\n"),
        (b"def f(): return '\xe9'\n", b"# coding: latin-1\ndef f(): return '\xe9'\n"),
        (b"if x:\n    def f(): pass\n", b"class A:\n    def f(): pass\n    def f(): pass\n"),
        (b"def f(:\n", b"def f(): pass\n"),
    ],
)
def test_what_another_source_has_as_well_comes_to_the_same(old, new):
    alone, like = outline(new), outline(new, old)
    assert alone is not None or like is None
    if alone is not None and like is not None:
        assert [(u.name, u.digest, u.head, u.start, u.end) for u in alone.units] == [
            (u.name, u.digest, u.head, u.start, u.end) for u in like.units
        ]
        assert [form.text for form in alone.forms] == [form.text for form in like.forms]


@pytest.mark.parametrize(
    ("old", "new", "heard"),
    [
        (b"def f(): return 1\n", b"def f(): return 2\n", False),
        (b"def f(): return 1\n", b"def f(): return 1 is 1\n", True),
        (b"def f(): return 1\n", b"def f(): return 1\ndef g(): assert (1, 'no')\n", True),
        (b"def f(): return 1\n", b"def f(): return '\\d'\n", True),
        (b"x = 1 is 1\n", b"x = 1 is 1\ny = 2\n", False),
        (b"def f(): return 1 is 1\n", b"def f(): return 2 is 2\n", False),
        (b"a = 1; b = 2\n", b"a = 1; b = 2; c = 1 is 1\n", True),
        (b"def f(:\n", b"x = 1 is 1\n", False),
    ],
)
def test_a_compiler_is_heard_where_it_says_something_new(old, new, heard):
    assert bool(complaints(new, old)) is heard
