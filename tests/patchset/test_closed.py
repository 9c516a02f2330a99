"""Stores to instances of classes that another candidate closes; calls that rely on what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph

THINGS = b"""from collections import OrderedDict


class Thing:
    def __init__(self):
        self.size = 1
        self.parts = []

    @property
    def name(self):
        return "thing"

    @name.setter
    def name(self, value):
        self.size = len(value)

    def tidy(self):
        self.parts.sort()


class Table(OrderedDict):
    pass
"""
SLOTS = THINGS.replace(b"class Thing:\n", b'class Thing:\n    __slots__ = ("size", "parts")\n\n')


def between(place: Path, left: bytes, right: bytes) -> Conflict | Cleared:
    """What is known of one who changes the things and one who newly uses them."""
    lab = Lab(place / "repo.git", {"things.py": THINGS, "use.py": b""})
    a, b = lab.candidate("a", {"things.py": left}), lab.candidate("b", {"use.py": right})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


USE = b"from things import Thing, Table\n\n\ndef f():\n    thing = Thing()\n    "


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (SLOTS, USE + b"thing.colour = 1\n"),
        (SLOTS, USE + b"thing.colour: str = 'red'\n"),
        (
            THINGS.replace(
                b"class Thing:\n    def __init__(self):\n        self.size = 1\n        self.parts = []\n",
                b"from dataclasses import dataclass\n\n\n"
                b"@dataclass(frozen=True)\nclass Thing:\n    size: int = 1\n",
            ),
            USE + b"thing.size = 2\n",
        ),
    ],
    ids=["slots", "annotated", "frozen"],
)
def test_a_store_that_is_refused_is_proven(tmp_path: Path, left: bytes, right: bytes) -> None:
    found = between(tmp_path, left, right)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.PROVEN
    assert found.symbols[0] == "things:Thing"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (SLOTS, USE + b"thing.size = 2\n"),
        (SLOTS, USE + b"thing.name = 'x'\n"),
        (SLOTS, USE + b"return thing.size\n"),
        (SLOTS.replace(b'"parts")', b'"parts", "__dict__")'), USE + b"thing.colour = 1\n"),
        (SLOTS.replace(b'("size", "parts")', b"tuple(NAMES)"), USE + b"thing.colour = 1\n"),
        (SLOTS, USE + b"try:\n        thing.colour = 1\n    except AttributeError:\n        pass\n"),
        (
            THINGS.replace(b"(OrderedDict):\n    pass", b"(OrderedDict):\n    __slots__ = ()"),
            USE + b"Table().colour = 1\n",
        ),
    ],
    ids=["a slot", "a property", "a read", "any", "unknown", "expected", "others above"],
)
def test_a_store_that_may_be_taken_is_not(tmp_path: Path, left: bytes, right: bytes) -> None:
    found = between(tmp_path, left, right)
    assert isinstance(found, Cleared) or found.confidence is Confidence.SUSPECTED


UNTIDY = THINGS.replace(b"        self.parts.sort()\n", b"        return sorted(self.parts)\n")


def test_what_another_method_may_do_now_is_not_missed(tmp_path: Path) -> None:
    handed_on = THINGS.replace(b"        self.parts.sort()\n", b"        self.order()\n")
    found = between(tmp_path, handed_on, USE + b"thing.tidy()\n    return thing.parts[0]\n")
    assert isinstance(found, Cleared)


@pytest.mark.parametrize(
    ("right", "edge"),
    [
        (USE + b"thing.tidy()\n    return thing.parts[0]\n", True),
        (USE + b"first = thing.parts[0]\n    thing.tidy()\n    return first\n", False),
        (USE + b"thing.tidy()\n    return thing.size\n", False),
        (USE + b"other = Thing()\n    thing.tidy()\n    return len(other.name)\n", False),
    ],
    ids=["read after", "read before", "another attribute", "another object"],
)
def test_what_a_call_no_longer_does_counts_where_it_is_read(
    tmp_path: Path, right: bytes, *, edge: bool
) -> None:
    found = between(tmp_path, UNTIDY, right)
    assert isinstance(found, Conflict) == edge
    assert not edge or (isinstance(found, Conflict) and found.confidence is Confidence.SUSPECTED)
