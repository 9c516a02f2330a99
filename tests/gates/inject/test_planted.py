"""Marks in changed files: each statement once, each way out of it, and nothing changed by them."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.inject.constants import embed
from assay.gates.inject.planted import RAN, plant

SOURCE = '''"""The module."""
from __future__ import annotations

LIMIT = (
    3
)

def f(a,
      b=2):
    """The function."""
    if a > LIMIT and (
        b
    ):
        return "big"
    for i in range(a):
        if i == 1: continue
        b += i
    while b > 100:
        b -= 1
    try:
        g(b)
    except (ValueError,
            TypeError):
        return "bad"
    finally:
        b = 0
    return "small"

def g(x):
    match x:
        case 2 if x:
            raise ValueError(x)
        case _:
            pass

class C:
    size: int
    kind: int = 3
    def stub(self): ...
'''
EVERY = frozenset(range(1, len(SOURCE.splitlines()) + 1))


def planted(source, changed):
    """What the marks stand for, and the namespace of the marked module with what was come past."""
    tree = ast.parse(source)
    places = plant(tree, changed, "@ran", 100)
    passed = []

    def ran(event, number):
        assert event == RAN
        passed.append(places[number - 100])

    code = embed(compile(tree, "m.py", "exec"), {"@ran": ran})
    return places, code, passed


def came_by(call, changed=EVERY, source=SOURCE):
    _, code, passed = planted(source, changed)
    space = {}
    exec(code, space)
    passed.clear()
    call(space)
    return {(place.kind, place.line) for place in passed}


def test_a_statement_counts_once_however_many_lines_it_has():
    places, _, _ = planted(SOURCE, EVERY)
    lines = sorted((place.first, place.last) for place in places if place.kind == "line")
    assert (4, 6) in lines
    assert (8, 9) in lines
    assert (11, 13) in lines
    assert (22, 23) in lines
    assert not {1, 2, 10, 20, 25, 37} & {first for first, _ in lines}


def test_only_what_changed_is_marked_and_named_by_its_first_changed_line():
    places, _, _ = planted(SOURCE, {12, 17})
    assert [(place.kind, place.first, place.line) for place in places] == [
        ("line", 11, 12),
        ("true", 11, 12),
        ("false", 11, 12),
        ("line", 17, 17),
    ]


def test_ways_lead_to_what_follows_or_out_of_the_function():
    source = "def f(a):\n    for b in a:\n        if b:\n            a = 1\n    if a:\n        a = 2\n"
    places, _, _ = planted(source, range(1, 7))
    ways = {(place.kind, place.line): place.target for place in places if place.kind != "line"}
    assert ways == {
        ("loops", 2): 3,
        ("ends", 2): 5,
        ("true", 3): 4,
        ("false", 3): 2,
        ("true", 5): 6,
        ("false", 5): 0,
    }


def test_what_ran_is_told_by_line_and_by_way():
    small = came_by(lambda space: space["f"](0, 0))
    assert {("line", 8), ("line", 11), ("false", 11), ("line", 15), ("ends", 15), ("line", 27)} <= small
    assert not {("true", 11), ("loops", 15), ("line", 14), ("line", 22)} & small
    assert {("true", 11), ("line", 14)} <= came_by(lambda space: space["f"](9))
    assert {("line", 22), ("line", 24), ("line", 31), ("line", 32)} <= came_by(lambda space: space["f"](0, 2))


def test_a_function_counts_as_run_when_it_is_called_and_a_stub_when_it_is_made():
    made = came_by(lambda space: None)
    assert made == set()
    _, code, passed = planted(SOURCE, EVERY)
    exec(code, {})
    assert {place.line for place in passed} == {4, 36, 38, 39}


@pytest.mark.parametrize("guard", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_what_only_a_type_checker_reads_is_not_marked(guard):
    places, _, _ = planted(f"import typing\nif {guard}:\n    import os\n", {3})
    assert places == []


@settings(deadline=None, max_examples=40)
@given(st.sets(st.sampled_from(sorted(EVERY))), st.integers(0, 6), st.integers(-1, 120))
def test_marks_change_nothing_but_what_they_note(changed, a, b):
    _, code, _ = planted(SOURCE, changed)
    marked, plain = {}, {}
    exec(code, marked)
    exec(SOURCE, plain)
    assert outcome(marked["f"], a, b) == outcome(plain["f"], a, b)
    assert marked["f"].__doc__ == plain["f"].__doc__
    assert marked["__doc__"] == plain["__doc__"]
    assert lines_of(marked["f"]) == lines_of(plain["f"])


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), error.__traceback__.tb_next.tb_lineno


def lines_of(function):
    return {line for _, _, line in function.__code__.co_lines() if line}
