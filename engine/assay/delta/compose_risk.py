"""What a page says of a risk: the event and its probability, what makes it up, what to do, where to look.

Promises: pure; never a bare number: a probability comes with its event, its interval and its parts, and a
score that is no probability says so. Effects are in percentage points and add up to what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.delta.page import Line, Span, Tone, bounded, code, count, dim, line
from assay.model.evidence import Branch, Evidence, Fate, Mutant
from assay.model.risk import Action, Advice, Contribution, Place, Risk

_MOST_PARTS = 6
_MOST_PLACES = 5
_LEAST = 0.0005
"""A twentieth of a percentage point: less would show as nothing."""

_BLANK = "\u00a0"
"""A blank that stays at the beginning of a line."""

_FATES = {
    Fate.KILLED: "noticed by tests",
    Fate.SURVIVED: "noticed by none",
    Fate.UNREACHED: "on lines that no test runs",
    Fate.UNDECIDED: "undecided",
}

_LEAST_POINTS = 0.005
"""The same for a score by judgement, which shows two decimals."""

_TONES = {Action.LAND: Tone.GOOD, Action.MORE: Tone.DOUBT, Action.REVIEW: Tone.DOUBT, Action.REJECT: Tone.BAD}


def risk_words(risk: Risk) -> str:
    """Band and score; a probability only where there is one."""
    if risk.calibrated and risk.probability is not None:
        return f"risk {risk.band}, {chance(risk.probability)}"
    return f"risk {risk.band} {risk.score:.2f}"


def chance(probability: float) -> str:
    """A probability in percent: a decimal below ten, where it makes a difference."""
    return f"{probability:.0%}" if probability >= 0.0995 else f"{probability:.1%}"


def risk_lines(risk: Risk) -> tuple[Line, ...]:
    """All that a page says of `risk`, most important first."""
    parts = bounded([part_line(part, risk) for part in shown_parts(risk)], _MOST_PARTS)
    return (*lines_before_parts(risk), *parts, *lines_after_parts(risk))


def lines_before_parts(risk: Risk) -> tuple[Line, ...]:
    """What the risk is, and what to do."""
    if risk.prior is None:
        kind = "" if risk.calibrated else " (points by judgement, 0 to 1; not a probability)"
        return (line(risk_words(risk).removeprefix("risk "), dim(kind)),)
    advised = _advice(risk.advice) if risk.advice is not None else ()
    return (_head(risk), *_doubts(risk), *advised)


def lines_after_parts(risk: Risk) -> tuple[Line, ...]:
    """What the tests' run showed, where to look, and what would change the risk."""
    lines: list[Line] = []
    if risk.evidence is not None:
        lines += _evidence(risk.evidence, risk.false_green)
    if risk.advice is not None:
        lines += [*_places(risk.advice.places), *(line("otherwise: ", each) for each in risk.advice.unless)]
    if risk.reverted is not None:
        lines.append(line(dim(f"{risk.reverted.event}: {chance(risk.reverted.probability)}")))
    return tuple(lines)


def advice_words(advice: Advice) -> tuple[Span, ...]:
    """The decision and its ground."""
    return (Span(text=advice.action.value, tone=_TONES[advice.action]), Span(text=f": {advice.why}"))


def _head(risk: Risk) -> Line:
    assert risk.prior is not None
    words = risk_words(risk).removeprefix("risk ")
    between = f" ({chance(risk.interval.low)} to {chance(risk.interval.high)})" if risk.interval else ""
    rank = risk.prior.percentile
    past = (
        f"; riskier by its diff than {rank:.0%} of this repository's past changes" if rank is not None else ""
    )
    return line(words, dim(f"{between} that {risk.prior.event}{past}"))


def _doubts(risk: Risk) -> Iterator[Line]:
    assert risk.prior is not None
    for doubt in risk.prior.doubts:
        yield line(Span(text="uncertain: ", tone=Tone.DOUBT), doubt)


def _advice(advice: Advice) -> Iterator[Line]:
    yield line("decision: ", *advice_words(advice))
    yield line(dim("expected: " + ", ".join(f"{o.action.value} {o.cost:.1f}" for o in advice.options)))
    for each in advice.evidence:
        yield line("wanted: ", each)


def shown_parts(risk: Risk) -> list[Contribution]:
    """What makes the risk up, in its order, without what is too small to show."""
    least = _LEAST if risk.prior is not None else _LEAST_POINTS
    return [part for part in risk.contributions if abs(part.effect) >= least]


def part_words(part: Contribution) -> str:
    """What it is that adds to a risk, or takes from it."""
    return part.words or f"{part.feature} {part.value:g}"


def part_effect(part: Contribution, risk: Risk) -> str:
    """How much: `+1.2` percentage points, or `+0.12` of a score by judgement; of the base, which nothing is
    added to, its plain value."""
    if risk.prior is None:
        return f"{part.effect:+.2f}"
    sign = "" if part.feature == "base" else "+" if part.effect > 0 else "-"
    return f"{sign}{abs(part.effect) * 100:.1f}"


def part_line(part: Contribution, risk: Risk) -> Line:
    """Effect and words; percentage points stand below one another."""
    effect = part_effect(part, risk)
    column = effect.rjust(5, _BLANK) if risk.prior is not None else effect
    return line(f"{column}  ", part_words(part))


def _evidence(evidence: Evidence, false_green: float | None) -> Iterator[Line]:
    if evidence.missing:
        yield line(Span(text="not collected: ", tone=Tone.DOUBT), evidence.missing)
    yield from _lines_seen(evidence)
    yield from _branches(evidence)
    yield from _mutants(evidence)
    survivors = evidence.fates(Fate.SURVIVED)
    yield from bounded([_survivor(mutant) for mutant in survivors], _MOST_PLACES)
    if false_green is not None:
        yield line(
            "if the changed lines are wrong, tests pass all the same with a chance of at most ",
            chance(false_green),
        )
    if evidence.unmade:
        yield line(dim(f"{count(evidence.unmade, 'further mutant')} beyond the budget"))


def _lines_seen(evidence: Evidence) -> Iterator[Line]:
    """How many changed lines tests ran, and which not."""
    total = evidence.executed + evidence.missed
    if not total:
        return
    missed = [
        f"{seen.path}:{_joined(first, last)}" for seen in evidence.files for first, last in _runs(seen.missed)
    ]
    more = f" and {len(missed) - _MOST_PLACES} more" if len(missed) > _MOST_PLACES else ""
    rest = (", not ", code(", ".join(missed[:_MOST_PLACES])), more) if missed else ()
    yield line(f"tests ran {evidence.executed} of {count(total, 'changed line')}", *rest)


def _branches(evidence: Evidence) -> Iterator[Line]:
    """The ways out of changed lines that no test took."""
    total = evidence.branches_taken + len(evidence.branches)
    if evidence.branches_taken and total:
        yield line(f"tests took {evidence.branches_taken} of {count(total, 'way')} out of changed lines")
    yield from bounded(
        [
            line(branch_words(branch), " at ", code(f"{branch.path}:{branch.line}"))
            for branch in evidence.branches
        ],
        _MOST_PLACES,
    )


def branch_words(branch: Branch) -> str:
    """Which way no test went."""
    to = f"to line {branch.target}" if branch.target else "out of the function"
    return branch.words or f"no test goes from here {to}"


def _mutants(evidence: Evidence) -> Iterator[Line]:
    """What became of the mutants, in numbers."""
    told = [f"{len(found)} {words}" for fate, words in _FATES.items() if (found := evidence.fates(fate))]
    if told:
        yield line(f"of {count(len(evidence.mutants), 'mutant')} of changed lines: {', '.join(told)}")


def _runs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First and last of each run of successive numbers, which come in order."""
    start = last = 0
    for number in numbers:
        if start and number != last + 1:
            yield start, last
            start = 0
        start, last = start or number, number
    if start:
        yield start, last


def _joined(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def survivor_words(mutant: Mutant) -> str:
    """What it means that a mutant survived."""
    return f"no test notices if {mutant.before} were {mutant.after}"


def _survivor(mutant: Mutant) -> Line:
    return line(
        "no test notices if ", code(mutant.before), " were ", code(mutant.after), " at ",
        code(f"{mutant.path}:{mutant.line}"),
    )  # fmt: skip


def _places(places: tuple[Place, ...]) -> tuple[Line, ...]:
    found = [line("look at ", code(_span(place)), " ", place.why) for place in places]
    return bounded(found, _MOST_PLACES)


def _span(place: Place) -> str:
    return f"{place.path}:{_joined(place.line, max(place.end, place.line))}"
