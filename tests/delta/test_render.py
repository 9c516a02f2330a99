"""All renderings say the same of one report: the same numbers, in the same order."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest
from msgspec.structs import replace

from assay.delta.render import FORMATS, render
from assay.front.choices import Format
from assay.model.delta import SymbolChangeKind
from assay.model.errors import BadInput, Exit
from assay.model.report import Report

PAGES = ("text", "markdown", "html", "github")


class _Text(HTMLParser):
    """What a reader of an HTML document sees, a blank between elements that stand apart."""

    _APART = frozenset({"td", "th", "tr", "li", "p", "h1", "h2", "h3", "h4", "dt", "dd", "div", "summary"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self._APART:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words_of(report: Report, format: str) -> str:
    """What a reader of this rendering reads, without its markup."""
    shown = render(report, format, width=10_000)
    if format == "html":
        reader = _Text()
        reader.feed(re.sub(r"<(style|script)>.*?</\1>", "", shown, flags=re.DOTALL))
        shown = "".join(reader.parts)
    elif format == "markdown":
        shown = unescape(re.sub(r"</?(?:sub|details|summary|code)>", "", shown)).replace("\\", "")
        shown = shown.replace("`", "").replace("**", "").replace("\u200b", "")
    return " ".join(shown.replace("\u200b", "").split())


@pytest.mark.parametrize("format", PAGES)
def test_every_page_gives_the_same_facts_in_the_same_order(rich_report, format):
    facts = [
        "REJECTED",
        "6 candidates: 4 accepted, 1 rejected, 1 inconclusive",
        "fix-rounding.patch",
        "risk high, 29%",
        "add-tax.patch",
        "same tree as fix-rounding.patch",
        "2 tests fail that pass on the base",
        "slow.patch",
        "pytest is not installed",
        "accepted, 2 members, 1 left out",
        "rename.patch: conflicts with add-tax.patch",
        "+53 -16",
        "requests",
    ]
    shown = words_of(rich_report, format)
    at = 0
    for fact in facts:
        found = shown.find(fact, at)
        assert found >= 0, f"{fact!r} is not after {shown[max(at - 80, 0) : at]!r}"
        at = found


@pytest.mark.parametrize("format", PAGES)
def test_every_page_says_the_same_of_the_risk(rich_report, format):
    shown = words_of(rich_report, format)
    for fact in (
        "(12% to 50%) that a later fix within 365 days touches lines of this change",
        "uncertain: no history of the touched files is known",
        "decision: review: a defect here costs more than a look",
        "expected: land 12.5, review 4.2",
        "+23.0",
        "900 lines added",
        "no test notices if a < b were a <= b at src/billing/charge.py:13",
        "look at src/billing/charge.py:11-13 no test notices",
        "otherwise: with tests of line 12 it would be 11%",
    ):
        assert fact in shown, fact


def test_every_list_has_the_same_candidates_and_verdicts_in_the_same_order(rich_report):
    expected = [(each.name, each.verdict.value) for each in rich_report.candidates]
    (run,) = json.loads(render(rich_report, "sarif"))["runs"]
    assert [(each["name"], each["verdict"]) for each in run["properties"]["candidates"]] == expected
    suites = Xml.fromstring(render(rich_report, "junit"))
    assert [
        (suite.get("name"), suite.find("properties/property[@name='verdict']").get("value"))
        for suite in suites
    ] == expected
    told = json.loads(render(rich_report, "json"))["candidates"]
    assert [(each["name"], each["verdict"]) for each in told] == expected
    rows = re.findall(r'<tr data-verdict="(\w+)" data-name="([^"]+)">', render(rich_report, "html"))
    assert [(name, verdict) for verdict, name in rows] == expected


def test_annotations_and_results_say_the_same_in_the_same_order(rich_report):
    (run,) = json.loads(render(rich_report, "sarif"))["runs"]
    results = [each["message"]["text"] for each in run["results"]]
    rows = render(rich_report, "github").splitlines()
    said = [row.rpartition("::")[2] for row in rows if re.match("::(error|warning|notice) file=", row)]
    assert said == results
    assert len(results) == 5


def test_the_command_line_offers_what_there_is():
    assert tuple(map(str, Format)) == FORMATS


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (Exit.ACCEPTED, "ENOUGH ACCEPTED"),  # `grade --first 4`
        (Exit.INCONCLUSIVE, "INCONCLUSIVE"),  # `grade --first 5`: one more may be there
        (Exit.REJECTED, "REJECTED"),
    ],
)
@pytest.mark.parametrize("format", PAGES)
def test_the_headline_agrees_with_the_exit_code(full_report, format, code, word):
    graded = replace(full_report, command="grade")
    shown = render(graded, format, exit_code=code).replace("*", "")
    assert f"{word}  6 candidates: 4 accepted" in shown


def test_an_unknown_format_is_bad_input(full_report):
    with pytest.raises(BadInput, match="choose one of text, json, sarif"):
        render(full_report, "yaml")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_ends_with_one_line_end(full_report, format):
    shown = render(full_report, format, exit_code=Exit.REJECTED)
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n\n")


@pytest.mark.parametrize("format", FORMATS)
def test_equal_reports_are_equal_bytes(rich_report, hostile_rich_report, format):
    for report in (rich_report, hostile_rich_report):
        assert render(report, format) == render(replace(report), format)


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_report_is_rendered_within_bounds(full_report, format):
    """500 files, 300 candidates with a hundred findings each."""
    broken = full_report.candidates[4]
    (gate,) = broken.gates
    found = tuple(replace(gate.findings[0], line=n + 1, fingerprint=f"{n}") for n in range(100))
    many = tuple(
        replace(broken, id=f"c{n}", name=f"p{n}", gates=(replace(gate, findings=found),)) for n in range(300)
    )
    delta = full_report.delta
    files = tuple(replace(delta.files[0], path=f"f{n}.py", old_path=f"f{n}.py") for n in range(500))
    symbols = tuple(
        replace(delta.symbols[0], path=file.path, symbol=f"s{n}", kind=SymbolChangeKind.ADDED)
        for file in files
        for n in range(20)
    )
    large = replace(full_report, candidates=many, delta=replace(delta, files=files, symbols=symbols))
    most = {"text": 500_000, "markdown": 65_536, "github": 500_000, "junit": 4_000_000, "html": 12_000_000}
    assert len(render(large, format)) < most.get(format, 60_000_000)
