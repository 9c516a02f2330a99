from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.land.conftest import FILES
from tests.land.support import Content, Yard, files, git, status, write

from assay.land import publish as publishing
from assay.land import staging
from assay.land.publish import check_target, publish
from assay.land.recover import recover
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.errors import BadInput, Moved, Unsound
from assay.repo.diff import changes
from assay.repo.repository import open_repository

MANY: dict[str, Content] = {
    "a.txt": b"one\nTWO\n",
    "b.txt": None,
    "run.sh": b"#!/bin/sh\n",
    "link": (0o120000, b"elsewhere/that/is/not"),
    "dir/deep/y": None,
    "flip": None,
    "flip/now/a/directory": b"f\n",
    "dir/x": None,
    "dir": b"now a file\n",
    "made.sh": (0o755, b"#!/bin/true\n"),
    "ünï/ço dé": b"u\n",
    "new\nline": b"n\n",
    "sp ace/\ttab": b"t\n",
    os.fsdecode(b"raw-\xff"): b"r\n",
    "empty": b"",
    "binary": bytes(range(256)),
}


def land(yard: Yard, ledger: Ledger, edits: dict[str, Content]) -> None:
    transaction = ledger.begin("land", {})
    publish(yard.repo, ledger, transaction, yard.change(edits))


def expect_refused(yard: Yard, ledger: Ledger, edits: dict[str, Content], words: str) -> None:
    """A landing is refused with these words, and changes nothing at all."""
    plan = yard.change(edits, "refs/heads/main")
    before, index = yard.state(), (yard.root / ".git/index").read_bytes()
    transaction = ledger.begin("land", {})
    with pytest.raises(BadInput, match=words):
        publish(yard.repo, ledger, transaction, plan)
    assert yard.state() == before
    assert (yard.root / ".git/index").read_bytes() == index
    assert not any(staging.directory(yard.repo).glob("*"))


def test_every_kind_of_change_reaches_branch_index_and_work_tree(yard: Yard, ledger: Ledger) -> None:
    plan = yard.change(MANY)
    landed = publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert (landed.ref, landed.new, landed.notes) == ("refs/heads/main", plan.new, ())
    assert yard.tip() == plan.new
    assert status(yard.root) == ""
    # What git itself would have checked out, bit for bit.
    other = yard.root.parent / "clone"
    git(yard.root, "clone", "-q", str(yard.root), str(other))
    assert files(yard.root) == files(other)
    assert git(yard.root, "fsck", "--strict") == ""
    assert git(yard.root, "diff-files") == ""


def test_the_reflogs_say_what_happened(yard: Yard, ledger: Ledger) -> None:
    land(yard, ledger, {"a.txt": b"x\n"})
    for name in ("main", "HEAD"):
        assert git(yard.root, "reflog", "-1", "--format=%gs", name).strip() == "assay: land change"
    assert not (yard.root / ".git/ORIG_HEAD").exists()


def test_the_ledger_has_the_plan_the_landing_and_the_end(yard: Yard, ledger: Ledger) -> None:
    transaction = ledger.begin("land", {})
    plan = yard.change({"a.txt": b"x\n"})
    publish(yard.repo, ledger, transaction, plan)
    states = [step.state for step in ledger.steps(transaction)]
    assert states == [State.PUBLISHING, State.PUBLISHED]
    assert ledger.steps(transaction)[0].payload["new"] == plan.new
    assert [(one.ref, one.old, one.new) for one in ledger.landings(transaction)] == [
        ("refs/heads/main", plan.expected_old, plan.new)
    ]


def test_invariant_9_the_plan_is_journalled_before_branch_index_or_files_change(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, before = yard.change(MANY), yard.state()
    seen = []
    real = ledger.step

    def step(transaction: str, state: State, payload: object = None) -> None:
        seen.append((state, yard.state() == before))
        real(transaction, state, payload)

    monkeypatch.setattr(ledger, "step", step)
    publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert seen == [(State.PUBLISHING, True), (State.PUBLISHED, False)]


@pytest.mark.parametrize("moment", ["before", "while preparing", "at the last"])
def test_invariant_2_a_branch_that_moved_is_not_overwritten(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def meanwhile(*arguments: object) -> None:
        git(yard.root, "update-ref", "refs/heads/main", elsewhere)

    git(yard.root, "commit", "-q", "--allow-empty", "-m", "meanwhile")
    elsewhere = yard.tip()
    git(yard.root, "reset", "-q", "--hard", "HEAD~")
    plan = yard.change(MANY)
    git(yard.root, "reset", "-q", "--hard", elsewhere)
    before = yard.state()
    if moment != "before":
        git(yard.root, "reset", "-q", "--hard", "HEAD~")
        module, name = (
            (staging, "read") if moment == "while preparing" else (publishing.checkout, "check_clean")
        )
        real = getattr(module, name)

        def late(*arguments: object, **options: object) -> object:
            if name == "read" or options:
                meanwhile()
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, late)
    transaction = ledger.begin("land", {})
    with pytest.raises(Moved):
        publish(yard.repo, ledger, transaction, plan)
    assert yard.state() == before
    assert status(yard.root) == ""
    assert [step.state for step in ledger.steps(transaction)] in ([], [State.PUBLISHING, State.ROLLED_BACK])
    assert not any(staging.directory(yard.repo).glob("*"))


def test_invariant_2_no_hook_and_no_filter_runs(yard: Yard, ledger: Ledger, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    hooks = yard.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-merge", "reference-transaction", "post-index-change", "update"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> '{trace}'\n")
        (hooks / name).chmod(0o755)
    git(yard.root, "config", "core.fsmonitor", f"echo fsmonitor >> '{trace}'; false")
    git(yard.root, "config", "filter.evil.smudge", f"echo smudge >> '{trace}'; cat")
    git(yard.root, "config", "filter.evil.clean", f"echo clean >> '{trace}'; cat")
    os.utime(yard.root / "a.txt", (1, 1))
    land(yard, ledger, {"b.txt": b"new\n"})
    assert not trace.exists()


def test_what_git_does_not_track_stays(yard: Yard, ledger: Ledger) -> None:
    write(yard.root, {"mine": b"m\n", "dir/deep/mine": b"d\n", "x.ignored": b"i\n"})
    land(yard, ledger, {"dir/deep/y": None, "dir/x": None, "a.txt": b"x\n"})
    assert (yard.root / "dir/deep/mine").read_bytes() == b"d\n"
    assert not (yard.root / "dir/x").exists()
    assert status(yard.root) == "?? dir/\n?? mine\n"


def staged(yard: Yard) -> None:
    write(yard.root, {"b.txt": b"staged\n"})
    git(yard.root, "add", "b.txt")


def unstaged(yard: Yard) -> None:
    write(yard.root, {"b.txt": b"edited\n"})


def removed(yard: Yard) -> None:
    (yard.root / "b.txt").unlink()


def mode(yard: Yard) -> None:
    (yard.root / "b.txt").chmod(0o755)


def intent(yard: Yard) -> None:
    write(yard.root, {"later": b"l\n"})
    git(yard.root, "add", "-N", "later")


@pytest.mark.parametrize("dirt", [staged, unstaged, removed, mode, intent])
def test_invariant_1_a_dirty_work_tree_is_refused_untouched(
    yard: Yard, ledger: Ledger, dirt: Callable[[Yard], None]
) -> None:
    dirt(yard)
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "changes of its own in (b.txt|later)")
    with pytest.raises(BadInput, match="changes of its own"):
        check_target(yard.repo, "refs/heads/main")


@pytest.mark.parametrize(
    ("mine", "edits"),
    [
        ("new", {"new": b"n\n"}),
        ("x.ignored", {"x.ignored": b"n\n"}),
        ("new", {"new/below": b"n\n"}),
        ("dir/mine", {"dir/x": None, "dir/deep/y": None, "dir": b"file\n"}),
        ("dir/x.ignored", {"dir/x": None, "dir/deep/y": None, "dir": b"file\n"}),
    ],
)
def test_invariant_1_untracked_and_ignored_files_are_never_overwritten(
    yard: Yard, ledger: Ledger, mine: str, edits: dict[str, Content]
) -> None:
    write(yard.root, {mine: b"precious\n"})
    expect_refused(yard, ledger, edits, f"would be overwritten: {mine}")


def test_a_link_in_the_way_is_not_followed(yard: Yard, ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (yard.root / "new").symlink_to(tmp_path / "outside")
    expect_refused(yard, ledger, {"new/below": b"n\n"}, "would be overwritten: new")
    assert list((tmp_path / "outside").iterdir()) == []


def test_empty_directories_are_not_in_the_way(yard: Yard, ledger: Ledger) -> None:
    (yard.root / "new/empty").mkdir(parents=True)
    land(yard, ledger, {"new": b"file\n"})
    assert (yard.root / "new").read_bytes() == b"file\n"


def test_another_git_s_lock_is_respected(yard: Yard, ledger: Ledger) -> None:
    lock = yard.root / ".git/index.lock"
    lock.touch()
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "locked by another git process")
    assert lock.exists()


@pytest.mark.parametrize(
    "name", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "rebase-merge", "sequencer"]
)
def test_an_operation_in_progress_is_not_disturbed(yard: Yard, ledger: Ledger, name: str) -> None:
    (yard.root / ".git" / name).write_text(yard.tip())
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "is in progress")


def test_a_branch_that_is_being_rebased_elsewhere_is_refused(yard: Yard, ledger: Ledger) -> None:
    git(yard.root, "checkout", "-q", "--detach")
    (yard.root / ".git/rebase-merge").mkdir()
    (yard.root / ".git/rebase-merge/head-name").write_text("refs/heads/main\n")
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "is being rebased")


@pytest.mark.parametrize(
    ("option", "words"), [("--skip-worktree", "sparsely"), ("--assume-unchanged", "assume b.txt unchanged")]
)
def test_entries_that_hide_changes_are_refused(yard: Yard, ledger: Ledger, option: str, words: str) -> None:
    git(yard.root, "update-index", option, "b.txt")
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, words)


def test_changed_submodules_are_refused_in_a_work_tree(yard: Yard, ledger: Ledger) -> None:
    repo = yard.repo
    plan = yard.change({"a.txt": b"x\n"})
    entries = dict(repo.entries(plan.tree))
    entries[b"sub"] = (0o160000, yard.tip())
    candidate = yard.candidate("sub", {})
    tree = repo.write_tree(entries)
    candidate = msgspec.structs.replace(
        candidate, tree=tree, changes=changes(repo, candidate.base.tree, tree)
    )
    before = yard.state()
    with pytest.raises(BadInput, match="submodules"):
        publish(yard.repo, ledger, ledger.begin("land", {}), yard.plan(candidate))
    assert yard.state() == before


def test_content_filters_are_refused_only_where_one_would_run(tmp_path: Path) -> None:
    attributes: dict[str, Content] = {
        ".gitattributes": b"*.big filter=lfs\n",
        "old.big": b"pointer\n",
        "a": b"a\n",
    }
    yard = Yard(tmp_path / "lfs", attributes)
    with yard.ledger() as ledger:
        land(yard, ledger, {"old.big": b"another pointer\n"})  # no such filter is configured
        git(yard.root, "config", "filter.lfs.smudge", "false")
        git(yard.root, "config", "filter.lfs.required", "true")
        expect_refused(yard, ledger, {"old.big": b"third\n"}, "old.big needs the content filter lfs")
        land(yard, ledger, {"a": b"b\n"})
        land(yard, ledger, {"old.big": None})
    assert status(yard.root) == ""


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.eol=crlf"])
def test_line_ends_are_converted_as_git_does(tmp_path: Path, setting: str) -> None:
    given: dict[str, Content] = {".gitattributes": b"* text=auto\n", "t": b"a\nb\n"}
    yard = Yard(tmp_path / "crlf", given, setting)
    shutil.rmtree(yard.root / "t", ignore_errors=True)
    (yard.root / "t").unlink()
    git(yard.root, "checkout", "-q", "--", "t")
    assert (yard.root / "t").read_bytes() == b"a\r\nb\r\n"
    with yard.ledger() as ledger:
        land(yard, ledger, {"t": b"a\nc\n", "new": b"n\n", "raw": b"\0\n"})
        assert (yard.root / "t").read_bytes() == b"a\r\nc\r\n"
        assert (yard.root / "new").read_bytes() == b"n\r\n"
        assert (yard.root / "raw").read_bytes() == b"\0\n"
        # The new tree's own attributes decide, also for files that come with them.
        land(yard, ledger, {".gitattributes": b"* -text\n", "t": b"a\nd\n"})
        assert (yard.root / "t").read_bytes() == b"a\nd\n"


@pytest.mark.parametrize("place", [".gitattributes", "deep/.gitattributes"])
def test_attributes_that_nobody_committed_count_as_they_do_for_git(tmp_path: Path, place: str) -> None:
    yard = Yard(tmp_path / "own", {"deep/t": b"a\n", "deep/u": b"a\n"})
    (yard.root / place).write_bytes(b"t text eol=crlf\nu text working-tree-encoding=UTF-16LE\n")
    for name in ("t", "u"):
        (yard.root / "deep" / name).unlink()
    git(yard.root, "checkout", "-q", "--", "deep")
    assert (yard.root / "deep/t").read_bytes() == b"a\r\n"
    with yard.ledger() as ledger:
        land(yard, ledger, {"deep/t": b"b\n", "deep/u": b"b\n"})
    assert (yard.root / "deep/t").read_bytes() == b"b\r\n"
    assert (yard.root / "deep/u").read_bytes() == b"b\0\n\0"
    assert status(yard.root) == f"?? {place}\n"


def test_symbolic_links_are_files_where_the_repository_says_so(tmp_path: Path) -> None:
    yard = Yard(tmp_path / "nolinks", {"a": b"a\n"}, "core.symlinks=false")
    with yard.ledger() as ledger:
        land(yard, ledger, {"link": (0o120000, b"a")})
    assert files(yard.root)["link"] == ("file", b"a")
    assert status(yard.root) == ""


def test_racily_clean_entries_are_not_trusted_afterwards(yard: Yard, ledger: Ledger) -> None:
    # Same size, same time as the index: only the index's own time tells git to look at the content.
    stamp = (yard.root / ".git/index").stat().st_mtime_ns
    land(yard, ledger, {"a.txt": b"x\n"})
    write(yard.root, {"b.txt": b"BEE\n"})
    os.utime(yard.root / "b.txt", ns=(stamp, stamp))
    assert status(yard.root) == " M b.txt\n"


def test_a_branch_that_is_not_checked_out_moves_alone(yard: Yard, ledger: Ledger) -> None:
    git(yard.root, "branch", "other")
    unstaged(yard)
    before = yard.state()
    plan = yard.change({"a.txt": b"x\n"}, "refs/heads/other")
    assert publish(yard.repo, ledger, ledger.begin("land", {}), plan).new == yard.tip("refs/heads/other")
    after = yard.state()
    assert {key: after[key] for key in after if key != "refs"} == {
        key: before[key] for key in before if key != "refs"
    }


def test_a_detached_head_at_the_same_commit_stays(yard: Yard, ledger: Ledger) -> None:
    git(yard.root, "checkout", "-q", "--detach")
    old = yard.tip()
    land(yard, ledger, {"a.txt": b"x\n"})
    assert git(yard.root, "rev-parse", "HEAD").strip() == old
    assert (yard.root / "a.txt").read_bytes() == FILES["a.txt"]
    assert status(yard.root) == ""


def test_a_bare_repository_has_only_its_branch(yard: Yard, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(yard.root, "clone", "-q", "--bare", str(yard.root), str(bare))
    plan, repo = yard.change({"a.txt": b"x\n"}), open_repository(bare, {})
    git(yard.root, "push", "-q", str(bare), f"{plan.new}:refs/heads/carrier")
    with Ledger.open(bare / "assay") as ledger:
        publish(repo, ledger, ledger.begin("land", {}), plan)
    assert git(bare, "rev-parse", "main").strip() == plan.new


def test_a_linked_work_tree_that_has_the_branch_is_updated(
    yard: Yard, ledger: Ledger, tmp_path: Path
) -> None:
    linked = tmp_path / "li nked"
    git(yard.root, "worktree", "add", "-q", "-b", "topic", str(linked))
    main, plan = yard.state()["files"], yard.change(MANY, "refs/heads/topic")
    publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert status(linked) == ""
    assert (linked / "a.txt").read_bytes() == b"one\nTWO\n"
    assert (yard.state()["files"], status(yard.root)) == (main, "")
    # And the other way round: run in the linked one, land on what the main one has checked out.
    plan = yard.change({"a.txt": b"from there\n"})
    publish(open_repository(linked, {}), ledger, ledger.begin("land", {}), plan)
    assert (yard.root / "a.txt").read_bytes() == b"from there\n"
    assert (status(linked), status(yard.root)) == ("", "")


def test_a_work_tree_that_is_gone_or_doubled_is_refused(yard: Yard, ledger: Ledger, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(yard.root, "worktree", "add", "-q", "-f", str(linked), "main")
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "more than once")
    git(yard.root, "checkout", "-q", "--detach")
    shutil.rmtree(linked)
    expect_refused(yard, ledger, {"a.txt": b"x\n"}, "not there")


def test_work_trees_on_another_file_system_are_updated(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if "landing" in self.parts and "files" in self.parts:
            raise OSError(18, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    land(yard, ledger, MANY)
    assert status(yard.root) == ""
    assert not [path for path in files(yard.root) if ".assay" in path]


def test_an_edit_between_preparation_and_lock_is_noticed(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publishing.staging.prepare

    def prepare(*arguments: object) -> Path:
        place = real(*arguments)
        write(yard.root, {"new": b"mine\n"})
        return place

    monkeypatch.setattr(publishing.staging, "prepare", prepare)
    plan, tip = yard.change({"new": b"theirs\n"}), yard.tip()
    with pytest.raises(BadInput, match="changed while"):
        publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert yard.tip() == tip
    assert (yard.root / "new").read_bytes() == b"mine\n"


def test_an_edit_after_the_branch_moved_is_kept_and_reported(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publishing.refs.swap

    def swap(*arguments: object) -> None:
        real(*arguments)
        write(yard.root, {"a.txt": b"mine\n", "new": b"mine\n"})

    monkeypatch.setattr(publishing.refs, "swap", swap)
    plan = yard.change({"a.txt": b"theirs\n", "new": b"theirs\n", "b.txt": b"theirs\n"})
    landed = publish(yard.repo, ledger, ledger.begin("land", {}), plan)
    assert landed.notes == ("a.txt, new changed meanwhile and was left as it is",)
    assert (yard.root / "a.txt").read_bytes() == (yard.root / "new").read_bytes() == b"mine\n"
    assert (yard.root / "b.txt").read_bytes() == b"theirs\n"
    assert status(yard.root) == " M a.txt\n M new\n"


def test_trouble_before_the_branch_moves_leaves_nothing(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing.refs, "swap", swap)
    plan, before, transaction = yard.change(MANY), yard.state(), ledger.begin("land", {})
    with pytest.raises(Unsound, match="nothing was changed"):
        publish(yard.repo, ledger, transaction, plan)
    assert yard.state() == before
    assert ledger.steps(transaction)[-1].state is State.ROLLED_BACK


def test_trouble_after_it_is_said_and_the_next_run_finishes(
    yard: Yard, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update(*arguments: object) -> tuple[str, ...]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publishing, "update", update)
        plan, transaction = yard.change(MANY), ledger.begin("land", {})
        with pytest.raises(Unsound, match="was published at"):
            publish(yard.repo, ledger, transaction, plan)
    ledger.step(transaction, State.FAILED)
    assert yard.tip() == plan.new
    assert not (yard.root / ".git/index.lock").exists()
    (note,) = recover(yard.repo, ledger)
    assert "was finished" in note
    assert status(yard.root) == ""
    assert recover(yard.repo, ledger) == ()
