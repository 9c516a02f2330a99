from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from tests.land.support import Content, Yard, git, status, write
from tests.land.test_publish import MANY

from assay.land import publish as publishing
from assay.land import staging
from assay.land.plan import LandingPlan
from assay.land.publish import publish
from assay.land.recover import landing_lock, recover
from assay.land.worktree import release_lock
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.errors import BadInput
from assay.repo import refs

FEW: dict[str, Content] = {"a.txt": b"new\n", "b.txt": None, "flip": None, "flip/x": b"x\n", "made": b"m\n"}
ROOT = Path(__file__).parents[2]


def crash(yard: Yard, plan: LandingPlan, checkout: str = "yard", times: int = 0) -> list[dict[str, str]]:
    root = yard.root.parent
    with yard.ledger() as ledger:  # how a ledger is begun is the ledger's own affair
        ledger.step(ledger.begin("grade", {}), State.DONE)
    (root / "plan.json").write_text(json.dumps(msgspec.to_builtins(plan)))
    path = os.pathsep.join([str(ROOT), str(ROOT / "engine")])
    argv = [sys.executable, "-m", "tests.land.crash", str(root), checkout, str(times)]
    variables = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(steps: list[dict[str, str]]) -> list[dict[str, str]]:
    return [step for step in steps if step["wrong"]]


def test_invariant_9_killed_at_every_step_a_landing_is_wholly_old_or_wholly_new(yard: Yard) -> None:
    steps = crash(yard, yard.change(FEW))
    assert wrong(steps) == []
    assert len(steps) > 30
    assert sum("Popen" in step["before"] for step in steps) > 8


@pytest.mark.slow
def test_invariant_9_killed_at_every_step_with_every_kind_of_change(yard: Yard) -> None:
    assert wrong(crash(yard, yard.change(MANY))) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["main", "other"])
def test_invariant_1_killed_at_any_instant_nothing_is_half_changed(yard: Yard, kind: str) -> None:
    git(yard.root, "branch", "other")
    assert wrong(crash(yard, yard.change(MANY, f"refs/heads/{kind}"), times=30)) == []


def dead(yard: Yard, edits: dict[str, Content], *, moved: bool, lock: bool = True) -> LandingPlan:
    """Leave what a run leaves that died after preparing, or, if `moved`, just after the branch moved."""
    repo, plan = yard.repo, yard.change(edits)
    with yard.ledger() as ledger:
        transaction = ledger.begin("land", {})
        found = publishing._with_worktree(repo, plan)
        staging.prepare(repo, transaction, found)
        ledger.step(transaction, State.PUBLISHING, msgspec.to_builtins(found))
    if lock:
        (yard.root / ".git/index.lock").write_text(f"assay landing {transaction}\n")
    if moved:
        refs.swap(repo, [(plan.ref, plan.expected_old, plan.new)])
    return found


def settle(yard: Yard) -> tuple[str, ...]:
    with yard.ledger() as ledger:
        return recover(yard.repo, ledger)


def test_without_traces_nothing_is_written(yard: Yard) -> None:
    assert settle(yard) == ()
    assert not (yard.root / ".git/assay").exists()


def test_a_run_that_died_before_the_branch_moved_is_undone(yard: Yard) -> None:
    before = yard.state()
    dead(yard, MANY, moved=False)
    (note,) = settle(yard)
    assert "was undone" in note
    assert yard.state() == before
    with yard.ledger() as ledger:
        (run,) = ledger.transactions()
        assert run.state is State.ROLLED_BACK
        assert ledger.landings(run.id) == ()


def test_a_run_that_died_after_it_is_finished_and_recorded(yard: Yard) -> None:
    plan = dead(yard, MANY, moved=True)
    assert status(yard.root) != ""
    (note,) = settle(yard)
    assert "was finished" in note
    assert (yard.tip(), status(yard.root)) == (plan.new, "")
    with yard.ledger() as ledger:
        (run,) = ledger.transactions()
        assert run.state is State.PUBLISHED
        assert [landing.new for landing in ledger.landings(run.id)] == [plan.new]
    assert settle(yard) == ()


def test_it_is_finished_also_when_the_branch_has_moved_on(yard: Yard) -> None:
    plan = dead(yard, FEW, moved=True)
    tree = git(yard.root, "rev-parse", f"{plan.new}^{{tree}}").strip()
    on = git(yard.root, "commit-tree", "-p", plan.new, "-m", "on", tree).strip()
    git(yard.root, "update-ref", "refs/heads/main", on)
    assert "was finished" in settle(yard)[0]
    assert (yard.tip(), status(yard.root)) == (on, "")


def test_edits_made_since_are_kept_and_reported(yard: Yard) -> None:
    dead(yard, {"a.txt": b"theirs\n", "b.txt": None, "new": b"n\n"}, moved=True)
    write(yard.root, {"a.txt": b"mine\n", "b.txt": b"mine too\n"})
    notes = settle(yard)
    assert notes[1] == "a.txt, b.txt changed meanwhile and was left as it is"
    assert (yard.root / "a.txt").read_bytes() == b"mine\n"
    assert status(yard.root) == " M a.txt\n?? b.txt\n"


def test_what_was_staged_since_is_kept(yard: Yard) -> None:
    dead(yard, {"a.txt": b"theirs\n"}, moved=True, lock=False)
    write(yard.root, {"b.txt": b"mine\n"})
    git(yard.root, "add", "b.txt")
    settle(yard)
    assert status(yard.root) == "M  b.txt\n"
    assert (yard.root / "a.txt").read_bytes() == b"theirs\n"


def test_a_conflicting_staged_change_keeps_the_index(yard: Yard) -> None:
    dead(yard, {"a.txt": b"theirs\n"}, moved=True, lock=False)
    write(yard.root, {"a.txt": b"mine\n"})
    git(yard.root, "add", "a.txt")
    assert any("index has changes of its own" in note for note in settle(yard))
    assert git(yard.root, "show", ":a.txt") == "mine\n"
    assert settle(yard) == ()


def test_a_user_who_reset_by_hand_is_let_be(yard: Yard) -> None:
    plan = dead(yard, MANY, moved=True, lock=False)
    git(yard.root, "reset", "-q", "--hard")
    settle(yard)
    assert (yard.tip(), status(yard.root)) == (plan.new, "")


def test_another_branch_checked_out_by_now_is_let_be(yard: Yard) -> None:
    git(yard.root, "branch", "other")
    dead(yard, {"a.txt": b"theirs\n"}, moved=True)
    git(yard.root, "symbolic-ref", "HEAD", "refs/heads/other")
    assert any("another branch" in note for note in settle(yard))
    assert status(yard.root) == ""
    assert not (yard.root / ".git/index.lock").exists()


def test_what_cannot_be_finished_now_is_finished_later(yard: Yard) -> None:
    dead(yard, MANY, moved=True, lock=False)
    lock = yard.root / ".git/index.lock"
    lock.touch()
    (note,) = settle(yard)
    assert "cannot be finished yet" in note
    with yard.ledger() as ledger:
        assert [run.state for run in ledger.unfinished()] == [State.PUBLISHING]
    lock.unlink()
    assert "was finished" in settle(yard)[0]
    assert status(yard.root) == ""


def test_a_git_that_died_on_the_prepared_index_does_no_harm(yard: Yard) -> None:
    plan = dead(yard, MANY, moved=True)
    (place,) = staging.directory(yard.repo).iterdir()
    (place / "index.lock").touch()
    (place / "index").write_bytes(b"half")
    assert "was finished" in settle(yard)[0]
    assert (yard.tip(), status(yard.root)) == (plan.new, "")


def test_a_lost_stage_leaves_the_branch_to_tell(yard: Yard) -> None:
    for moved, state in ((False, State.ROLLED_BACK), (True, State.PUBLISHED)):
        dead(yard, {"a.txt": b"x%d\n" % moved}, moved=moved, lock=False)
        for place in staging.directory(yard.repo).iterdir():
            staging.remove(place)
        settle(yard)
        with yard.ledger() as ledger:
            assert ledger.transactions()[0].state is state
        git(yard.root, "reset", "-q", "--hard")


def test_a_grading_run_that_died_is_closed_and_a_living_one_let_be(yard: Yard) -> None:
    with yard.ledger() as ledger:
        ledger.begin("grade", {})
    with yard.ledger() as living:
        mine = living.begin("grade", {})
        assert settle(yard) == ()
        states = {run.id: run.state for run in living.transactions()}
        assert states.pop(mine) is State.BEGUN
        assert list(states.values()) == [State.INTERRUPTED]


def test_the_next_landing_settles_first(yard: Yard) -> None:
    dead(yard, {"a.txt": b"first\n"}, moved=True)
    plan = yard.change({"b.txt": b"second\n"})
    with yard.ledger() as ledger:
        landed = publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert "was finished" in landed.notes[0]
    assert (status(yard.root), (yard.root / "a.txt").read_bytes()) == ("", b"first\n")


def test_a_foreign_lock_is_never_released(yard: Yard) -> None:
    lock = yard.root / ".git/index.lock"
    lock.write_text("assay landing somebody-else\n")
    release_lock(yard.root / ".git", "me")
    assert lock.exists()


def test_a_git_that_died_with_the_run_leaves_no_lock_on_the_branch(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.land.recover._PATIENCE", 0.1)
    plan, before = yard.change(MANY), yard.state()
    dead(yard, MANY, moved=False)
    (yard.root / ".git/refs/heads/main.lock").write_text(f"{plan.new}\n")
    (yard.root / ".git/HEAD.lock").touch()
    settle(yard)
    assert yard.state() == before


def test_a_git_that_outlived_the_run_is_waited_for(yard: Yard) -> None:
    plan, lock = dead(yard, MANY, moved=False), yard.root / ".git/refs/heads/main.lock"
    lock.write_text(f"{plan.new}\n")
    orphan = threading.Timer(0.2, lambda: lock.rename(lock.with_suffix("")))
    orphan.start()
    (note,) = settle(yard)
    orphan.join()
    assert "was finished" in note
    assert (yard.tip(), status(yard.root)) == (plan.new, "")


def test_somebody_else_s_lock_on_the_branch_stays(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.land.recover._PATIENCE", 0.1)
    dead(yard, MANY, moved=False)
    lock = yard.root / ".git/refs/heads/main.lock"
    lock.write_text(f"{yard.tip()}\n")
    settle(yard)
    assert lock.exists()


def test_two_recover_at_once_without_harm(yard: Yard) -> None:
    plan = dead(yard, MANY, moved=True)
    results: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: results.append(settle(yard))) for _ in range(3)]
    with landing_lock(yard.repo):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, results)) == [0, 0, 1]
    assert (yard.tip(), status(yard.root)) == (plan.new, "")


def test_two_landings_at_once_take_turns(yard: Yard) -> None:
    plans = [yard.change({"a.txt": b"%d\n" % n}) for n in range(3)]
    outcomes: list[str] = []

    def land(plan: LandingPlan) -> None:
        with Ledger.open(yard.root / ".git/assay") as ledger:
            try:
                outcomes.append(publish(yard.repo, ledger, ledger.begin("land", {}), plan).new)
            except Exception as error:
                outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=land, args=(plan,)) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[1:] == ["Moved", "Moved"] or outcomes.count("Moved") == 2
    assert yard.tip() in outcomes
    assert status(yard.root) == ""


def test_an_interrupted_preparation_is_swept_away(yard: Yard) -> None:
    place = staging.directory(yard.repo) / "20200101-000000-abcdef"
    (place / "files").mkdir(parents=True)
    assert settle(yard) == ()
    assert not place.exists()


def test_a_dirty_tree_after_recovery_still_refuses_the_next_landing(yard: Yard) -> None:
    dead(yard, {"a.txt": b"theirs\n"}, moved=True)
    write(yard.root, {"a.txt": b"mine\n"})
    plan = yard.change({"b.txt": b"x\n"})
    with yard.ledger() as ledger, pytest.raises(BadInput, match=r"a\.txt"):
        publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert (yard.root / "a.txt").read_bytes() == b"mine\n"
