"""What was found of fixes undone and done, in words and tables.

Promises: the comparisons, kinds and forms below were written down before the figures were seen, and there are
no others. A kind of evidence is taken as it is, nothing fitted: the more of it, the worse. Forms are fitted
without the project that they are asked about (`bench.inducing_fit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate
from assay.risk.evidence.bound import false_green
from assay.risk.figures import auc
from assay.risk.likelihood import likelihood, update
from bench.inducing_asked import Told
from bench.inducing_fit import FORMS, Facts, Form, Known, differences, fitted, in_sample, left_out
from bench.inducing_report import counts, figure_lines, levels
from bench.inducing_sample import Group

_THIRDS = 3


class Comparison(Record, frozen=True, kw_only=True):
    """Two groups, the first of which is what is asked for."""

    words: str
    wrong: Group
    right: Group


COMPARISONS = (
    Comparison(words="wrong, against right with its tests", wrong=Group.UNDONE, right=Group.FIX),
    Comparison(words="wrong, against right with the same tests", wrong=Group.UNDONE, right=Group.BARE),
    Comparison(words="wrong, against ordinary changes", wrong=Group.UNDONE, right=Group.MATE),
    Comparison(
        words="tests that let a known wrong version of the lines pass, against tests that do not",
        wrong=Group.BARE,
        right=Group.FIX,
    ),
)


def bounded(evidence: Evidence) -> float:
    """The bound on the chance that green is false."""
    bound = false_green(evidence)
    return 1.0 if bound is None else bound


def by_bound(evidence: Evidence) -> Facts:
    """The same as the only fact."""
    return (bounded(evidence),)


def not_run(evidence: Evidence) -> float:
    """The share of changed lines that no test runs."""
    return evidence.missed / (evidence.executed + evidence.missed)


def unnoticed(evidence: Evidence) -> float:
    """The share of mutants of lines that are run which no test notices; a half where none was decided."""
    killed, survived = len(evidence.fates(Fate.KILLED)), len(evidence.fates(Fate.SURVIVED))
    return survived / (killed + survived) if killed + survived else 0.5


def not_taken(evidence: Evidence) -> float:
    """The share of ways out of changed lines that no test took; none of none."""
    return len(evidence.branches) / max(1, len(evidence.branches) + evidence.branches_taken)


def ladder(evidence: Evidence) -> float:
    """The level, the best 0; between the first two where every line is run and no mutant told."""
    return sum(FORMS["levels"].facts(evidence))


KINDS: Mapping[str, Callable[[Evidence], float]] = {
    "lines not run": not_run,
    "ways not taken": not_taken,
    "mutants unnoticed": unnoticed,
    "level": ladder,
    "bound": bounded,
}
TRIED: Mapping[str, Form] = {
    "prior": FORMS["prior"],
    "levels": FORMS["levels"],
    "shares": FORMS["shares"],
    "bound": Form(by_bound, (0.0,)),
}


def report_undone(told: Sequence[Told], mates: Sequence[Told]) -> Iterator[str]:
    """The tables, line by line: of what was made of fixes, and of ordinary commits."""
    yield from _left_out(told)
    commits = [*known(told), *known(mates)]
    yield from counts(commits)
    yield from levels(commits, Group.BARE, Group.FIX)
    for comparison in COMPARISONS:
        yield from _compared(compared(commits, comparison), comparison)
    yield from _bounds(compared(commits, COMPARISONS[-1]))


def compared(commits: Sequence[Known], comparison: Comparison) -> list[Known]:
    """The commits of both groups, and which of them are asked for. What is made of fixes counts only where
    both sides are there."""
    sides = [
        replace(each, wrong=each.group is comparison.wrong)
        for each in commits
        if each.group in (comparison.wrong, comparison.right)
    ]
    if comparison.right is Group.MATE:
        return sides
    whole = Counter((each.project, each.pair) for each in sides)
    return [each for each in sides if whole[each.project, each.pair] > 1]


def known(told: Sequence[Told]) -> Iterator[Known]:
    for each in told:
        if each.evidence is not None:
            yield Known(
                project=each.project,
                pair=each.fix or f"{each.group} {each.commit}",
                group=each.group,
                wrong=False,
                size=each.size,
                prior=each.prior,
                evidence=each.evidence,
            )


def _left_out(told: Sequence[Told]) -> Iterator[str]:
    yield f"{len({each.fix for each in told})} fixes with tests taken apart"
    reasons = Counter(each.why.partition("\n")[0] for each in told if each.evidence is None)
    for why, times in reasons.most_common():
        yield f"  {times:4} without evidence: {why}"


def _compared(commits: Sequence[Known], comparison: Comparison) -> Iterator[str]:
    wrong = sum(each.wrong for each in commits)
    projects = len({each.project for each in commits})
    yield f"\n{comparison.words}: {wrong} and {len(commits) - wrong}, of {projects} projects"
    if not 0 < wrong < len(commits) or projects < 2:
        return
    yield "  each kind as it is (95 % intervals)"
    even = [0.5] * len(commits)
    for name, kind in KINDS.items():
        values = [kind(each.evidence) for each in commits]
        spread = differences(commits, even, values, ranks)
        yield f"    {name:18}" + "".join(
            f"  {figure} {value:.3f} ({0.5 + spread[figure][0]:.3f} to {0.5 + spread[figure][1]:.3f})"
            for figure, value in ranks(commits, values).items()
        )
    yield "  fitted without the project (differences to the prior: 95 % intervals)"
    chances = {name: left_out(commits, form) for name, form in TRIED.items()}
    for name, found in chances.items():
        spread = differences(commits, chances["prior"], found, probabilities) if name != "prior" else {}
        yield from figure_lines(name, probabilities(commits, found), spread)
        fit = fitted(commits, TRIED[name])
        strengths = ", ".join(f"{strength:.2f}" for strength in fit.strengths)
        line = f"intercept {fit.intercept:.2f}, slope {fit.slope:.2f}, strengths ({strengths})"
        yield f"    fitted to all: {line}"
    plain, shipped = [each.prior for each in commits], [_shipped(each) for each in commits]
    yield from figure_lines("the prior as it is", ranks(commits, plain), {})
    spread = differences(commits, plain, shipped, ranks)
    yield from figure_lines("times the shipped ratios", ranks(commits, shipped), spread)


def _shipped(each: Known) -> float:
    shares = likelihood(each.evidence)
    return each.prior if shares is None else update(each.prior, shares)


def ranks(commits: Sequence[Known], values: Sequence[float]) -> dict[str, float]:
    """AUC, also within thirds by size, and how often the wrong one of a pair has the higher value."""
    return {
        "AUC": auc(values, [each.wrong for each in commits]),
        "within thirds": _within_thirds(commits, values),
        "pairs": in_pairs(commits, values),
    }


def probabilities(commits: Sequence[Known], chances: Sequence[float]) -> dict[str, float]:
    """The same, and those of `bench.inducing_fit.in_sample`."""
    return in_sample(commits, chances) | ranks(commits, chances)


def in_pairs(commits: Sequence[Known], values: Sequence[float]) -> float:
    """Ties for half; a half where there are no pairs."""
    pairs: dict[tuple[str, str], dict[bool, float]] = {}
    times = Counter((each.project, each.pair) for each in commits if each.wrong)
    for each, value in zip(commits, values, strict=True):
        pairs.setdefault((each.project, each.pair), {})[each.wrong] = value
    won = [
        ((sides[True] > sides[False]) + (sides[True] == sides[False]) / 2, times[pair])
        for pair, sides in pairs.items()
        if len(sides) > 1
    ]
    return sum(part * count for part, count in won) / sum(count for _, count in won) if won else 0.5


def _within_thirds(commits: Sequence[Known], values: Sequence[float]) -> float:
    order = sorted(range(len(commits)), key=lambda place: commits[place].size)
    found = []
    for part in range(_THIRDS):
        places = order[len(order) * part // _THIRDS : len(order) * (part + 1) // _THIRDS]
        found.append(auc([values[n] for n in places], [commits[n].wrong for n in places]))
    known = [value for value in found if not isnan(value)]
    return sum(known) / len(known) if known else 0.5


def _bounds(commits: Sequence[Known]) -> Iterator[str]:
    """Of suites with a bound like this, how many let the known wrong version pass. Half of all do."""
    yield "\nby the bound: suites, and how many of them let a known wrong version of the lines pass"
    order = sorted(commits, key=lambda each: bounded(each.evidence))
    for part in range(_THIRDS + 1):
        some = order[len(order) * part // (_THIRDS + 1) : len(order) * (part + 1) // (_THIRDS + 1)]
        if some:
            low, high = bounded(some[0].evidence), bounded(some[-1].evidence)
            let = sum(each.wrong for each in some)
            yield f"  {low:.2f} to {high:.2f}: {let} of {len(some)} ({let / len(some):.0%})"
