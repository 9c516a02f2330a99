"""What is seen of the arguments of calls, of attributes by their text, and of the roles of texts."""

from __future__ import annotations

import ast

import pytest

from assay.patchset.facts.records import Use, Uses
from assay.patchset.facts.signature import Shape
from assay.patchset.facts.uses import uses_of


def uses(text: str) -> Uses:
    return uses_of(ast.parse(text), lambda first, last: True)


def only(text: str, name: str) -> Use:
    (found,) = [use for use in uses(text).uses if use.path[-1] == name]
    return found


@pytest.mark.parametrize(
    ("text", "path", "shape"),
    [
        ("def f(x):\n    return getattr(x, 'size')\n", ("?", "size"), None),
        ("def f(x):\n    return getattr(x, 'size')(1)\n", ("?", "size"), Shape(positional=1)),
        ("import m\nv = getattr(m, 'size')\n", ("m", "size"), None),
        ("v = attrgetter('size')\n", ("?", "size"), None),
        ("v = methodcaller('size', 1, by=2)\n", ("?", "size"), Shape(positional=1, keywords=("by",))),
    ],
)
def test_an_attribute_by_its_text_is_one(text: str, path: tuple[str, ...], shape: Shape | None) -> None:
    found = only(text, "size")
    assert (found.path, found.call) == (path, shape)


def test_an_attribute_that_may_be_missing_is_none() -> None:
    assert not [use for use in uses("v = getattr(x, 'size', 0)\n").uses if use.path[-1] == "size"]


@pytest.mark.parametrize(
    "spread", ["**{'a': 1, 'b': 2}", "**dict(a=1, b=2)", "**given"], ids=["display", "call", "name"]
)
def test_a_dictionary_that_is_written_out_gives_its_keys(spread: str) -> None:
    found = only(f"def f():\n    given = {{'a': 1, 'b': 2}}\n    return g({spread})\n", "g")
    assert found.call == Shape(keywords=("a", "b"), double=True)


def test_a_name_that_is_bound_twice_gives_nothing() -> None:
    found = only("def f():\n    given = {'a': 1}\n    given = h()\n    return g(**given)\n", "g")
    assert found.call == Shape(double=True)


def test_what_can_be_seen_of_arguments() -> None:
    found = only("def f(x):\n    return g(x, 'text', {'a': x}, T(), key='word')\n", "g")
    seen = [(one.slot, one.text, one.keys, one.path) for one in found.given]
    assert seen == [
        ("1", "text", None, ()),
        ("2", None, ("a",), ()),
        ("3", None, None, ("T", "()")),
        ("key", "word", None, ()),
    ]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("register('word')", "register:0"),
        ("x.register(1, name='word')", "register:name"),
        ("register(['word'])", "register:0"),
        ("v = x['word']", "[]"),
        ("x['word'] = 1", "="),
        ("v = {'word': 1}", "{}"),
        ("v = x == 'word'", "=="),
        ("def f(x='word'): ...", "="),
    ],
)
def test_the_roles_of_a_text(text: str, role: str) -> None:
    (said,) = uses(text).said
    assert (said.text, said.role) == ("word", role)


def test_prose_has_no_role() -> None:
    assert uses("'''documentation'''\nprint('two words', f'word')\n").said == ()
