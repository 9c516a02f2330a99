from __future__ import annotations

from tests.front.conftest import a_run

from assay.front.progress.lines import LineWriter
from assay.front.streams import say
from assay.model.event import GateEnded, Planned
from assay.model.outcome import failed
from assay.model.verdict import Decision


def test_one_plain_line_per_event():
    lines: list[str] = []
    a_run(LineWriter(lines.append), Decision.ACCEPTED, Decision.REJECTED)
    assert lines[:3] == ["2 candidates, gates: apply, tests", "preparing: checkout", "grading"]
    assert "c0.patch: tests passed (0.0 s)" in lines
    assert "c1.patch: tests failed (0.0 s): one test fails" in lines
    assert lines[-1] == "c1.patch: rejected"


def test_invariant_11_a_hostile_name_cannot_write_to_the_terminal(capsys):
    write = LineWriter(say)
    write(Planned(candidates=(("c", "\x1b]0;owned\x07\nfake: accepted"),), gates=("apply",)))
    write(GateEnded(candidate="c", result=failed("apply", "\x1b[2J")))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert len(err.splitlines()) == 2
    assert capsys.readouterr().out == ""
