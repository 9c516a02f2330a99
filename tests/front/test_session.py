"""From a flow to a printed report: every format, by way of the streams that a process has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.delta.conftest import candidate, report

from assay.front import session
from assay.front.choices import Format
from assay.front.job_summary import VARIABLE
from assay.model.report import Report
from assay.model.verdict import Decision


def flow_of(shown: Report):
    async def flow(_observer: object) -> Report:
        return shown

    return flow


@pytest.fixture
def rejected(monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.delenv(VARIABLE, raising=False)
    return report(candidate("a"), candidate("b", Decision.REJECTED, reason="no", rejected_by="lint"))


@pytest.mark.parametrize("format_", list(Format))
def test_a_document_goes_to_stdout_and_nothing_else_does(format_, rejected, capsys):
    assert session.conclude(flow_of(rejected), session.View(format=format_, quiet=True)) == 1
    shown, said = capsys.readouterr()
    assert shown
    assert said == ""


@pytest.mark.parametrize("format_", list(Format))
def test_the_same_document_goes_to_a_file(format_, rejected, tmp_path: Path, capsys):
    session.conclude(flow_of(rejected), session.View(format=format_, quiet=True))
    shown = capsys.readouterr().out
    file = tmp_path / "report"
    session.conclude(flow_of(rejected), session.View(format=format_, quiet=True, output=file))
    assert capsys.readouterr() == ("", "")
    assert file.read_text() == shown


def test_sarif_tells_the_exit_code_of_the_process(rejected, capsys):
    view = session.View(format=Format.SARIF, quiet=True)
    for first in (0, 1):
        code = session.conclude(flow_of(rejected), view, first)
        (run,) = json.loads(capsys.readouterr().out)["runs"]
        assert run["invocations"][0]["exitCode"] == code == (0 if first else 1)


def test_a_workflow_gets_a_summary_besides(rejected, tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "summary.md"
    monkeypatch.setenv(VARIABLE, str(file))
    session.conclude(flow_of(rejected), session.View(format=Format.TEXT, quiet=True))
    assert not file.exists()
    session.conclude(flow_of(rejected), session.View(format=Format.GITHUB, quiet=True))
    assert file.read_text().startswith("### Assay: **REJECTED**")
    assert "::group::Assay: REJECTED" in capsys.readouterr().out
