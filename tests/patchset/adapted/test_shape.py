"""What stands around an expression, and by what one is made of another."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.syntax import Function
from assay.patchset.adapted.shape import around, parents_in, wrapping


def of(body: str) -> set[tuple[str, ...]]:
    """What stands around the one call of `f` in a function."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (function,) = ast.parse(f"def g(x):\n{lines}").body
    assert isinstance(function, Function)
    parents = parents_in(function)
    (call,) = [
        n for n in parents if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "f"
    ]
    return set(around(call, parents))


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("return str(f(x))", {("str(#)", "return")}),
        ("return f(x).decode()", {("#.decode", "#()", "return")}),
        ("return f(x) / 1000 > 2", {("# Div 1000", "# compared", "return")}),
        ("with f(x) as y:\n    pass", {("with #",)}),
        ("f(x)", {("nothing",)}),
        ("y = f(x)\nreturn y[0]", {("#[0]", "return")}),
        ("y = f(x) / 2\nprint(y)\nreturn y", {("# Div 2", "print(#)", "nothing"), ("# Div 2", "return")}),
        ("y = f(x)\ny = 2\nreturn y", {("other",)}),
    ],
)
def test_what_stands_around(body: str, steps: set[tuple[str, ...]]) -> None:
    assert of(body) == steps


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        ("x", "Path(x)", "Path(#)"),
        ("x.y", "str(x.y + 1)", "str(#)"),
        ("x", "x.encode()", "#.encode()"),
        ("5", "5000", "# times 1000"),
        ("x", "x", ""),
        ("x", "y", ""),
        ("5", "0", ""),
    ],
)
def test_by_what_one_is_made_of_another(old: str, new: str, step: str) -> None:
    one, other = (ast.parse(text, mode="eval").body for text in (old, new))
    assert wrapping(one, other) == step


@given(st.lists(st.sampled_from(["str({})", "{}.y", "{}[0]", "({} + 1)", "(await {})"]), max_size=4))
def test_what_is_put_around_is_found_from_inside_out(layers: list[str]) -> None:
    text = "f(x)"
    for layer in layers:
        text = layer.format(text)
    (function,) = ast.parse(f"async def g(x):\n    return {text}\n").body
    assert isinstance(function, Function)
    parents = parents_in(function)
    call = next(n for n in parents if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "f")
    (steps,) = around(call, parents)
    words = {
        "str({})": "str(#)",
        "{}.y": "#.y",
        "{}[0]": "#[0]",
        "({} + 1)": "# Add 1",
        "(await {})": "await #",
    }
    assert steps == tuple([*(words[layer] for layer in layers), "return"][:5])


def test_what_is_built_to_be_deep_is_made_of_nothing() -> None:
    deep: ast.expr = ast.Name("x", ast.Load())
    for _ in range(3000):
        deep = ast.UnaryOp(ast.USub(), deep)
    assert wrapping(deep, ast.parse("str(y)", mode="eval").body) == ""
    assert wrapping(ast.parse("x", mode="eval").body, deep) == ""
