from __future__ import annotations

from pathlib import Path

from assay import __version__
from assay.front.crash import save_traceback


def _an_error() -> Exception:
    try:
        raise RuntimeError("what went wrong \udcff")
    except RuntimeError as error:
        return error


def test_a_saved_traceback_has_what_a_report_needs(tmp_path):
    saved = save_traceback(_an_error(), ["grade", "a b"], {"XDG_STATE_HOME": str(tmp_path)})
    assert saved is not None
    assert saved.parent == tmp_path / "assay"
    text = saved.read_text()
    for part in (__version__, "assay grade 'a b'", "RuntimeError: what went wrong", "_an_error"):
        assert part in text


def test_where_no_state_directory_can_be_made_the_temporary_one_serves(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    saved = save_traceback(_an_error(), [], {"XDG_STATE_HOME": str(tmp_path / "file"), "HOME": "/proc/none"})
    assert saved is not None
    assert saved.parent == tmp_path


def test_nowhere_to_write_is_no_second_error(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    assert save_traceback(_an_error(), [], {"HOME": str(Path("/proc/none"))}) is None
