from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.delta.conftest import ANYTHING, candidate, finding, report
from tests.delta.conftest import gate as make_gate

from assay.delta.compose import compose
from assay.delta.github import MOST, data, github, harmless, property_, summary
from assay.delta.sanitise import plain
from assay.model.outcome import Severity
from assay.model.report import Report
from assay.model.verdict import Decision

OURS = re.compile(r"::(error|warning|notice) (?:\w+=[^,:]*)(?:,\w+=[^,:]*)*::[^\r\n]*")


def rows_of(report: Report) -> list[str]:
    return github(report, compose(report)).splitlines()


def rejected(*findings, name: str = "bad.patch", reason: str = "it fails") -> Report:
    gates = (make_gate("lint", "failed", reason=reason, findings=findings),)
    return report(candidate(name, Decision.REJECTED, reason=reason, rejected_by="lint", gates=gates))


def commands(rows: list[str]) -> list[str]:
    """The lines that the runner acts on: one form begins a line, the other may stand anywhere in it."""
    return [row for row in rows if row.strip().startswith("::") or "##[" in row]


def test_an_annotation_points_at_the_lines():
    found = finding(line=41, end_line=43, column=7)
    assert rows_of(rejected(found))[0] == (
        "::error file=src/inventory/pricing.py,line=41,endLine=43,col=7,"
        "title=bad.patch%3A lint/F821::Undefined name `ratio`"
    )


@pytest.mark.parametrize(
    ("severity", "command"),
    [("error", "error"), ("review", "warning"), ("warning", "warning"), ("note", "notice")],
)
def test_each_severity_has_its_command(severity, command):
    shown = report(
        candidate("a", gates=(make_gate("lint", findings=(finding(severity=Severity(severity)),)),))
    )
    assert rows_of(shown)[0].startswith(f"::{command} ")


def test_both_rules_of_escaping():
    assert data("50% a\r\nb: c, d") == "50%25 a\\r\\nb: c, d"
    assert property_("50% a: c, d") == "50%25 a%3A c%2C d"


def decoded(value: str) -> str:
    """As the runner reads a message or a property back."""
    for code, char in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        value = value.replace(code, char)
    return value.replace("\u200b", "")


@given(ANYTHING | st.text(alphabet="%0123ADC25:,\r\n"))
def test_what_is_escaped_reads_back_as_it_was(said):
    # A percent sign of the text is escaped in both, so that neither has a code but ours.
    assert decoded(data(said)) == decoded(property_(said)) == plain(said).replace("\u200b", "")
    assert not set(":,\r\n") & set(property_(said))


def test_the_rest_of_many_is_counted_by_the_last():
    found = [finding(line=n + 1) for n in range(MOST + 3)]
    rows = [row for row in rows_of(rejected(*found)) if OURS.fullmatch(row)]
    assert len(rows) == MOST
    assert rows[-1].startswith("::notice title=Assay::4 more are left out")
    assert len([row for row in rows_of(rejected(*found[:MOST])) if OURS.fullmatch(row)]) == MOST


def test_a_missing_verdict_comes_before_what_is_only_noted():
    noted = candidate("a", gates=(make_gate("lint", findings=(finding(severity=Severity.NOTE),)),))
    rows = rows_of(report(noted, candidate("b", Decision.INCONCLUSIVE, reason="no interpreter")))
    assert rows[0] == "::warning title=b%3A inconclusive::no interpreter"
    assert rows[1].startswith("::notice ")


def test_the_page_is_folded_and_says_what_the_text_says(full_report):
    rows = rows_of(full_report)
    start = next(index for index, row in enumerate(rows) if row.startswith("::group::"))
    assert rows[start] == "::group::Assay: REJECTED  6 candidates: 4 accepted, 1 rejected, 1 inconclusive"
    assert rows[-1] == "::endgroup::"
    assert "✓ add-tax.patch" in "\n".join(rows[start:])


def test_a_hostile_candidate_commands_nothing(hostile_rich_report):
    rows = rows_of(hostile_rich_report)
    for row in commands(rows):
        assert OURS.fullmatch(row) or row.startswith("::group::Assay: ") or row == "::endgroup::"


@given(ANYTHING | st.text(alphabet=":#[]adsek \n\r\t%,="))
@example("::add-mask::x")
@example("##[add-mask]x")
@example("###[set-env name=A]x")
@example("\u2028::set-env name=A::x")
@example("x ##[error]")
def test_no_text_is_a_command(said):
    for row in commands(
        rows_of(rejected(finding(message=said, path=said, rule=said), name=said, reason=said))
    ):
        assert OURS.fullmatch(row) or row.startswith("::group::Assay: ") or row == "::endgroup::"
        assert "##[" not in row


@given(st.text(alphabet="#[:\n\t x"))
def test_harmless_lines_are_no_commands_and_read_the_same(lines):
    shown = harmless(lines)
    assert not commands(shown.split("\n"))
    assert shown.replace("\u200b", "") == lines


def test_a_summary_keeps_within_bytes(full_report):
    page = compose(full_report)
    whole = summary(page)
    assert "### Assay" in whole
    short = summary(page, room=1500)
    assert len(short.encode()) <= 1500
    assert "Left out for its size" in short
