"""Trees of versions: the very trees that `ast.parse` makes, whatever lies between two versions."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.gates.parsing import Versions

PACKAGE = Path(assay.__file__).parent
SOURCES = [
    (PACKAGE / name).read_bytes()
    for name in ("gates/syntax.py", "delta/by_ast.py", "repo/diff.py", "ledger/ledger.py")
]
PIECES = (
    *(
        b"else:",
        b"elif y:",
        b"except E:",
        b"finally:",
        b"    case 1: pass",
        b"match x:",
        b"  x = 1",
        b"x = (",
    ),
    *(
        b")",
        b'"""',
        b"'''",
        b'x = """a',
        b"@dec",
        b"@ \\",
        b"@(",
        b"foo",
        b"\\",
        b"+ 2",
        b"print(1) \\",
        b"#c",
    ),
    *(b"", b"a = 1; b = 2", b"def f():", b"class A:", b"if a: b", b"\tx", b"`", b"async def g(): await h"),
)
WORDS = (b" \\", b";", b"; y = 2", b" # c", b"(", b'"""', b" = 1", b":")
places = st.integers(min_value=0, max_value=10_000)
edits = st.one_of(
    st.tuples(st.sampled_from(["set", "insert"]), places, st.sampled_from(PIECES)),
    st.tuples(st.sampled_from(["drop", "swap", "indent", "dedent"]), places, st.just(b"")),
    st.tuples(st.just("append"), places, st.sampled_from(WORDS)),
)


def edited(source: bytes, edit: tuple[str, int, bytes]) -> bytes:
    lines = source.split(b"\n")
    what, place, text = edit
    at = place % len(lines)
    if what == "set":
        lines[at] = text
    elif what == "insert":
        lines.insert(at, text)
    elif what == "append":
        lines[at] += text
    elif what == "drop":
        del lines[at]
    elif what == "swap":
        lines[at], lines[at - 1] = lines[at - 1], lines[at]
    else:
        lines[at] = b"  " + lines[at] if what == "indent" else lines[at].lstrip()
    return b"\n".join(lines)


def shown(parse, source: bytes) -> str:
    """The tree with all positions, or what is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(parse(source), include_attributes=True)
        except SyntaxError as error:
            return repr(error)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SOURCES), st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=3))
def test_the_tree_of_a_version_is_the_one_it_has_alone(source: bytes, versions) -> None:
    known = Versions()
    before = shown(known.parse, source)
    for changes in versions:
        version = source
        for change in changes:
            version = edited(version, change)
        assert shown(known.parse, version) == shown(ast.parse, version)
    assert shown(known.parse, source) == before == shown(ast.parse, source)


def test_a_version_costs_what_was_parsed_for_it() -> None:
    source = functions(120)
    known = Versions(kept=2 * len(source))
    first = known.parse(source)
    for number in range(10):
        known.parse(functions(120, f30=f"def f30(a):\n    b = a + {number}\n    return b\n"))
    assert known.parse(source) is first


def functions(count: int, **others: str) -> bytes:
    parts = (others.get(f"f{n}", f"def f{n}(a):\n    b = a + {n}\n    return b, a\n") for n in range(count))
    return "\n".join(parts).encode()


def test_versions_share_the_statements_that_no_difference_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Versions()
    old = known.parse(functions(100))
    parsed: list[bytes] = []
    real = ast.parse

    def parse(source: bytes) -> ast.Module:
        parsed.append(source)
        return real(source)

    monkeypatch.setattr(ast, "parse", parse)
    new = known.parse(functions(100, f50="def f50(a):\n    b = a - 50\n    return b, a\n"))
    assert [one is other for one, other in zip(old.body, new.body, strict=True)].count(False) <= 2
    assert len(parsed[0].strip()) < 200
    longer = known.parse(functions(100, f50="def f50(a):\n    return a\n"))
    assert old.body[40] is longer.body[40]
    assert old.body[60] is not longer.body[60]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # What follows a backslash goes on with what was before it.
        ("x = 1 \\\n\ny = 2\n", "x = 1 \\\n+ 2\ny = 2\n"),
        ("@ \\\nfoo\ndef g(): pass\n", "@ \\\nfoo\ndef g(): return\n"),
        ("@(\n  foo\n)\ndef g(): pass\n", "@(\n  foo\n)\ndef g(): return\n"),
        ("a = 1; b = 2\nc = 3\n", "a = 1; b = 3\nc = 3\n"),
        ("if a:\n    b\n\nc = 1\n", "if a:\n    b\nelse:\n    d\n"),
        ("def g():\n    a\n\nc = 1\n", "def g():\n    a\n    b\nc = 1\n"),
    ],
)
@pytest.mark.parametrize("where", ["first", "last", "between"])
def test_where_a_statement_begins_is_seen(old: str, new: str, where: str) -> None:
    known, filling = Versions(), functions(120)
    parts = {"first": (b"", filling), "last": (filling, b""), "between": (filling, b"\n" + filling)}[where]
    for text in (old, new):
        source = parts[0] + text.encode() + parts[1]
        assert shown(known.parse, source) == shown(ast.parse, source)


def test_what_does_not_parse_says_so_in_the_words_it_has_alone() -> None:
    known = Versions()
    known.parse(functions(120))
    broken = functions(120, f30="def f30(:\n    pass\n")
    with pytest.raises(SyntaxError) as alone:
        ast.parse(broken)
    with pytest.raises(SyntaxError) as found:
        known.parse(broken)
    assert (found.value.args, found.value.lineno) == (alone.value.args, alone.value.lineno)


@pytest.mark.parametrize("odd", [b"# coding: latin-1\n", b"x = 1\r\n", b"\f\n", b"\xef\xbb\xbf"])
def test_what_is_read_in_another_way_is_read_whole(odd: bytes) -> None:
    known = Versions()
    known.parse(functions(120))
    source = odd + functions(120, f30="def f30():\n    pass\n")
    assert shown(known.parse, source) == shown(ast.parse, source)


def test_what_is_kept_is_bounded() -> None:
    source = functions(120)
    known = Versions(kept=2 * len(source) + 100)
    first = known.parse(source)
    assert known.parse(source) is first
    for number in range(3):
        known.parse(b"#\n" * (number + 1) + source)  # shares no statement in its place
    assert known.parse(source) is not first
