from __future__ import annotations

import pytest

from assay.delta import by_ast, by_libcst
from assay.delta.outline import MODULE, Outline, ParameterKind, What

SOURCE = b'''
"""Docs."""
import os as operating
from a.b import c
LIMIT: int = 3
a = b = 1
if os:
    from x import y
    def conditional(): pass
else:
    def conditional(q): pass
class Outer(Base, metaclass=Meta):
    """Outer docs."""
    field = 1
    class Inner:
        def deep(self): pass
    @property
    def size(self): return 1
    @size.setter
    def size(self, value): pass
    @cache(1)
    async def fetch(self, a, /, b=1, *rest, c, d=2, **more): return a
try:
    import json
except ImportError:
    json = None
    run()
'''


def symbols(outline: Outline) -> list[tuple[str, What]]:
    return sorted((d.symbol, d.what) for d in outline.definitions)


@pytest.mark.parametrize("parser", [by_ast, by_libcst])
def test_every_definition_has_a_dotted_symbol_and_a_kind(parser):
    found = parser.outline(SOURCE)
    assert symbols(found) == sorted(
        [
            (MODULE, What.MODULE),
            ("LIMIT", What.CONSTANT),
            ("a", What.CONSTANT),
            ("b", What.CONSTANT),
            ("conditional", What.FUNCTION),
            ("conditional", What.FUNCTION),
            ("Outer", What.CLASS),
            ("Outer.field", What.ATTRIBUTE),
            ("Outer.Inner", What.CLASS),
            ("Outer.Inner.deep", What.METHOD),
            ("Outer.size", What.METHOD),
            ("Outer.size.setter", What.METHOD),
            ("Outer.fetch", What.METHOD),
            ("json", What.CONSTANT),
        ]
    )
    assert found.imported == {"operating", "c", "y", "json"}


@pytest.mark.parametrize("parser", [by_ast, by_libcst])
def test_a_signature_holds_parameters_and_binding_decorators_only(parser):
    by_symbol = parser.outline(SOURCE).by_symbol()
    (fetch,) = by_symbol["Outer.fetch"]
    assert fetch.is_async
    assert [(p.name, p.kind, p.optional) for p in fetch.parameters] == [
        ("self", ParameterKind.POSITIONAL, False),
        ("a", ParameterKind.POSITIONAL, False),
        ("b", ParameterKind.EITHER, True),
        ("rest", ParameterKind.VARIADIC, True),
        ("c", ParameterKind.KEYWORD, False),
        ("d", ParameterKind.KEYWORD, True),
        ("more", ParameterKind.KEYWORDS, True),
    ]
    assert fetch.signature == "async def fetch(self, a, /, b=1, *rest, c, d=2, **more)"
    assert by_symbol["Outer.size"][0].signature == "@property def size(self)"
    assert by_symbol["Outer"][0].signature == "class Outer(Base, metaclass=Meta)"


@pytest.mark.parametrize("parser", [by_ast, by_libcst])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"def f(a, b):\n    return (a + b)\n", b"def f(\n    a,\n    b,\n):\n    # why\n    return a + b\n"),
        (b"x = 'a'\n", b'x = "a"  # same\n'),
        (b"if a: f()\n", b"if a:\n\n    f()\n"),
        (b"def f():\n  'd'\n  pass\n", b'def f():\n    """d"""\n    pass\n'),
        (b"class A:\n  x = [1, 2]\n", b"class A:\r\n\tx = [\r\n\t\t1,\r\n\t\t2,\r\n\t]\r\n"),
    ],
)
def test_formatting_and_comments_leave_the_outline_alone(parser, before, after):
    one, other = parser.outline(before), parser.outline(after)
    assert [(d.symbol, d.body, d.docs) for d in one.definitions] == [
        (d.symbol, d.body, d.docs) for d in other.definitions
    ]


def test_unknown_syntax_and_unreadable_sources_are_told_apart():
    with pytest.raises(by_ast.UnknownSyntax):
        by_ast.outline(b"print 'python 2'\n")
    for hostile in (b"x = " + b"-" * 20_000 + b"1", b"x = a" + b".b" * 20_000):
        with pytest.raises(by_ast.Unreadable):
            by_ast.outline(hostile)


def test_null_bytes_and_bad_encodings_are_no_crash():
    for source in (b"x = 1\0", b"# coding: nonsense\n", b"x = '\xff'\n", b"\xff\xfe\x00"):
        with pytest.raises((by_ast.UnknownSyntax, by_ast.Unreadable)):
            by_ast.outline(source)


def test_a_long_value_is_shown_shortened():
    (value, _) = by_ast.outline(b"NAMES = '" + b"n" * 900 + b"'\n").definitions
    assert len(value.signature) < 250
    assert value.signature.endswith("...")
