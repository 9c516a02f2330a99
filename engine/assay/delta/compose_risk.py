"""What a page says of a risk: the event and its probability, what makes it up, what to do, where to look.

Promises: pure; never a bare number: a probability comes with its event, its interval and its parts, and a
score that is no probability says so. Effects are in percentage points and add up to what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.delta.page import Line, Span, Tone, bounded, code, count, dim, line
from assay.model.evidence import Evidence, Fate, Mutant
from assay.model.risk import Action, Advice, Contribution, Place, Risk

_MOST_PARTS = 6
_MOST_PLACES = 5
_LEAST = 0.0005
"""A twentieth of a percentage point: less would show as nothing."""

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
    if risk.prior is None:
        return _points(risk)
    lines = [_head(risk), *_doubts(risk)]
    if risk.advice is not None:
        lines += _advice(risk.advice)
    lines += bounded([_part(part) for part in _shown(risk.contributions)], _MOST_PARTS)
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


def _points(risk: Risk) -> tuple[Line, ...]:
    """A score by judgement: its parts in points."""
    kind = "" if risk.calibrated else " (points by judgement, 0 to 1; not a probability)"
    parts = [
        line(f"{part.effect:+.2f}  ", part.words or f"{part.feature} {part.value:g}")
        for part in risk.contributions
        if abs(part.effect) >= 0.005
    ]
    return (line(risk_words(risk).removeprefix("risk "), dim(kind)), *bounded(parts, _MOST_PARTS))


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


def _shown(parts: tuple[Contribution, ...]) -> list[Contribution]:
    """The base first, then by size of effect; what is too small to show is left out."""
    return [part for part in parts if abs(part.effect) >= _LEAST]


def _part(part: Contribution) -> Line:
    """`+1.2 points  …`; of the base, which nothing is added to, its plain value."""
    sign = "" if part.feature == "base" else "+" if part.effect > 0 else "-"
    return line(
        f"{sign}{abs(part.effect) * 100:.1f}  ".rjust(7), part.words or f"{part.feature} {part.value:g}"
    )


def _evidence(evidence: Evidence, false_green: float | None) -> Iterator[Line]:
    survivors = evidence.fates(Fate.SURVIVED)
    yield from bounded([_survivor(mutant) for mutant in survivors], _MOST_PLACES)
    if false_green is not None:
        yield line(
            "if the changed lines are wrong, tests pass all the same with a chance of at most ",
            chance(false_green),
        )
    if evidence.unmade:
        yield line(dim(f"{count(evidence.unmade, 'further mutant')} beyond the budget"))
    if evidence.missing:
        yield line(Span(text="not collected: ", tone=Tone.DOUBT), evidence.missing)


def _survivor(mutant: Mutant) -> Line:
    return line(
        "no test notices if ", code(mutant.before), " were ", code(mutant.after), " at ",
        code(f"{mutant.path}:{mutant.line}"),
    )  # fmt: skip


def _places(places: tuple[Place, ...]) -> tuple[Line, ...]:
    found = [line("look at ", code(_span(place)), " ", place.why) for place in places]
    return bounded(found, _MOST_PLACES)


def _span(place: Place) -> str:
    end = f"-{place.end}" if place.end > place.line else ""
    return f"{place.path}:{place.line}{end}"
