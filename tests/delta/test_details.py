from __future__ import annotations

import pytest

from assay.delta.by_ast import outline
from assay.delta.symbols import changed_symbols
from assay.model.delta import Aspect

PATH = "src/pkg/mod.py"


def words(before: str, after: str) -> list[str]:
    (change,) = changed_symbols(outline(before.encode()), outline(after.encode()), PATH)
    return [detail.words for detail in change.details]


def function(*lines: str) -> str:
    return "def f(a, b):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["if a < b:", "    g()"], ["if a <= b:", "    g()"], "`<` became `<=` in `if a <= b:`"),
        (["return not a"], ["return a"], "`not` is gone in `return a`"),
        (["raise ValueError(a)"], ["raise TypeError(a)"], "can raise `TypeError`"),
        (["try:", " g()", "except ValueError:", " h()"], ["try:", " g()", "except Exception:", " h()"],
         "catches `Exception`, where it caught `ValueError` (more)"),
        (["try:", " g()", "except (A, B):", " h()"], ["try:", " g()", "except A:", " h()"],
         "catches `A`, where it caught `A, B` (less)"),
        (["try:", " g()", "except A:", " raise"], ["try:", " g()", "except A:", " pass"],
         "`A` is now swallowed"),
        (["g()"], ["try:", " g()", "except:", " pass"], "catches `everything` and does nothing about it"),
        (["g()"], ["with suppress(KeyError):", " g()"], "catches `KeyError` and does nothing about it"),
        (["return a"], ["if not b:", "    return None", "return a"], "new early return of `None`"),
        (["for x in a:", "    g(x)"], ["for x in b:", "    g(x)", "    h(x)", "    i(x)"],
         "loop `for x in a` became `for x in b`"),
        (["return a, b"], ["return a, b, a"], "returns 3 values together, where it returned 2"),
        (["return a"], ["yield a"], "is a generator now"),
        (["return a"], ["warnings.warn('x', DeprecationWarning, stacklevel=2)", "return a"],
         "warns with `DeprecationWarning`"),
        (["log.warn('x')", "return a"], ["log.warn('x')", "return b"], "`a` became `b` in `return b`"),
        (["g = 1", "return g"], ["global g", "g = 1", "h()", "i()", "return g"],
         "new assigned outer name `g`"),
    ],
)  # fmt: skip
def test_what_differs_inside_is_said(before, after, expected):
    assert expected in words(function(*before), function(*after))


def test_the_line_is_that_of_the_new_file():
    old = outline(b"\n\n" + function("g()", "return a < b").encode())
    new = outline(b"\n\n\n\n" + function("g()", "return a > b").encode())
    (change,) = changed_symbols(old, new, PATH)
    assert [(d.aspect, d.line) for d in change.details] == [(Aspect.TOKEN, 7)]


def test_changed_defaults_decorators_and_bases_are_said():
    assert words("def f(a=1, *, b=2): pass", "def f(a=9, *, b=2): pass") == [
        "the default of `a` is `9`, was `1`"
    ]
    assert words("def f(): pass", "@cache\ndef f(): pass") == ["new: `@cache`"]
    assert words("class A(B, C): pass", "class A(C, D): pass") == ["new: `base D`", "gone: `base B`"]


def test_a_secret_in_a_default_or_value_is_not_quoted():
    before, after = "API_TOKEN = 'aaaa'", "API_TOKEN = 'bbbb'"
    (change,) = changed_symbols(outline(before.encode()), outline(after.encode()), PATH)
    assert "bbbb" not in repr(change)
    assert "aaaa" not in repr(change)
    shown = words("def f(password='x1'): pass", "def f(password='y2'): pass")
    assert "y2" not in "".join(shown)


def test_of_a_large_difference_the_first_statements_are_told_and_the_rest_is_counted():
    before = function(*[f"x{n} = {n}" for n in range(20)])
    after = function(*[f"y{n} = {n} + a" for n in range(20)])
    told = words(before, after)
    assert len(told) == 5
    assert told[-1] == "16 more statements differ"


def test_a_name_that_is_assigned_otherwise_is_not_told_as_gone():
    before = function("self.max = a", "self.exp = 2", "self.jitter = b")
    after = function("self.max = s(a)", "self.exp = 2", "self.jitter = s(b)", "self.min = s(0)")
    assert words(before, after) == [
        "`a` became `s(a)` in `self.max = s(a)`",
        "`b` became `s(b)` in `self.jitter = s(b)`",
        "new: `self.min = s(0)`",
    ]


def test_a_statement_at_another_place_is_no_new_one():
    before, after = function("g(a)", "h(a)", "i(a)", "j(a)"), function("h(a)", "i(a)", "j(a)", "g(a)")
    assert words(before, after) == ["`g(a)` is at another place"]


def test_what_an_import_runs_is_told():
    before = "setup(name='a', long='%s', classifiers=['x'])\n" % ("y" * 200)
    told = words(before, before.replace("['x']", "['x', 'z']"))
    assert len(told) == 1
    assert told[0].startswith("`, 'z'` is new in `…")
    assert "'x', 'z'" in told[0]


def test_entries_of_a_constant_are_told():
    assert words("X = ['a', 'b']", "X = ['a', 'c']") == ["new: `'c'`", "gone: `'b'`"]
    assert words("X = {'a': 1, 'password': 'p'}", "X = {'a': 3, 'password': 'q'}") == [
        "`'a'`: `1` became `3`",
        "`'password'`: `(hidden)` became `(hidden)`",
    ]


def test_annotations_of_local_variables_are_annotations():
    before, after = function("x: List[int] = []", "return x"), function("x: list[int] = []", "return x")
    (change,) = changed_symbols(outline(before.encode()), outline(after.encode()), PATH)
    assert change.kind.value == "annotations"
