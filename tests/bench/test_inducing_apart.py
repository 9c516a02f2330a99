"""What is made of a fix: the right lines in the right direction, under the right tests, of one past."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from bench.inducing_apart import apart, is_program, is_test
from bench.inducing_sample import Group

from assay.repo.repository import open_repository
from assay.risk.history.mine import Row, mine

FAULTY = "def larger(a, b):\n    return a > b\n"
REPAIRED = "def larger(a, b):\n    return a >= b\n"
OLD_TEST = "from pkg.a import larger\n\n\ndef test_two():\n    assert larger(2, 1)\n"
NEW_TEST = f"{OLD_TEST}\n\ndef test_same():\n    assert larger(1, 1)\n"


def git(repo: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


def commit(repo: Path, message: str, **files: str) -> str:
    for name, text in files.items():
        path = repo / name.replace("__", "/")
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", message)
    return git(repo, "rev-parse", "HEAD").strip()


def fixed(repo: Path, faulty: str = FAULTY, repaired: str = REPAIRED) -> Row:
    """A repository whose last commit is a fix with its test; its row."""
    git(repo.parent, "init", "-q", str(repo))
    (repo / "notes.txt").write_text("old\n")
    (repo / "tests").mkdir()
    (repo / "tests" / "data.txt").write_text("old\n")
    commit(repo, "Add", pkg__a=faulty, tests__test_a=OLD_TEST)
    (repo / "notes.txt").write_text("new\n")
    (repo / "tests" / "data.txt").write_text("new\n")
    commit(repo, "Fix the same", pkg__a=repaired, tests__test_a=NEW_TEST)
    return mine(open_repository(repo), labels=False)[-1]


def tree(repo: Path, commit: str) -> tuple[str, ...]:
    names = ("pkg/a.py", "tests/test_a.py", "tests/data.txt", "notes.txt")
    return tuple(git(repo, "show", f"{commit}:{name}") for name in names)


def test_what_is_made_of_a_fix_has_its_lines_and_the_tests_that_it_says(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    fix = fixed(repo)
    found = apart(repo, fix)
    turns = {turn.group: turn for turn in found.turns}
    faulty, repaired = (FAULTY, OLD_TEST, "old\n", "new\n"), (REPAIRED, OLD_TEST, "old\n", "new\n")
    undone, bare = turns[Group.UNDONE], turns[Group.BARE]
    assert (tree(repo, undone.base), tree(repo, undone.row.commit)) == (repaired, faulty)
    assert (tree(repo, bare.base), tree(repo, bare.row.commit)) == (faulty, repaired)
    assert turns[Group.FIX].row.commit == fix.commit
    assert tree(repo, found.refused) == (FAULTY, NEW_TEST, "new\n", "new\n")
    assert (tree(repo, found.repaired), tree(repo, found.accepted)) == (repaired, faulty)


def test_the_past_of_each_ends_before_the_fix(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    fix = fixed(repo)
    turns = {turn.group: turn.row for turn in apart(repo, fix).turns}
    assert turns[Group.FIX] == fix
    assert turns[Group.BARE].features == fix.features
    past = [name for name in fix.features if "fix" in name or "age" in name]
    assert past
    assert {name: turns[Group.UNDONE].features[name] for name in past} == {
        name: fix.features[name] for name in past
    }


def test_taken_apart_twice_it_makes_the_same_commits(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    fix = fixed(repo)
    assert apart(repo, fix) == apart(repo, fix)


def test_a_fix_that_only_adds_leaves_nothing_to_ask_about_when_undone(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    fix = fixed(repo, FAULTY, f"{FAULTY}\n\nlarger(1, 2)\n")
    assert {turn.group for turn in apart(repo, fix).turns} == {Group.BARE, Group.FIX}


@pytest.mark.parametrize(
    ("path", "program", "test"),
    [
        ("src/a.py", True, False),
        ("tests/test_a.py", False, True),
        ("tests/data/a.txt", False, True),
        ("README.md", False, False),
        ("setup.cfg", False, False),
    ],
)
def test_program_and_tests_are_told_apart(path: str, program: bool, test: bool) -> None:
    assert (is_program(path), is_test(path)) == (program, test)
