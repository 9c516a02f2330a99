"""What evidence is worth: likelihood ratios fitted without the project that they are tried on, and figures.

Promises: pure and deterministic. Prior and posterior are lines in log-odds fitted to the same commits, so
that the posterior gets no credit for what calibrating the prior alone would bring; projects are left out in
turn.

    prior       a + b * log-odds of the prior
    posterior   the same + strengths * facts of the evidence, no strength below 0: more that tests miss never
                makes a change safer, whatever a few commits say

Of the forms below all but `used` were written down before any figure was seen, and there are no others.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean

from assay.model.candidate import Record
from assay.model.evidence import Evidence, Fate
from assay.risk.figures import auc, brier, within_tenths
from assay.risk.likelihood import Level, Shares, level, update
from assay.risk.model import log_odds, sigmoid
from bench.inducing_sample import Group

_STEPS, _ENOUGH = 100, 1e-9
_WIDTHS = (5.0, 1.0)
"""Standard deviations that the intercept and the slope are expected to have from 0 and 1."""
_DRAWS = 2000

Facts = tuple[float, ...]


class Known(Record, frozen=True, kw_only=True):
    """One commit of which evidence is known. `pair` is that of an inducing one and its mate, or of what was
    made of one fix; `wrong` is what is asked about it."""

    project: str
    pair: str
    group: Group
    wrong: bool
    size: float
    prior: float
    evidence: Evidence
    weight: float = 1.0
    """How many commits of its history it stands for."""


LADDER: Mapping[Level, Facts] = {
    Level.NOTICED: (0.0, 0.0),
    Level.SURVIVED: (1.0, 0.0),
    Level.MISSED: (1.0, 1.0),
    Level.UNRUN: (1.0, 2.0),
}
"""Whether anything goes unnoticed, a branch, a mutant or worse; and how far lines are not run: for none, for
some, for all."""


def by_level(evidence: Evidence) -> Facts:
    """The worst place, by the ladder; half a step where all is run and no mutant told."""
    reached = level(evidence)
    return LADDER[reached] if reached is not None else (0.5, 0.0)


def by_share(evidence: Evidence) -> Facts:
    """The share of mutants that no test noticed (of one more of each kind), and of lines that none runs."""
    killed, survived = len(evidence.fates(Fate.KILLED)), len(evidence.fates(Fate.SURVIVED))
    lines = evidence.executed + evidence.missed
    return ((survived + 1) / (killed + survived + 2), evidence.missed / lines)


def nothing(evidence: Evidence) -> Facts:
    """No fact at all: the prior."""
    return ()


@dataclass(frozen=True)
class Form:
    """Facts, and the normal distribution that their strengths are expected to have before any commit is seen:
    around these, with this standard deviation."""

    facts: Callable[[Evidence], Facts]
    around: Facts = ()
    width: float = 1.0


PUBLISHED = (0.17, 0.16)
"""The strengths of the levels that published figures came to, shrunk (ADR 29), in log-odds: ratios of .80,
.95, 1.06 and 1.31, nearly."""
LEVELS = Form(by_level, (0.0, 0.0))
USED = Form(by_level, PUBLISHED, 0.2)
"""Published figures, as far as these commits do not gainsay them: what is shipped."""
FORMS: Mapping[str, Form] = {
    "prior": Form(nothing),
    "levels": LEVELS,
    "shares": Form(by_share, (0.0, 0.0)),
    "used": USED,
}


class Fit(Record, frozen=True, kw_only=True):
    """Log-odds: `intercept`, `slope` times those of the prior, `strengths` times the facts."""

    intercept: float
    slope: float
    strengths: tuple[float, ...]

    def at(self, prior: float, facts: Facts) -> float:
        """The probability."""
        told = sum(weight * fact for weight, fact in zip(self.strengths, facts, strict=True))
        return sigmoid(self.intercept + self.slope * log_odds(prior) + told)


def fitted(commits: Sequence[Known], form: Form) -> Fit:
    """The fit that makes what happened to `commits` likeliest, strengths below 0 held at 0."""
    rows = [(1.0, log_odds(each.prior), *form.facts(each.evidence)) for each in commits]
    outcomes = [each.wrong for each in commits]
    at = [0.0, 1.0, *form.around]
    keep = [1 / spread**2 for spread in (*_WIDTHS, *(form.width for _ in form.around))]
    free = list(range(len(at)))
    while True:
        found = _newton(rows, outcomes, at, keep, free)
        below = [place for place in free if place > 1 and found[place] < 0]
        if not below:
            return Fit(intercept=found[0], slope=found[1], strengths=tuple(found[2:]))
        lowest = min(below, key=found.__getitem__)
        at[lowest] = 0.0
        free.remove(lowest)


def left_out(commits: Sequence[Known], form: Form) -> list[float]:
    """What is said of each commit by a fit to those of all other projects."""
    fits = {
        project: fitted([other for other in commits if other.project != project], form)
        for project in {each.project for each in commits}
    }
    return [fits[each.project].at(each.prior, form.facts(each.evidence)) for each in commits]


def ratios(commits: Sequence[Known], fit: Fit) -> dict[Level, Shares]:
    """What a fit by levels says of each: how often it comes without a defect, as seen, and with one."""
    clean = [reached for each in commits if not each.wrong and (reached := level(each.evidence))]
    seen = {reached: (clean.count(reached) + 0.5) / (len(clean) + 2) for reached in Level}
    raised = {
        reached: exp(sum(w * x for w, x in zip(fit.strengths, LADDER[reached], strict=True)))
        for reached in Level
    }
    mean = sum(seen[reached] * raised[reached] for reached in Level)
    return {
        reached: Shares(buggy=seen[reached] * raised[reached] / mean, clean=seen[reached])
        for reached in Level
    }


def as_used(commits: Sequence[Known]) -> list[float]:
    """The prior as it is, times the ratios of the levels by all other projects: nothing calibrated here."""
    told = []
    tables: dict[str, dict[Level, Shares]] = {}
    for each in commits:
        if each.project not in tables:
            others = [other for other in commits if other.project != each.project]
            tables[each.project] = ratios(others, fitted(others, USED))
        told.append(update(each.prior, _shares(tables[each.project], each.evidence)))
    return told


def _shares(table: Mapping[Level, Shares], evidence: Evidence) -> Shares:
    reached = level(evidence)
    if reached is not None:
        return table[reached]
    two = (table[Level.NOTICED], table[Level.SURVIVED])
    return Shares(buggy=sum(part.buggy for part in two), clean=sum(part.clean for part in two))


Measure = Callable[[Sequence[Known], Sequence[float]], Mapping[str, float]]


def in_sample(commits: Sequence[Known], chances: Sequence[float]) -> dict[str, float]:
    """Figures among the commits asked, of which about half are inducing: AUC, also within tenths by size;
    how often the inducing one of a pair has the higher probability (ties for half); Brier and log loss."""
    outcomes = [each.wrong for each in commits]
    return {
        "AUC": auc(chances, outcomes),
        "within tenths": within_tenths(chances, outcomes, [each.size for each in commits]),
        "pairs": _pairs(commits, chances),
        "Brier": brier(chances, outcomes),
        "log loss": -fmean(
            log(chance if wrong else 1 - chance) for chance, wrong in zip(chances, outcomes, strict=True)
        ),
    }


def at_large(commits: Sequence[Known], chances: Sequence[float]) -> dict[str, float]:
    """Figures with each commit counted for those of its history that it stands for."""
    total = sum(each.weight for each in commits)
    squares = sum(
        each.weight * (chance - each.wrong) ** 2 for each, chance in zip(commits, chances, strict=True)
    )
    return {"Brier at large": squares / total}


def differences(
    commits: Sequence[Known],
    one: Sequence[float],
    other: Sequence[float],
    measure: Measure,
    draws: int = _DRAWS,
) -> dict[str, tuple[float, float]]:
    """The 95 % intervals of the figures of `other` less those of `one`: by drawing projects, and pairs
    within them (Efron and Tibshirani, An Introduction to the Bootstrap, 1993)."""
    source = random.Random(1)
    members: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, each in enumerate(commits):
        members[each.project][each.pair].append(place)
    projects = sorted(members)
    drawn: dict[str, list[float]] = defaultdict(list)
    for _ in range(draws):
        places: list[int] = []
        for project in source.choices(projects, k=len(projects)):
            pairs = list(members[project].values())
            for pair in source.choices(pairs, k=len(pairs)):
                places += pair
        those = [commits[place] for place in places]
        if len({each.wrong for each in those}) > 1:
            first = measure(those, [one[place] for place in places])
            second = measure(those, [other[place] for place in places])
            for name in first:
                drawn[name].append(second[name] - first[name])
    return {name: _middle(values) for name, values in drawn.items()}


def _middle(values: Sequence[float]) -> tuple[float, float]:
    order = sorted(values)
    return order[int(0.025 * len(order))], order[int(0.975 * len(order))]


def _pairs(commits: Sequence[Known], chances: Sequence[float]) -> float:
    """Over pairs that are whole; those that were drawn more than once count as often."""
    wrong: dict[tuple[str, str], list[float]] = defaultdict(list)
    clean: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each, chance in zip(commits, chances, strict=True):
        (wrong if each.wrong else clean)[each.project, each.pair].append(chance)
    told = [
        ((high > low) + (high == low) / 2, len(wrong[pair]))
        for pair in wrong
        if pair in clean
        for high, low in [(wrong[pair][0], clean[pair][0])]
    ]
    return sum(won * times for won, times in told) / max(1, sum(times for _, times in told))


def _newton(
    rows: Sequence[Sequence[float]],
    outcomes: Sequence[bool],
    centre: Sequence[float],
    keep: Sequence[float],
    free: Sequence[int],
) -> list[float]:
    """The likeliest coefficients under normal priors around `centre`, `keep` their inverse variances; those
    that are not `free` stay there."""
    at = list(centre)
    for _ in range(_STEPS):
        slope = [-keep[i] * (at[i] - centre[i]) for i in free]
        curve = [[keep[i] if i == j else 0.0 for j in free] for i in free]
        for row, outcome in zip(rows, outcomes, strict=True):
            chance = sigmoid(sum(a * x for a, x in zip(at, row, strict=True)))
            for n, i in enumerate(free):
                slope[n] += (outcome - chance) * row[i]
                for m, j in enumerate(free):
                    curve[n][m] += chance * (1 - chance) * row[i] * row[j]
        step = _solved(curve, slope)
        shorter = 1 / max(1.0, *map(abs, step))  # far away Newton's steps are wild
        for n, i in enumerate(free):
            at[i] += shorter * step[n]
        if sum(map(abs, step)) < _ENOUGH:
            break
    return at


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """A symmetric positive system, by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        for j in range(i + 1, size):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [b - factor * a for a, b in zip(rows[i], rows[j], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (rows[i][size] - known) / rows[i][i]
    return found
