from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker
from msgspec.structs import replace
from tests.delta.conftest import ANYTHING, CHARGE, candidate, finding, full_risk, report
from tests.delta.conftest import gate as make_gate

from assay.delta.sarif import MOST, relative_uri, sarif
from assay.model.errors import Exit
from assay.model.outcome import Severity
from assay.model.report import Report
from assay.model.verdict import Decision

SCHEMA = Path(__file__).parent.parent / "data" / "schemas" / "sarif-2.1.0-rtm.5.json"


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())


def run_of(report: Report, **given: object) -> dict:
    log = json.loads(sarif(report, **given))
    validator().validate(log)
    (run,) = log["runs"]
    return run


def rejected(*findings, name: str = "bad.patch", reason: str = "it fails", **given) -> Report:
    gates = (make_gate("lint", "failed", reason=reason, findings=findings),)
    return report(candidate(name, Decision.REJECTED, reason=reason, rejected_by="lint", gates=gates), **given)


@pytest.mark.parametrize("which", ["full_report", "rich_report", "hostile_report", "hostile_rich_report"])
def test_the_log_is_valid(which, request):
    assert run_of(request.getfixturevalue(which))["results"] is not None


def test_a_report_on_nothing_is_valid():
    assert run_of(report())["results"] == []


def test_a_result_has_rule_level_place_and_fingerprint(rich_report):
    run = run_of(rich_report)
    (review,) = [each for each in run["results"] if each["ruleId"] == "scope/dependency"]
    assert review["level"] == "warning"
    assert review["properties"]["severity"] == "review"
    place = review["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": CHARGE, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 12, "startColumn": 5, "endLine": 13}
    assert review["partialFingerprints"] == {"assay/v1": "f2"}
    assert run["tool"]["driver"]["rules"][review["ruleIndex"]]["id"] == "scope/dependency"
    assert "uri" not in run["originalUriBaseIds"]["%SRCROOT%"]


def test_survivors_and_branches_are_notes_with_stable_fingerprints(rich_report):
    notes = {each["ruleId"]: each for each in run_of(rich_report)["results"] if each["level"] == "note"}
    assert set(notes) == {"evidence/survivor", "evidence/branch"}
    assert notes["evidence/survivor"]["message"]["text"] == "no test notices if a < b were a <= b"
    risk = full_risk()
    shifted = replace(
        risk,
        evidence=replace(
            risk.evidence, mutants=tuple(replace(each, line=each.line + 7) for each in risk.evidence.mutants)
        ),
    )
    moved = replace(rich_report, candidates=(replace(rich_report.candidates[0], risk=shifted),))
    (later,) = [each for each in run_of(moved)["results"] if each["ruleId"] == "evidence/survivor"]
    assert later["partialFingerprints"] == notes["evidence/survivor"]["partialFingerprints"]
    assert later["locations"] != notes["evidence/survivor"]["locations"]


def test_every_rule_is_described_once_and_every_index_leads_to_it(full_report, hostile_rich_report):
    for shown in (full_report, hostile_rich_report):
        run = run_of(shown)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        assert [rules[each["ruleIndex"]] for each in run["results"]] == [
            each["ruleId"] for each in run["results"]
        ]


def test_the_severest_come_first_and_the_rest_is_counted():
    many = [finding(line=n + 1, severity=Severity.WARNING, fingerprint=str(n)) for n in range(MOST + 5)]
    # Not validated: that takes longer than all other tests of this room.
    (run,) = json.loads(sarif(rejected(*many, finding(rule="F999", severity=Severity.ERROR))))["runs"]
    assert len(run["results"]) == MOST
    assert run["results"][0]["ruleId"] == "lint/F999"
    said = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert "6 more results were left out, the least severe ones" in said


def test_what_has_no_place_in_the_repository_is_a_notification():
    paths = ("", "../outside.txt", "/etc/passwd", "a//b", "a/./b")
    run = run_of(rejected(*(finding(path=path) for path in paths)))
    assert run["results"] == []
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert [each["associatedRule"]["id"] for each in told] == ["lint/F821"] * len(paths)


def test_a_refusal_that_no_finding_says_is_said():
    (told,) = run_of(rejected(reason="ran out of time"))["invocations"][0]["toolExecutionNotifications"]
    assert told["level"] == "error"
    assert told["message"]["text"] == "bad.patch: ran out of time"


def test_the_invocation_tells_the_exit_code_and_whether_there_is_a_verdict(full_report):
    told = run_of(full_report, exit_code=Exit.REJECTED)["invocations"][0]
    assert told["exitCode"] == 1
    assert told["executionSuccessful"] is False  # slow.patch has no verdict
    assert told["startTimeUtc"] == "2026-11-21T19:45:12Z"
    assert run_of(rejected())["invocations"][0]["executionSuccessful"] is True


def test_each_candidate_and_its_verdict_is_in_the_run(full_report):
    told = run_of(full_report)["properties"]["candidates"]
    assert [(each["name"], each["verdict"]) for each in told] == [
        (each.name, each.verdict.value) for each in full_report.candidates
    ]


def test_a_message_is_neither_link_nor_placeholder():
    run = run_of(rejected(finding(message="see [here](https://e.vil) {0}")))
    assert run["results"][0]["message"]["text"] == "see \\[here](https://e.vil) {{0}}"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("src/a b#c?.py", "src/a%20b%23c%3F.py"),
        ("c:/x", "c%3A/x"),
        ("caf\u00e9/\udcff", "caf%C3%A9/%FF"),
        ("100%.py", "100%25.py"),
        ("a\\b", "a%5Cb"),
    ],
)
def test_a_path_becomes_a_relative_uri(path, uri):
    assert relative_uri(path) == uri


@given(path=ANYTHING, message=ANYTHING, rule=ANYTHING, line=st.integers(-1, 10**6))
def test_whatever_a_candidate_chooses_the_log_is_valid(path, message, rule, line):
    run_of(rejected(finding(path=path, message=message, rule=rule, line=line), name=message, reason=message))
