"""Risk as a picture: where the probability may lie, and what makes it up, part by part.

Promises: the figures and words beside the bars are those of `compose_risk`; a bar adds nothing that they do
not say, so that it may be left unseen.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.delta.compose_risk import (
    lines_after_parts,
    lines_before_parts,
    part_effect,
    part_words,
    shown_parts,
)
from assay.delta.html.evidence import rests_on
from assay.delta.html.markup import Markup, el
from assay.delta.html.words import lines
from assay.model.risk import Risk

_WIDE = 100
_HIGH = 8


def panel(risk: Risk, heading: str = "h4") -> Markup:
    """All that is known of a risk."""
    return el(
        "section",
        el(heading, "Risk"),
        _interval(risk),
        lines(lines_before_parts(risk)),
        _waterfall(risk),
        lines(lines_after_parts(risk)),
        rests_on(risk),
        class_=f"risk {risk.band}",
    )


def _interval(risk: Risk) -> Markup | None:
    """A scale of the whole with the interval as a band and the value as a line."""
    value = risk.probability if risk.probability is not None else risk.score
    band = None
    if risk.interval is not None:
        low, high = _WIDE * risk.interval.low, _WIDE * risk.interval.high
        band = _bar("band", low, max(high - low, 0.5))
    return el(
        "svg",
        _bar("scale", 0, _WIDE),
        band,
        _bar("value", min(max(_WIDE * value - 0.4, 0), _WIDE - 0.8), 0.8),
        viewBox=f"0 0 {_WIDE} {_HIGH}",
        preserveAspectRatio="none",
        class_="interval",
        aria_hidden="true",
    )


def _waterfall(risk: Risk) -> Markup | None:
    """A row for each part, its bar beginning where the one before ended."""
    parts = shown_parts(risk)
    if not parts:
        return None
    unit = "Percentage points" if risk.prior is not None else "Points"
    steps = list(_steps([part.effect for part in parts]))
    lowest, highest = min(0.0, *(low for low, _ in steps)), max(high for _, high in steps)
    scale = _WIDE / ((highest - lowest) or 1)
    rows = [
        el(
            "tr",
            el("td", part_effect(part, risk), class_="number"),
            el(
                "td",
                el(
                    "svg",
                    _bar(
                        "base" if part.feature == "base" else "more" if part.effect > 0 else "less",
                        (low - lowest) * scale,
                        max((high - low) * scale, 0.5),
                    ),
                    viewBox=f"0 0 {_WIDE} {_HIGH}",
                    preserveAspectRatio="none",
                    class_="step",
                    aria_hidden="true",
                ),
                class_="bar",
            ),
            el("th", part_words(part), scope="row"),
        )
        for part, (low, high) in zip(parts, steps, strict=True)
    ]
    head = el(
        "tr",
        el("th", unit, scope="col", class_="number"),
        el("td"),
        el("th", "What makes it up", scope="col"),
    )
    return el("table", el("thead", head), el("tbody", rows), class_="waterfall")


def _steps(effects: list[float]) -> Iterator[tuple[float, float]]:
    """From where to where each effect leads, lower end first."""
    at = 0.0
    for effect in effects:
        yield min(at, at + effect), max(at, at + effect)
        at += effect


def _bar(class_: str, start: float, length: float) -> Markup:
    return el("rect", x=round(start, 2), y=0, width=round(length, 2), height=_HIGH, class_=class_)
