"""What keeps its name and form and means something else: suspected where it matters, cleared where not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph

CASES = {
    "a class in an annotation": (
        "class Span:\n    @classmethod\n    def each(cls, n):\n        yield n\n\n\n"
        "class Maker:\n    kind: type[Span]\n\n    def __init__(self, kind: type[Span] = Span):\n"
        "        self.kind = kind\n",
        ("        yield n\n", "        return [n]\n"),
        "def first(maker: m.Maker):\n    return next(maker.kind.each(1))\n",
        "def count(maker: m.Maker):\n    return sum(1 for _ in maker.kind.each(1))\n",
        "m:Span.each",
    ),
    "a generic class in an annotation": (
        "class Stack(list):\n    @property\n    def top(self):\n        return self[-1]\n",
        ("return self[-1]", "return self[-1] if self else None"),
        "def top(stack: 'm.Stack[int]'):\n    try:\n        return stack.top\n    except IndexError:\n"
        "        return 0\n",
        "def top(stack: 'm.Stack[int]'):\n    return stack.top if stack else 0\n",
        "m:Stack.top",
    ),
    "None in place of an exception": (
        "def flag(text):\n    if text == 'on':\n        return True\n    raise ValueError(text)\n",
        ("    if text == 'on'", "    if not text:\n        return None\n    if text == 'on'"),
        "def flag_or(text, default):\n    try:\n        return m.flag(text)\n    except ValueError:\n"
        "        return default\n",
        "def is_on(text):\n    return bool(m.flag(text) is not None)\n",
        "m:flag",
    ),
    "an attribute that may be None": (
        "class Closed(Exception):\n    def __init__(self, reason: str | None = None):\n"
        "        self.reason = reason or ''\n",
        ("reason or ''\n", "reason\n"),
        "def cut(error: m.Closed):\n    return error.reason[:9]\n",
        "def cut(error: m.Closed):\n    return (error.reason or '')[:9]\n",
        "m:Closed.reason",
    ),
    "a context manager made asynchronous": (
        "from contextlib import asynccontextmanager, contextmanager\n\n\n@contextmanager\n"
        "def held():\n    yield 1\n",
        ("@contextmanager\ndef", "@asynccontextmanager\nasync def"),
        "def f():\n    with m.held() as found:\n        return found\n",
        "async def f():\n    return m.held\n",
        "m:held",
    ),
    "a field more in a named tuple": (
        "from typing import NamedTuple\n\n\nclass Version(NamedTuple):\n    major: int\n    minor: int\n\n\n"
        "def parse(text) -> Version:\n    return Version(*map(int, text.split('.')))\n",
        ("    minor: int\n", "    minor: int\n    micro: int = 0\n"),
        "def major(text):\n    major, minor = m.parse(text)\n    return major\n",
        "def major(text):\n    return m.parse(text).major\n",
        "m:Version",
    ),
    "an attribute of a function": (
        "def match(value):\n    return value is match.ANY\n\n\nmatch.ANY = object()\n",
        ("match.ANY = object()\n", "ANY = object()\n"),
        "def anything():\n    return m.match(m.match.ANY)\n",
        "def something():\n    return m.match(1), m.match.__name__\n",
        "m:match.ANY",
    ),
    "what an annotated container holds": (
        "class Theme(dict):\n    pass\n\n\nclass Themes:\n    def __init__(self, first):\n"
        "        self.every: list[dict] = [first]\n",
        ("list[dict] = [first]", "list[Theme] = [Theme(first)]"),
        "def last(themes: m.Themes):\n    return sorted(themes.every[-1])\n",
        "def depth(themes: m.Themes):\n    return len(themes.every)\n",
        "m:Themes.every",
    ),
    "a list made a dictionary": (
        "FOUND = []\n",
        ("[]", "{}"),
        "def codes():\n    return [one.code for one in m.FOUND]\n",
        "def count():\n    return len(m.FOUND)\n",
        "m:FOUND",
    ),
    "something else returned at times": (
        "class All:\n    def __init__(self, parts):\n        self.parts = parts\n\n\n"
        "def every(*parts):\n    return All(parts)\n",
        ("    return All(", "    if len(parts) == 1:\n        return parts[0]\n    return All("),
        "def flat(*parts):\n    return m.every(*parts).parts\n",
        "def pair(one, other):\n    return m.every(one, other)\n",
        "m:every",
    ),
    "another formula": (
        "class Size:\n    low = high = 0\n\n    @property\n    def span(self):\n"
        "        return self.high - self.low\n",
        ("self.high - self.low", "self.high - self.low + 1"),
        "def rigid(size: m.Size):\n    return size.span == 0\n",
        "def widest(sizes: list):\n    return max(sizes, key=lambda size: size.span)\n",
        "m:Size.span",
    ),
    "a class that is spoken of beside it": (
        "class Once:\n    def __init__(self):\n        self.called = False\n",
        ("self.called = False", "self.calls = 0"),
        "def pending(actions):\n    return [a for a in actions if isinstance(a, m.Once) and not a.called]\n",
        "def count(actions):\n    return sum(isinstance(a, m.Once) for a in actions)\n",
        "m:Once.called",
    ),
}


def between(place: Path, base: str, edit: tuple[str, str], use: str) -> Conflict | Cleared:
    assert base.count(edit[0]) == 1
    lab = Lab(place / "repo.git", {"m.py": base.encode()})
    a = lab.candidate("a", {"m.py": base.replace(*edit).encode()})
    b = lab.candidate("b", {"use.py": f"import m\n\n\n{use}".encode()})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_relies_on_the_old_meaning_is_seen(
    tmp_path: Path, case: tuple[str, tuple[str, str], str, str, str]
) -> None:
    base, edit, use, _, symbol = case
    found = between(tmp_path, base, edit, use)
    assert isinstance(found, Conflict)
    assert found.symbols[0] == symbol
    assert found.followed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_does_not_is_cleared(tmp_path: Path, case: tuple[str, tuple[str, str], str, str, str]) -> None:
    base, edit, _, use, _ = case
    assert isinstance(between(tmp_path, base, edit, use), Cleared)


def test_an_override_that_takes_whatever_comes_is_cleared(tmp_path: Path) -> None:
    base = (
        "class Ask:\n    def check(self, text):\n        return True\n\n"
        "    def ask(self, text):\n        return self.check(text)\n"
    )
    edited = base.replace("check(self, text)", "check(self, text, value)").replace(
        "self.check(text)", "self.check(text, 1)"
    )
    lab = Lab(tmp_path / "repo.git", {"m.py": base.encode()})
    a = lab.candidate("a", {"m.py": edited.encode()})
    for number, (parameters, clear) in enumerate([("self, text, *_", True), ("self, text", False)]):
        heir = f"import m\n\n\nclass Mine(m.Ask):\n    def check({parameters}):\n        return False\n"
        b = lab.candidate(f"b{number}", {"use.py": heir.encode()})
        found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
        assert isinstance(found, Cleared) == clear
        assert clear or (isinstance(found, Conflict) and found.confidence is Confidence.PROVEN)
