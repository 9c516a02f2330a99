"""The page as one HTML document, for a browser, a phone, paper and a screen reader.

Promises: self-contained, and the policy in its head lets it load and run nothing but its own style and its
own script, so that even markup that slipped through could do nothing; complete without the script; bounded:
every list has a limit and says what it left out; the words, numbers and order are the composed page's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from assay import __version__
from assay.delta.compose import compose
from assay.delta.compose_candidates import names_of
from assay.delta.compose_risk import risk_words
from assay.delta.html import bars, patch_set
from assay.delta.html.candidate import part
from assay.delta.html.markup import Markup, el, join
from assay.delta.html.matrix import matrix
from assay.delta.html.words import groups, line, lines, plain_text
from assay.delta.page import Page, Section
from assay.model.errors import Exit
from assay.model.report import CandidateReport, Report
from assay.model.risk import Risk

_MOST_PARTS = 200
"""Candidates with a part of their own: those with a diff, then the others in their order."""

_OPEN_UP_TO = 3


def document(report: Report, *, exit_code: Exit | None = None) -> str:
    """The document, with a line end; `exit_code` as for `compose`."""
    page = compose(report, profile=True, exit_code=exit_code)
    title = f"Assay: {plain_text(page.headline)}"
    body = join(
        el("a", "Skip to the candidates", href="#candidates", class_="skip"),
        _header(page),
        el("main", _main(report, page)),
        _footer(report),
        el("script", _asset("page.js")),
    )
    return f"<!doctype html>\n{el('html', _head(title), el('body', body), lang='en')}\n"


def _head(title: str) -> Markup:
    rules = (
        "default-src 'none'",
        f"style-src {_hash('page.css')}",
        f"script-src {_hash('page.js')}",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content="; ".join(rules)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("style", _asset("page.css")),
    )


@cache
def _asset(name: str) -> Markup:
    return Markup(files("assay.delta.html").joinpath(name).read_text("utf-8"))


def _hash(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _header(page: Page) -> Markup:
    return el(
        "header",
        el("h1", "Assay ", el("span", line(page.headline), class_="headline")),
        el("p", line(page.facts)),
        lines(page.notes, "notes") if page.notes else None,
        # Only the script can do what these are for, and shows them.
        el("p", el("button", "Light or dark", type="button", id="theme"), hidden=True, class_="controls"),
    )


def _main(report: Report, page: Page) -> Iterator[Markup]:
    yield _candidates(report, page)
    for section in page.sections:
        yield _section(section, report)
    if page.closing or page.commands:
        yield el(
            "section",
            el("h2", "Next"),
            lines(page.closing) if page.closing else None,
            el("pre", (join(el("code", command), Markup("\n")) for command in page.commands), tabindex=0)
            if page.commands
            else None,
        )


def _candidates(report: Report, page: Page) -> Markup:
    excerpts = {excerpt.candidate: excerpt for excerpt in report.excerpts}
    ranked = sorted(report.candidates, key=lambda candidate: candidate.id not in excerpts)
    detailed = frozenset(candidate.id for candidate in ranked[:_MOST_PARTS])
    names = names_of(report.candidates)
    few = len(report.candidates) <= _OPEN_UP_TO
    parts = [
        part(candidate, entry, excerpts.get(candidate.id), names, opened=few)
        for candidate, entry in zip(report.candidates, page.entries, strict=True)
        if candidate.id in detailed
    ]
    left = len(report.candidates) - len(parts)
    return el(
        "section",
        el("h2", "Candidates"),
        _filters(report.candidates) if len(report.candidates) > 1 else None,
        matrix(report.candidates, page.entries, detailed),
        parts,
        el("p", f"{left} more candidates have no part of their own here; the JSON report has all.",
           class_="dim") if left else None,
        id="candidates",
    )  # fmt: skip


def _filters(candidates: tuple[CandidateReport, ...]) -> Markup:
    verdicts = dict.fromkeys(candidate.verdict.value for candidate in candidates)
    return el(
        "p",
        el("label", "Name ", el("input", type="search", id="name")),
        (
            el("label", el("input", type="checkbox", data_show=verdict, checked=True), f" {verdict}")
            for verdict in verdicts
        ),
        el("button", "Open all", type="button", id="open"),
        el("button", "Close all", type="button", id="close"),
        hidden=True,
        class_="controls",
    )


def _section(section: Section, report: Report) -> Markup:
    shown: Markup | None = None
    kept = section.groups
    if section.title == "Patch set" and report.patch_set is not None:
        kept = tuple(group for group in kept if group.label not in patch_set.DRAWN)
        shown = patch_set.details(report, report.patch_set)
    elif section.title == "Delta" and report.delta is not None and report.delta.risk is not None:
        kept = tuple(group for group in kept if group.label != "Risk")
        shown = _risk_of_all(report, report.delta.risk)
    # Where the time went matters to few: it is there, folded.
    told = groups(kept, folded_from=1) if section.title == "Profile" else groups(kept)
    return el("section", el("h2", section.title), el("p", line(section.summary)), told, shown)


def _risk_of_all(report: Report, risk: Risk) -> Markup:
    """The risk of the whole; where the whole is one candidate, it stands with that one already."""
    if [candidate.risk for candidate in report.candidates] == [risk]:
        (only,) = report.candidates
        there = el("a", "as of the only candidate", href=f"#c-{only.id}")
        return el("p", f"{risk_words(risk)}, ", there)
    return bars.panel(risk, heading="h3")


def _footer(report: Report) -> Markup:
    facts = {
        "transaction": report.transaction,
        "base": report.base.commit or report.base.tree,
        "policy": f"{report.policy.name}, digest {report.policy.digest}",
        "changed for this run by": " ".join(report.policy.overrides),
        "isolation": f"{report.isolation.tier} ({report.isolation.backend})",
        "written by": f"assay {__version__}, report schema {report.schema_version}",
    }
    told = (join(el("dt", name), el("dd", value)) for name, value in facts.items() if value)
    return el("footer", el("h2", "On record"), el("dl", told, class_="facts"))
