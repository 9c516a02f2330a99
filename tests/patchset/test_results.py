"""What is made of a result of another type: where only its truth counts, any type will do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph

OLD = b"def seen(name: str) -> bool:\n    return look(name)\n"
NEW = OLD.replace(b"-> bool", b"-> Entry | None")


def between(place: Path, use: bytes) -> Conflict | Cleared:
    lab = Lab(place / "repo.git", {"find.py": OLD})
    user = b"from find import seen\n\n\ndef f(x, names):\n    " + use + b"\n"
    a, b = lab.candidate("a", {"find.py": NEW}), lab.candidate("b", {"use.py": user})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


@pytest.mark.parametrize(
    "use",
    [b"return x + seen('a')", b"return str(seen('a'))", b"return seen('a') or x", b"return seen('a') == x"],
)
def test_another_type_is_suspected_where_it_is_used(tmp_path: Path, use: bytes) -> None:
    found = between(tmp_path, use)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.SUSPECTED
    assert "return a Entry, not a bool" in found.why


@pytest.mark.parametrize(
    "use",
    [
        b"return 1 if seen('a') else 2",
        b"if not seen('a'):\n        return x",
        b"while x or seen('a'):\n        x -= 1",
        b"assert seen('a') and x",
        b"return any(seen(name) for name in names)",
        b"return [name for name in names if seen(name)]",
        b"seen('a')",
    ],
)
def test_any_type_has_a_truth(tmp_path: Path, use: bytes) -> None:
    assert isinstance(between(tmp_path, use), Cleared)


MIXED = b"def parts(text):\n    if ':' in text:\n        return tuple(text.split(':'))\n    return text, ''\n"
THREE = b"def parts(text):\n    head, _, tail = text.partition(':')\n    return head, tail, bool(tail)\n"


def unpacked(place: Path, use: bytes) -> Conflict | Cleared:
    lab = Lab(place / "repo.git", {"find.py": MIXED})
    user = b"from find import parts\n\n\ndef f(x):\n    " + use + b"\n"
    a, b = lab.candidate("a", {"find.py": THREE}), lab.candidate("b", {"use.py": user})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


def test_a_new_use_says_how_many_there_were_where_the_old_text_does_not(tmp_path: Path) -> None:
    found = unpacked(tmp_path, b"head, tail = parts(x)\n    return head")
    assert isinstance(found, Conflict)
    assert "return 3 values" in found.why and "unpacked into 2" in found.why


@pytest.mark.parametrize("use", [b"return parts(x)[0]", b"head, tail, rest = parts(x)\n    return head"])
def test_what_takes_from_the_front_or_all_is_no_conflict(tmp_path: Path, use: bytes) -> None:
    assert isinstance(unpacked(tmp_path, use), Cleared)
