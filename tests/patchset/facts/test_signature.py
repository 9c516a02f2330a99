from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.facts.signature import Shape, astray, default_changed, refusal, shape_of, signature_of


def signature(text: str):
    (node,) = ast.parse(f"def f({text}): pass").body
    return signature_of(node.args)


def shape(text: str) -> Shape:
    return shape_of(ast.parse(f"f({text})", mode="eval").body)


_NAMES = st.sampled_from("abcd")


@st.composite
def _definitions(draw: st.DrawFn) -> str:
    names = draw(st.permutations("abcd"))[: draw(st.integers(0, 4))]
    only, keyword = draw(st.integers(0, len(names))), draw(st.integers(0, len(names)))
    only, keyword = min(only, keyword), max(only, keyword)
    first_default = draw(st.integers(0, keyword)) if keyword else 0
    places = [
        f"{n}=1" if i >= first_default and draw(st.just(True)) else n for i, n in enumerate(names[:keyword])
    ]
    if draw(st.booleans()):
        places = [place.split("=")[0] for place in places]
    parts = [*places[:only], *(["/"] if only else []), *places[only:keyword]]
    star = draw(st.booleans())
    kwonly = [f"{n}=1" if draw(st.booleans()) else n for n in names[keyword:]]
    if star:
        parts.append("*rest")
    elif kwonly:
        parts.append("*")
    return ", ".join([*parts, *kwonly, *(["**more"] if draw(st.booleans()) else [])])


@given(_definitions(), st.integers(0, 5), st.sets(_NAMES))
def test_a_call_is_refused_exactly_when_python_refuses_it(text: str, count: int, names: set[str]) -> None:
    function = eval(f"lambda {text}: 0")
    call = Shape(positional=count, keywords=tuple(sorted(names)))
    try:
        function(*range(count), **dict.fromkeys(names))
        bound = True
    except TypeError:
        bound = False
    assert (refusal(signature(text), call) == "") == bound


@pytest.mark.parametrize(
    ("parameters", "call", "words"),
    [
        ("a, b", "1", "`b` is missing"),
        ("a", "1, 2", "it takes one positional argument, not 2"),
        ("a", "1, a=2", "`a` is given twice"),
        ("a", "1, c=2", "it has no parameter `c`"),
        ("a, b", "*x", ""),
        ("a, b", "**x", ""),
        ("a, b", "1, 2, 3, *x", "it takes 2 positional arguments, not 3"),
    ],
)
def test_the_reason_is_told_and_open_calls_are_not_judged(parameters: str, call: str, words: str) -> None:
    assert refusal(signature(parameters), shape(call)) == words


@pytest.mark.parametrize(
    ("old", "new", "call", "lost"),
    [
        ("a, b", "b, a", "1, 2", "a"),
        ("a, b=1", "a, ctx=0, b=1", "1, 2", "b"),
        ("a, b=1", "a, ctx=0, b=1", "1", ""),
        ("a, b", "x, y", "1, 2", ""),
        ("a, b", "b, a", "a=1, b=2", ""),
    ],
)
def test_an_argument_that_reaches_another_parameter_went_astray(
    old: str, new: str, call: str, lost: str
) -> None:
    assert astray(signature(old), signature(new), shape(call)) == lost


def test_a_default_matters_only_to_calls_that_leave_it() -> None:
    old, new = signature("a, b=1"), signature("a, b=2")
    assert default_changed(old, new, shape("1")) == "b"
    assert default_changed(old, new, shape("1, 5")) == ""
    assert default_changed(old, new, shape("1, **x")) == ""
