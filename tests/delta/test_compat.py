from __future__ import annotations

import pytest

from assay.delta.by_ast import outline
from assay.delta.symbols import changed_symbols
from assay.model.delta import Compatibility

GOOD, BAD, OPEN = Compatibility.COMPATIBLE, Compatibility.BREAKING, Compatibility.UNKNOWN
LONG = "\n    total = 0\n    for row in rows:\n        total += row.price * row.count\n    return total\n"


def judged(before: str, after: str) -> list[tuple[str, Compatibility | None, str]]:
    found = changed_symbols(outline(before.encode()), outline(after.encode()), "src/pkg/mod.py")
    return [(change.symbol, change.compatibility, change.why) for change in found]


@pytest.mark.parametrize(
    ("before", "after", "expected", "why"),
    [
        ("", "def f(): pass", GOOD, "is new"),
        ("def f(): pass", "", BAD, "is removed"),
        ("def f(): pass", "from .b import f", GOOD, "comes from elsewhere now, under the same name"),
        ("def f(a): pass", "def f(a, b=1): pass", GOOD, "takes all that it took before"),
        ("def f(a): pass", "def f(a, b): pass", BAD, "requires a new parameter `b`"),
        ("def f(a=1): pass", "def f(a=2): pass", OPEN, "the default of `a` is `2`, was `1`"),
        ("def f(): return 1, 2", "def f(): return 1, 2, 3", BAD,
         "returns 3 values together, where it returned 2"),
        ("def f(): return [1]", "def f(): yield 1", BAD, "is a generator now"),
        ("def f(): g()", "def f():\n  if x: raise KeyError\n  g()", OPEN, "can raise `KeyError`"),
        ("def f(): g()", "def f(): h(); i()", OPEN, "calls bind as before; what they do differs"),
        ("def f(a): pass", "def f(a: int) -> str: pass", GOOD, "only its annotations differ"),
        ("def f(a): 'x'", "def f(a): 'y'", GOOD, "only its documentation differs"),
        ("F = 1", "F = 2", OPEN, "has another value"),
        ("def f(): pass", "@cache\ndef f(): pass", OPEN, "is decorated differently"),
        ("class A(B): pass", "class A: pass", BAD, "no longer derives from B"),
        ("class A: pass", "class A(B): pass", OPEN, "has other bases or class arguments"),
        (f"def f(rows):{LONG}", f"def g(rows):{LONG}", BAD, "is now `g`"),
        (f"def _f(rows):{LONG}", f"def g(rows):{LONG}", GOOD, "was nobody else's before"),
        ("class A:\n x = 1", "class A:\n x = 1\n @abstractmethod\n def m(self): pass", BAD,
         "is new and abstract: classes that derive from its class must define it"),
        ("@dataclass\nclass A:\n x: int", "@dataclass\nclass A:\n x: int\n y: int", BAD,
         "is a new field that must be given"),
        ("@dataclass\nclass A:\n x: int", "@dataclass\nclass A:\n x: int\n y: int = 1", GOOD, "is new"),
        ("@dataclass\nclass A:\n x: int\n y: int", "@dataclass\nclass A:\n y: int\n x: int", BAD,
         "takes its fields by position in another order: (y, x)"),
        ("class A(B):\n x = 1\n def m(s): pass", "class A(B):\n x = 1", OPEN,
         "is no longer defined there; `B` may still provide it"),
        ("class A:\n x = 1\n def m(s): pass", "class A:\n x = 1", BAD, "is removed"),
    ],
)  # fmt: skip
def test_each_change_of_a_public_symbol_is_judged_with_a_reason(before, after, expected, why):
    (found,) = judged(before, after)
    assert found[1:] == (expected, why)


def test_an_alias_keeps_the_old_name_alive():
    before, after = f"def f(rows):{LONG}", f"def g(rows):{LONG}f = g\n"
    assert {(s, c) for s, c, _w in judged(before, after)} == {("f", GOOD), ("g", GOOD)}
    narrower = f"def g(rows, x):{LONG}f = g\n"
    assert {(s, c) for s, c, _w in judged(before, narrower)} == {("f", BAD), ("g", GOOD)}


def test_a_method_that_moved_to_a_base_class_is_still_there():
    method = "    def total(self, rows):" + LONG.replace("\n", "\n    ").rstrip() + "\n"
    before = f"class Base:\n    x = 1\nclass A(Base):\n    y = 1\n{method}"
    after = f"class Base:\n    x = 1\n{method}class A(Base):\n    y = 1\n"
    (found,) = judged(before, after)
    assert found == ("Base.total", GOOD, "can be reached as before")


def test_what_is_not_public_is_not_judged():
    assert judged("def _f(a): pass", "def _f(): pass") == [("_f", None, "")]
