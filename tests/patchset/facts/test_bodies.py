"""What one function says about the order of what it returns, and about what it leaves behind."""

from __future__ import annotations

import ast

import pytest

from assay.gates.syntax import Function
from assay.patchset.facts.bodies import Body, body_of


def body(source: str) -> Body:
    (node,) = ast.parse(source).body
    assert isinstance(node, Function)
    return body_of(node)


@pytest.mark.parametrize(
    ("returned", "order"),
    [
        ("return sorted(x)", "sorted()"),
        ("y = sorted(x, key=len)\n    return y", "sorted(key=len)"),
        ("return list(x)", "as they come"),
        ("return [a for a in x]", "as they come"),
        ("return list(sorted(x))", ""),
        ("x.sort()\n    return list(x)", ""),
        ("if x:\n        return sorted(x)\n    return list(x)", ""),
        ("return other(x)", ""),
        ("yield x", ""),
    ],
)
def test_order(returned: str, order: str) -> None:
    assert body(f"def f(x):\n    {returned}\n").given.ordered == order


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("self.a = 1", ("a",)),
        ("self.a[0] = 1", ("a",)),
        ("del self.a", ("a",)),
        ("self.a.append(1)", ("a",)),
        ("self.a += 1", ("a",)),
        ("self.tidy()", ("tidy()",)),
        ("self.a.index(1)", ()),
        ("other.a = 1", ()),
        ("return self.a", ()),
    ],
)
def test_what_is_left_behind(statement: str, left: tuple[str, ...]) -> None:
    assert body(f"def f(self, other):\n    {statement}\n").leaves == left


@pytest.mark.parametrize(
    ("statement", "may"),
    [
        ("if x:\n        return x\n    return None", True),
        ("if x:\n        return x\n    return", True),
        ("return None", False),
        ("return x", False),
        ("pass", False),
    ],
)
def test_whether_it_may_be_none(statement: str, *, may: bool) -> None:
    assert body(f"def f(x):\n    {statement}\n").given.may_be_none == may


@pytest.mark.parametrize(
    ("note", "returned", "kind"),
    [
        ("", "[]", "list"),
        (" -> int", "other(x)", "int"),
        (" -> int | None", "other(x)", "int"),
        (" -> Any", "other(x)", ""),
        (" -> T", "other(x)", ""),
        ("", "other(x)", ""),
    ],
)
def test_the_type_of_what_it_gives(note: str, returned: str, kind: str) -> None:
    assert body(f"def f(x){note}:\n    return {returned}\n").given.gives == kind
