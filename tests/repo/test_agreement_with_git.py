"""Random trees and random patches: what `diff.patch` writes applies again, and `apply` says what git says.

A stand-in for `git apply --cached` runs on an index of its own for every example, so that the judge shares
no code with what is judged.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.model.candidate import Base, Oid, Proposal
from assay.repo.apply import apply
from assay.repo.diff import changes, patch
from assay.repo.repository import EMPTY_TREE, EXECUTABLE, FILE, SYMLINK, Repository, open_repository
from assay.repo.trees import edit

QUIET = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

names = st.sampled_from(["a", "b", "b.py", "with space", 'qu"ote', "tab\there", "nl\nname", "é", "bad\udcff"])
paths = st.one_of(names, st.builds("{}/{}".format, st.sampled_from(["d", "e", "d/d", "é d"]), names))
line = st.sampled_from(
    [b"one", b"two", b"three", b"", b"  indented", b"-- ", b"+++ x", b"--- y", b"@@ -1 +1 @@"]
)
ending = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"])
text = st.builds(
    lambda lines, tail: b"".join(content + end for content, end in lines) + tail,
    st.lists(st.tuples(line, ending), max_size=25),
    st.sampled_from([b"", b"", b"no end"]),
)
content = st.one_of(text, text, st.binary(max_size=60), st.just(b""))
mode = st.sampled_from([FILE, FILE, EXECUTABLE])
leaf = st.one_of(
    st.tuples(mode, content),
    st.tuples(st.just(SYMLINK), st.sampled_from([b"a", b"../x", b"elsewhere"])),
)
trees = st.dictionaries(paths, leaf, max_size=6)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    path = tmp_path_factory.mktemp("agreement")
    subprocess.run(["git", "init", "--quiet", str(path)], check=True, capture_output=True)
    return open_repository(path, {})


def build(repo: Repository, files: dict[str, tuple[int, bytes]]) -> Oid | None:
    """A tree, or None where the names clash (a file and a directory of one name)."""
    clash = any(other.startswith(path + "/") for path in files for other in files)
    if clash:
        return None
    return edit(repo, EMPTY_TREE, {p: (m, repo.write_blob(data)) for p, (m, data) in files.items()})


def git_applies(repo: Repository, tree: str, data: bytes, scratch: Path) -> str | None:
    """The tree that `git apply --cached` makes, or None when it refuses."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_INDEX_FILE": str(scratch / "index"),
    }
    (scratch / "index").unlink(missing_ok=True)

    def git(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", *arguments], cwd=repo.root, input=stdin, capture_output=True, env=environment, check=False
        )

    assert git("read-tree", tree).returncode == 0
    if git("apply", "--cached", "--whitespace=nowarn", "-", stdin=data).returncode != 0:
        return None
    return git("write-tree").stdout.decode().strip()


def ours(repo: Repository, tree: str, data: bytes) -> tuple[str | None, str]:
    base = Base(commit=None, tree=Oid(tree))
    candidate = apply(repo, base, Proposal(name="p", source="p", patch=data))
    problem = candidate.problem
    if problem is not None and problem.kind == "empty":
        return tree, ""
    return candidate.tree, problem.message if problem else ""


@QUIET
@given(old=trees, new=trees)
def test_a_written_patch_applies_again(repo: Repository, old: dict, new: dict) -> None:
    before, after = build(repo, old), build(repo, new)
    if before is None or after is None or before == after:
        return
    data = patch(repo, before, after)
    assert ours(repo, before, data) == (after, "")


@QUIET
@given(old=trees, new=trees)
def test_git_takes_a_written_patch_for_the_same_tree(
    repo: Repository, tmp_path: Path, old: dict, new: dict
) -> None:
    before, after = build(repo, old), build(repo, new)
    if before is None or after is None or before == after:
        return
    assert git_applies(repo, before, patch(repo, before, after), tmp_path) == after


@QUIET
@given(old=trees, new=trees)
def test_the_list_of_changes_is_complete(repo: Repository, old: dict, new: dict) -> None:
    before, after = build(repo, old), build(repo, new)
    if before is None or after is None:
        return
    expected = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    found = changes(repo, before, after)
    named = {change.path for change in found} | {change.old_path for change in found}
    assert named == expected


base_lines = st.lists(st.sampled_from([b"one", b"two", b"three", b"", b"four", b"x" * 9]), max_size=30)


def file_of(lines: list[bytes], end: bytes, tail: bytes) -> bytes:
    return b"".join(one + end for one in lines) + tail


@st.composite
def drifted(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A file, what a patch makes of it, and the file as somebody else left it meanwhile."""
    lines = draw(base_lines)
    end = draw(ending)
    tail = draw(st.sampled_from([b"", b"", b"tail"]))

    def edited(source: list[bytes], most: int) -> list[bytes]:
        out = list(source)
        for _ in range(draw(st.integers(0, most))):
            at = draw(st.integers(0, len(out)))
            if draw(st.booleans()):
                out.insert(at, draw(st.sampled_from([b"new", b"one", b""])))
            elif out:
                del out[min(at, len(out) - 1)]
        return out

    changed = edited(lines, 4)
    other = edited(lines, 3)
    other_end = draw(st.sampled_from([end, end, end, b"\n"]))
    return (
        file_of(lines, end, tail),
        file_of(changed, end, draw(st.sampled_from([tail, tail, b""]))),
        file_of(other, other_end, tail),
    )


@settings(QUIET, max_examples=400)
@given(case=drifted())
def test_verdict_and_result_are_those_of_git_apply(
    repo: Repository, tmp_path: Path, case: tuple[bytes, bytes, bytes]
) -> None:
    old, new, other = ({"f": (FILE, data)} for data in case)
    before, after, target = build(repo, old), build(repo, new), build(repo, other)
    assert before and after and target
    if before == after:
        return
    data = patch(repo, before, after)
    found, message = ours(repo, target, data)
    assert found == git_applies(repo, target, data, tmp_path), message
