from __future__ import annotations

import pytest
from tests.risk.conftest import START

from assay.risk.history.log import FileEdit, LogEntry, read_log
from assay.risk.history.past import DAY
from assay.risk.history.store import Past


def names(history):
    return read_log(history.repo, "HEAD", lines=False)


def test_a_file_keeps_its_past_under_a_new_name(history) -> None:
    body = b"".join(b"line %d\n" % n for n in range(30))
    history.commit("one", 0, {"a.py": body})
    history.commit("Fix a crash", 10, {"a.py": body + b"x\n"})
    history.commit("move", 20, {"a.py": None, "b.py": body + b"x\n"})
    with Past() as past:
        past.learn(names(history))
        (found,) = past.files(["b.py"], START + 30 * DAY)
        (before,) = past.files(["a.py"], START + 15 * DAY)
    assert (found.changes, found.fixes) == (3, 1)
    assert (before.changes, before.fixes) == (2, 1)


def test_learning_in_parts_is_learning_at_once(history, tmp_path) -> None:
    for day in range(8):
        history.commit("Fix it" if day % 3 else "x", day, {f"f{day % 3}.py": b"%d\n" % day})
    entries = list(names(history))
    paths, now = ["f0.py", "f1.py", "f2.py", None], START + 6 * DAY + 1
    with Past(tmp_path / "a") as whole:
        whole.learn(entries, "t")
        expected = (whole.files(paths, now), whole.repository(now))
    for part in (entries[:5], entries[3:]):  # two of them twice
        with Past(tmp_path / "b") as parts:
            parts.learn(part, part[-1].commit)
    with Past(tmp_path / "b") as parts:
        assert (parts.files(paths, now), parts.repository(now)) == expected
        assert parts.tip == entries[-1].commit


def test_learning_that_ends_early_leaves_nothing(history, tmp_path) -> None:
    history.commit("one", 0, {"a.py": b"1\n"})

    def broken():
        yield from names(history)
        raise RuntimeError

    with Past(tmp_path / "a") as past:
        with pytest.raises(RuntimeError):
            past.learn(broken(), "t")
        assert (past.tip, past.repository(START + DAY).changes) == ("", 0)


def test_tests_and_prose_are_no_past_of_the_program(history) -> None:
    history.commit("one", 0, {"tests/test_a.py": b"1\n", "README.md": b"x\n"})
    history.commit("two", 1, {"a.py": b"1\n"})
    with Past() as past:
        past.learn(names(history))
        assert past.repository(START + 2 * DAY).changes == 1


def test_estimates_are_kept_by_model_and_time() -> None:
    with Past() as past:
        past.estimate("m", [(5, "a", 0.1), (9, "b", 0.2)])
        past.estimate("n", [(5, "a", 0.3)])
        assert (past.estimates("m", 9), past.estimated("m")) == ([0.1], {"a", "b"})


def test_names_of_odd_bytes_have_a_past_like_others() -> None:
    odd = "n\udcff\udce9.py"
    edit = FileEdit(old_path=None, path=odd)
    entry = LogEntry(commit="c" * 40, parents=(), committed=START, message="Fix it", edits=(edit,))
    with Past() as past:
        past.learn([entry], entry.commit)
        (found,) = past.files([odd], START + DAY)
    assert (found.changes, found.fixes) == (1, 1)


def test_every_learning_is_a_state_of_its_own(history, tmp_path) -> None:
    history.commit("one", 0, {"a.py": b"1\n"})
    with Past(tmp_path / "a") as past:
        assert past.state == ""
        past.learn(names(history), "t")
        first = past.state
    with Past(tmp_path / "a") as past:
        assert past.state == first != ""
        past.learn(())
        assert past.state != first


def test_up_to_where_a_model_was_asked_is_known_by_its_name(tmp_path) -> None:
    with Past(tmp_path / "a") as past:
        past.estimate("m", [(START, "c", 0.5)])
        assert past.estimated_to("m") == ""
        past.estimate("m", [], "t")
        assert (past.estimated_to("m"), past.estimated_to("n")) == ("t", "")
        assert past.estimates("m", START + 1) == [0.5]
