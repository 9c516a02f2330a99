"""Asking about fixes undone: only of those that their own tests stand for, and once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench.histories import History, Ready
from bench.inducing_asked import Told, read
from bench.inducing_sample import Group
from bench.inducing_undone import chosen, collect_undone, undone_at
from bench.risk_tables import Table

from assay.repo.repository import open_repository
from assay.risk.history.mine import WINDOW, mine

TEST = "from a import larger\n\n\ndef test_two():\n    assert larger(2, 1)\n"
SAME = "\n\ndef test_same():\n    assert larger(1, 1)\n"
STEPS = (
    ("Add", "def larger(a, b):\n    return a > b\n", TEST),
    ("Fix what nobody looks at", "def larger(a, b):\n    c = a > b\n    return c\n", f"{TEST}\n\nX = 1\n"),
    ("Fix the same", "def larger(a, b):\n    d = a >= b\n    return d\n", f"{TEST}{SAME}"),
    ("Widen", "def larger(a, b):\n    c = a >= b\n    e = c\n    return e\n", f"{TEST}{SAME}"),
)


@pytest.fixture
def place(tmp_path: Path) -> Ready:
    """A history with two fixes that touch tests, one of which brings a test that fails without it."""
    repo = tmp_path / "repo"
    git = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    for message, program, test in STEPS:
        (repo / "a.py").write_text(program)
        (repo / "test_a.py").write_text(test)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", message], check=True)
    rows = mine(open_repository(repo), labels=False)
    table = Table(name="a", until=rows[-1].time + 2 * WINDOW, rows=tuple(rows))
    return Ready(History("a", 1990), repo, Path(sys.executable), table)


def test_fixes_that_evidence_is_known_of_are_asked_about_first(place: Ready) -> None:
    first, last = (row.commit for row in chosen(place, {}))
    told = Told(project="a", commit=last, group=Group.REPAIR, time=0, size=2, prior=0.1)
    assert first < last
    assert [row.commit for row in chosen(place, {last: told})] == [last, first]


@pytest.mark.slow
@pytest.mark.jail
def test_a_fix_is_asked_about_where_its_tests_refuse_it_undone(place: Ready, tmp_path: Path) -> None:
    collect_undone(place, tmp_path, 9)
    lines = read(undone_at(tmp_path, "a"))
    unnoticed, noticed = (row.commit for row in place.table.rows[1:3])
    found = {told.group: told for told in lines if told.fix == noticed}
    assert [told.why for told in lines if told.fix == unnoticed] == [
        "undone under the tests of the fix: accepted"
    ]
    assert found.keys() == {Group.BARE, Group.FIX, Group.UNDONE}
    assert all(told.evidence is not None and told.evidence.executed == 2 for told in found.values())
    collect_undone(place, tmp_path, 9)
    assert read(undone_at(tmp_path, "a")) == lines
