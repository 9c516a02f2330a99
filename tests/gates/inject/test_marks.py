"""Marks in test files: they note what ran, and change nothing else."""

import ast
import asyncio

import pytest

from assay.gates.inject.constants import embed
from assay.gates.inject.marks import NOTE, Trail, codes, compared, mark, paired, spelled


def noting(trail):
    def note(event, number):
        assert event == NOTE
        trail.append(number)

    return note


def load(source, trail):
    """The namespace of a marked module, and its marked functions by name."""
    tree = ast.parse(source)
    found, _ = mark(tree, "@note", lambda name: name.startswith("test"), 7_000_000)
    code = embed(compile(tree, "t.py", "exec"), {"@note": noting(trail)})
    places = {(name, inner.co_firstlineno): name for name, inner in codes(code)}
    assert set(found) <= set(places)
    namespace = {}
    exec(code, namespace)
    return namespace, {name: marked for (name, _line), marked in found.items()}


def state(source, call, name="test_it"):
    """The body's state after `call(function)`."""
    trail = Trail()
    namespace, found = load(source, trail)
    trail.clear()
    function = namespace
    for part in name.split("."):
        function = function[part] if isinstance(function, dict) else getattr(function, part)
    call(function)
    return found[name].state(trail)


def quietly(function):
    try:
        function()
    except Exception:
        return


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", "left"),
        ("'''Only a docstring.'''", "left"),
        ("...", "left"),
        ("x = 1\n    assert x == 1", "left"),
        ("x = 1\n    assert x == 2", "entered"),
        ("return", "left"),
        ("return 5", "left"),
        ("return 1 / 0", "entered"),
        ("for n in range(3):\n        if n == 1:\n            return n\n    assert 0", "left"),
        ("for n in range(3):\n        if n == 7:\n            return n\n    assert 0", "entered"),
        ("try:\n        raise KeyError\n    except KeyError:\n        pass", "left"),
        ("with open('/dev/null') as f:\n        return f.name", "left"),
        ("def inner():\n        return 1\n    lambda: 2\n    raise ValueError", "entered"),
        ("raise ValueError\n    return 1", "entered"),
        ("global g\n    g = 1", "left"),
    ],
)
def test_how_far_a_body_got(body, expected):
    assert state(f"def test_it():\n    {body}\n", quietly) == expected


WITH = """
class Eats:
    def __init__(self, what): self.what = what
    def __enter__(self): return self
    def __exit__(self, kind, *more): return kind is not None and issubclass(kind, self.what)
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("with Eats(KeyError): x = 1", "left"),
        ("with Eats(KeyError): {}[1]", "cut"),
        ("with Eats(KeyError): {}[1]\n    return 5", "cut"),
        ("for n in (1, 2):\n        with Eats(IndexError): [7, 8][n]", "cut"),
        ("for n in (1, 2):\n        with Eats(KeyError):\n            if n: continue", "left"),
        ("with Eats(KeyError):\n        with Eats(IndexError): [][0]", "cut"),
        ("with Eats(KeyError): raise KeyError", "left"),
        ("try:\n        with Eats(OSError): {}[1]\n    except KeyError: pass", "left"),
        ("with Eats(OSError): {}[1]", "entered"),
    ],
)
def test_a_block_that_a_context_manager_ended(body, expected):
    assert state(f"{WITH}\ndef test_it():\n    {body}\n", quietly) == expected


def test_a_body_that_was_not_called():
    assert state("def test_it(): pass\n", lambda function: None) == "none"


def test_a_body_that_was_jumped_through_did_not_come_to_its_end():
    trail = Trail()
    _, found = load("def test_it():\n    a = 1\n    b = 2\n    c = 3\n", trail)
    marked = found["test_it"]
    assert marked.state([marked.first, marked.first + 1, marked.first + 2, marked.first + 3]) == "left"
    assert marked.state([marked.first, marked.first + 1, marked.first + 3]) == "entered"
    assert marked.state([marked.first + 3]) == "entered"


def test_async_and_methods_and_conditional_definitions():
    source = (
        "class TestA:\n    class TestB:\n        @staticmethod\n        def test_it(): return 1\n"
        "if True:\n    async def test_co():\n        return 2\n"
    )
    assert state(source, lambda function: function(), "TestA.TestB.test_it") == "left"
    assert state(source, lambda function: asyncio.run(function()), "test_co") == "left"


def test_what_returns_keeps_its_value_and_lines_stay():
    source = "def test_it(x):\n\n    y = x + 1\n    return (\n        y\n    )\n\n\ndef other(): return 1\n"
    namespace, found = load(source, Trail())
    assert namespace["test_it"](4) == 5
    assert set(found) == {"test_it"}
    plain = {}
    exec(compile(source, "t.py", "exec"), plain)
    lines = [
        sorted({line for *_, line in f["test_it"].__code__.co_lines() if line}) for f in (namespace, plain)
    ]
    assert lines[0] == lines[1]


def test_sides_of_an_equality_are_shown():
    tree = ast.parse("@py_assert1 = 0".replace("@", "_") + "\n")
    assign = tree.body[0]
    assign.targets[0].id = "@py_assert1"
    assign.value = ast.Compare(ast.Name("l", ast.Load()), [ast.Eq()], [ast.Name("r", ast.Load())])
    ast.fix_missing_locations(tree)
    compared(tree, "@see")
    seen = []
    exec(embed(compile(tree, "t", "exec"), {"@see": lambda *sides: seen.append(sides)}), {"l": 1, "r": 1})
    assert seen == [(1, 1, True)]


HELPER = """
def check(got, wanted, order):
    assert got() == wanted(), order
    if order:
        for _ in order:
            assert got() < 9

class Checks:
    assert 1 == 1

    def whole(self, got):
        def inner():
            assert got
            assert 1 < got < 3
            assert got in (1, 2), "message"
        return inner()

async def later(got):
    assert got == 1
"""


def test_sides_of_an_assert_that_is_not_rewritten_are_shown_in_order():
    tree = ast.parse(HELPER)
    spelled(tree, "@see")
    seen, order = [], []
    namespace = {}
    exec(embed(compile(tree, "t", "exec"), {"@see": lambda *sides: seen.append(sides)}), namespace)
    namespace["check"](lambda: order.append("got") or 1, lambda: order.append("wanted") or 1, "x")
    assert order == ["got", "wanted", "got"]
    assert seen == [(1, 1, True), (1, 9, True, "Lt")]
    namespace["Checks"]().whole(2)
    asyncio.run(namespace["later"](1))
    assert seen[2:] == [(2, (1, 2), True, "In"), (1, 1, True)]
    with pytest.raises(AssertionError, match=r"^message$"):
        namespace["check"](lambda: 1, lambda: 2, "message")
    assert seen[4:] == [(1, 2, False)]


def test_a_mark_is_reached_by_no_name():
    namespace, _ = load("def test_it(): return [1 for _ in 'ab']\n", Trail())
    assert not [name for name in namespace if name.startswith("@")]
    assert not [name for name in namespace["test_it"].__code__.co_names if name.startswith("@")]


def test_unittest_s_equality_gets_its_sides_through():
    tree = ast.parse("got = case.assertEqual(1 + 1, 3, 'why')\ncase.assertTrue(1, 2)\n")
    paired(tree, "@pair")
    seen = []

    class Case:
        def assertEqual(self, *arguments):
            return arguments

        def assertTrue(self, *arguments):
            return arguments

    def pair(left, right):
        seen.append((left, right))
        return left, right

    namespace = {"case": Case()}
    exec(embed(compile(tree, "t", "exec"), {"@pair": pair}), namespace)
    assert seen == [(2, 3)]
    assert namespace["got"] == (2, 3, "why")
