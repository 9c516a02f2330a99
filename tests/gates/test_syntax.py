"""Walks over syntax trees: all that `ast` sees below a node, but for how a name is used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import assay
from assay.gates import syntax

PACKAGE = Path(assay.__file__).parent
EVERYTHING = """
import a.b as c
from . import d as e
global f
@g(h, *i, k=j, **l)
class M(N, metaclass=O):
    p: q = 1
    async def r(self, s, /, t=1, *u, v: w = 2, **x) -> y:
        async with z as (aa, bb): await cc
        async for dd in ee: continue
        return lambda ff, *, gg=hh: (yield ii)
try:
    raise jj from kk
except (ll, mm) as nn:
    del oo[pp:qq:rr], ss.tt
else:
    uu += vv if not ww else -xx
finally:
    assert yy < zz <= ab, "ac"
match ad:
    case [1, *ae] | {"af": ag, **ah} | Ai(aj, ak=al) if am: pass
    case None as an: nonlocal_ = f"{ao!r:>{ap}}"
while aq and ar or as_: break
at = {au: av, **aw}, {ax for ay in az if ba}, [bb for bc, bd in be], {bf: bg for bh in bi}, (b"", ..., 1j)
(bj := bk)
"""


@pytest.mark.parametrize(
    "source", [EVERYTHING.encode(), *(f.read_bytes() for f in PACKAGE.glob("gates/*.py"))]
)
def test_children_are_those_that_the_library_knows(source: bytes) -> None:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        leaf = isinstance(node, ast.Name | ast.Constant)
        expected = [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.expr_context)]
        assert syntax.children(node) == ([] if leaf else expected)
    seen = list(syntax.nodes_in([tree]))
    assert {id(node) for node in seen} == {
        id(node) for node in ast.walk(tree) if not isinstance(node, ast.expr_context)
    }
    assert [(node, below) for node, below in syntax.families([tree])] == [
        (n, syntax.children(n)) for n in seen
    ]
