"""Marks in test files: they note what ran, and change nothing else."""

import ast
import asyncio

import pytest

from assay.gates.inject.marks import Trail, codes, compared, mark, paired


def load(source, trail):
    """The namespace of a marked module, and its marked functions by name."""
    tree = ast.parse(source)
    found, _ = mark(tree, "@note", lambda name: name.startswith("test"), 7_000_000)
    code = compile(tree, "t.py", "exec")
    places = {(name, inner.co_firstlineno): name for name, inner in codes(code)}
    assert set(found) <= set(places)
    namespace = {"@note": trail.append}
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
    exec(compile(tree, "t", "exec"), {"l": 1, "r": 1, "@see": lambda *sides: seen.append(sides)})
    assert seen == [(1, 1, True)]


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

    namespace = {"case": Case(), "@pair": pair}
    exec(compile(tree, "t", "exec"), namespace)
    assert seen == [(2, 3)]
    assert namespace["got"] == (2, 3, "why")
