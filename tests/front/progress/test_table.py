from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.front.conftest import a_run

from assay.front.progress.board import Board
from assay.front.progress.table import draw, live_table
from assay.model.event import GateStarted, Planned
from assay.model.verdict import Decision

GATES = ("apply", "scope", "compile", "lint", "security", "tests")


def _picture(board: Board, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(draw(board, width, height, now=10.0, started=0.0))
    return console.file.getvalue().splitlines()


def _board(count: int, name: str = "candidate-{}.patch") -> Board:
    board = Board()
    names = tuple((f"c{n}", name.format(n)) for n in range(count))
    board.take(Planned(candidates=names, gates=GATES), 0.0)
    board.take(GateStarted(candidate="c1", gate="tests"), 7.0)
    return board


@pytest.mark.parametrize("count", [2, 64, 200])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (40, 12)])
def test_the_table_never_outgrows_its_terminal(count, width, height):
    lines = _picture(_board(count), width, height)
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)


def test_what_runs_shows_for_how_long_and_the_rest_is_counted():
    lines = _picture(_board(200), 80, 24)
    assert any("candidate-1.patch" in line and "3s" in line for line in lines)
    assert lines[-2].startswith("and 18")
    assert "0 of 200 decided" in lines[-1]


def test_on_a_usual_terminal_long_names_give_way_and_gates_do_not():
    header, *rows = _picture(_board(2, "a-very-long-name-of-some-candidate-{}.patch"), 80, 24)
    assert header.split() == ["candidate", *GATES, "verdict"]
    assert rows[0].startswith("a-very-")
    assert "…" in rows[0]
    assert "-0.patch" in rows[0]


def test_a_hostile_name_is_escaped():
    text = "\n".join(_picture(_board(3, "\x1b[2J[bold]{}\n"), 120, 24))
    assert "\x1b[2J" not in text
    assert "\\x1b[2J[bold]1\\n" in text


def test_the_live_table_leaves_nothing_but_erasing_behind():
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True, color_system=None)
    with live_table(console) as observer:
        a_run(observer, Decision.ACCEPTED)
    shown, erased = out.getvalue().rsplit("\x1b[?25h", 1)
    assert "accepted" in shown
    assert erased.count("\x1b[2K") == len(shown.splitlines())
