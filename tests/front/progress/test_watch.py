from __future__ import annotations

import pytest
from tests.front.conftest import a_run

from assay.front import streams
from assay.front.progress.lines import LineWriter
from assay.front.progress.watch import watching
from assay.front.streams import Color
from assay.model.event import nobody
from assay.model.verdict import Decision


def _observer(monkeypatch, *, terminal: bool, quiet: bool = False, **environ: str):
    monkeypatch.setattr(streams, "is_terminal", lambda stream: terminal)
    return watching(quiet=quiet, color=Color.AUTO, environ=environ)


@pytest.mark.parametrize(("terminal", "term"), [(False, "xterm"), (True, "dumb"), (True, "")])
def test_without_a_real_terminal_there_are_lines(monkeypatch, terminal, term):
    with _observer(monkeypatch, terminal=terminal, TERM=term) as observer:
        assert isinstance(observer, LineWriter)


def test_quiet_watches_nothing(monkeypatch):
    with _observer(monkeypatch, terminal=True, quiet=True, TERM="xterm") as observer:
        assert observer is nobody


def test_invariant_11_the_live_table_goes_to_stderr(monkeypatch, capsys):
    with _observer(monkeypatch, terminal=True, TERM="xterm") as observer:
        a_run(observer, Decision.ACCEPTED)
        print("a result")
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert "c0.patch" in err
