"""The normal form: what is equal up to comments and formatting, and what is not."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.grade.equivalence import Forms, normal, outline
from assay.model.candidate import Base, Candidate, Change, ChangeKind
from assay.repo.globs import compile_globs

BASE = Base(commit=None, tree="b" * 40)
SOURCE = b'def f(a, b):\n    """Doc."""\n    return a + b\n'

SAME = [
    b'def f(a,b):\n  """Doc."""\n  return a+b\n',
    b'def f(\n    a,\n    b,\n):\n    """Doc."""\n\n    # why\n    return (a + b)  # noqa\n',
    b"def f(a, b):\n    'Doc.'\n    return a \\\n        + b",
    b'# -*- coding: latin-1 -*-\ndef f(a, b):\n    """Doc."""\n    return a + b\n',
]
OTHER = [
    b'def f(a, b):\n    """Docs."""\n    return a + b\n',
    b'def f(a, b):\n    """Doc."""\n    return a - b\n',
    b'def f(b, a):\n    """Doc."""\n    return a + b\n',
    b'def f(a, b):\n    """Doc. """\n    return a + b\n',
    b'def f(a, b):\n    """Doc."""\n    return a + b\npass\n',
    b'async def f(a, b):\n    """Doc."""\n    return a + b\n',
    b'def f(a, b):\n    """Doc."""\n    return a + (b, )\n',
]


@pytest.mark.parametrize("source", SAME)
def test_comments_layout_and_quotes_make_no_difference(source):
    assert normal(source) == normal(SOURCE)
    assert outline(source) == outline(SOURCE)


@pytest.mark.parametrize("source", OTHER)
def test_whatever_code_means_or_says_of_itself_does(source):
    assert normal(source) != normal(SOURCE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"x = 1", b"x = True"),
        (b"x = 1", b"x = 1.0"),
        (b"x = 'a'", b"x = b'a'"),
        (b"x = f'{y=}'", b"x = f'{y = }'"),
        (b"x = Ellipsis", b"x = ..."),
        (b"x: int", b"(x): int"),
        (b"a < b < c", b"(a < b) < c"),
        (b"# coding: latin-1\nx = '\xe9'", b"# coding: cp1251\nx = '\xe9'"),
    ],
)
def test_what_looks_alike_and_is_not(one, other):
    assert normal(one) is not None
    assert normal(one) != normal(other)


@pytest.mark.parametrize(
    "source", [b"def broken(:", b"x = 1\0", b"# coding: nonsense\nx = 1", b"(" * 5000 + b")" * 5000]
)
def test_what_does_not_parse_has_no_form(source):
    assert normal(source) is None
    outline(source)


_ATOM = st.sampled_from(["a", "1", "'s'", '"t"', "f'{a}'", "None", "b''", "(a, )", "[]", "{}"])
_EXPRESSION = st.recursive(
    _ATOM, lambda inner: st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"), max_leaves=8
)


@settings(deadline=None)
@given(st.lists(_EXPRESSION, min_size=1, max_size=5))
def test_what_a_formatter_makes_of_it_has_the_same_outline_and_form(expressions):
    source = "\n".join(f"x{number} = {text}  # {text}" for number, text in enumerate(expressions))
    formatted = ast.unparse(ast.parse(source))
    assert normal(formatted.encode()) == normal(source.encode())
    assert outline(formatted.encode()) == outline(source.encode())


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_have_an_outline(data):
    assert outline(data) == outline(data)


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="\"'\\#\n ab", max_size=40))
def test_equal_forms_have_equal_outlines(text):
    one, other = text.encode(), text.encode() + b"\n# more\n"
    if normal(one) is not None and normal(one) == normal(other):
        assert outline(one) == outline(other)


@pytest.mark.parametrize("piece", [b'"""', b'\\"""', b"'", b'"\\', b"'''\\", b"#", b'f"""{'])
def test_a_hostile_text_takes_time_in_proportion(piece):
    steps = 200_000
    outline(piece * steps)  # quadratic time would be hours


def _change(path, old, new, **given):
    values = {
        "kind": ChangeKind.MODIFIED,
        "path": path,
        "old_path": path,
        "old_mode": 0o100644 if old else 0,
        "new_mode": 0o100644 if new else 0,
        "old_blob": old,
        "new_blob": new,
    }
    return Change(**{**values, **given})


BLOBS = {
    "base": b"x = 1\n",
    "same": b"x = (1)  # one\n",
    "two": b"x = 2\n",
    "two-too": b"x=2\n",
    "three": b"x = 3\n",
    "bad": b"x = (\n",
    "bad-too": b"x  = (\n",
}


def _form(*changes, exact=()):
    candidate = Candidate(id="c", name="c", source="c", base=BASE, tree="c" * 40, changes=changes)
    forms = Forms(BLOBS.__getitem__, compile_globs(exact))
    return forms.outline(candidate), forms.form(candidate)


def test_candidates_that_differ_in_layout_only_have_one_form():
    assert _form(_change("a.py", "base", "two")) == _form(_change("a.py", "base", "two-too"))
    assert _form(_change("a.py", "base", "two")) != _form(_change("a.py", "base", "three"))


def test_a_file_that_is_only_laid_out_anew_does_not_count():
    plain = _form(_change("a.py", "base", "two"))
    assert _form(_change("a.py", "base", "two"), _change("b.py", "base", "same")) == plain


@pytest.mark.parametrize(
    "changes",
    [
        (_change("b.py", "base", "two"),),
        (_change("a.py", "base", "two", new_mode=0o100755),),
        (_change("a.py", "base", "two", old_path="c.py"),),
        (_change("a.py", "base", "two"), _change("c.py", "base", "")),
        (_change("a.py", "base", "two"), _change("c.py", "", "base")),
        (_change("a.py", "base", "same", new_mode=0o100755),),
        (_change("a.py", "", "two", new_mode=0o120000),),
    ],
)
def test_paths_modes_and_removals_count(changes):
    assert _form(*changes)[1] != _form(_change("a.py", "base", "two"))[1]


@pytest.mark.parametrize(
    ("path", "exact"), [("a.txt", ()), ("a.pyi", ()), ("a.py", ("a.py",)), ("a.py.in", ())]
)
def test_what_is_no_python_to_compile_counts_by_its_bytes(path, exact):
    one, other = _change(path, "base", "two"), _change(path, "base", "two-too")
    assert _form(one, exact=exact) != _form(other, exact=exact)


def test_what_does_not_parse_counts_by_its_bytes():
    one, other = _form(_change("a.py", "base", "bad")), _form(_change("a.py", "base", "bad-too"))
    assert one[0] == other[0]
    assert one[1] != other[1]
