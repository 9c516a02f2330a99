from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.delta.breaks import module_break
from assay.delta.by_ast import outline, outlines
from assay.delta.compat import Around
from assay.delta.exports import NO_EXPORTS
from assay.delta.parse import Outlines
from assay.delta.public import is_public
from assay.delta.symbols import changed_symbols, describe, found_meetings
from assay.model.delta import SymbolChangeKind as Kind

PATH = "src/pkg/mod.py"


def changed(before: str, after: str) -> list[tuple[str, Kind]]:
    found = changed_symbols(outline(before.encode()), outline(after.encode()), PATH)
    return [(change.symbol, change.kind) for change in found]


def broken(before: str, after: str, path: str = PATH) -> list[str]:
    files = {path: Outlines(old=outline(before.encode()), new=outline(after.encode()))}
    found = describe(found_meetings(files), Around(files=files, exports=NO_EXPORTS))
    return [sentence.removeprefix(f"`f` in {path} ") for each in found for sentence in each.breaks]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "def f(): pass", [("f", Kind.ADDED)]),
        ("def f(): pass", "", [("f", Kind.REMOVED)]),
        ("def f(a): pass", "def f(a, b=1): pass", [("f", Kind.SIGNATURE)]),
        ("def f(a): pass", "def f(a: int): pass", [("f", Kind.ANNOTATIONS)]),
        ("def f(): return 1", "def f(): return 2", [("f", Kind.BODY)]),
        ("def f():\n 'a'\n return 1", "def f():\n 'b'\n return 1", [("f", Kind.DOCS)]),
        ("@lru_cache\ndef f(): pass", "@lru_cache(9)\ndef f(): pass", [("f", Kind.DECORATORS)]),
        ("def f(s): pass", "@staticmethod\ndef f(s): pass", [("f", Kind.SIGNATURE)]),
        ("def f(): pass", "async def f(): pass", [("f", Kind.SIGNATURE)]),
        ("X = 1", "X = 2", [("X", Kind.BODY)]),
        ("class A: pass", "class A(B): pass", [("A", Kind.BASES)]),
        ("class A:\n def m(s): pass", "class A:\n def m(s): return 1", [("A.m", Kind.BODY)]),
        ("", "class A:\n x = 1\n def m(s): pass", [("A", Kind.ADDED)]),
        ("class A:\n def m(s): pass", "", [("A", Kind.REMOVED)]),
        ("import a", "import b", []),
        ("run()", "walk()", [("<module>", Kind.BODY)]),
        ("'a'", "'b'", [("<module>", Kind.DOCS)]),
        ("if a:\n def f(): pass", "if b:\n def f(): pass", [("<module>", Kind.BODY)]),
        ("def a(): pass\ndef b(): pass", "def b(): pass\n# moved\ndef a(): pass", []),
        (
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): pass",
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: bytes): ...\ndef f(a): pass",
            [("f", Kind.ANNOTATIONS)],
        ),
        ("def f():\n def g(): return 1", "def f():\n def g(): return 2", [("f", Kind.BODY)]),
    ],
)
def test_each_kind_of_change_is_named(before, after, expected):
    assert changed(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("def f(): pass", "", ["is removed"]),
        ("def f(a): pass", "def f(a, b): pass", ["requires a new parameter `b`"]),
        ("def f(a): pass", "def f(a, *, b): pass", ["requires a new parameter `b`"]),
        ("def f(a): pass", "def f(a, b=1, *c, **d): pass", []),
        ("def f(a, b): pass", "def f(a): pass", ["no longer takes the parameter `b`"]),
        ("def f(a, b=1): pass", "def f(a, *args, **kwargs): pass", []),
        ("def f(**k): pass", "def f(): pass", ["no longer takes the parameter `**k`"]),
        ("def f(a): pass", "def f(b): pass", ["has its parameter `a` renamed to `b`"]),
        ("def f(a, /): pass", "def f(b, /): pass", []),
        ("def f(a=1): pass", "def f(a): pass", ["no longer has a default for `a`"]),
        ("def f(a): pass", "def f(a=1): pass", []),
        ("def f(a): pass", "def f(*, a): pass", ["no longer takes `a` by position"]),
        ("def f(a): pass", "def f(a, /): pass", ["no longer takes `a` by name"]),
        (
            "def f(a, b): pass",
            "def f(b, a): pass",
            ["takes its positional parameters in another order: (b, a)"],
        ),
        (
            "def f(a, b=1): pass",
            "def f(a, c=2, b=1): pass",
            ["takes its positional parameters in another order: (a, c, b)"],
        ),
        ("def f(a: int) -> int: pass", "def f(a: str) -> str: pass", []),
        ("def f(): pass", "async def f(): pass", ["must now be awaited"]),
        ("def f(): pass", "f = g", ["was a function and is a constant now"]),
        ("def f(): pass", "from .other import f", []),
        ("def f(): pass", "from .other import *", None),
        ("def f(): pass", "def __getattr__(name): pass", None),
        ("def f(__a, *b, **c): pass", "def f(a, /, *b, **c): pass", []),
        (
            "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): pass",
            "@overload\ndef f(a: int): ...\n@overload\ndef f(*, a: str): ...\ndef f(a=None): pass",
            [],
        ),
        ("def _f(a): pass", "def _f(): pass", []),
    ],
)
def test_breaks_are_about_callers(before, after, expected):
    found = broken(before, after)
    if expected is None:
        assert len(found) == 1
        assert "star import" in found[0]
    else:
        assert found == expected


def test_methods_are_called_without_their_receiver():
    before = "class A:\n def m(self, a): pass\n @staticmethod\n def s(a): pass\n"
    after = "class A:\n def m(this, a): pass\n @staticmethod\n def s(b): pass\n"
    assert broken(before, after) == [f"`A.s` in {PATH} has its parameter `a` renamed to `b`"]


def test_an_attribute_may_become_a_property_but_not_a_method():
    before = "class A:\n x = 1\n y = 2\n"
    after = "class A:\n @property\n def x(self): return 1\n def y(self): return 2\n"
    assert broken(before, after) == [f"`A.y` in {PATH} was an attribute and is a method now"]


def test_a_method_that_became_a_property_and_a_lost_base_are_breaks():
    before = "class A(B, C[int, str], b.E, _P, t.Generic[T]):\n def m(self): pass\n x = 1\n"
    after = "class A(B[int], E):\n @property\n def m(self): pass\n"
    assert broken(before, after) == [
        f"`A` in {PATH} no longer derives from C",
        f"`A.m` in {PATH} was a plain method and is a property now",
        f"`A.x` in {PATH} is no longer defined there; `B` may still provide it",
    ]


@pytest.mark.parametrize(
    "path", ["tests/test_mod.py", "src/pkg/_private/mod.py", "docs/conf.py", "examples/use.py", "setup.py"]
)
def test_what_nobody_imports_breaks_nobody(path):
    assert broken("def f(): pass", "", path) == []


def test_a_module_that_is_gone_or_moved_says_so_once():
    old = outline(b"def f(): pass\ndef _g(): pass\nclass A:\n  x = 1\n")
    assert module_break(old, PATH, None) == (f"module {PATH} is removed, with 2 public names",)
    assert module_break(old, PATH, "src/pkg/new.py") == (
        f"module {PATH} is now src/pkg/new.py, so that imports of it by the old name fail",
    )
    assert module_break(old, "tests/helpers.py", None) == ()


@pytest.mark.parametrize(
    ("path", "symbol", "public"),
    [
        ("pkg/__init__.py", "f", True),
        ("pkg/mod.py", "A.__init__", True),
        ("pkg/_mod.py", "f", False),
        ("pkg/mod.py", "A._x", False),
        ("pkg/tests/mod.py", "f", False),
        ("pkg/test_mod.py", "f", False),
        ("pkg/mod.py", "<module>", False),
    ],
)
def test_public_is_told_from_names_alone(path, symbol, public):
    assert is_public(path, symbol) is public


PARAMETERS = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@given(PARAMETERS, PARAMETERS)
def test_a_break_is_reported_whenever_a_call_by_position_stops_binding(old, new):
    """Checked against the interpreter itself: call with all old parameters by position and by name."""
    before, after = f"def f({', '.join(old)}): return locals()", f"def f({', '.join(new)}): return locals()"
    scope: dict[str, object] = {}
    exec(after, scope)

    def works(*args: object, **kwargs: object) -> bool:
        try:
            return scope["f"](*args, **kwargs) == dict(zip(old, range(len(old)), strict=True))  # type: ignore[operator]
        except TypeError:
            return False

    fine = works(*range(len(old))) and works(**dict(zip(old, range(len(old)), strict=True)))
    assert (broken(before, after) == []) is fine


DEFINITIONS = (
    "def f(a, b=1):\n    return a + b\n",
    "def f(a, b=1):\n    return a - b\n",
    "def f(a, b=1):\n    # said again\n    return (a + b)\n",
    "@wraps(f)\ndef g():\n    '''Doc.'''\n    pass\n",
    "@wraps(f, 2)\ndef g():\n    '''Doc.'''\n    pass\n",
    "class C(f):\n    x = 1\n\n    def m(self):\n        return self.x\n",
    "class C(f):\n    x = 2\n\n    def m(self):\n        return self.x\n",
    "if f:\n    def g():\n        return 1\n",
    "x: int = 1\n",
    "# -*- coding: latin-1 -*-\n",
    "def h():\n    return 'é'\n",
)


@given(*[st.lists(st.sampled_from(DEFINITIONS), max_size=6).map("\n".join)] * 2)
def test_leaving_out_what_is_the_same_on_both_sides_changes_nothing(old: str, new: str) -> None:
    whole = changed_symbols(outline(old.encode()), outline(new.encode()), "a.py")
    assert changed_symbols(*outlines(old.encode(), new.encode()), "a.py") == whole
