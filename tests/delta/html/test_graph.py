from __future__ import annotations

import math
import re

import pytest

from assay.delta.html.graph import MOST_NODES, components, graph, places
from assay.model.report import Confidence, Conflict, ConflictKind


def conflict(a: str, b: str, confidence: Confidence = Confidence.PROVEN) -> Conflict:
    return Conflict(a=a, b=b, kind=ConflictKind.TEXTUAL, where="a.py", why="both", confidence=confidence)


def test_components_are_the_largest_first_and_the_busiest_first():
    edges = [conflict("x", "y"), conflict("a", "b"), conflict("b", "c")]
    assert components(edges) == [["b", "a", "c"], ["x", "y"]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 20, 64, 200])
def test_no_two_nodes_touch(size):
    found = places(size)
    assert len(found) == size
    nearest = min(
        (math.dist(a, b) for i, a in enumerate(found) for b in found[:i]),
        default=math.inf,
    )
    assert nearest > 24  # twice the radius of a node
    assert max(max(map(abs, point)) for point in found) < 300


def test_an_edge_says_what_it_is_and_how_sure():
    drawn = graph(
        [conflict("1", "2"), conflict("2", "3", Confidence.SUSPECTED)],
        {"1": "<one>", "2": "two", "3": "three"},
        frozenset({"2"}),
    )
    # One of each is in the legend.
    assert drawn.count('class="edge proven"') == drawn.count('class="edge suspected"') == 2
    assert "&lt;one&gt; × two: textual at a.py" in drawn
    assert drawn.count('class="node member"') == 1
    assert "2 conflicts among 3 candidates" in drawn


def test_each_component_is_its_own_drawing_and_numbers_go_on():
    drawn = graph([conflict("1", "2"), conflict("3", "4")], {}, frozenset())
    assert drawn.count("<svg viewBox") == 2
    assert re.findall(r'<ol start="(\d+)"', drawn) == ["1", "3"]


def test_too_many_to_draw_is_said():
    chain = [conflict(str(n), str(n + 1)) for n in range(MOST_NODES)]
    told = graph(chain, {}, frozenset())
    assert "201 candidates conflict, which is too many to draw" in told
    assert "<svg" not in told


def test_nothing_is_drawn_without_conflicts():
    assert graph([], {}, frozenset()) is None
