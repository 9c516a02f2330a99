"""What was found of inducing commits and others, in words and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import exp, sqrt
from statistics import fmean

from msgspec.structs import replace

from assay.model.candidate import Record
from assay.model.evidence import Fate
from assay.risk.likelihood import Level, level
from bench.inducing_fit import (
    FORMS,
    USED,
    Known,
    as_used,
    at_large,
    differences,
    fitted,
    in_sample,
    left_out,
    ratios,
)
from bench.inducing_places import Line, interval, missed, odds_ratio, survived
from bench.inducing_sample import Group

_UNASKED = "run"
"""Every line and branch run, and no mutant told: no level of its own."""
_TOGETHER = ((_UNASKED, {_UNASKED}), ("some or all not run", {str(Level.MISSED), str(Level.UNRUN)}))
_THIRDS = 3
_TWO_SIDED = 1.96


class Population(Record, frozen=True, kw_only=True):
    """The commits that could have been asked: by project and size, and whether they are inducing."""

    sizes: dict[str, dict[bool, list[float]]]


def report(
    commits: Sequence[Known], among: Population, fixed: Mapping[str, frozenset[Line]]
) -> Iterator[str]:
    """The tables, line by line. `fixed`: which lines of a commit later fixes took away."""
    yield from counts(commits)
    pairs = weighted([each for each in commits if each.group is not Group.REPAIR], among)
    yield from levels(commits)
    yield from _fits(pairs)
    yield from _figures(pairs)
    yield from _repairs(commits)
    yield from _places(commits, fixed)


def weighted(commits: Sequence[Known], among: Population) -> list[Known]:
    """The commits, each with how many it stands for: those of its project, kind and third by size."""
    asked = Counter(_stratum(each.project, each.wrong, each.size, among) for each in commits)
    whole = Counter(
        _stratum(project, wrong, size, among)
        for project, kinds in among.sizes.items()
        for wrong, sizes in kinds.items()
        for size in sizes
    )
    strata = [_stratum(each.project, each.wrong, each.size, among) for each in commits]
    return [
        replace(each, weight=whole[stratum] / asked[stratum])
        for each, stratum in zip(commits, strata, strict=True)
    ]


def _stratum(project: str, wrong: bool, size: float, among: Population) -> tuple[str, bool, int]:
    """Thirds by the sizes of the project's inducing commits, which is what mates were chosen by."""
    order = sorted(among.sizes[project][True])
    cuts = [order[len(order) * part // _THIRDS] for part in range(1, _THIRDS)] if order else []
    return project, wrong, sum(size >= cut for cut in cuts)


def counts(commits: Sequence[Known]) -> Iterator[str]:
    """How many there are of each project and group."""
    groups = _groups(commits)
    yield "project              " + "".join(f"{group:>10}" for group in groups)
    for project in sorted({each.project for each in commits}):
        found = [sum(each.project == project for each in members) for members in groups.values()]
        yield f"  {project:18} " + "".join(f"{count:10}" for count in found)


def _groups(commits: Sequence[Known]) -> dict[Group, list[Known]]:
    """The groups that there are any of."""
    groups = {group: [each for each in commits if each.group is group] for group in Group}
    return {group: members for group, members in groups.items() if members}


def levels(
    commits: Sequence[Known], first: Group = Group.INDUCING, second: Group = Group.MATE
) -> Iterator[str]:
    """How often the worst place is which, by group, and how much oftener in the `first` of two than in the
    `second`; what is not run or not noticed."""
    groups = _groups(commits)
    one, other = groups.get(first, []), groups.get(second, [])
    yield "\nthe worst place      " + "".join(f"{group:>10}" for group in groups) + f"   {first} to {second}"
    for name, those in (*((str(each), {str(each)}) for each in Level), *_TOGETHER):
        found = [_count(members, those) for members in groups.values()]
        told = ratio(_count(one, those), len(one), _count(other, those), len(other))
        yield (
            f"  {name:18} "
            + "".join(f"{count:10}" for count in found)
            + "   {:.2f} ({:.2f} to {:.2f})".format(*told)
        )
    yield "  lines not run      " + "".join(f"{_missed(members):10.1%}" for members in groups.values())
    yield "  mutants unnoticed  " + "".join(f"{_survived(members):10.1%}" for members in groups.values())


def ratio(one: int, of: int, other: int, of_other: int) -> tuple[float, float, float]:
    """How much more often the one than the other, half a commit more on each side, with the 95 % interval of
    its logarithm (Katz et al. 1978)."""
    shares = (one + 0.5) / (of + 1), (other + 0.5) / (of_other + 1)
    variance = 1 / (one + 0.5) - 1 / (of + 1) + 1 / (other + 0.5) - 1 / (of_other + 1)
    width = exp(_TWO_SIDED * sqrt(max(0.0, variance)))
    middle = shares[0] / shares[1]
    return middle, middle / width, middle * width


def _named(each: Known) -> str:
    return str(level(each.evidence) or _UNASKED)


def _count(members: Sequence[Known], those: Collection[str]) -> int:
    return sum(_named(each) in those for each in members)


def _missed(members: Sequence[Known]) -> float:
    """The mean over commits of the share of changed lines that no test runs."""
    shares = [each.evidence.missed / (each.evidence.executed + each.evidence.missed) for each in members]
    return fmean(shares) if shares else 0.0


def _survived(members: Sequence[Known]) -> float:
    """The share of all mutants that were decided which no test noticed."""
    killed, survived = (
        sum(len(each.evidence.fates(fate)) for each in members) for fate in (Fate.KILLED, Fate.SURVIVED)
    )
    return survived / max(1, killed + survived)


def _fits(pairs: Sequence[Known]) -> Iterator[str]:
    yield "\nfitted to all"
    for name, form in FORMS.items():
        fit = fitted(pairs, form)
        strengths = ", ".join(f"{strength:.3f}" for strength in fit.strengths)
        yield f"  {name:8} intercept {fit.intercept:.3f}, slope {fit.slope:.3f}, strengths ({strengths})"
    for reached, shares in ratios(pairs, fitted(pairs, USED)).items():
        seen = f"{shares.buggy:.3f} with a defect, {shares.clean:.3f} without"
        yield f"    {reached:10} {seen}: times {shares.ratio:.2f}"
    yield "  strengths without one project"
    for project in sorted({each.project for each in pairs}):
        others = [each for each in pairs if each.project != project]
        told = [fitted(others, form).strengths for form in FORMS.values() if form.around]
        yield f"    {project:18} " + "  ".join(str(tuple(round(x, 3) for x in each)) for each in told)


def _figures(pairs: Sequence[Known]) -> Iterator[str]:
    yield f"\n{len(pairs)} commits, each by fits without its project (differences: 95 % intervals)"
    chances = {name: left_out(pairs, form) for name, form in FORMS.items()}
    for name, told in chances.items():
        spread = differences(pairs, chances["prior"], told, in_sample) if name != "prior" else {}
        yield from figure_lines(name, in_sample(pairs, told), spread)
    yield "the prior as it is, and times the ratios of the levels"
    plain, used = [each.prior for each in pairs], as_used(pairs)
    yield from figure_lines("prior", at_large(pairs, plain) | in_sample(pairs, plain), {})
    both = differences(pairs, plain, used, lambda c, p: at_large(c, p) | in_sample(c, p))
    yield from figure_lines("posterior", at_large(pairs, used) | in_sample(pairs, used), both)


def figure_lines(
    name: str, figures: Mapping[str, float], spread: Mapping[str, tuple[float, float]]
) -> Iterator[str]:
    """Figures of one way of asking, with intervals of their differences where there are any."""
    yield f"  {name}"
    for figure, value in figures.items():
        low, high = spread.get(figure, (0.0, 0.0))
        told = f"   ({low:+.4f} to {high:+.4f} against the prior)" if figure in spread else ""
        yield f"    {figure:15} {value:.4f}{told}"


def _repairs(commits: Sequence[Known]) -> Iterator[str]:
    """Inducing commits against fixes with their tests, by fits that know nothing of these."""
    both = [each for each in commits if each.group is not Group.MATE]
    pairs = [each for each in commits if each.group is not Group.REPAIR]
    if not {Group.REPAIR, Group.INDUCING} <= {each.group for each in both}:
        return
    yield "\ninducing commits against fixes with their tests, which were chosen for having some"
    for name, form in FORMS.items():
        fits = {
            project: fitted([each for each in pairs if each.project != project], form)
            for project in {each.project for each in both}
        }
        told = [fits[each.project].at(each.prior, form.facts(each.evidence)) for each in both]
        figures = in_sample(both, told)
        yield f"  {name:8} AUC {figures['AUC']:.3f}, within tenths {figures['within tenths']:.3f}"


def _places(commits: Sequence[Known], fixed: Mapping[str, frozenset[Line]]) -> Iterator[str]:
    """Lines of inducing commits against others of the same commit."""
    wrong = [each for each in commits if each.wrong]
    yield "\nlines of one commit, fixed later against others (Mantel and Haenszel's odds ratio)"
    for name, mark in (("not run", missed), ("unnoticed", survived)):
        tables = [mark(each.evidence, fixed.get(each.pair, frozenset())) for each in wrong]
        low, high = interval(tables)
        hit, all_fixed = sum(t.marked_fixed for t in tables), sum(t.marked_fixed + t.fixed for t in tables)
        away, rest = sum(t.marked for t in tables), sum(t.marked + t.neither for t in tables)
        yield (
            f"  {name:10} {hit} of {all_fixed} fixed, {away} of {rest} others: "
            f"{odds_ratio(tables):.2f} ({low:.2f} to {high:.2f})"
        )
