from __future__ import annotations

import json

import pytest
from tests.risk.conftest import History

from assay.front import entry

CODE = b"def f(a):\n    if a:\n        return g(a)\n    return h(a, %d)\n"


@pytest.fixture
def history(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_CACHE_DIR", str(tmp_path / "cache"))
    found = History(tmp_path / "history.git")
    for day in range(60):
        found.commit("Fix it" if day % 3 == 2 else "more", day * 20, {f"m{day % 4}.py": CODE % day})
    return found


def test_a_commits_prior_is_shown_with_what_makes_it_up(history, capsys):
    assert entry.run(["risk", "show", "HEAD~1", "--repo", str(history.path)]) == 0
    text = capsys.readouterr().out
    assert "that a later fix within 365 days touches lines of this change" in text
    assert "an ordinary change" in text
    assert entry.run(["risk", "show", "HEAD~1", "--repo", str(history.path), "--format", "json"]) == 0
    prior = json.loads(capsys.readouterr().out)["prior"]
    effects = sum(part["effect"] for part in prior["contributions"])
    assert effects == pytest.approx(prior["probability"], abs=1e-9)
    assert f"{prior['probability']:.1%}" in text


def test_the_first_commit_has_one_too(history, capsys):
    assert entry.run(["risk", "show", "HEAD~59", "--repo", str(history.path)]) == 0
    assert "doubt: the repository has no history yet" in capsys.readouterr().out


def test_past_commits_are_listed_as_they_would_have_been_told(history, capsys):
    assert entry.run(["risk", "list", "--newest", "0", "--repo", str(history.path), "--format", "json"]) == 0
    commits = json.loads(capsys.readouterr().out)["commits"]
    assert len(commits) == 60
    assert commits[-1]["commit"] == str(history.tip)
    # Less history, the same answer: nothing of later commits was known.
    early = ["risk", "list", "HEAD~30", "-n", "1", "--repo", str(history.path), "--format", "json"]
    assert entry.run(early) == 0
    assert json.loads(capsys.readouterr().out)["commits"] == [commits[29]]
    assert entry.run(["risk", "list", "--repo", str(history.path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_too_little_history_is_refused_with_one_sentence_and_nothing_written(history, capsys, tmp_path):
    target = tmp_path / "out.json"
    assert entry.run(["risk", "train", "--repo", str(history.path), "--output", str(target)]) == 2
    error = capsys.readouterr().err
    assert "too short" in error
    assert error.count("\n") == 1
    assert not target.exists()


def test_what_is_trained_is_written_where_it_helps_and_used(history, capsys, tmp_path, monkeypatch):
    from tests.risk.test_train import rows

    from assay.risk.history import mine
    from assay.risk.model import shipped

    found = rows(3000, -1.2)
    monkeypatch.setattr(mine, "mine", lambda repo: [*found, *rows(3400, 0.0)[3399:]])
    target = tmp_path / "out.json"
    assert entry.run(["risk", "train", "--repo", str(history.path), "--output", str(target)]) == 0
    assert "It helps" in capsys.readouterr().out
    assert json.loads(target.read_text())["corrects"] == shipped("later-fix").title
    assert entry.run(["risk", "train", "--repo", str(history.path)]) == 0
    capsys.readouterr()
    assert entry.run(["risk", "show", "--repo", str(history.path)]) == 0
    assert "model later-fix 1, corrected by" in capsys.readouterr().out


def test_what_does_not_help_is_not_written(history, capsys, tmp_path, monkeypatch):
    from tests.risk.test_train import rows

    from assay.risk.history import mine

    # Fixed more than promised once, and then as promised: what was learnt is wrong by then.
    early, late = rows(2000, 1.5), rows(4000, 0.0)[2000:]
    monkeypatch.setattr(mine, "mine", lambda repo: [*early, *late])
    target = tmp_path / "out.json"
    assert entry.run(["risk", "train", "--repo", str(history.path), "--output", str(target)]) == 0
    assert "does not help" in capsys.readouterr().out
    assert not target.exists()
