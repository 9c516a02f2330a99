from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.model.errors import BadInput
from assay.repo.program import run_git
from assay.repo.repository import EMPTY_TREE, open_repository


def test_resolving_peels_tags(project) -> None:
    project.git("tag", "-a", "-m", "t", "v1")
    repo = project.open()
    assert repo.resolve("v1").commit == project.head()
    assert repo.resolve("v1").tree == project.tree()
    assert repo.head() == repo.resolve(project.head()[:10])


@pytest.mark.parametrize("rev", ["", " ", "nothing", "HEAD~99", "HEAD:README", "a\0b", "-x", "@{9", "^"])
def test_what_names_no_commit_is_bad_input(project, rev: str) -> None:
    with pytest.raises(BadInput):
        project.open().resolve(rev)


def test_what_git_repeats_of_a_revision_is_said_once(project) -> None:
    with pytest.raises(BadInput) as caught:
        project.open().resolve("nowhere")
    assert str(caught.value).count("nowhere") == 1


def test_reading_files_out_of_a_tree(project) -> None:
    repo = project.open()
    tree = project.tree()
    assert repo.read(tree, "src/other.py") == b"x = 1\n"
    assert repo.read(tree, "src") is None
    assert repo.read(tree, "src/other.py/x") is None
    assert repo.read(tree, "none") is None
    assert [entry.path for entry in repo.files(tree, ["src/*"])] == ["src/app.py", "src/other.py"]


def test_files_lists_every_kind_and_every_name(make) -> None:
    scratch = make(files={"new\nline": "1", "with space": "2", "é": "3", "a/b": "4", "a.b": "5"})
    (scratch.path / os.fsdecode(b"bad\xff")).write_bytes(b"6")
    (scratch.path / "link").symlink_to("nowhere")
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    scratch.git("add", "--", ":!sub")
    scratch.git("commit", "-qm", "more")
    repo = scratch.open()
    listed = {entry.path: oct(entry.mode) for entry in repo.files(scratch.tree())}
    assert listed == {
        "new\nline": "0o100644",
        "with space": "0o100644",
        "é": "0o100644",
        "a/b": "0o100644",
        "a.b": "0o100644",
        "bad\udcff": "0o100644",
        "link": "0o120000",
        "sub": "0o160000",
    }
    assert repo.read(scratch.tree(), "bad\udcff") == b"6"
    assert repo.read(scratch.tree(), "sub") is None


def test_an_unborn_head(make) -> None:
    repo = make().open()
    assert repo.head().commit is None
    assert repo.head().tree == EMPTY_TREE
    assert list(repo.files(EMPTY_TREE)) == []


def test_a_detached_head(project) -> None:
    project.git("checkout", "--quiet", "--detach")
    assert project.open().head().commit == project.head()


def test_where_things_are(project, tmp_path: Path) -> None:
    repo = open_repository(project.path / "src", {})
    assert (repo.root, repo.bare) == (project.path, False)
    assert repo.git_dir == repo.common_dir == project.path / ".git"
    project.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = open_repository(tmp_path / "linked", {})
    assert linked.root == tmp_path / "linked"
    assert linked.common_dir == project.path / ".git"
    assert linked.git_dir == project.path / ".git/worktrees/linked"
    assert linked.head() == repo.head()
    project.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    bare = open_repository(tmp_path / "bare", {})
    assert (bare.bare, bare.root) == (True, tmp_path / "bare")
    assert bare.head() == repo.head()


def test_a_work_tree_whose_git_directory_is_elsewhere(project, tmp_path: Path, monkeypatch) -> None:
    apart, tree = tmp_path / "somewhere/store", tmp_path / "tree"
    apart.parent.mkdir()
    project.git("clone", "--quiet", "--separate-git-dir", str(apart), ".", str(tree))
    repo = open_repository(tree / "src", {})
    assert (repo.root, repo.git_dir) == (tree, apart)
    monkeypatch.chdir(tree)
    hook = open_repository(".", {"GIT_DIR": str(apart)})
    assert (hook.root, hook.git_dir) == (tree, apart)


def test_the_environment_of_a_hook_is_believed_only_where_one_stands(project, make, monkeypatch) -> None:
    other = make("other", {"o": "o\n"})
    variables = {"GIT_DIR": str(other.path / ".git"), "GIT_INDEX_FILE": ".git/other-index"}
    monkeypatch.chdir(other.path)
    assert open_repository(".", variables).index_file == other.path / ".git/other-index"
    assert open_repository(project.path, variables).root == project.path
    assert open_repository(project.path, variables).index_file == project.path / ".git/index"
    monkeypatch.chdir(other.path / ".git")
    apart = {"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(project.path)}
    assert open_repository(".", apart).root == project.path


def test_a_shallow_clone_says_how_to_deepen(project, tmp_path: Path) -> None:
    project.commit("second")
    project.git("clone", "--quiet", "--depth=1", f"file://{project.path}", str(tmp_path / "shallow"))
    repo = open_repository(tmp_path / "shallow", {})
    assert repo.head().commit == project.head()
    with pytest.raises(BadInput, match="unshallow"):
        repo.resolve("HEAD~1")


def test_a_partial_clone_says_what_is_missing(project, tmp_path: Path) -> None:
    project.git("config", "uploadpack.allowFilter", "true")
    blob = project.head("HEAD:README")
    project.git(
        "clone",
        "--quiet",
        "--no-checkout",
        "--filter=blob:none",
        f"file://{project.path}",
        str(tmp_path / "p"),
    )
    repo = open_repository(tmp_path / "p", {})
    with pytest.raises(BadInput, match="partial"):
        repo.blob(blob)


def test_odd_repositories_are_one_sentence(make, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not inside a git repository"):
        open_repository(tmp_path, {})
    with pytest.raises(BadInput, match="no such directory"):
        open_repository(tmp_path / "none", {})
    scratch = make("newer", {"a": "a"})
    scratch.git("config", "core.repositoryFormatVersion", "1")
    scratch.git("config", "extensions.fromTheFuture", "true")
    with pytest.raises(BadInput, match="extension"):
        scratch.open()
    (tmp_path / "sha256").mkdir()
    other = type(scratch)(tmp_path / "sha256")
    other.git("init", "--quiet", "--object-format=sha256")
    with pytest.raises(BadInput, match="SHA-1"):
        other.open()
    broken = make("broken", {"a": "a"})
    (broken.path / ".git/config").write_text("[core\n")
    with pytest.raises(BadInput):
        broken.open()


def test_a_worktree_config_extension_and_core_worktree_work(project, tmp_path: Path) -> None:
    project.git("config", "extensions.worktreeConfig", "true")
    project.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    assert open_repository(project.path / ".git", {}).root == tmp_path / "elsewhere"


def test_a_missing_object_is_bad_input(project) -> None:
    with pytest.raises(BadInput, match="missing"):
        project.open().blob("1" * 40)
    with pytest.raises(BadInput, match="expected type"):
        project.open().blob(project.head())


def test_git_is_out_of_reach_of_a_terminals_signals(project, tmp_path, monkeypatch) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nread -r _ _ _ _ group _ </proc/$$/stat\necho $group $$\n")
    program.chmod(0o755)
    repo = project.open()
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    group, process = run_git(repo, "anything").split()
    assert group == process


def test_a_current_directory_that_is_gone_is_bad_input(tmp_path: Path, monkeypatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BadInput, match="current directory is gone"):
        open_repository(".")
