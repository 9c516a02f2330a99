"""The demo around a flow that only pretends: what it builds, says and exits with."""

from __future__ import annotations

import tempfile

import pytest
from msgspec.structs import replace
from tests.front.conftest import candidate_report, report
from tests.front.support import git

from assay.front import demo_text, entry
from assay.model.report import Landed
from assay.model.verdict import Decision
from assay_fixtures import corpus

LANDED = Landed(ref="refs/heads/main", old="0" * 40, new="1" * 40)


def _graded(cases, *, wrong: str = "", verdict: Decision = Decision.REJECTED):
    """A report in which every case got what it was made for, but for the one named."""
    made = []
    for case in cases:
        got = verdict if case.name == wrong else Decision(case.verdict)
        candidate = replace(candidate_report(case.name, got), rejected_by=case.gate or None)
        made.append(candidate)
    return report(*made)


@pytest.fixture
def demo(flow, monkeypatch, tmp_path):
    """Runs the demo over reports made by hand; remembers the requests."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answers = {"wrong": "", "verdict": Decision.REJECTED, "landed": LANDED}
    requests = []

    async def grade(request, *, observer):
        requests.append(request)
        assert git(request.repo, "status", "--porcelain") == ""
        return _graded(corpus(), wrong=answers["wrong"], verdict=answers["verdict"])

    async def land(request, *, onto, observer):
        assert onto == "main"
        return replace(_graded(corpus()), command="land", landed=answers["landed"])

    monkeypatch.setattr(flow, "grade", grade)
    monkeypatch.setattr(flow, "land", land)
    return answers, requests


def test_the_demo_grades_every_case_and_leaves_nothing_behind(demo, capsys, tmp_path):
    _, requests = demo
    assert entry.run(["demo", "-q"]) == 0
    out = capsys.readouterr().out
    cases = corpus()
    assert [source.rsplit("/", 1)[1] for source in requests[0].sources] == [
        f"{case.name}.patch" for case in cases
    ]
    assert f"{len(cases)} of {len(cases)} candidates got the verdict they were made for" in out
    assert "assay check --staged" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wrong": "{accepted}", "verdict": Decision.REJECTED}, 1),
        ({"wrong": "{accepted}", "verdict": Decision.INCONCLUSIVE}, 3),
        ({"landed": None}, 1),
    ],
)
def test_the_demo_fails_unless_all_is_as_it_was_made(demo, capsys, change, code):
    accepted = next(case.name for case in corpus() if case.verdict == "accepted")
    demo[0].update(change)
    demo[0]["wrong"] = demo[0]["wrong"].format(accepted=accepted)
    assert entry.run(["demo", "-q"]) == code


def test_a_rejection_by_another_gate_is_a_surprise_too():
    cases = [case for case in corpus() if case.gate]
    graded = _graded(cases)
    other = replace(graded.candidates[0], rejected_by="another")
    (sentence,) = demo_text.surprises(cases, replace(graded, candidates=(other, *graded.candidates[1:])))
    assert cases[0].name in sentence
    assert "by another" in sentence


def test_the_sample_can_be_kept_in_a_new_directory(demo, capsys, tmp_path):
    kept = tmp_path / "kept"
    assert entry.run(["demo", "-q", "--keep", str(kept)]) == 0
    assert f"git -C {kept / 'sample'} log" in capsys.readouterr().out
    assert git(kept / "sample", "log", "--format=%s")
    assert entry.run(["demo", "-q", "--keep", str(kept)]) == 2
    assert "not empty" in capsys.readouterr().err
