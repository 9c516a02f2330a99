"""Commits that a later fix points back to, in a history made for it."""

import subprocess

import pytest
from bench.inducing import DAYS, labelled, pairs

DAY = 86_400
START = 1_500_000_000


@pytest.fixture
def history(tmp_path):
    """A repository, and what commits files to it at a day from the start; the commit's name."""
    repo = tmp_path / "repo"

    def git(*args, day=0):
        stamp = f"{START + day * DAY} +0000"
        environ = {
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        argv = ["git", "-C", str(repo), *identity, *args]
        return subprocess.run(argv, env=environ, check=True, capture_output=True, text=True).stdout.strip()

    def commit(subject, day, **files):
        for name, text in files.items():
            path = repo / name.replace("__", "/")
            path = path.with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", subject, day=day)
        return git("rev-parse", "HEAD")

    repo.mkdir()
    git("init", "-q", "-b", "main")
    return repo, commit


def buggy(repo):
    return {commit.name for commit in labelled(repo, START - DAY) if commit.buggy}


def test_a_fix_points_back_to_who_wrote_the_lines_that_it_takes_away(history):
    repo, commit = history
    commit("Start", 0, lib="a = 1\n")
    wrong = commit("Add a function", 1, lib="a = 1\n\ndef f():\n    return a - 1\n")
    commit("Add another", 2, lib="a = 1\n\ndef f():\n    return a - 1\n\ndef g():\n    return a\n")
    commit("Fix f", 30, lib="a = 1\n\ndef f():\n    return a + 1\n\ndef g():\n    return a\n")
    assert buggy(repo) == {wrong}


@pytest.mark.parametrize(
    ("subject", "day", "before", "after"),
    [
        ("Fix f", DAYS + 40, "b = 1\n", "b = 2\n"),
        ("Improve f", 30, "b = 1\n", "b = 2\n"),
        ("Fix typo", 30, "b = 1\n", "b = 2\n"),
        ("Fix f", 30, "# b\n", "# c\n"),
        ("Fix f", 30, "import b\n", "import c\n"),
    ],
)
def test_what_says_nothing_of_a_commit(history, subject, day, before, after):
    repo, commit = history
    commit("Start", 0, lib="a = 1\n")
    commit("Add", 1, lib=f"a = 1\n{before}")
    commit(subject, day, lib=f"a = 1\n{after}")
    assert buggy(repo) == set()


def test_tests_are_no_product(history):
    repo, commit = history
    commit("Start", 0, lib="a = 1\n", tests__test_lib="b = 1\n")
    commit("Fix test of lib", 5, tests__test_lib="b = 2\n")
    assert [found.subject for found in labelled(repo, START - DAY)] == []


def test_pairs_are_of_like_size_and_old_enough_to_tell(history):
    repo, commit = history
    commit("Start", 0, lib="a = 1\n")
    wrong = commit("Add", 1, lib="a = 1\n" + "b = 1\nc = 1\nd = 1\n")
    commit("Large", 2, other="".join(f"x{n} = 1\n" for n in range(60)))
    like = commit("Like", 3, third="e = 1\nf = 1\ng = 1\nh = 1\n")
    commit("Fix b", 9, lib="a = 1\n" + "b = 2\nc = 1\nd = 1\n")
    commit("Young", 2 * DAYS, fourth="i = 1\nj = 1\nk = 1\n")
    (found,) = pairs(repo, START - DAY, 5)
    assert (found.buggy.name, found.clean.name) == (wrong, like)
