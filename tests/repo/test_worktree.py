"""The index and the work tree as trees, judged by what git itself would stage in a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from assay.model.errors import BadInput
from assay.repo.index import staged_tree
from assay.repo.program import GitFailed
from assay.repo.worktree import directory_tree, worktree_tree


def judged(scratch, *, add: bool = True) -> str:
    """The tree that git makes, on a copy of the index."""
    copy = scratch.path.parent / "judge-index"
    shutil.copyfile(scratch.path / ".git/index", copy)
    if add:
        scratch.git("add", "--all", GIT_INDEX_FILE=str(copy))
    return scratch.git("write-tree", GIT_INDEX_FILE=str(copy)).strip()


def mess_up(scratch) -> None:
    scratch.write(
        {
            "src/app.py": "changed\n",
            "new.py": "n\n",
            "d/deep/new": "n\n",
            "ignored/x": "i\n",
            "x.o": "i\n",
            "new\nline": "n\n",
        }
    )
    (scratch.path / os.fsdecode(b"bad\xff")).write_bytes(b"b")
    (scratch.path / "README").unlink()
    (scratch.path / "README").symlink_to("src/app.py")
    (scratch.path / "src/other.py").chmod(0o755)
    os.mkfifo(scratch.path / "fifo")


@pytest.fixture
def messy(make):
    scratch = make(
        files={
            "src/app.py": "a\n",
            "src/other.py": "o\n",
            "README": "r\n",
            ".gitignore": "ignored/\n*.o\n",
            "gone/x": "g\n",
            "flip": "f\n",
        }
    )
    mess_up(scratch)
    shutil.rmtree(scratch.path / "gone")
    (scratch.path / "gone").write_text("a file now\n")
    (scratch.path / "flip").unlink()
    scratch.write({"flip/x": "a directory now\n"})
    return scratch


def test_the_work_tree_is_what_git_would_add(messy) -> None:
    messy.git("add", "new.py", "src/app.py")
    messy.git("add", "--intent-to-add", "d/deep/new")
    messy.write({"src/app.py": "changed again\n"})
    assert worktree_tree(messy.open()) == judged(messy)


def test_the_index_is_what_git_would_commit(messy) -> None:
    messy.git("add", "new.py", "src/app.py")
    messy.git("add", "--intent-to-add", "d/deep/new")
    messy.write({"src/app.py": "changed again\n"})
    assert staged_tree(messy.open()) == judged(messy, add=False)


def test_any_directory_is_read_like_a_work_tree(messy, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(messy.path, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "fifo"))
    assert directory_tree(messy.open(), copy, messy.tree()) == judged(messy)


def test_line_ends_are_converted_as_git_would(make) -> None:
    scratch = make(
        files={".gitattributes": "*.txt text\n*.bin -text\n*.crlf text eol=crlf\n", "a.txt": "a\n"}
    )
    scratch.write({"a.txt": b"a\r\nb\r\n", "x.bin": b"a\r\n", "y.crlf": b"y\r\n", "plain": b"p\r\n"})
    assert worktree_tree(scratch.open()) == judged(scratch)
    scratch.git("config", "core.autocrlf", "true")
    assert worktree_tree(scratch.open()) == judged(scratch)


def test_no_filter_runs_and_lfs_files_are_pointers(make, tmp_path: Path) -> None:
    scratch = make(files={".gitattributes": "*.big filter=lfs -text\n*.sec filter=secret\n", "a.sec": "a\n"})
    for name in ("lfs", "secret"):
        for kind in ("clean", "smudge", "process"):
            scratch.git("config", f"filter.{name}.{kind}", f"touch '{tmp_path}/ran'; cat")
    scratch.write({"x.big": "content\n", "b.sec": "b\n"})
    repo = scratch.open()
    tree = worktree_tree(repo)
    assert repo.read(tree, "x.big") == (
        b"version https://git-lfs.github.com/spec/v1\n"
        b"oid sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53\n"
        b"size 8\n"
    )
    assert repo.read(tree, "b.sec") == b"b\n"
    assert not (tmp_path / "ran").exists()


def test_an_lfs_pointer_and_its_content_are_the_same_tree(make) -> None:
    pointer = (
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53\nsize 8\n"
    )
    scratch = make(files={".gitattributes": "*.big filter=lfs -text\n", "x.big": pointer})
    assert worktree_tree(scratch.open()) == scratch.tree()
    scratch.write({"x.big": "content\n"})
    assert worktree_tree(scratch.open()) == scratch.tree()


def test_nested_repositories_are_no_content(make) -> None:
    scratch = make(files={"a": "a\n"})
    scratch.git("worktree", "add", "--quiet", ".trees/agent")
    scratch.git("init", "--quiet", "nested")
    scratch.write({"nested/x": "x\n"})
    assert worktree_tree(scratch.open()) == scratch.tree()


def test_a_submodule_is_the_commit_it_stands_on(make) -> None:
    inner = make("inner", {"i": "i\n"})
    scratch = make(files={"a": "a\n"})
    scratch.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "sub")
    scratch.commit("sub")
    moved = type(scratch)(scratch.path / "sub")
    moved.write({"i": "dirty\n"})
    assert worktree_tree(scratch.open()) == scratch.tree()
    moved.commit("more")
    assert worktree_tree(scratch.open()) == judged(scratch) != scratch.tree()


def test_an_absent_submodule_is_unchanged(make, tmp_path: Path) -> None:
    inner = make("inner", {"i": "i\n"})
    scratch = make(files={"a": "a\n"})
    scratch.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "sub")
    scratch.commit("sub")
    scratch.git("clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = type(scratch)(tmp_path / "clone")
    assert worktree_tree(clone.open()) == scratch.tree()
    assert directory_tree(scratch.open(), clone.path, scratch.tree()) == scratch.tree()


def test_a_sparse_checkout_deletes_nothing(make) -> None:
    scratch = make(files={"a/x": "x\n", "b/y": "y\n", "top": "t\n"})
    scratch.git("sparse-checkout", "set", "a")
    assert not (scratch.path / "b").exists()
    assert worktree_tree(scratch.open()) == scratch.tree()
    (scratch.path / "a/x").unlink()
    assert worktree_tree(scratch.open()) == judged(scratch)


def test_split_and_sparse_indexes_can_be_staged(make) -> None:
    split = make("split", {"a": "a\n"})
    split.git("update-index", "--split-index")
    split.write({"b": "b\n"}).git("add", "b")
    assert staged_tree(split.open()) == split.git("write-tree").strip()
    with pytest.raises(BadInput, match="--staged"):
        worktree_tree(split.open())
    sparse = make("sparse", {"a/x": "x\n", "b/y": "y\n", "top": "t\n"})
    sparse.git("sparse-checkout", "set", "--cone", "--sparse-index", "a")
    assert staged_tree(sparse.open()) == sparse.tree()


def test_conflicts_name_the_path(make) -> None:
    scratch = make(files={"f": "1\n"})
    scratch.git("checkout", "--quiet", "-b", "other")
    scratch.commit("o", {"f": "2\n"})
    scratch.git("checkout", "--quiet", "main")
    scratch.commit("m", {"f": "3\n"})
    scratch.git("merge", "other", check=False)
    for read in (staged_tree, worktree_tree):
        with pytest.raises(BadInput, match="conflict in f"):
            read(scratch.open())


def test_before_the_first_commit_and_without_an_index(make) -> None:
    scratch = make()
    assert staged_tree(scratch.open()) == worktree_tree(scratch.open())
    scratch.write({"a": "a\n"}).git("add", "a")
    assert staged_tree(scratch.open()) == worktree_tree(scratch.open()) == judged(scratch)


def test_a_bare_repository_has_neither(make, tmp_path: Path) -> None:
    scratch = make(files={"f": "1\n"})
    scratch.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    bare = type(scratch)(tmp_path / "bare").open()
    for read in (staged_tree, worktree_tree):
        with pytest.raises(BadInput, match="bare"):
            read(bare)


def test_the_index_of_a_hook_s_environment_is_the_one_read(make, monkeypatch) -> None:
    from assay.repo.repository import open_repository

    scratch = make(files={"f": "1\n"})
    index = scratch.path / ".git/next-index.lock"
    shutil.copyfile(scratch.path / ".git/index", index)
    scratch.write({"g": "g\n"}).git("add", "g", GIT_INDEX_FILE=str(index))
    monkeypatch.chdir(scratch.path)
    repo = open_repository(".", {"GIT_INDEX_FILE": ".git/next-index.lock"})
    assert [entry.path for entry in repo.files(staged_tree(repo))] == ["f", "g"]
    assert staged_tree(scratch.open()) == scratch.tree()


def test_a_work_tree_named_by_the_environment(make, tmp_path: Path, monkeypatch) -> None:
    from assay.repo.repository import open_repository

    scratch = make(files={"f": "1\n", "g": "g\n"})
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart/f").write_text("2\n")
    monkeypatch.chdir(tmp_path / "apart")
    repo = open_repository(".", {"GIT_DIR": str(scratch.path / ".git"), "GIT_WORK_TREE": "."})
    assert [(e.path, repo.blob(e.blob)) for e in repo.files(worktree_tree(repo))] == [("f", b"2\n")]


def test_objects_that_may_not_be_written_are_told_from_a_damaged_index(project, monkeypatch) -> None:
    def refused(*_args, **_options):
        raise GitFailed("error: insufficient permission for adding an object")

    monkeypatch.setattr("assay.repo.index.run_git", refused)
    with pytest.raises(BadInput, match="make its objects writable"):
        staged_tree(project.open())
