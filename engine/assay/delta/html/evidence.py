"""What a risk rests on, in full and folded away: the options that were weighed, the mutants, the models.

Promises: nothing that decides is here alone; tables are bounded and say what they left out.
"""

from __future__ import annotations

from assay.delta.compose_risk import chance
from assay.delta.html.markup import Markup, el, join
from assay.delta.page import count, seconds
from assay.model.evidence import Evidence, Fate, Mutant
from assay.model.risk import Advice, Prior, Risk

_MOST_MUTANTS = 200
_TONES = {Fate.KILLED: "good", Fate.SURVIVED: "doubt", Fate.UNREACHED: "bad", Fate.UNDECIDED: "dim"}


def rests_on(risk: Risk) -> Markup:
    """The folds below a risk, each only where there is something in it."""
    return join(
        _options(risk.advice) if risk.advice is not None and risk.advice.options else None,
        _mutants(risk.evidence) if risk.evidence is not None and risk.evidence.mutants else None,
        _models(risk) if risk.prior is not None else None,
    )


def _options(advice: Advice) -> Markup:
    rows = (
        el(
            "tr",
            el("th", option.action, scope="row"),
            el("td", f"{option.cost:.1f}", class_="number"),
            el("td", option.words),
        )
        for option in advice.options
    )
    return el("details", el("summary", "What each decision is expected to cost"),
              _table(("Decision", "Cost", "Why"), join(rows)))  # fmt: skip


def _mutants(evidence: Evidence) -> Markup:
    shown = evidence.mutants[:_MOST_MUTANTS]
    left = len(evidence.mutants) - len(shown)
    cost = f"{seconds(evidence.seconds)}, CPU {seconds(evidence.cpu_seconds)}"
    return el(
        "details",
        el("summary", f"{count(len(evidence.mutants), 'mutant')}, {cost}"),
        _table(("Place", "Change", "Fate"), join(map(_mutant, shown))),
        el("p", f"… and {left} more, which the JSON report has.", class_="dim") if left else None,
    )


def _mutant(mutant: Mutant) -> Markup:
    by = join(" by ", el("code", mutant.by)) if mutant.by else None
    asked = f", {count(mutant.tests, 'test')} asked" if mutant.tests else None
    return el(
        "tr",
        el("th", el("code", f"{mutant.path}:{mutant.line}"), scope="row"),
        el("td", el("code", mutant.before), " → ", el("code", mutant.after),
           el("span", f" ({mutant.operator})", class_="dim")),
        el("td", el("span", mutant.fate, class_=_TONES[mutant.fate]), by, asked),
    )  # fmt: skip


def _models(risk: Risk) -> Markup:
    priors = (prior for prior in (risk.prior, risk.reverted) if prior is not None)
    return el(
        "details",
        el("summary", "Models"),
        el("ul", (el("li", _model(each)) for each in priors), class_="lines"),
    )


def _model(prior: Prior) -> Markup:
    low, high = chance(prior.interval.low), chance(prior.interval.high)
    return join(
        el("code", prior.model),
        f": {chance(prior.probability)} ({low} to {high}) before the tests' evidence, that {prior.event}",
    )


def _table(titles: tuple[str, ...], rows: Markup) -> Markup:
    head = el("tr", (el("th", title, scope="col") for title in titles))
    return el("table", el("thead", head), el("tbody", rows), class_="gates")
