"""The edition of code that kept values stand under."""

from pathlib import Path

import assay
from assay.ledger import keeping
from assay.ledger.keeping import NOWHERE, edition


def test_an_edition_is_of_the_parts_that_are_named_and_of_nothing_else():
    assert edition("repo") == edition("repo") != edition("repo", "model")
    assert edition("gates/syntax.py") != edition("gates/files.py")
    assert len(edition("delta")) == 64


def test_an_edition_changes_with_the_text_of_a_file_in_a_directory_below(tmp_path, monkeypatch):
    (tmp_path / "ledger").mkdir()
    deep = tmp_path / "room" / "inner" / "a.py"
    deep.parent.mkdir(parents=True)
    deep.write_text("x = 1\n")
    monkeypatch.setattr(keeping, "__file__", str(tmp_path / "ledger" / "keeping.py"))
    keeping._text.cache_clear()
    first = edition.__wrapped__("room")
    deep.write_text("x = 2\n")
    keeping._text.cache_clear()
    assert edition.__wrapped__("room") != first
    keeping._text.cache_clear()


def test_every_part_that_values_are_kept_for_is_there():
    from assay.delta import build
    from assay.patchset import kept
    from assay.risk import answers

    package = Path(assay.__file__).parent
    assert all((package / part).exists() for part in (*build._CODE, *kept._CODE, *answers._CODE))


def test_nowhere_keeps_nothing():
    NOWHERE.remember("key", b"value")
    assert NOWHERE.recall("key") is None
