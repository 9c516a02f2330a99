from __future__ import annotations

import os
import threading

import pytest

from assay.model.candidate import Candidate, Oid, Proposal, Signature
from assay.model.errors import AssayError, BadInput, Moved, Unsound
from assay.repo import refs
from assay.repo.apply import apply
from assay.repo.commits import commit
from assay.repo.repository import open_repository

ME = Signature(name="Me <x>\n", email="me@example.org", time=1_700_000_000, offset=-90)


def a_candidate(scratch, text: str = "x = 2") -> Candidate:
    repo = scratch.open()
    patch = f"--- a/src/other.py\n+++ b/src/other.py\n@@ -1 +1 @@\n-x = 1\n+{text}\n".encode()
    return apply(repo, repo.head(), Proposal(name="Change x", source="p", patch=patch))


def commit_on(scratch, message: str) -> Oid:
    repo = scratch.open()
    return commit(repo, scratch.tree(), [scratch.head()], message, ME, ME)


def test_a_kept_candidate_is_plain_git(project) -> None:
    candidate = a_candidate(project)
    repo = project.open()
    name = refs.keep(repo, candidate)
    assert name == f"refs/assay/candidates/{candidate.id}"
    assert project.tree(name) == candidate.tree
    assert project.head(f"{name}^") == project.head()
    assert project.git("log", "-1", "--format=%s", name).strip() == "Change x"
    assert refs.candidates(repo) == {candidate.id: project.head(name)}
    assert project.git("fsck", "--strict", "--no-dangling") == ""
    again = project.head(name)
    refs.keep(repo, candidate)
    assert project.head(name) == again


def test_the_lock_of_a_killed_run_does_not_keep_a_candidate_from_being_kept(project) -> None:
    candidate = a_candidate(project)
    lock = project.open().common_dir / f"{refs.CANDIDATES}{candidate.id}.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    os.utime(lock, (0, 0))
    name = refs.keep(project.open(), candidate)
    assert project.tree(name) == candidate.tree
    assert not lock.exists()


def test_a_lock_that_another_run_holds_is_waited_for(project) -> None:
    candidate = a_candidate(project)
    lock = project.open().common_dir / f"{refs.CANDIDATES}{candidate.id}.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    waiting = threading.Timer(0.2, lock.unlink)
    waiting.start()
    name = refs.keep(project.open(), candidate)
    waiting.join()
    assert project.tree(name) == candidate.tree


def test_a_ref_that_cannot_be_written_for_another_reason_is_bad_input(project) -> None:
    candidate = a_candidate(project)
    (project.open().common_dir / "refs/assay").mkdir(parents=True)
    (project.open().common_dir / "refs/assay/candidates").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        refs.keep(project.open(), candidate)


def test_dropped_candidates_are_gone_and_others_stay(project) -> None:
    repo = project.open()
    kept = [a_candidate(project, f"x = {n}") for n in (2, 3)]
    for candidate in kept:
        refs.keep(repo, candidate)
    project.git("pack-refs", "--all")
    refs.drop(repo, [kept[0].id, kept[0].id, "never-kept"])
    assert set(refs.candidates(repo)) == {kept[1].id}


def test_a_candidate_without_a_tree_is_not_kept(project) -> None:
    with pytest.raises(ValueError):
        refs.keep(project.open(), a_candidate(project, "x = 1"))


def test_commits_are_well_formed_and_say_who(project) -> None:
    made = commit_on(project, "Subject\n\nBody with \0 and \udcff\n\n")
    shown = project.git("log", "-1", "--format=%an|%ae|%ad|%B", "--date=raw", made)
    assert shown.strip() == "Me x|me@example.org|1700000000 -0130|Subject\n\nBody with  and ?"
    project.git("branch", "made", made)
    assert project.git("fsck", "--strict") == ""


def test_invariant_2_all_refs_move_or_none(project) -> None:
    repo = project.open()
    old = Oid(project.head())
    new = commit_on(project, "new")
    with pytest.raises(Moved):
        refs.swap(repo, [("refs/heads/main", old, new), ("refs/heads/other", old, new)])
    assert project.head("main") == old
    refs.swap(repo, [("refs/heads/main", old, new), ("refs/heads/other", None, new)], "landed")
    assert project.head("main") == project.head("other") == new
    assert "landed" in project.git("reflog", "show", "main")
    with pytest.raises(Moved, match="is at"):
        refs.swap(repo, [("refs/heads/main", old, new)])
    with pytest.raises(Moved):
        refs.swap(repo, [("refs/heads/main", None, new)])
    refs.swap(repo, [("refs/heads/other", new, None)])
    assert refs.at(repo, "refs/heads/other") is None


def test_a_packed_ref_moves_too(project) -> None:
    old = Oid(project.head())
    project.git("pack-refs", "--all")
    new = commit_on(project, "new")
    refs.swap(project.open(), [("refs/heads/main", old, new)])
    assert project.head("main") == new


def test_no_hook_runs(project) -> None:
    hook = project.path / ".git/hooks/reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch '{project.path}/ran'\n")
    hook.chmod(0o755)
    project.git("config", "core.hooksPath", str(hook.parent))
    repo = project.open()
    refs.keep(repo, a_candidate(project))
    refs.swap(repo, [("refs/heads/main", Oid(project.head()), commit_on(project, "n"))])
    assert not (project.path / "ran").exists()


def test_a_locked_ref_is_neither_moved_nor_called_moved(project) -> None:
    old = Oid(project.head())
    lock = project.path / ".git/refs/heads/main.lock"
    lock.touch()
    with pytest.raises(Unsound, match="lock"):
        refs.swap(project.open(), [("refs/heads/main", old, commit_on(project, "n"))])
    lock.unlink()
    assert project.head("main") == old


def test_of_concurrent_writers_exactly_one_wins(project) -> None:
    old = Oid(project.head())
    wanted = [commit_on(project, f"writer {n}") for n in range(6)]
    won: list[Oid] = []
    lost: list[AssayError] = []

    def write(new: Oid) -> None:
        try:
            refs.swap(open_repository(project.path, {}), [("refs/heads/main", old, new)])
            won.append(new)
        except AssayError as error:
            lost.append(error)

    threads = [threading.Thread(target=write, args=(new,)) for new in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [project.head("main")]
    assert [type(error) for error in lost] == [Moved] * 5


def test_refs_with_odd_names_are_left_alone(project) -> None:
    project.git("update-ref", "refs/heads/é/ü", "HEAD")
    project.git("update-ref", "refs/heads/x'y\"z", "HEAD")
    (project.path / ".git/refs/heads/broken").write_text("nonsense\n")
    (project.path / ".git/refs/assay/candidates").mkdir(parents=True)
    (project.path / ".git/refs/assay/candidates/broken").write_text("nonsense\n")
    repo = project.open()
    candidate = a_candidate(project)
    refs.keep(repo, candidate)
    assert set(refs.candidates(repo)) == {candidate.id}


def test_the_reason_of_a_failure_is_what_git_says_and_not_its_advice(project) -> None:
    lock = project.path / ".git" / "refs" / "heads" / "held.lock"
    lock.write_text("")
    with pytest.raises(Unsound, match=r"held\.lock") as caught:
        refs.swap(project.open(), [("refs/heads/held", None, Oid(project.head()))])
    assert "Another git process" not in caught.value.sentence
