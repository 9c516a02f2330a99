from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.repo.globs import compile_globs
from assay.repo.repository import EMPTY_TREE, Repository, open_repository
from assay.repo.trees import Clash, TreeDelta, delta, edit, leaf_changes, restore

QUIET = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
names = st.sampled_from(["a", "b", "a.b", "a0", "é"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
files = st.dictionaries(paths, st.sampled_from([b"1", b"2", b"3"]), max_size=7).filter(
    lambda found: not any(other.startswith(path + "/") for path in found for other in found)
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    import pygit2

    path = tmp_path_factory.mktemp("trees")
    pygit2.init_repository(str(path))
    return open_repository(path, {})


def build(repo: Repository, content: dict[str, bytes]) -> str:
    return edit(repo, EMPTY_TREE, {p: (0o100644, repo.write_blob(data)) for p, data in content.items()})


def contents(repo: Repository, tree: str) -> dict[str, bytes]:
    return {entry.path: repo.blob(entry.blob) for entry in repo.files(tree)}


@QUIET
@given(content=files)
def test_a_built_tree_is_what_git_builds_and_sorted(repo: Repository, content: dict[str, bytes]) -> None:
    import pygit2

    tree = build(repo, content)
    index = pygit2.Index()
    for path, data in content.items():
        index.add(pygit2.IndexEntry(path, repo.git.create_blob(data), pygit2.enums.FileMode.BLOB))
    assert tree == str(index.write_tree(repo.git))
    listed = [entry.path.encode() for entry in repo.files(tree)]
    assert listed == sorted(listed)


@QUIET
@given(old=files, new=files)
def test_edits_by_leaf_changes_turn_one_tree_into_another(repo: Repository, old: dict, new: dict) -> None:
    before, after = build(repo, old), build(repo, new)
    edits = {change.path: change.new for change in leaf_changes(repo, before, after)}
    assert edit(repo, before, edits) == after


def check_out(repo: Repository, tree: str, root: Path) -> None:
    for path, data in contents(repo, tree).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def carry_out(repo: Repository, plan: TreeDelta, root: Path) -> None:
    for path in plan.deletions:
        target = root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    for write in plan.writes:
        target = root / write.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(repo.blob(write.blob))


@QUIET
@given(old=files, new=files)
def test_a_delta_turns_one_checkout_into_the_other(
    repo: Repository, tmp_path_factory: pytest.TempPathFactory, old: dict, new: dict
) -> None:
    root = tmp_path_factory.mktemp("checkout")
    before, after = build(repo, old), build(repo, new)
    check_out(repo, before, root)
    plan = delta(repo, before, after)
    carry_out(repo, plan, root)
    found = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert found == new
    touched = {path for path in new if old.get(path) != new[path]}
    assert {write.path for write in plan.writes} == touched


def test_a_vanished_directory_is_one_deletion(repo: Repository) -> None:
    before = build(repo, {"d/a": b"1", "d/e/b": b"2", "keep": b"1"})
    after = build(repo, {"keep": b"1"})
    assert delta(repo, before, after) == TreeDelta(writes=(), deletions=("d",))


def test_a_mode_change_is_a_write_without_deletion(repo: Repository) -> None:
    before = build(repo, {"a": b"1"})
    after = edit(repo, before, {"a": (0o100755, repo.write_blob(b"1"))})
    assert [(w.path, w.mode) for w in delta(repo, before, after).writes] == [("a", 0o100755)]
    assert delta(repo, before, after).deletions == ()


def test_invariant_7_a_comparison_reads_only_what_differs(repo: Repository) -> None:
    many = {f"{n}/{m}": b"1" for n in range(50) for m in range(5)}
    before, after = build(repo, many), build(repo, {**many, "7/3": b"2"})
    fresh = open_repository(repo.root, {})
    assert len(leaf_changes(fresh, before, after)) == 1
    # The roots and the one directory on each side, beside the empty tree.
    assert len(fresh._trees) == 5


@pytest.mark.parametrize(("there", "written"), [("a", "a/b"), ("a", "a/b/c"), ("a/b", "a"), ("d/a/b", "d/a")])
def test_files_and_directories_clash(repo: Repository, there: str, written: str) -> None:
    tree = build(repo, {there: b"1"})
    leaf = (0o100644, repo.write_blob(b"2"))
    with pytest.raises(Clash):
        edit(repo, tree, {written: leaf})
    assert contents(repo, edit(repo, tree, {written: leaf}, force=True)) == {written: b"2"}
    assert contents(repo, edit(repo, tree, {there: None, written: leaf})) == {written: b"2"}


def test_removing_what_is_not_there_does_nothing(repo: Repository) -> None:
    tree = build(repo, {"a": b"1", "d/x": b"2"})
    assert edit(repo, tree, {"none": None, "a/b": None, "d": None, "d/y": None}) == tree


@QUIET
@given(old=files, new=files)
def test_restore_takes_exactly_the_matching_paths(repo: Repository, old: dict, new: dict) -> None:
    tree, source = build(repo, old), build(repo, new)
    globs = compile_globs(["a/**", "**/a.b"])
    restored = contents(repo, restore(repo, tree, source, globs))
    wanted = {path: data for path, data in new.items() if globs.matches(path)}
    assert {path: data for path, data in restored.items() if globs.matches(path)} == wanted
    others = {path: data for path, data in old.items() if not globs.matches(path)}
    for path, data in others.items():
        in_the_way = any(w.startswith(path + "/") or path.startswith(w + "/") for w in wanted)
        assert in_the_way or restored[path] == data


def test_restore_replaces_a_file_that_stands_for_a_directory(repo: Repository) -> None:
    tree, source = build(repo, {"tests": b"1"}), build(repo, {"tests/t.py": b"2"})
    assert contents(repo, restore(repo, tree, source, ["tests/**"])) == {"tests/t.py": b"2"}
