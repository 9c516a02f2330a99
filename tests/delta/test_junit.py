from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from msgspec.structs import replace
from tests.delta.conftest import ANYTHING, candidate, finding, report
from tests.delta.conftest import gate as make_gate
from xmlschema import XMLSchema

from assay.delta.junit import MOST, junit
from assay.model.outcome import Skip
from assay.model.report import Report
from assay.model.verdict import Decision

SCHEMA = Path(__file__).parent.parent / "data" / "schemas" / "junit-10.xsd"


@cache
def schema() -> XMLSchema:
    return XMLSchema(SCHEMA)


def suites_of(report: Report) -> list[Xml.Element]:
    text = junit(report)
    schema().validate(text)
    root = Xml.fromstring(text)
    for suite in root:
        # What Ant's schema asks for beyond the one of Jenkins.
        assert [each.tag for each in suite if each.tag != "testcase"] == [
            "properties", "system-out", "system-err",
        ]  # fmt: skip
        assert {
            "name",
            "timestamp",
            "hostname",
            "tests",
            "failures",
            "errors",
            "time",
            "package",
            "id",
        } <= set(suite.attrib)
        assert suite.get("name").strip()
        assert all(len(case) <= 1 for case in suite.iter("testcase"))
    return list(root)


@pytest.mark.parametrize("which", ["full_report", "rich_report", "hostile_report", "hostile_rich_report"])
def test_the_document_is_valid(which, request):
    shown = request.getfixturevalue(which)
    assert len(suites_of(shown)) == len(shown.candidates)


def test_a_report_on_nothing_is_valid():
    assert suites_of(report()) == []


OUTCOMES = {
    "passed": (make_gate("tests"), None),
    "failed": (make_gate("tests", "failed", reason="no"), ("failure", "failed", "no")),
    "tampered": (make_gate("tests", "tampered", reason="no"), ("failure", "tampered", "no")),
    "exhausted": (
        make_gate("tests", "exhausted", reason="no", resource="time"),
        ("failure", "exhausted", "no"),
    ),
    "infra": (make_gate("tests", "infra", reason="no"), ("error", "infra", "no")),
    "skipped": (
        make_gate("tests", "skipped", reason="no", skip=Skip.NOT_REACHED.value),
        ("skipped", None, "no"),
    ),
}


@pytest.mark.parametrize("which", OUTCOMES)
def test_a_gate_is_a_case_by_its_outcome(which):
    gate, expected = OUTCOMES[which]
    verdict = Decision.ACCEPTED if expected is None else Decision.REJECTED
    (suite,) = suites_of(report(candidate("a.patch", verdict, gates=(gate,))))
    case = suite.find("testcase[@name='tests']")
    assert case.get("time") == "0.400"
    assert case.get("classname") == "a.patch"
    assert [(each.tag, each.get("type"), each.get("message")) for each in case] == (
        [expected] if expected else []
    )
    if which == "skipped":
        assert case[0].text == "not-reached"


def test_the_counts_are_those_of_the_cases(full_report):
    for suite in suites_of(full_report):
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
        assert int(suite.get("tests")) == len(suite.findall("testcase"))


def test_what_is_not_accepted_is_never_all_green():
    for verdict, tag in ((Decision.REJECTED, "failure"), (Decision.INCONCLUSIVE, "error")):
        (suite,) = suites_of(report(candidate("a.patch", verdict, reason="stopped", gates=())))
        (case,) = suite.findall("testcase")
        assert [(each.tag, each.get("message")) for each in case] == [(tag, "stopped")]


def test_findings_are_the_text_of_a_failure_and_bounded():
    found = tuple(finding(line=n + 1) for n in range(300))
    gates = (make_gate("lint", "failed", reason="no", findings=found),)
    shown = report(
        *(replace(candidate(f"{n}", Decision.REJECTED, gates=gates), id=f"{n}") for n in range(250))
    )
    texts = [case.text.splitlines() for suite in suites_of(shown) for case in suite.iter("failure")]
    assert texts[0][0] == "src/inventory/pricing.py:1 Undefined name `ratio` [F821]"
    assert texts[0][-1] == "… and 200 more"
    assert texts[-1] == ["… and 300 more"]
    assert sum(len(each) - 1 for each in texts) == MOST


def test_a_set_that_landed_is_a_suite_of_its_own(full_report):
    *_, last = suites_of(replace(full_report, command="land"))
    assert last.get("name") == "patch set"
    assert last.get("failures") == "0"


@given(name=ANYTHING, message=ANYTHING, rule=ANYTHING)
def test_whatever_a_candidate_chooses_the_document_is_valid(name, message, rule):
    gates = (make_gate("lint", "failed", reason=message, findings=(finding(message=message, rule=rule),)),)
    suites_of(report(candidate(name, Decision.REJECTED, reason=message, source=name, gates=gates)))
