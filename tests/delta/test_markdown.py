from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from tests.delta.conftest import ANYTHING, candidate, delta, finding, full_risk, gate, report

from assay.delta.compose import compose
from assay.delta.markdown import LIMIT, markdown, units
from assay.delta.sanitise import markdown as escape
from assay.model.verdict import Decision

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
"""Without the library's own link finder: GitHub's is provoked by the text, which the tests of `sanitise`
look at."""


USUAL = report(
    candidate("a", reason="a", risk=full_risk("a"), gates=(gate("scope", findings=(finding(),)),)),
    candidate("a2", Decision.REJECTED, rejected_by="lint", reason="b"),
    delta=delta(api_breaks=("a",), unparsed=("a",), risk=full_risk("a")),
    notes=("a",),
    landing="a",
)


def html_of(report) -> str:
    return GITHUB.render(markdown(compose(report)))


def test_a_comment_shows_the_verdict_a_table_and_the_next_commands(full_report):
    html = html_of(full_report)
    assert (
        "<h3>Assay: <strong>REJECTED</strong>  6 candidates: 4 accepted, 1 rejected, 1 inconclusive</h3>"
        in html
    )
    assert html.count("<tr>") == 7
    assert "<details><summary>broken-discount.patch: tests: 2 tests fail" in html
    assert "assay land refs/assay/candidates/" in html


def test_every_row_of_the_table_has_four_cells(full_report, hostile_report):
    for shown in (full_report, hostile_report):
        rows = re.findall(r"<tr>(.*?)</tr>", html_of(shown), re.DOTALL)
        assert rows
        assert {len(re.findall("<t[dh]", row)) for row in rows} == {4}


NAMES = "h3 h4 p table thead tbody tr th td code ul li strong sub details summary pre blockquote br"
TAGS = frozenset(NAMES.split())


@pytest.mark.parametrize("which", ["hostile_report", "hostile_rich_report"])
def test_a_hostile_candidate_adds_no_markup(which, request):
    html = html_of(request.getfixturevalue(which))
    assert set(re.findall(r"<(\w+)", html)) <= TAGS
    assert "<strong>b</strong>" not in html
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", html)
    outside_code = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
    assert "@torvalds" not in outside_code
    assert "https://" not in outside_code


def test_folds_are_balanced(full_report, hostile_report):
    for shown in (full_report, hostile_report):
        page = markdown(compose(shown))
        assert page.count("<details>") == page.count("</details>") > 0


@pytest.mark.parametrize("limit", [400, 1_000, 2_000])
def test_a_page_that_is_too_long_is_cut_between_blocks_and_says_so(full_report, limit):
    page = markdown(compose(full_report), limit=limit)
    assert len(page) <= limit
    assert "_Left out for its size: " in page
    assert page.rstrip().endswith("have it all._")
    assert page.count("<details>") == page.count("</details>")


def test_a_thousand_candidates_fit_into_a_comment(full_report):
    many = [replace(full_report.candidates[4], id=f"c{n}", name=f"patch-{n}") for n in range(1000)]
    page = markdown(compose(replace(full_report, candidates=tuple(many))))
    assert len(page) <= LIMIT
    assert "and 900 more" in page


def test_the_limit_holds_however_a_forge_counts_characters(full_report):
    wide = "\U0001f680" * 300
    many = [
        replace(full_report.candidates[4], id=f"c{n}", name=f"{wide}{n}", reason=wide) for n in range(200)
    ]
    page = markdown(compose(replace(full_report, candidates=tuple(many))))
    assert len(page) < units(page) <= LIMIT
    assert "<tr>" in GITHUB.render(page)
    assert "Next:" in page


def test_what_is_too_long_is_named_and_what_follows_still_shows(full_report):
    found = tuple(finding(message=f"{n}" * 400) for n in range(1, 10))
    long = replace(full_report, delta=replace(full_report.delta, findings_introduced=found))
    page = markdown(compose(long), limit=5_500)
    assert "_Left out for its size: Delta: Introduced; the text" in page
    assert "Next:" in page


def test_an_ordered_list_or_a_picture_cannot_be_begun():
    assert escape("1. x") == "1\\. x"
    assert ":tada:" not in escape("a :tada: b")
    html = GITHUB.render(f"- {escape('1. x')}")
    assert "<ol" not in html


@settings(max_examples=80, deadline=None)
@given(ANYTHING | st.text("`*_~[]()<>!#|\\\\-+=1.@:/&$^ \n\tax"))
@example("```\nx")
@example("~~~")
@example("<!--")
@example("[a](https://e.vil)")
@example("![a](b)")
@example("| a | b |")
@example("---")
@example("$$x$$")
def test_whatever_a_candidate_chooses_is_no_markup(said):
    shown = report(
        candidate(
            said,
            reason=said,
            risk=full_risk(said),
            gates=(gate("scope", findings=(finding(message=said, path=said, rule=said),)),),
        ),
        candidate(f"{said}2", Decision.REJECTED, rejected_by="lint", reason=said),
        delta=delta(api_breaks=(said,), unparsed=(said,), risk=full_risk(said)),
        notes=(said,),
        landing=said,
    )
    page = markdown(compose(shown))
    html = GITHUB.render(page)
    usual = GITHUB.render(markdown(compose(USUAL)))
    assert set(re.findall(r"<(\w+)", html)) <= TAGS
    for tag in ("<tr", "<details", "<h4", "<pre", "<blockquote"):
        assert html.count(tag) == usual.count(tag), tag
