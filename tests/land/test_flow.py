"""The flows end to end, on the sample repository, in real jails."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from assay.land import flow
from assay.land.request import Change, Lane, Request
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.errors import BadInput, Exit
from assay.model.outcome import Skip
from assay.model.verdict import Decision
from assay_fixtures import build_sample, corpus

pytestmark = pytest.mark.jail

ENVIRON = {**os.environ, "VIRTUAL_ENV": sys.prefix}


@pytest.fixture
def sample(tmp_path):
    return build_sample(tmp_path / "sample")


@pytest.fixture
def candidates(tmp_path):
    """Writes cases of the corpus as patch files; their paths."""

    def write(*names):
        paths = []
        for case in corpus(names):
            path = tmp_path / f"{case.name}.patch"
            path.write_bytes(case.patch)
            paths.append(str(path))
        return tuple(paths)

    return write


def git(repo, *words):
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    argv = ["git", "-C", str(repo), *identity, *words]
    return subprocess.run(argv, env=environ, check=True, capture_output=True, text=True).stdout


def state_of(repo):
    """Every byte of what is the user's: refs but Assay's own, index, config, hooks, work tree."""
    files = {}
    for path in sorted(Path(repo).rglob("*")):
        name = path.relative_to(repo).as_posix()
        ours = name.startswith((".git/assay", ".git/refs/assay", ".git/objects"))
        if path.is_file() and not path.is_symlink() and not ours:
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return files


def graded(sample, sources, **options):
    request = Request(repo=sample, sources=sources, environ=ENVIRON, **options)
    return anyio.run(lambda: flow.grade(request))


def landed(sample, sources, **options):
    request = Request(repo=sample, sources=sources, environ=ENVIRON)
    return anyio.run(lambda: flow.land(request, onto="main", **options))


def verdicts(report):
    return {Path(entry.name).stem: entry.verdict for entry in report.candidates}


def test_invariant_1_untouched_grading_leaves_the_repository_as_it_was(sample, candidates):
    before = state_of(sample)
    report = graded(sample, candidates("good-fix", "breaks-a-test", "does-not-apply"))
    assert verdicts(report) == {
        "good-fix": Decision.ACCEPTED,
        "breaks-a-test": Decision.REJECTED,
        "does-not-apply": Decision.REJECTED,
    }
    assert state_of(sample) == before
    assert flow.exit_code(report) is Exit.REJECTED


def test_every_step_is_in_the_ledger(sample, candidates):
    report = graded(sample, candidates("good-fix", "breaks-a-test"))
    with Ledger.open(sample / ".git" / "assay") as ledger:
        assert ledger.state(report.transaction) is State.DONE
        assert {found.decision for found in ledger.candidates(report.transaction)} == {
            Decision.ACCEPTED,
            Decision.REJECTED,
        }
        (rejection,) = ledger.rejections()
        assert rejection.gate == "tests"
        calls = ledger.tool_calls(report.transaction, rejection.candidate)
        assert calls
        assert ledger.verify() == []


def test_a_second_run_says_that_it_was_cached_and_says_the_same(sample, candidates):
    sources = candidates("good-fix", "breaks-a-test")
    first, second = graded(sample, sources), graded(sample, sources)
    assert verdicts(first) == verdicts(second)
    assert [entry.reason for entry in first.candidates] == [entry.reason for entry in second.candidates]
    assert all(entry.cached for entry in second.candidates)


def test_a_rejected_candidate_can_be_looked_at_with_plain_git(sample, candidates):
    report = graded(sample, candidates("breaks-a-test"))
    (entry,) = report.candidates
    assert "diff --git" in git(sample, "show", entry.ref)


def test_landing_publishes_the_verified_set_in_one_commit(sample, candidates):
    before = git(sample, "rev-parse", "main").strip()
    report = landed(sample, candidates("good-fix", "good-feature", "insecure"))
    assert flow.exit_code(report) is Exit.ACCEPTED
    assert report.patch_set.verdict is Decision.ACCEPTED
    assert len(report.patch_set.members) == 2
    tip = git(sample, "rev-parse", "main").strip()
    assert tip == report.landed.new
    assert git(sample, "rev-parse", f"{tip}^1").strip() == before
    assert git(sample, "rev-parse", f"{tip}^{{tree}}").strip() == report.patch_set.tree
    assert git(sample, "status", "--porcelain") == ""
    git(sample, "fsck", "--strict")


def test_a_linear_landing_puts_only_verified_trees_on_the_branch(sample, candidates):
    before = git(sample, "rev-parse", "main").strip()
    report = landed(sample, candidates("good-fix", "good-feature", "good-mode"), linear=True)
    assert flow.exit_code(report) is Exit.ACCEPTED
    trees = git(sample, "log", "--format=%T", f"{before}..main").split()
    with Ledger.open(sample / ".git" / "assay") as ledger:
        found = ledger.candidates(report.transaction)
    accepted = {one.kept.candidate.tree for one in found if one.decision is Decision.ACCEPTED}
    assert len(trees) == 3
    assert set(trees) <= accepted


def test_candidates_of_which_names_tell_that_they_clash_do_not_land_together(sample, candidates):
    report = landed(sample, candidates("joint-rename-a", "joint-rename-b"))
    assert set(verdicts(report).values()) == {Decision.ACCEPTED}
    assert len(report.patch_set.members) == 1
    (conflict,) = report.patch_set.conflicts
    assert conflict.kind == "semantic"
    assert "_check" in conflict.where + conflict.why
    assert report.patch_set.left_out


def test_candidates_that_only_a_run_shows_to_clash_do_not_land_together(sample):
    before = git(sample, "rev-parse", "main").strip()
    report_py = sample / "src/stockroom/report.py"
    git(sample, "checkout", "-q", "-b", "narrow")
    report_py.write_text(report_py.read_text().replace(":<24}", ":<20}"))
    git(sample, "commit", "-qam", "Narrower names")
    git(sample, "checkout", "-q", "-b", "columns", before)
    (sample / "tests/test_columns.py").write_text(
        "from stockroom.report import stock_report\n\n\ndef test_columns(catalog, inventory):\n"
        '    assert len(stock_report(catalog, inventory, ["mug"])) == 41\n'
    )
    git(sample, "add", "-A")
    git(sample, "commit", "-qm", "Test the columns")
    git(sample, "checkout", "-q", "main")
    report = landed(sample, ("narrow", "columns"))
    assert set(verdicts(report).values()) == {Decision.ACCEPTED}
    assert len(report.patch_set.members) == 1
    (conflict,) = report.patch_set.conflicts
    assert conflict.kind == "behavioural"


def test_candidates_that_add_at_one_place_land_as_one_verified_tree(sample):
    before = git(sample, "rev-parse", "main").strip()
    for name in ("cheapest", "dearest"):
        git(sample, "checkout", "-q", "-b", name, before)
        with (sample / "src/stockroom/catalog.py").open("a") as code:
            code.write(f"\n    def {name}(self):\n        return {name!r}\n")
        with (sample / "tests/test_catalog.py").open("a") as tests:
            tests.write(f"\n\ndef test_{name}(catalog):\n    assert catalog.{name}() == {name!r}\n")
        git(sample, "commit", "-qam", f"Add {name}")
    git(sample, "checkout", "-q", "main")
    report = landed(sample, ("cheapest", "dearest"))
    chosen = report.patch_set
    assert len(chosen.members) == 2 and chosen.verdict is Decision.ACCEPTED and not chosen.conflicts
    assert [file.path for file in chosen.merged] == ["src/stockroom/catalog.py", "tests/test_catalog.py"]
    (tests_gate,) = (gate for gate in chosen.gates if gate.gate == "tests")
    assert {name.split("::")[1] for name in tests_gate.detail["own_passed"]} == {
        "test_cheapest",
        "test_dearest",
    }
    assert git(sample, "rev-parse", "main^{tree}").strip() == chosen.tree
    with Ledger.open(sample / ".git" / "assay") as ledger:
        steps = [step for step in ledger.steps(report.transaction) if step.state is State.VERIFIED]
        assert [file["path"] for file in steps[0].payload["merged"]] == [file.path for file in chosen.merged]


def test_a_dry_run_and_a_rejected_landing_change_nothing(sample, candidates):
    before = state_of(sample)
    dry = landed(sample, candidates("good-fix"), dry_run=True)
    assert flow.exit_code(dry) is Exit.ACCEPTED
    assert dry.landed is None
    nothing = landed(sample, candidates("insecure"))
    assert flow.exit_code(nothing) is Exit.REJECTED
    assert state_of(sample) == before


def test_invariant_2_one_publication_a_dirty_work_tree_is_refused_before_anything_runs(sample, candidates):
    (sample / "README.md").write_text("edited\n")
    before = state_of(sample)
    with pytest.raises(BadInput, match=r"README\.md"):
        landed(sample, candidates("good-fix"))
    assert state_of(sample) == before


def test_first_k_stops_with_k_accepted(sample, candidates):
    report = graded(sample, candidates("hangs", "good-fix", "good-feature"), first=1)
    assert flow.exit_code(report, first=1) is Exit.ACCEPTED
    (hanging,) = [entry for entry in report.candidates if "hangs" in entry.name]
    assert hanging.verdict is Decision.INCONCLUSIVE
    assert Skip.CANCELLED.value in {gate.skip for gate in hanging.gates}


def test_check_looks_at_what_is_staged(sample):
    request = Request(repo=sample, environ=ENVIRON)
    nothing = anyio.run(lambda: flow.check(request, Change.STAGED))
    assert nothing.candidates == ()
    assert flow.exit_code(nothing) is Exit.ACCEPTED
    (sample / "src" / "stockroom" / "money.py").write_text("def broken(:\n")
    git(sample, "add", "-A")
    before = state_of(sample)
    report = anyio.run(lambda: flow.check(request, Change.STAGED))
    assert report.candidates[0].rejected_by == "compile"
    assert state_of(sample) == before


def test_bad_input_leaves_no_trace(sample):
    before = sorted((sample / ".git").rglob("*"))
    with pytest.raises(BadInput):
        graded(sample, ("no-such-branch",))
    request = Request(repo=sample, sources=("main",), environ=ENVIRON)
    with pytest.raises(BadInput, match="nowhere"):
        anyio.run(lambda: flow.land(request, onto="nowhere"))
    assert sorted((sample / ".git").rglob("*")) == before


def test_a_spent_budget_rejects_nobody_and_the_order_of_gates_is_written_down(sample, candidates):
    request = Request(
        repo=sample,
        sources=candidates("good-feature", "good-fix"),
        policy="fast",
        environ=ENVIRON,
        lane=Lane.BULK,
        budget_cpu=0.000001,
    )
    report = anyio.run(flow.grade, request)
    assert {candidate.verdict for candidate in report.candidates} == {Decision.INCONCLUSIVE}
    assert all("budget of 1e-06 s of CPU time" in candidate.reason for candidate in report.candidates)
    assert flow.exit_code(report) is Exit.INCONCLUSIVE
    with Ledger.open(sample / ".git" / "assay") as ledger:
        steps = {step.state: step.payload for step in ledger.steps(report.transaction)}
    order = steps[State.GRADING]["order"]
    assert order["gates"] == ["apply", "scope", "compile", "lint", "security"]
    assert order["seed"] == report.transaction


def test_the_processor_time_of_a_run_is_that_of_all_it_did_and_not_of_verdicts_alone(sample, candidates):
    first = graded(sample, candidates("good-fix"))
    assert first.cpu_seconds == first.profile.cpu_seconds
    assert first.cpu_seconds > sum(entry.cpu_seconds for entry in first.candidates)
    again = graded(sample, candidates("good-fix", "breaks-a-test"))
    assert again.candidates[0].cached and again.cpu_seconds > 0
    assert len(again.patch_set.members) == 1
    assert "combination" not in again.patch_set.reason, "there is nothing to combine"


def test_what_is_made_for_several_is_made_for_those_that_are_graded_by_themselves(
    sample, candidates, monkeypatch
):
    told = {}

    def session(*_args, **options):
        told.update(options)
        raise BadInput("this is far enough")

    monkeypatch.setattr(flow, "session", session)
    one, other, broken = candidates("good-fix", "good-feature", "does-not-apply")
    with pytest.raises(BadInput, match="far enough"):
        graded(sample, (one, one, other, broken))
    assert told == {"count": 4, "distinct": 2}
