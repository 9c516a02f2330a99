"""The report for the log of a GitHub workflow: annotations on the changed lines, then the page, folded.

Promises: at most `MOST` annotations, severest first, the last of which says how many were left out; nothing
that a candidate chose is a workflow command, not even in part: not in an annotation's properties, not at the
beginning of a line and not in the older `##[…]` form, which the runner finds anywhere in a line.
"""

from __future__ import annotations

import re
from itertools import chain, islice

from assay.delta.markdown import markdown
from assay.delta.notices import Notice, notices
from assay.delta.page import Page
from assay.delta.sanitise import plain
from assay.delta.text import text
from assay.model.outcome import Severity
from assay.model.report import CandidateReport, Report
from assay.model.verdict import Decision

MOST = 10
"""Annotations that GitHub shows of one step."""

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that GitHub takes as the summary of one step."""

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.REVIEW: "warning",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}
_WIDTH = 120
_LOUD = (Severity.ERROR, Severity.REVIEW)
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_APART = "\u200b"
"""A zero-width space: with it a command is none, and the text reads the same."""

_AT_START = re.compile(r"^(\s*)(::)", re.MULTILINE)
_OLD_FORM = re.compile(r"##(?=\[)")


def github(report: Report, page: Page) -> str:
    """What to print in a step: annotations, then `page` as text in a group."""
    rows = [*_annotations(report), f"::group::{data(_title(page))}"]
    shown = text(page, width=_WIDTH)
    return "\n".join([*rows, harmless(shown).rstrip("\n"), "::endgroup::"]) + "\n"


def summary(page: Page, *, room: int = SUMMARY_LIMIT) -> str:
    """The page as the job's summary, in at most `room` bytes."""
    return markdown(page, limit=room, measure=lambda block: len(block.encode("utf-8", "replace")))


def data(value: str) -> str:
    """`value` as the message of a command."""
    return _escaped(value, _DATA)


def property_(value: str) -> str:
    """`value` as a property of a command."""
    return _escaped(value, _PROPERTY)


def harmless(lines: str) -> str:
    """Lines that the runner takes for nothing but text."""
    return _OLD_FORM.sub(f"##{_APART}", _AT_START.sub(rf"\1{_APART}\2", lines))


def _escaped(value: str, codes: dict[str, str]) -> str:
    shown = _OLD_FORM.sub(f"##{_APART}", plain(value))
    return "".join(codes.get(char, char) for char in shown)


def _title(page: Page) -> str:
    return "Assay: " + "".join(span.text for span in page.headline)


def _annotations(report: Report) -> list[str]:
    """Findings, and a word on each candidate without a verdict, which no finding is about."""
    said = notices(report)
    undecided = [c for c in report.candidates if c.verdict is Decision.INCONCLUSIVE]
    # A missing verdict matters as much as a finding that asks for a person, and less than an error.
    loud = sum(notice.severity in _LOUD for notice in said)
    rows = chain(map(_annotation, said[:loud]), map(_undecided, undecided), map(_annotation, said[loud:]))
    total = len(said) + len(undecided)
    if total <= MOST:
        return list(rows)
    left = total - (MOST - 1)
    more = f"{left} more are left out: a step shows {MOST} annotations, the log and the summary have the rest"
    return [*islice(rows, MOST - 1), f"::notice title=Assay::{data(more)}"]


def _undecided(candidate: CandidateReport) -> str:
    title = property_(f"{candidate.name}: inconclusive")
    return f"::warning title={title}::{data(candidate.reason)}"


def _annotation(notice: Notice) -> str:
    properties = {
        "file": notice.path,
        "line": str(notice.line) if notice.path and notice.line else "",
        "endLine": str(notice.end_line) if notice.path and notice.end_line else "",
        "col": str(notice.column) if notice.path and notice.line and notice.column else "",
        "title": f"{notice.name}: {notice.rule}",
    }
    given = ",".join(f"{key}={property_(value)}" for key, value in properties.items() if value)
    return f"::{_COMMANDS[notice.severity]} {given}::{data(notice.message or notice.rule)}"
