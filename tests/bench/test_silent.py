"""The count of silent conflicts: pairs from elsewhere are read, and what is missed or accused is told."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest
from bench.silent import Case, Score, commit, held_out, main, planned

from assay_fixtures.sample import File, Tree

CORE = b"def area(side):\n    return side * side\n"


def tree(**files: bytes) -> Tree:
    return {f"{name}.py": File(data) for name, data in files.items()}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """One pair that breaks, and its look-alike."""
    place = tmp_path / "repo"
    git = pygit2.init_repository(str(place), initial_head="main")
    base = commit(place, tree(core=CORE), "refs/heads/main", None)
    changes = {
        "a": tree(core=CORE.replace(b"area", b"surface")),
        "b": tree(core=CORE, use=b"from core import area\n"),
        "k": tree(core=CORE, use=b"SIDE = 2\n"),
    }
    for name, changed in changes.items():
        git.branches.local.create(name, git[commit(place, changed, None, base)])
    (tmp_path / "corpus.toml").write_text(
        '[[pair]]\nrepository = "repo"\nname = "one"\nsymbols = ["core:area"]\n'
        'a = "a"\nb = "b"\nalike = "k"\n'
    )
    return tmp_path


def test_pairs_of_others_are_put_before_the_planner(corpus: Path) -> None:
    pair, alike = held_out(corpus)
    edge, symbols, why = planned(pair)
    assert (edge, symbols) == ("proven", ("core:area",))
    assert "renames" in why
    assert planned(alike)[0] == ""


def test_what_is_not_as_it_should_be_is_told() -> None:
    score = Score()
    pair = Case("pair", Path(), "main", "a", "b", ("core:area",))
    alike = Case("alike", Path(), "main", "a", "k", ())
    score.add(pair, "proven", ("core:area",), "")
    score.add(alike, "", (), "")
    assert score.good and score.notes == []
    score.add(pair, "proven", ("core:other",), "a says so")
    score.add(pair, "", (), "")
    score.add(alike, "suspected", (), "b says so")
    assert (score.pairs, score.proven, score.named, score.alike, score.admitted) == (3, 2, 1, 2, 1)
    assert [note.partition(":")[0] for note in score.notes] == ["pair", "pair", "alike"]
    assert not score.good


def test_the_shipped_pairs_meet_the_aims(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpus", str(corpus)]) == 0
    assert "shipped, planner" in capsys.readouterr().out
