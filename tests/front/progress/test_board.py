from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.front.progress.board import Board, Cell, tally
from assay.model.event import Decided, GateEnded, GateStarted, Planned
from assay.model.outcome import Resource, Skip, exhausted, failed, infra, passed, skipped, tampered
from assay.model.verdict import Decision, Verdict


def _planned(count: int) -> Board:
    board = Board()
    names = tuple((f"c{n}", f"name {n}") for n in range(count))
    board.take(Planned(candidates=names, gates=("apply", "tests")), 0)
    return board


def _decide(board: Board, identity: str, decision: Decision) -> None:
    verdict = Verdict(candidate=identity, decision=decision, reason="", rejected_by=None, gates=())
    board.take(Decided(verdict=verdict), 1)


def test_every_outcome_has_a_cell():
    board = _planned(1)
    results = {
        Cell.PASSED: passed("g", evidence={"n": 1}),
        Cell.FAILED: failed("g", "r"),
        Cell.EXHAUSTED: exhausted("g", Resource.TIME, "r"),
        Cell.TAMPERED: tampered("g", "r"),
        Cell.INFRA: infra("g", "r"),
        Cell.SKIPPED: skipped("g", Skip.NOT_APPLICABLE, "r"),
        Cell.WAITING: skipped("g", Skip.NOT_REACHED, "r"),
    }
    for cell, result in results.items():
        board.take(GateEnded(candidate="c0", result=result), 1)
        assert board.rows["c0"].cells["g"] is cell


def test_the_board_counts_verdicts():
    board = _planned(4)
    _decide(board, "c0", Decision.ACCEPTED)
    _decide(board, "c1", Decision.REJECTED)
    _decide(board, "c2", Decision.REJECTED)
    assert tally(board) == "3 of 4 decided: 1 accepted, 2 rejected"


def test_an_event_of_a_candidate_that_was_never_announced_is_shown_under_its_id():
    board = _planned(1)
    board.take(GateStarted(candidate="set", gate="tests"), 2)
    assert [row.name for row in board.visible(5)] == ["name 0", "set"]


@given(
    count=st.integers(1, 60),
    room=st.integers(0, 30),
    started=st.lists(st.integers(0, 59), max_size=6),
    done=st.lists(st.integers(0, 59), max_size=30),
)
def test_what_runs_is_seen_first_and_rows_keep_their_order(count, room, started, done):
    board = _planned(count)
    for n in done:
        _decide(board, f"c{n % count}", Decision.ACCEPTED)
    for n in started:
        board.take(GateStarted(candidate=f"c{n % count}", gate="tests"), 3)
    shown = board.visible(room)
    assert len(shown) == min(count, room)
    names = [row.name for row in board.rows.values()]
    assert [row.name for row in shown] == sorted((row.name for row in shown), key=names.index)
    running = [row for row in board.rows.values() if row.running]
    assert sum(bool(row.running) for row in shown) == min(len(running), room)
