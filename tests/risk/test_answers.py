"""What models say of a change, kept: the same answer, and a new one where anything is different."""

from __future__ import annotations

import sqlite3

import pytest
from msgspec.structs import replace
from tests.risk.conftest import History

from assay.ledger.codec import encode
from assay.ledger.keeping import Keeping
from assay.model.candidate import Oid
from assay.repo import diff
from assay.risk import answers as module
from assay.risk.answers import Answers
from assay.risk.background import Background, background
from assay.risk.history.log import read_log
from assay.risk.history.store import Past

CODE = b"def f(a):\n    if a:\n        return g(a)\n    return 1\n"
MORE = CODE + b"\n\ndef k(a):\n    for b in a:\n        g(b)\n"


@pytest.fixture
def lived(history: History) -> History:
    history.commit("begin", 0, {"a.py": CODE, "b.py": CODE})
    history.commit("Fix a crash", 10, {"a.py": CODE + b"x = 1\n"})
    return history


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a change was looked at, but for the parts of one."""
    found: list[int] = []
    real = module.seen

    def seen(*arguments):
        found.append(1)
        return real(*arguments)

    monkeypatch.setattr(module, "seen", seen)
    return found


class Memory(dict[str, bytes]):
    @property
    def keeping(self) -> Keeping:
        return Keeping(recall=self.get, remember=self.__setitem__)


def changed(history: History, **files: bytes):
    repo = history.repo
    tree = history.tree({**history.files, **{f"{name}.py": data for name, data in files.items()}})
    return diff.changes(repo, repo.head().tree, Oid(tree))


def known(history: History, tmp_path) -> Background:
    return background(history.repo, history.repo.head(), tmp_path, seconds=60)


def test_a_kept_answer_is_the_one_that_would_be_given(lived, tmp_path, asked) -> None:
    memory, changes, past = Memory(), changed(lived, a=MORE, b=MORE), known(lived, tmp_path)
    fresh = Answers(lived.repo, past).on(changes, apart=True)
    first, again = (Answers(lived.repo, past, memory.keeping).on(changes, apart=True) for _ in range(2))
    assert fresh == first == again
    assert encode(fresh) == encode(again)  # counts stay counts
    assert set(again.without) == {"a.py", "b.py"}
    assert len(asked) == 2 and len(memory) == 1


def test_without_a_past_an_answer_is_kept_as_well(lived, asked) -> None:
    memory, changes = Memory(), changed(lived, a=MORE)
    blind = background(lived.repo, lived.repo.head(), None, seconds=60)
    first, again = (Answers(lived.repo, blind, memory.keeping).on(changes, apart=True) for _ in range(2))
    assert first == again and len(asked) == 1


def test_another_change_question_model_or_past_is_asked_anew(lived, tmp_path, asked) -> None:
    memory, past = Memory(), known(lived, tmp_path)
    changes = changed(lived, a=MORE)
    Answers(lived.repo, past, memory.keeping).on(changes, apart=True)
    models = replace(past.models, whole=replace(past.models.whole, slope=0.5))
    others = (
        (past, changed(lived, a=MORE + b"y = 2\n"), True),
        (past, changes, False),
        (replace(past, models=models), changes, True),
        (replace(past, now=past.now + 1), changes, True),
        (replace(past, estimates=(0.1, 0.2)), changes, True),
    )
    for count, (other, these, apart) in enumerate(others, start=2):
        kept = Answers(lived.repo, other, memory.keeping).on(these, apart=apart)
        assert kept == Answers(lived.repo, other).on(these, apart=apart)
        assert len(memory) == count
    lived.commit("Fix it again", 20, {"b.py": CODE + b"z = 1\n"})
    later = known(lived, tmp_path)
    assert later.state != past.state
    Answers(lived.repo, later, memory.keeping).on(changes, apart=True)
    assert len(memory) == len(others) + 2


def test_what_was_answered_while_the_past_grew_is_not_kept(lived, tmp_path, asked) -> None:
    memory, past = Memory(), known(lived, tmp_path)
    lived.commit("Fix it again", 20, {"b.py": CODE + b"z = 1\n"})
    with Past(past.place) as store:
        store.learn(read_log(lived.repo, "HEAD", lines=False))
    Answers(lived.repo, past, memory.keeping).on(changed(lived, a=MORE), apart=True)
    assert memory == {}


def test_what_was_answered_without_a_past_that_is_there_is_not_kept(lived, tmp_path, monkeypatch) -> None:
    memory, past, changes = Memory(), known(lived, tmp_path), changed(lived, a=MORE)

    def unreadable(*_arguments):
        raise sqlite3.OperationalError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(Past, "files", unreadable)
        answer = Answers(lived.repo, past, memory.keeping).on(changes, apart=False)
    assert answer.prior.model == past.models.blind.title
    assert memory == {}


def test_a_past_that_does_not_say_what_it_knows_keeps_nothing(lived, tmp_path) -> None:
    memory, past = Memory(), replace(known(lived, tmp_path), state="")
    Answers(lived.repo, past, memory.keeping).on(changed(lived, a=MORE), apart=True)
    assert memory == {}


def test_a_damaged_answer_is_given_anew(lived, tmp_path) -> None:
    memory, past, changes = Memory(), known(lived, tmp_path), changed(lived, a=MORE)
    first = Answers(lived.repo, past, memory.keeping).on(changes, apart=True)
    memory.update(dict.fromkeys(memory, b"{"))
    assert Answers(lived.repo, past, memory.keeping).on(changes, apart=True) == first
