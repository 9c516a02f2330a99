from __future__ import annotations

import ast

import pytest

from assay.delta.alpha import same_but_for_locals


def same(before: str, after: str) -> bool:
    def function(body: str) -> ast.FunctionDef:
        lines = "".join(f"    {line}\n" for line in body.split("; "))
        (found,) = ast.parse(f"def f(a, b):\n{lines}").body
        assert isinstance(found, ast.FunctionDef)
        return found

    one, other = function(before), function(after)
    kept = ast.dump(one), ast.dump(other)
    answer = same_but_for_locals(one, other)
    assert (ast.dump(one), ast.dump(other)) == kept
    return answer


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("x = a; return x", "y = a; return y", True),
        ("for i in a: g(i)", "for n in a: g(n)", True),
        ("return [i for i in a]", "return [n for n in a]", True),
        ("with g() as x: h(x)", "with g() as y: h(y)", True),
        ("x = 1; y = 2; return x", "y = 1; x = 2; return y", True),
        ("x = 1; y = 2; return x", "x = 1; y = 2; return y", False),
        ("x = a; return x", "x = b; return x", False),
        ("return g(a)", "return h(a)", False),
        ("x = a; return y", "y = a; return x", False),
        ("global x; x = a", "global y; y = a", False),
        ("x = a; return locals()", "y = a; return locals()", False),
        ("x = 1; return lambda x: x", "y = 1; return lambda y: y", False),
        ("return [i for i in a] + i", "return [n for n in a] + n", False),
        ("return [x for x in x]", "return [y for y in y]", False),
        ("return [i for i in a] + [i for j in b]", "return [n for n in a] + [n for j in b]", False),
        ("x = a; return g(x=x)", "y = a; return g(y=y)", False),
        ("x = a; return f'{x=}'", "y = a; return f'{y=}'", False),
        ("import x; return x", "import y; return y", False),
        ("x = a; return x.y", "z = a; return z.y", True),
    ],
)
def test_only_names_of_locals_may_differ(before, after, expected):
    assert same(before, after) is expected


def test_a_parameter_keeps_its_name():
    assert not same("a = 1; return a", "b = 1; return b")
