"""The audit against a real ledger with hand-made runs in it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.front.support import git

from assay.front import entry
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import Finding, Severity, failed, passed
from assay.model.tool import Ending, ToolCall
from assay.model.verdict import Decision, Verdict

PATCH = b"diff --git a/x b/x\n\x1b[31m\xff raw\n"
BASE = Base(commit=Oid("a" * 40), tree=Oid("b" * 40))


def _candidate(identity: str, name: str, tree: str | None = "c" * 40) -> Candidate:
    return Candidate(id=identity, name=name, source="a test", base=BASE, tree=tree, patch=PATCH)


def _record(ledger: Ledger, command: str, candidate: Candidate, decision: Decision) -> str:
    run = ledger.begin(command, {})
    ledger.step(run, State.GRADING)
    ledger.candidate(run, candidate, f"refs/assay/candidates/{candidate.id}")
    call = ToolCall(
        label="pytest",
        argv=("python", "-m", "pytest"),
        environment_digest="e",
        ending=Ending.EXITED,
        exit_code=1,
        stdout=b"E assert 1 == 2\n\x1b[2J\ttabbed\n",
        report=b"not for people",
    )
    ledger.tool_call(run, replace(call, label="tests on the base", stdout=b"base output"))
    ledger.tool_call(run, call, candidate=candidate.id, gate="tests")
    bad = decision is Decision.REJECTED
    finding = Finding(
        rule="tests/newly-failing",
        path="t\x1b.py",
        line=3,
        message="assert 1 == 2",
        severity=Severity.ERROR,
        fingerprint="f",
    )
    whole = replace(finding, path="whole.py", line=0)
    tests = (
        failed("tests", "one test fails", findings=(finding, whole))
        if bad
        else passed("tests", evidence={"tests": 2})
    )
    verdict = Verdict(
        candidate=candidate.id,
        decision=decision,
        reason="one test fails" if bad else "every required gate passed",
        rejected_by="tests" if bad else None,
        gates=(passed("apply", evidence={"files": 1}), tests),
    )
    ledger.verdict(run, verdict)
    ledger.step(run, State.DONE)
    return run


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """A repository with three runs: two graded candidates, one of them rejected, and a landing's."""
    git(tmp_path, "init", "-q", "-b", "main")
    monkeypatch.chdir(tmp_path)
    with Ledger.open(tmp_path / ".git" / "assay") as ledger:
        _record(ledger, "grade", _candidate("aaaa11112222", "good.patch"), Decision.ACCEPTED)
        _record(ledger, "grade", _candidate("aaaa33334444", "bad\x1b[2J.patch"), Decision.REJECTED)
        _record(ledger, "land", _candidate("bbbb11112222", "late.patch"), Decision.ACCEPTED)
    return tmp_path


def _out(capsys, *arguments: str) -> str:
    assert entry.run(["audit", *arguments]) == 0
    return capsys.readouterr().out


def test_a_set_named_by_all_its_members_leaves_room_for_its_verdict(audited, capsys):
    name = " + ".join(f"{number:03d}-mutant.patch" for number in range(20))
    with Ledger.open(audited / ".git" / "assay") as ledger:
        run = _record(ledger, "land", _candidate("cccc11112222", name), Decision.ACCEPTED)
    shown = _out(capsys, "show", run)
    assert "000-mutant.patch + 001-mutant.patch" in shown
    assert "019-mutant" not in shown
    assert name in _out(capsys, "show", "cccc")


def test_runs_are_listed_latest_first(audited, capsys):
    header, *lines = _out(capsys, "list").splitlines()
    assert header.split() == ["RUN", "BEGAN", "COMMAND", "STATE", "VERDICTS"]
    assert [re.split(r"  +", line)[2:] for line in lines] == [
        ["land", "done", "1 accepted"],
        ["grade", "done", "1 rejected"],
        ["grade", "done", "1 accepted"],
    ]
    assert len(_out(capsys, "list", "--limit", "1").splitlines()) == 2
    assert len(_out(capsys, "list", "--command", "land").splitlines()) == 2


def test_what_was_rejected_by_which_gate_and_why(audited, capsys):
    header, line = _out(capsys, "list", "--rejected", "--since", "7d").splitlines()
    assert header.split() == ["CANDIDATE", "WHEN", "NAME", "GATE", "REASON"]
    assert line.startswith("aaaa33334444")
    assert "\x1b" not in line
    assert "tests" in line
    assert line.endswith("one test fails")
    tomorrow = (datetime.now() + timedelta(days=1)).date().isoformat()
    assert _out(capsys, "list", "--rejected", "--since", tomorrow) == "nothing was rejected\n"
    assert _out(capsys, "list", "--rejected", "--command", "land") == "nothing was rejected\n"


def test_a_candidate_by_the_beginning_of_its_id_or_by_name(audited, capsys):
    page = _out(capsys, "show", "aaaa33")
    assert page == _out(capsys, "show", "bad\x1b[2J.patch")
    assert "rejected by tests: one test fails" in page
    assert "t\\x1b.py:3" in page
    assert "exit 1" in page
    assert "\x1b" not in page


def test_a_finding_about_a_whole_file_names_no_line(audited, capsys):
    page = _out(capsys, "show", "aaaa3333")
    assert "whole.py  " in page
    assert "whole.py:0" not in page


def test_its_output_is_shown_safely_and_the_protocol_is_not(audited, capsys):
    page = _out(capsys, "show", "aaaa33", "--output", "tests")
    assert "E assert 1 == 2\n\\x1b[2J\ttabbed" in page
    assert "tests on the base, stdout, 11 bytes\nbase output" in page
    assert "not for people" not in page
    document = json.loads(_out(capsys, "show", "aaaa33", "--output", "tests", "--format", "json"))
    assert document["programs"][1]["outputs"]["stdout"].startswith("E assert 1 == 2\n")


def test_the_patch_comes_back_byte_for_byte(audited, capfdbinary):
    assert entry.run(["audit", "show", "bbbb", "--patch"]) == 0
    assert capfdbinary.readouterr().out == PATCH


def test_a_run_shows_its_candidates(audited, capsys):
    run = _out(capsys, "list", "--command", "land").splitlines()[1].split()[0]
    page = _out(capsys, "show", run)
    assert "late.patch" in page
    document = json.loads(_out(capsys, "show", run, "--format", "json"))
    assert document["transaction"]["id"] == run
    assert [candidate["id"] for candidate in document["candidates"]] == ["bbbb11112222"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aaaa"], "several candidates"),
        (["nothing"], "no transaction is named"),
        (["aaaa33", "--output", "lint"], "its gates: apply, tests"),
        (["aaaa33", "--output", "x", "--patch"], "exclude each other"),
        (["2", "--patch"], "names of several"),
    ],
)
def test_what_cannot_be_shown_says_why(audited, capsys, arguments, words):
    assert entry.run(["audit", "show", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_since_must_be_a_span_or_a_date(audited, capsys):
    assert entry.run(["audit", "list", "--since", "yesterday"]) == 2
    assert "neither a span such as 7d nor a date" in capsys.readouterr().err


def test_json_lists_are_documents(audited, capsys):
    runs = json.loads(_out(capsys, "list", "--format", "json"))
    assert [run["verdicts"] for run in runs["transactions"]] == [
        {"accepted": 1},
        {"rejected": 1},
        {"accepted": 1},
    ]
    (rejection,) = json.loads(_out(capsys, "list", "--rejected", "--format", "json"))["rejections"]
    assert rejection["gate"] == "tests"
    assert datetime.fromisoformat(rejection["time"]).tzinfo is not None


def test_pruning_removes_patches_and_keeps_the_record(audited, capsys):
    git(audited, "commit", "-q", "--allow-empty", "-m", "x")
    for name in ("aaaa11112222", "cccc11112222"):
        git(audited, "update-ref", f"refs/assay/candidates/{name}", "HEAD")
    assert "removed 0 outputs" in _out(capsys, "prune", "--older-than", "1h", "--candidates")
    assert "and 1 refs" in _out(capsys, "prune", "--older-than", "0s", "--candidates")
    # A ref that no run recorded may belong to one that is about to.
    assert git(audited, "for-each-ref", "--format=%(refname)", "refs/assay").split() == [
        "refs/assay/candidates/cccc11112222"
    ]
    assert "rejected by tests" in _out(capsys, "show", "aaaa33")
    assert "(pruned)" in _out(capsys, "show", "aaaa33", "--output", "tests")
    assert entry.run(["audit", "show", "aaaa33", "--patch"]) == 2
    assert "pruned" in capsys.readouterr().err


def test_asking_a_repository_without_a_ledger_creates_none(tmp_path, capsys):
    git(tmp_path, "init", "-q")
    assert entry.run(["audit", "list", "-C", str(tmp_path)]) == 0
    assert entry.run(["audit", "show", "x", "-C", str(tmp_path)]) == 2
    assert not (tmp_path / ".git" / "assay").exists()


def test_invariant_9_asking_settles_what_a_killed_run_left(audited, capsys):
    with Ledger.open(audited / ".git" / "assay") as ledger:
        run = ledger.begin("grade", {})
        ledger.step(run, State.GRADING)  # closed without an end, as when the process is killed
    assert entry.run(["audit", "list", "--repo", str(audited)]) == 0
    capsys.readouterr()
    with Ledger.open(audited / ".git" / "assay") as ledger:
        assert ledger.state(run) is State.INTERRUPTED
