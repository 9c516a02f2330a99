from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.patchset.facts.library import Library, Span
from assay.patchset.facts.records import Binding, Kind

_ALL = [Span(1, 1 << 40)]


def library(source: bytes) -> Library:
    return Library(lambda _blob: source)


_SHAPES = [
    b"\0",
    b"\xff\xfe\x00",
    b"# coding: rot13\nx = 1\n",
    b"def f(:\n",
    b"(" * 5000,
    b"x = " + b"-" * 20_000 + b"1",
    b"x" + b".a" * 20_000,
    b"x" + b"()" * 20_000,
    b"class A:\n" + b"".join(b" " * i + b"class B:\n" for i in range(1, 90)) + b" " * 95 + b"pass\n",
    b"x = f'" + b"{a}" * 5000 + b"'",
    b"if a:\n pass\n" + b"elif b:\n pass\n" * 3000,
    b"x = " + b"{'a':" * 150 + b"1" + b"}" * 150,
    b"\x0c\r\ndef f():\r  return 1\r\n",
    b"lambda: (yield)\n" * 20,
    b"x = 1_0e9999j; del x; x: int\n",
    b"match x:\n case {'a': [*b], **c} | A(d=e): pass\n",
    b"try:\n pass\nexcept* E as e:\n pass\n",
    b"def f(a, /, b, *, c): global g; nonlocal h\n",
]


@pytest.mark.parametrize("source", _SHAPES, ids=range(len(_SHAPES)))
def test_there_are_facts_or_none_whatever_the_source(source: bytes) -> None:
    some = library(source)
    some.module("blob")
    some.uses("blob", _ALL)
    some.leaves("blob")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes_do_no_harm(source: bytes) -> None:
    some = library(source)
    some.module("blob")
    some.uses("blob", _ALL)


_WORDS = (
    "def class async with await for in if else : ( ) [ ] { } , . = * ** -> @ x y self super() lambda yield "
    "import from as try except return 'k' os.environ get 1 | None"
)
_TOKENS = st.sampled_from([*_WORDS.split(" "), "\n", "\n    ", "def f(self):\n    ", "class C(B):\n    "])


@settings(max_examples=150)
@given(st.lists(_TOKENS, max_size=40).map(" ".join))
def test_what_looks_like_python_does_no_harm(text: str) -> None:
    some = library(text.encode())
    some.module("blob")
    some.uses("blob", _ALL)


SOURCE = b"""
import os
from a.b import c as d
from .e import *
__all__ = ["f", "C"]

async def f(x, *, y=1): return await d(x)

def g():
    yield 1

def pair(): return 1, 2

class C(d):
    size: int = 3
    def __init__(self, n): self.client = Client(n); self.other, self.more = n
    @property
    def p(self): return 1
    @staticmethod
    def s(): pass

if os.name:
    def maybe(): pass
"""


def test_definitions() -> None:
    module = library(SOURCE).module("blob")
    assert module is not None
    found = module.definitions
    assert module.exports == ("f", "C") and module.stars == (".e",)
    assert (found["d"].kind, found["d"].module, found["d"].symbol) == (Kind.IMPORT, "a.b", "c")
    assert found["f"].is_async and found["g"].generator and found["pair"].arity == 2
    assert found["C"].bases == (("d",),)
    assert found["C.size"].field and found["C.size"].default
    assert found["C.p"].binding is Binding.PROPERTY and found["C.s"].binding is Binding.STATIC
    assert found["C.client"].value == ("Client", "()") and found["C.more"].value == ()
    assert found["maybe"].several and not found["f"].several
    assert module.locals["C.__init__"] == {"self", "n"}


def test_the_functions_of_another_version_are_told_apart_by_their_text() -> None:
    versions = {"old": SOURCE, "new": SOURCE.replace(b"return 1, 2", b"return 1, 2, 3")}
    both = Library(versions.__getitem__)
    old, new = both.module("old"), both.module("new")
    assert old is not None and new is not None
    assert {name for name in old.definitions if old.definitions[name] != new.definitions[name]} == {"pair"}
    assert new.definitions["pair"].arity == 3


def test_uses_of_some_lines_only_with_what_becomes_of_them() -> None:
    source = b"""
from m import load, Client

def f(c: Client, raw):
    client = Client(1, timeout=2)
    client.send(raw)
    a, b = load()
    rows = load()
    return len(rows), c.close(), raw.thing, a
"""
    some = library(source)
    every = {use.path: use for use in some.uses("blob", _ALL).uses}
    assert every["Client", "()", "send"].call is not None
    assert every["Client", "()", "close"].scope == "f"
    assert ("?", "thing") in every
    calls = [use.contexts for use in some.uses("blob", _ALL).uses if use.path == ("load",) and use.call]
    assert calls == [("unpack:2",), ("len",)]
    assert [use.path for use in some.uses("blob", [Span(6, 6)]).uses] == [("Client", "()", "send")]


def test_what_may_fail_is_guarded() -> None:
    source = b"""
try:
    from m import fast
except ImportError:
    fast = None
if hasattr(m, "x"):
    m.x()
m.y()
"""
    guarded = {use.path: use.guarded for use in library(source).uses("blob", _ALL).uses}
    assert guarded["@m:fast",] and guarded["m", "x"] and not guarded["m", "y"]
