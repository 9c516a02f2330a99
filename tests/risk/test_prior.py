from __future__ import annotations

import shutil
import sqlite3
import subprocess

import pytest
from tests.risk.conftest import DAY, START, History

from assay.model.candidate import Base, Oid
from assay.repo import diff
from assay.repo.repository import open_repository
from assay.risk import background as module
from assay.risk.background import Background, background
from assay.risk.chosen import usual
from assay.risk.prior import prior_of

CODE = b"import os\n\n\ndef f(a):\n    if a:\n        return g(a)\n    return h(a, 1)\n"
MORE = CODE + b"\n\ndef k(a):\n    for b in a:\n        if b:\n            g(b)\n    return h(a, b)\n"


@pytest.fixture(scope="module")
def two_years(tmp_path_factory):
    """Two years of commits to ten files, every fourth of them a repair of `hot.py`."""
    history = History(tmp_path_factory.mktemp("two-years") / "history.git")
    history.commit("begin", 0, {"calm.py": CODE, "hot.py": CODE, "README.md": b"x\n"})
    for number in range(240):
        message, path = ("Fix a crash", "hot.py") if number % 4 == 0 else ("more", f"m{number % 8}.py")
        history.commit(message, 2 + number * 3, {path: CODE + b"x = %d\n" % number})
    return history


@pytest.fixture
def lived(two_years, tmp_path):
    """A copy of them, to go on from."""
    place = tmp_path / "lived.git"
    shutil.copytree(two_years.path, place)
    return History(place, two_years)


def changed(history, files):
    repo = history.repo
    tree = history.tree({**history.files, **files})
    return repo, diff.changes(repo, repo.head().tree, Oid(tree))


def known(history, tmp_path, **given) -> Background:
    return background(history.repo, history.repo.head(), tmp_path, seconds=60, **given)


def test_everything_adds_up_to_what_is_shown(lived, tmp_path) -> None:
    repo, changes = changed(lived, {"hot.py": MORE})
    found = prior_of(repo, changes, known(lived, tmp_path))
    assert round(sum(part.effect for part in found.contributions), 6) == found.probability
    assert found.contributions[0].feature == "base"
    effects = [abs(part.effect) for part in found.contributions[1:]]
    assert effects == sorted(effects, reverse=True)
    assert 0 < found.interval.low < found.probability < found.interval.high < 1
    assert found.doubts == ()


def test_a_file_that_is_often_repaired_is_riskier(lived, tmp_path) -> None:
    background_ = known(lived, tmp_path)
    calm = prior_of(*changed(lived, {"calm.py": MORE}), background_)
    hot = prior_of(*changed(lived, {"hot.py": MORE}), background_)
    assert hot.probability > calm.probability
    assert any("repaired" in part.words for part in hot.contributions)


def test_unknown_history_is_a_doubt_and_a_wider_interval(lived, tmp_path) -> None:
    repo, changes = changed(lived, {"hot.py": MORE})
    whole = prior_of(repo, changes, known(lived, tmp_path))
    blind = prior_of(repo, changes, background(repo, repo.head(), None, seconds=60))
    assert any("no cache" in doubt for doubt in blind.doubts)
    assert width(blind) > 1.5 * width(whole)
    assert {part.feature for part in blind.contributions}.isdisjoint({"repairs", "activity", "repository"})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"hot.py": b"x = 1\n" * 30_000}, "too large"),
        ({f"n{n}.py": CODE for n in range(90)}, "unlike 99 %"),
        ({"a.js": b"function f() { return 1 }\n"}, "other languages"),
        ({"README.md": b"y\n"}, "touches no program text"),
    ],
)
def test_what_the_model_has_not_seen_widens_the_interval_and_is_said(lived, tmp_path, files, words) -> None:
    background_ = known(lived, tmp_path)
    usual_ = prior_of(*changed(lived, {"hot.py": MORE}), background_)
    odd = prior_of(*changed(lived, files), background_)
    assert any(words in doubt for doubt in odd.doubts)
    assert width(odd) > width(usual_)


def test_what_is_too_large_to_be_read_is_not_taken_for_nothing(lived, tmp_path) -> None:
    background_ = known(lived, tmp_path)
    small = prior_of(*changed(lived, {"hot.py": MORE}), background_)
    huge = prior_of(*changed(lived, {"hot.py": MORE + b"x = f(1)\n" * 30_000}), background_)
    assert huge.probability > small.probability


def test_taking_away_is_doubted_for_what_the_event_does_not_see(lived, tmp_path) -> None:
    found = prior_of(*changed(lived, {"hot.py": b""}), known(lived, tmp_path))
    assert found.probability < 0.02
    assert any("taking away" in doubt for doubt in found.doubts)


def test_a_young_repository_is_a_doubt(history, tmp_path) -> None:
    history.commit("begin", 0, {"a.py": CODE})
    found = prior_of(*changed(history, {"a.py": MORE}), known(history, tmp_path))
    assert any("is young: 1 change " in doubt for doubt in found.doubts)


def test_an_old_repository_of_few_changes_is_not_called_young(history, tmp_path) -> None:
    history.commit("begin", 0, {"a.py": CODE})
    history.commit("years later", 3000, {"a.py": MORE})
    found = prior_of(*changed(history, {"a.py": CODE}), known(history, tmp_path))
    assert any("has seen little: 2 changes to its program in 3000 days" in doubt for doubt in found.doubts)


def test_a_percentile_needs_a_past_that_was_compared(lived, tmp_path) -> None:
    repo, changes = changed(lived, {"hot.py": MORE})
    assert prior_of(repo, changes, known(lived, tmp_path)).percentile is None
    compared = known(lived, tmp_path, compare=True)
    assert len(compared.estimates) == 241
    tiny = prior_of(*changed(lived, {"calm.py": CODE + b"x = 1\n"}), compared)
    large = prior_of(*changed(lived, {"hot.py": MORE * 20}), compared)
    assert large.percentile == 1.0
    assert tiny.percentile < large.percentile
    # It is kept: the next run need not compare.
    assert known(lived, tmp_path).estimates == compared.estimates


def test_only_what_is_new_is_read_again(lived, tmp_path, monkeypatch) -> None:
    before = known(lived, tmp_path)
    lived.commit("one more", 800, {"calm.py": MORE})
    asked = []
    from assay.risk import background as module

    real = module.read_log

    def watched(*arguments, **options):
        for entry in real(*arguments, **options):
            asked.append(entry.commit)
            yield entry

    monkeypatch.setattr(module, "read_log", watched)
    after = known(lived, tmp_path)
    assert asked == [str(lived.tip)]
    assert after.repository.changes == before.repository.changes + 1


def test_a_run_that_has_no_time_says_so_and_leaves_no_half(lived, tmp_path) -> None:
    late = background(lived.repo, lived.repo.head(), tmp_path, seconds=-1)
    assert (late.place, "longer than this run may wait" in late.why) == (None, True)
    assert known(lived, tmp_path).repository.changes == 241


def test_a_base_in_the_past_knows_nothing_of_what_came_after(lived, tmp_path) -> None:
    known(lived, tmp_path)
    early = background(lived.repo, lived.repo.resolve("HEAD~100"), tmp_path, seconds=60)
    assert early.repository.changes == 141
    assert early.now < START + 800 * DAY


def test_a_broken_index_is_a_doubt_and_no_failure(lived, tmp_path) -> None:
    place = known(lived, tmp_path).place
    for beside in place.parent.iterdir():
        beside.unlink()
    place.write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    found = known(lived, tmp_path)
    assert (found.place, "cannot be read" in found.why) == (None, True)
    assert known(lived, tmp_path).repository.changes == 241


def test_a_shallow_clone_is_not_taken_for_a_young_repository(lived, tmp_path) -> None:
    place = tmp_path / "shallow.git"
    url = f"file://{lived.path}"
    subprocess.run(["git", "clone", "-q", "--bare", "--depth", "2", url, place], check=True)
    repo = open_repository(place)
    found = background(repo, repo.head(), tmp_path, seconds=60)
    assert (found.place, "shallow" in found.why) == (None, True)


def test_an_index_that_somebody_else_writes_is_not_waited_for(lived, tmp_path) -> None:
    place = known(lived, tmp_path).place
    lived.commit("one more", 800, {"calm.py": MORE})
    busy = sqlite3.connect(place, isolation_level=None)
    busy.execute("begin immediate")
    found = known(lived, tmp_path)
    busy.execute("rollback")
    busy.close()
    assert (found.place, "locked" in found.why) == (None, True)
    assert known(lived, tmp_path).repository.changes == 242


def test_without_any_commit_there_is_no_history() -> None:
    from assay.repo.repository import EMPTY_TREE

    found = background(None, Base(commit=None, tree=EMPTY_TREE), None, seconds=1, models=usual())
    assert found.why == "the repository has no history yet"


def width(found) -> float:
    from assay.risk.model import log_odds

    return log_odds(found.interval.high) - log_odds(found.interval.low)


def test_past_changes_are_compared_with_once_for_a_base(lived, tmp_path, monkeypatch) -> None:
    first = known(lived, tmp_path, compare=True)
    monkeypatch.setattr(module, "read_log", None)  # calling it would fail
    assert known(lived, tmp_path, compare=True) == first
    assert len(first.estimates) > 100


def test_a_comparison_that_ended_early_goes_on_in_the_next_run(lived, tmp_path, monkeypatch) -> None:
    known(lived, tmp_path)
    with monkeypatch.context() as patch:
        late = iter([0.0] * 100)
        patch.setattr(module.time, "monotonic", lambda: next(late, 1e9))
        part = known(lived, tmp_path, compare=True).estimates
    whole = known(lived, tmp_path, compare=True).estimates
    assert 0 < len(part) < len(whole)
