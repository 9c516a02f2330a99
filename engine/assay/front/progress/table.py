"""The board as a live table on a terminal.

Promises: at most as many lines as the terminal has, whatever the number of candidates; names are shown
with control characters escaped; nothing is left on the screen when the run ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from assay.delta.sanitise import plain
from assay.front.durations import short, words
from assay.front.progress.board import Board, Cell, Row, tally
from assay.model.event import Event, Observer
from assay.model.verdict import Decision

_REFRESH = 5.0
_FRAME_LINES = 5
_VERDICT_WIDTH = 12
_CELL_WIDTH = 6
_GAP = 1
_STATE_WIDTH = 20
_NAME_WIDTH = 16
_STYLES = {
    Cell.RUNNING: "cyan",
    Cell.PASSED: "green",
    Cell.FAILED: "bold red",
    Cell.EXHAUSTED: "bold red",
    Cell.TAMPERED: "bold red",
    Cell.INFRA: "yellow",
    Cell.SKIPPED: "dim",
}
_VERDICTS = {Decision.ACCEPTED: "green", Decision.REJECTED: "bold red", Decision.INCONCLUSIVE: "yellow"}


@contextmanager
def live_table(console: Console) -> Iterator[Observer]:
    """Show a board while the block runs; the observer to feed it with. Events may come from any thread."""
    board = Board()
    lock = threading.Lock()
    started = time.monotonic()

    def observe(event: Event) -> None:
        with lock:
            board.take(event, time.monotonic())

    def picture() -> RenderableType:
        with lock:
            return draw(board, console.width, console.height, time.monotonic(), started)

    with Live(
        console=console,
        get_renderable=picture,
        refresh_per_second=_REFRESH,
        transient=True,
        redirect_stdout=False,
    ):
        yield observe


def draw(board: Board, width: int, height: int, now: float, started: float) -> RenderableType:
    """One picture of the board for a terminal of this size."""
    footer = _footer(board, now - started)
    if not board.rows:
        return footer
    rows = board.visible(height - _FRAME_LINES)
    hidden = len(board.rows) - len(rows)
    room = width - _beside_the_name(board)
    table = _wide(board, rows, now, room) if room >= _NAME_WIDTH else _narrow(rows, now, width - _STATE_WIDTH)
    parts: list[RenderableType] = [table]
    if hidden:
        parts.append(Text(f"and {hidden} more", style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*parts, footer)


def _beside_the_name(board: Board) -> int:
    """Columns that gates, verdict and gaps take."""
    return sum(_gate_width(gate) + _GAP for gate in board.gates) + _GAP + _VERDICT_WIDTH


def _gate_width(gate: str) -> int:
    return max(len(gate), _CELL_WIDTH)


def _wide(board: Board, rows: tuple[Row, ...], now: float, room: int) -> Table:
    table = Table(box=None, pad_edge=False, expand=False, header_style="dim", padding=(0, _GAP, 0, 0))
    # The name gets what is left; the table would otherwise take it from every column alike.
    table.add_column("candidate", no_wrap=True, overflow="ellipsis", max_width=room)
    for gate in board.gates:
        table.add_column(gate, no_wrap=True, width=_gate_width(gate))
    table.add_column("verdict", no_wrap=True, min_width=_VERDICT_WIDTH)
    for row in rows:
        cells = [_cell(row, gate, now) for gate in board.gates]
        table.add_row(_name(row, room), *cells, _verdict(row))
    return table


def _narrow(rows: tuple[Row, ...], now: float, room: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, _GAP, 0, 0))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True)
    for row in rows:
        state = _verdict(row) if row.decision else Text(_running(row, now), style="cyan")
        table.add_row(_name(row, room), state)
    return table


def _name(row: Row, room: int) -> Text:
    """The name in `room` columns. The middle goes: numbered attempts differ at the end."""
    text = plain(row.name)
    if len(text) > room > 2:
        head = (room - 1) // 2
        text = f"{text[:head]}…{text[head + 1 - room :]}"
    return Text(text)


def _cell(row: Row, gate: str, now: float) -> Text:
    cell = row.cells.get(gate, Cell.WAITING)
    if cell is Cell.RUNNING:
        return Text(short(now - row.since), style=_STYLES[cell])
    return Text(str(cell), style=_STYLES.get(cell, ""))


def _running(row: Row, now: float) -> str:
    return f"{row.running} {short(now - row.since)}" if row.running else ""


def _verdict(row: Row) -> Text:
    return Text(str(row.decision), style=_VERDICTS[row.decision]) if row.decision else Text("")


def _footer(board: Board, elapsed: float) -> Text:
    busy = [part for part in (board.stage, board.preparing) if part]
    parts = [*busy, *([tally(board)] if board.rows else []), words(elapsed)]
    return Text(plain(" · ".join(parts)), style="dim", no_wrap=True, overflow="ellipsis")
