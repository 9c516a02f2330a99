from __future__ import annotations

from pathlib import Path

from tests.delta.conftest import candidate, report

from assay.delta.github import SUMMARY_LIMIT
from assay.front.job_summary import VARIABLE, add


def test_the_report_is_added_to_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    add(report(candidate("a.patch")), {VARIABLE: str(file)}, profile=False)
    assert file.read_text().startswith("before\n### Assay: **ACCEPTED**")


def test_without_a_runner_nothing_is_written(tmp_path: Path, capsys) -> None:
    add(report(candidate("a.patch")), {}, profile=False)
    add(report(candidate("a.patch")), {VARIABLE: ""}, profile=False)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr() == ("", "")


def test_a_full_summary_is_left_as_it_is_and_said(tmp_path: Path, capsys) -> None:
    file = tmp_path / "summary.md"
    file.write_bytes(b"x" * SUMMARY_LIMIT)
    add(report(candidate("a.patch")), {VARIABLE: str(file)}, profile=False)
    assert file.stat().st_size == SUMMARY_LIMIT
    assert "not in the job's summary" in capsys.readouterr().err


def test_a_summary_never_exceeds_what_the_runner_takes(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_bytes(b"x" * (SUMMARY_LIMIT - 5000))
    add(report(*(candidate(f"{n}.patch") for n in range(90))), {VARIABLE: str(file)}, profile=False)
    assert file.stat().st_size <= SUMMARY_LIMIT


def test_a_summary_that_cannot_be_written_changes_nothing(tmp_path: Path, capsys) -> None:
    add(report(candidate("a.patch")), {VARIABLE: str(tmp_path / "gone" / "x")}, profile=False)
    assert "not in the job's summary" in capsys.readouterr().err
