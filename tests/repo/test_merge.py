from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.repo.merge import MergeConflicts, Merged, merge
from assay.repo.repository import EMPTY_TREE, Repository, open_repository
from assay.repo.trees import edit

BODY = b"".join(b"line %d\n" % n for n in range(40))


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    path = tmp_path_factory.mktemp("merge")
    subprocess.run(["git", "init", "--quiet", str(path)], check=True, capture_output=True)
    return open_repository(path, {})


def build(repo: Repository, files: dict[str, bytes | tuple[int, bytes]]) -> str:
    edits = {}
    for path, content in files.items():
        mode, data = content if isinstance(content, tuple) else (0o100644, content)
        edits[path] = (mode, repo.write_blob(data))
    return edit(repo, EMPTY_TREE, edits)


def run(repo: Repository, ancestor: dict, ours: dict, theirs: dict) -> dict | list:
    """The merged files, or the conflicts' (path, kind)."""
    result = merge(repo, *(build(repo, side) for side in (ancestor, ours, theirs)))
    if isinstance(result, MergeConflicts):
        return [(conflict.path, conflict.kind.value) for conflict in result.conflicts]
    return {e.path: repo.blob(e.blob) for e in repo.files(result.tree)}


def test_different_files(repo: Repository) -> None:
    base = {"a": b"a", "b": b"b", "c/d": b"c"}
    assert run(repo, base, {**base, "a": b"A"}, {"a": b"a", "b": b"B"}) == {"a": b"A", "b": b"B"}


def test_different_lines_of_one_file(repo: Repository) -> None:
    ours, theirs = BODY.replace(b"line 3\n", b"three\n"), BODY.replace(b"line 30\n", b"thirty\n")
    both = ours.replace(b"line 30\n", b"thirty\n")
    assert run(repo, {"f": BODY}, {"f": ours}, {"f": theirs}) == {"f": both}


@pytest.mark.parametrize(
    "extra", [b"caf\xe9\n", "café\n".encode(), b"cr\r\n", b"lone\rcr\n", b"\x1b\x80\xff\n"]
)
def test_bytes_of_any_encoding_survive(repo: Repository, extra: bytes) -> None:
    ours, theirs = extra + BODY, BODY + extra
    assert run(repo, {"f": BODY}, {"f": ours}, {"f": theirs}) == {"f": extra + BODY + extra}


def test_the_same_change_on_both_sides(repo: Repository) -> None:
    assert run(repo, {"f": b"1", "g": b"1"}, {"f": b"2"}, {"f": b"2", "g": b"1"}) == {"f": b"2"}


def test_content_and_mode_from_different_sides(repo: Repository) -> None:
    result = merge(
        repo,
        build(repo, {"f": BODY}),
        build(repo, {"f": (0o100755, BODY)}),
        build(repo, {"f": BODY + b"more\n"}),
    )
    assert isinstance(result, Merged)
    (entry,) = repo.files(result.tree)
    assert (entry.mode, repo.blob(entry.blob)) == (0o100755, BODY + b"more\n")


def test_a_change_follows_a_rename(repo: Repository) -> None:
    changed = BODY.replace(b"line 3\n", b"three\n")
    assert run(repo, {"f": BODY}, {"d/g": BODY}, {"f": changed}) == {"d/g": changed}
    assert run(repo, {"f": BODY}, {"f": changed}, {"d/g": BODY}) == {"d/g": changed}


@pytest.mark.parametrize(
    ("ancestor", "ours", "theirs", "expected"),
    [
        ({"f": b"1\n"}, {"f": b"2\n"}, {"f": b"3\n"}, [("f", "content")]),
        ({}, {"f": b"2\n"}, {"f": b"3\n"}, [("f", "add/add")]),
        ({"f": b"1\n"}, {"f": b"2\n"}, {}, [("f", "modify/delete")]),
        ({"f": b"1\n"}, {}, {"f": b"2\n"}, [("f", "modify/delete")]),
        ({"f": b"\0001"}, {"f": b"\0002"}, {"f": b"\0003"}, [("f", "binary")]),
        ({"f": b"1"}, {"f": (0o120000, b"x")}, {"f": b"2"}, [("f", "type")]),
        ({}, {"f": b"1"}, {"f/g": b"1"}, [("f/g", "file/directory")]),
        ({}, {"f/g": b"1"}, {"f": b"1"}, [("f", "file/directory")]),
        ({"a": b"1\n", "b": b"1\n"}, {"a": b"2\n", "b": b"2\n"}, {"a": b"3\n", "b": b"3\n"},
         [("a", "content"), ("b", "content")]),
        ({"bad\udcff": b"1\n"}, {"bad\udcff": b"2\n"}, {"bad\udcff": b"3\n"}, [("bad\udcff", "content")]),
    ],
)  # fmt: skip
def test_conflicts_are_values(
    repo: Repository, ancestor: dict, ours: dict, theirs: dict, expected: list
) -> None:
    assert run(repo, ancestor, ours, theirs) == expected


def test_two_names_for_one_file_conflict(repo: Repository) -> None:
    found = run(repo, {"f": BODY}, {"a": BODY}, {"b": BODY})
    assert isinstance(found, list) and found


def test_a_conflict_shows_all_three_sides(repo: Repository) -> None:
    trees = [build(repo, {"f": data}) for data in (b"1\n", b"2\n", b"3\n")]
    result = merge(repo, *trees)
    assert isinstance(result, MergeConflicts)
    (conflict,) = result.conflicts
    sides = (conflict.ancestor, conflict.ours, conflict.theirs)
    assert [repo.blob(side[1]) for side in sides if side] == [b"1\n", b"2\n", b"3\n"]


lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n", b"e\n"]), max_size=10).map(b"".join)
sides = st.dictionaries(st.sampled_from(["f", "g", "d/h"]), lines, max_size=3)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ancestor=sides, ours=sides, theirs=sides)
def test_a_merge_does_not_depend_on_the_order_of_its_sides(
    repo: Repository, ancestor: dict, ours: dict, theirs: dict
) -> None:
    trees = [build(repo, side) for side in (ancestor, ours, theirs)]
    result = merge(repo, *trees)
    mirrored = merge(repo, trees[0], trees[2], trees[1])
    assert isinstance(result, Merged) == isinstance(mirrored, Merged)
    if isinstance(result, Merged) and isinstance(mirrored, Merged):
        assert result.tree == mirrored.tree
        common = {p for p, data in ancestor.items() if ours.get(p) == theirs.get(p) == data}
        merged = {e.path: repo.blob(e.blob) for e in repo.files(result.tree)}
        assert all(merged[path] == ancestor[path] for path in common)
