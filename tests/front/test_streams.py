from __future__ import annotations

import io
import os
import stat
import sys

import pytest

from assay.front import streams
from assay.front.streams import Color
from assay.model.errors import BadInput


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "wanted"),
    [
        (Color.AUTO, {}, True, True),
        (Color.AUTO, {}, False, False),
        (Color.AUTO, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
        (Color.AUTO, {"NO_COLOR": ""}, True, True),
        (Color.AUTO, {"CLICOLOR_FORCE": "1", "CLICOLOR": "0"}, False, True),
        (Color.AUTO, {"CLICOLOR_FORCE": "0"}, False, False),
        (Color.AUTO, {"CLICOLOR": "0"}, True, False),
        (Color.AUTO, {"TERM": "dumb"}, True, False),
        (Color.ALWAYS, {"NO_COLOR": "1"}, False, True),
        (Color.NEVER, {"CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_who_decides_about_colour(choice, environ, terminal, wanted):
    assert streams.wants_color(choice, environ, terminal=terminal) is wanted


def test_a_file_is_replaced_whole_with_the_users_permissions(tmp_path):
    target = tmp_path / "out.json"
    target.write_text("old")
    mask = os.umask(0o027)
    try:
        streams.write_file(target, "new")
    finally:
        os.umask(mask)
    assert target.read_text() == "new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


def test_a_file_behind_a_symbolic_link_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    streams.write_file(tmp_path / "link", "new")
    assert (tmp_path / "real").read_text() == "new\n"
    assert (tmp_path / "link").is_symlink()


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    streams.write_file(streams.Path("/dev/null"), "gone")
    assert not streams.Path("/dev/null").is_file()


def test_a_file_that_cannot_be_written_is_bad_input_that_names_it(tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        streams.write_file(tmp_path / "nowhere" / "out", "x")
    with pytest.raises(BadInput, match="does not exist"):
        streams.check_writable(tmp_path / "nowhere" / "out")
    with pytest.raises(BadInput, match="directory"):
        streams.check_writable(tmp_path)
    with pytest.raises(BadInput, match="another file"):
        streams.check_writable(streams.Path("/proc/report"))


def test_asking_whether_a_file_can_be_written_leaves_nothing_behind(tmp_path):
    streams.check_writable(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_the_locale_cannot_hold_is_escaped(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    streams.harden()
    streams.emit("é → \udcff")
    assert raw.getvalue() == b"\xe9 \\u2192 \\udcff\n"
    assert not streams.holds_unicode(sys.stdout)


def test_a_document_is_utf8_whatever_the_locale(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    streams.emit_document('{"é": 1}')
    assert raw.getvalue().decode("utf-8") == '{"é": 1}\n'


def test_streams_that_are_closed_or_gone_lose_text_quietly(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    streams.harden()
    streams.emit("x")
    streams.say("x")
    streams.flush()
    assert not streams.is_terminal(None)


def test_a_sentence_is_one_line(capsys):
    streams.say("a\nb\x1b[2Jc")
    assert capsys.readouterr().err == "assay: a\\nb\\x1b[2Jc\n"
