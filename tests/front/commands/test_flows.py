"""check, grade and land: what the options become, and where the report goes."""

from __future__ import annotations

import json

import pytest
from tests.front.support import git

from assay.front import entry
from assay.land.request import Change, Lane
from assay.model.verdict import Decision


def test_grade_hands_every_option_to_the_flow(flow, capsys, tmp_path):
    options = "--base v1 --policy strict --jobs 3 --first 1 --time-limit 10m --squash --isolation none"
    code = entry.run(
        ["grade", "a.patch", "main..x", "-C", str(tmp_path), *options.split(), "--format", "json"]
    )
    assert code == 0
    ((_, request),) = flow.asked
    assert request.sources == ("a.patch", "main..x")
    assert request.repo == tmp_path
    assert (request.base, request.policy, request.jobs, request.first) == ("v1", "strict", 3, 1)
    assert (request.time_limit, request.squash, request.isolation) == (600.0, True, "none")
    assert request.stdin is None
    assert request.environ["HOME"]


@pytest.mark.parametrize(
    "command", [["check", "--worktree"], ["grade", "x"], ["land", "x", "--onto", "main"]]
)
def test_the_user_s_word_on_tests_reaches_the_flow(flow, capsys, command):
    entry.run(command)
    entry.run([*command, "--trust-tests"])
    assert [asked[1].trust_tests for asked in flow.asked] == [False, True]


@pytest.mark.parametrize(
    "command", [["check", "--worktree"], ["grade", "x"], ["land", "x", "--onto", "main"]]
)
def test_hidden_tests_lists_and_allowed_paths_reach_the_flow(flow, capsys, command):
    entry.run(command)
    given = ["--acceptance", "../hidden", "--require", "l.txt", "--allow", "src/**", "--allow", "docs/**"]
    entry.run([*command, *given])
    requests = [asked[1] for asked in flow.asked]
    assert [(each.acceptance, each.require, each.allow) for each in requests] == [
        (None, None, ()),
        ("../hidden", "l.txt", ("src/**", "docs/**")),
    ]


@pytest.mark.parametrize(
    "command", [["check", "--worktree"], ["grade", "x"], ["land", "x", "--onto", "main"]]
)
def test_budgets_and_lane_reach_the_flow(flow, capsys, command):
    entry.run([*command, "--budget-seconds", "90s", "--budget-cpu", "2m", "--lane", "bulk"])
    entry.run([*command, "--lane", "interactive"])
    requests = [asked[1] for asked in flow.asked]
    assert [(each.budget_seconds, each.budget_cpu, each.lane) for each in requests] == [
        (90.0, 120.0, Lane.BULK),
        (0.0, 0.0, Lane.INTERACTIVE),
    ]


def test_who_sees_the_progress_waits_and_who_does_not_gives_way(flow, capsys, monkeypatch):
    monkeypatch.setattr("assay.front.quick.is_terminal", lambda _stream: True)
    entry.run(["grade", "x"])
    monkeypatch.setattr("assay.front.quick.is_terminal", lambda _stream: False)
    for command in (["grade", "x"], ["check", "--worktree"], ["land", "x", "--onto", "main"]):
        entry.run(command)
    lanes = [asked[1].lane for asked in flow.asked]
    assert lanes == [Lane.INTERACTIVE, Lane.BULK, Lane.INTERACTIVE, Lane.INTERACTIVE]


def test_stdin_is_read_only_for_a_dash(flow, monkeypatch, capsys):
    class Input:
        class buffer:
            read = staticmethod(lambda: b"diff")

    monkeypatch.setattr("sys.stdin", Input)
    assert entry.run(["grade", "-", "--format", "json"]) == 0
    assert flow.asked[0][1].stdin == b"diff"
    monkeypatch.setattr("sys.stdin", None)
    assert entry.run(["grade", "x", "--format", "json"]) == 0
    assert flow.asked[1][1].stdin is None


def test_land_hands_its_options_to_the_flow(flow, capsys):
    entry.run(["land", "x", "--onto", "main", "--dry-run", "--linear"])
    entry.run(["land", "x", "--onto", "main", "--only-tip"])
    (_, request, onto, *flags), (*_, every_commit) = flow.asked
    assert (request.sources, onto, flags) == (("x",), "main", [True, True, True])
    assert every_commit is False


@pytest.mark.parametrize(
    ("options", "change", "base", "head"),
    [
        (["--staged"], Change.STAGED, None, None),
        (["--worktree"], Change.WORKTREE, None, None),
        (["--base", "main"], Change.RANGE, "main", None),
        (["--base", "main", "--head", "topic"], Change.RANGE, "main", "topic"),
    ],
)
def test_check_knows_which_change_is_meant(flow, capsys, options, change, base, head):
    assert entry.run(["check", *options]) == 0
    ((_, request, asked, asked_head),) = flow.asked
    assert (asked, request.base, asked_head) == (change, base, head)


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ((Decision.ACCEPTED, Decision.ACCEPTED), 0),
        ((Decision.ACCEPTED, Decision.REJECTED), 1),
        ((Decision.ACCEPTED, Decision.INCONCLUSIVE), 3),
    ],
)
def test_the_exit_code_is_the_verdicts(flow, capsys, decisions, code):
    flow.decisions = decisions
    assert entry.run(["grade", "x"]) == code


def test_invariant_11_json_is_one_document_and_progress_stays_on_stderr(flow, capsys):
    flow.decisions = (Decision.ACCEPTED, Decision.REJECTED)
    entry.run(["grade", "x", "--format", "json"])
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["schema_version"] == 1
    assert [candidate["verdict"] for candidate in document["candidates"]] == ["accepted", "rejected"]
    assert "assay: c1.patch: tests failed" in err


def test_quiet_is_quiet(flow, capsys):
    entry.run(["grade", "x", "--quiet"])
    out, err = capsys.readouterr()
    assert err == ""
    assert "c0.patch" in out


def test_an_output_file_takes_the_document_and_stdout_stays_empty(flow, capsys, tmp_path):
    entry.run(["grade", "x", "--format", "json", "--output", str(tmp_path / "report.json")])
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "report.json").read_text())["transaction"] == "t1"


def test_an_output_file_that_cannot_be_is_refused_before_anything_runs(flow, capsys, tmp_path):
    assert entry.run(["grade", "x", "--output", str(tmp_path / "no" / "file")]) == 2
    assert flow.asked == []


@pytest.mark.parametrize(
    ("format_", "option"), [("text", "never"), ("json", "always"), ("markdown", "always")]
)
def test_no_escape_sequence_where_none_is_wanted(flow, capsys, format_, option):
    flow.name = "\x1b[2J\x1b]0;owned\x07.patch"
    entry.run(["grade", "x", "--format", format_, "--color", option])
    assert "\x1b" not in capsys.readouterr().out


def test_colour_can_be_had_without_a_terminal(flow, capsys, monkeypatch):
    entry.run(["grade", "x", "--color", "always", "-q"])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    entry.run(["grade", "x", "-q"])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    entry.run(["grade", "x", "-q"])
    assert "\x1b[" not in capsys.readouterr().out


def test_check_alone_takes_what_is_staged_else_the_work_tree(flow, capsys, tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "new").write_text("x")
    entry.run(["check", "-C", str(tmp_path)])
    git(tmp_path, "add", "new")
    entry.run(["check", "-C", str(tmp_path)])
    assert [asked[2] for asked in flow.asked] == [Change.WORKTREE, Change.STAGED]
