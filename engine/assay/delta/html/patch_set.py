"""What the page shows of a set beyond its words: the conflict graph, all that is known of pairs, its gates.

Promises: every conflict that is drawn is also told; lists are bounded and say what they left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.delta.compose import conflict_line
from assay.delta.compose_candidates import names_of
from assay.delta.html.candidate import gate_table
from assay.delta.html.graph import graph
from assay.delta.html.markup import Markup, el, join
from assay.delta.html.words import groups
from assay.delta.page import Group, Line, code, dim, line
from assay.model.report import Cleared, PatchSet, Report

DRAWN = frozenset({"Conflicts", "Suspected"})
"""The groups of the page's section that `details` has in full."""

_MOST = 1_000


def details(report: Report, chosen: PatchSet) -> Markup:
    """The part; empty where nothing conflicts, nothing was looked at and nothing was verified."""
    names = names_of(report.candidates)
    drawn = graph((*chosen.conflicts, *chosen.suspected), names, frozenset(chosen.members))
    return join(
        join(el("h3", "Who conflicts with whom"), drawn) if drawn is not None else None,
        groups(_pairs(chosen, names)),
        join(el("h3", "The set's own gates"), gate_table(chosen.gates)) if chosen.gates else None,
    )


def _pairs(chosen: PatchSet, names: Mapping[str, str]) -> Iterator[Group]:
    told = {
        "Conflicts": [conflict_line(each, names) for each in chosen.conflicts[:_MOST]],
        "Suspected": [conflict_line(each, names) for each in chosen.suspected[:_MOST]],
        "Looked at and compatible": [_cleared(each, names) for each in chosen.cleared[:_MOST]],
    }
    totals = (len(chosen.conflicts), len(chosen.suspected), len(chosen.cleared))
    for (label, lines), total in zip(told.items(), totals, strict=True):
        if lines:
            yield Group(label=label, lines=_with_rest(lines, total))


def _with_rest(lines: Sequence[Line], total: int) -> tuple[Line, ...]:
    left = total - len(lines)
    return (*lines, line(dim(f"… and {left} more"))) if left else tuple(lines)


def _cleared(pair: Cleared, names: Mapping[str, str]) -> Line:
    return line(code(names.get(pair.a, pair.a)), " × ", code(names.get(pair.b, pair.b)), f": {pair.why}")
