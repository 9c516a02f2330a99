"""The conflict graph: candidates that cannot, or may not, land together, drawn by connected components.

Promises: pure and deterministic; candidates without conflicts are not drawn; up to `MOST_NODES` candidates
are, on rings, those with the most conflicts inside; of more only the list of conflicts tells, which the page
has in any case. Each component is a drawing of its own, so that a narrow screen shows them one below another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.delta.html.markup import Markup, el, join
from assay.delta.page import count
from assay.model.report import Confidence, Conflict

MOST_NODES = 200
MOST_EDGES = 2_000
_NODE = 12
_GAP = 8
_SPREAD_UP_TO = 80
_LISTED_BELOW = 12
"""Candidates of a component. The names of more take the whole width, in columns."""

_RING = 2 * _NODE + _GAP + 6
_MARGIN = _NODE + 4

Point = tuple[float, float]


def graph(conflicts: Sequence[Conflict], names: Mapping[str, str], members: frozenset[str]) -> Markup | None:
    """The drawings, or a sentence where there are too many candidates to draw; None without conflicts.

    `conflicts` are proven and suspected ones; `members` are in the set and drawn filled.
    """
    edges = [edge for edge in conflicts if edge.a != edge.b]
    if not edges:
        return None
    parts = components(edges)
    total = sum(map(len, parts))
    if total > MOST_NODES:
        words = f"{total} candidates conflict, which is too many to draw; the list has all that is known."
        return el("p", words, class_="dim")
    drawn = edges[:MOST_EDGES]
    left = len(edges) - len(drawn)
    return el(
        "figure",
        el("figcaption", _legend(), f" {left} more conflicts are not drawn." if left else None),
        el("div", _drawings(parts, drawn, names, members), class_="components"),
        class_="graph",
    )


def components(edges: Iterable[Conflict]) -> list[list[str]]:
    """The ids of each connected component: the largest first, in it those with the most conflicts first."""
    near: dict[str, set[str]] = {}
    for edge in edges:
        near.setdefault(edge.a, set()).add(edge.b)
        near.setdefault(edge.b, set()).add(edge.a)
    seen: set[str] = set()
    found: list[list[str]] = []
    for start in near:
        if start in seen:
            continue
        seen.add(start)
        part, waiting = [], [start]
        while waiting:
            here = waiting.pop()
            part.append(here)
            for other in sorted(near[here] - seen):
                seen.add(other)
                waiting.append(other)
        found.append(sorted(part, key=lambda each: (-len(near[each]), each)))
    return sorted(found, key=lambda part: (-len(part), part))


def places(size: int, spread: float = 1.0) -> list[Point]:
    """Where `size` nodes of a component stand, around (0, 0): two side by side, more on rings, which are
    `spread` times as far from each other as they have to be."""
    if size <= 2:
        return [(-2.2 * _NODE, 0.0), (2.2 * _NODE, 0.0)][:size]
    found: list[Point] = []
    ring = 1
    if size > 7:
        found.append((0.0, 0.0))
    while len(found) < size:
        radius = ring * _RING * spread
        room = int(2 * math.pi * radius / (2 * _NODE + _GAP))
        # The last ring is spread evenly, and a component that fits on one ring gets one.
        here = min(room, size - len(found))
        for index in range(here):
            angle = 2 * math.pi * index / here - math.pi / 2
            found.append((radius * math.cos(angle), radius * math.sin(angle)))
        ring += 1
    return found


def _legend() -> Markup:
    def sample(class_: str) -> Markup:
        drawn = el("line", x1=1, y1=6, x2=27, y2=6, class_=class_)
        return el("svg", drawn, width=28, height=12, aria_hidden="true", class_="sample")

    return join(
        "Numbers are candidates, filled ones are in the set. ",
        sample("edge proven"),
        " do not land together ",
        sample("edge suspected"),
        " may not",
    )


def _drawings(
    parts: Sequence[Sequence[str]],
    edges: Sequence[Conflict],
    names: Mapping[str, str],
    members: frozenset[str],
) -> Iterator[Markup]:
    number = 0
    for part in parts:
        inside = frozenset(part)
        yield _drawing(part, [edge for edge in edges if edge.a in inside], names, members, number)
        number += len(part)


def _drawing(
    part: Sequence[str],
    edges: Sequence[Conflict],
    names: Mapping[str, str],
    members: frozenset[str],
    before: int,
) -> Markup:
    # Where each has many conflicts, room between the rings tells them apart; not more than a page is wide.
    spread = 1 + min(len(edges) / len(part) / 6, 0.8) if len(part) <= _SPREAD_UP_TO else 1
    at = dict(zip(part, places(len(part), spread), strict=True))
    numbers = {each: before + index + 1 for index, each in enumerate(part)}
    width = max(abs(x) for x, _ in at.values()) + _MARGIN
    height = max(abs(y) for _, y in at.values()) + _MARGIN
    title = f"{count(len(edges), 'conflict')} among {len(part)} candidates, numbered as in the list below"
    drawing = el(
        "svg",
        (_edge(edge, at, names) for edge in edges),
        (_node(each, at[each], numbers[each], names, each in members) for each in part),
        viewBox=f"{-width:.1f} {-height:.1f} {2 * width:.1f} {2 * height:.1f}",
        width=round(2 * width),
        height=round(2 * height),
        role="img",
        aria_label=title,
    )
    listed = el("ol", (el("li", names.get(each, each)) for each in part), start=before + 1, class_="numbered")
    size = "component large" if len(part) > _LISTED_BELOW else "component"
    return el("div", drawing, listed, class_=size)


def _edge(edge: Conflict, at: Mapping[str, Point], names: Mapping[str, str]) -> Markup:
    (x1, y1), (x2, y2) = at[edge.a], at[edge.b]
    kind = "suspected" if edge.confidence is Confidence.SUSPECTED else "proven"
    said = f"{names.get(edge.a, edge.a)} × {names.get(edge.b, edge.b)}: {edge.kind} at {edge.where}"
    return el(
        "line",
        el("title", said),
        x1=round(x1, 1),
        y1=round(y1, 1),
        x2=round(x2, 1),
        y2=round(y2, 1),
        class_=f"edge {kind}",
    )


def _node(identity: str, at: Point, number: int, names: Mapping[str, str], member: bool) -> Markup:
    x, y = round(at[0], 1), round(at[1], 1)
    return el(
        "g",
        el("title", names.get(identity, identity)),
        el("circle", cx=x, cy=y, r=_NODE),
        el("text", str(number), x=x, y=y, dy="0.35em"),
        class_="node member" if member else "node",
    )
