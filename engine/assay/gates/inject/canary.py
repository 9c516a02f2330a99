"""Tests whose outcomes are known, run among the project's own. Injected: see `boot.py`.

Promises: a canary is run by pytest's own protocol, set-up, call, tear-down and report, right behind a test
whose tear-down leaves standing only what the canary's module has as well. It is no item of the session:
nothing counts, reports, orders or deselects it, and it asks for no fixture. What it asserts is drawn anew
for each run.
"""

from __future__ import annotations

from random import Random
from typing import Any

_PASSES = (
    "def {name}():\n    parts = {numbers}\n    assert sum(parts) == {total}\n",
    "def {name}():\n    import pytest\n    with pytest.raises(KeyError):\n        {{}}[{total}]\n",
)
_FAILS = (
    "def {name}():\n    parts = {numbers}\n    assert sum(parts) == {total} + 1\n",
    "def {name}():\n    import unittest\n    case = unittest.TestCase()\n"
    "    case.assertEqual(sum({numbers}), {total} - 1)\n",
)


class Canaries:
    """The canaries of one session, planned from a secret `seed`."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 the seed is the secret
        self._planned: dict[Any, list[tuple[Any, str]]] = {}
        self._next: dict[Any, Any] = {}

    def plan(self, items: list[Any], module: type, make: Any) -> int:
        """Place canaries among `items`; `make(parent, name, text)` makes one. Returns how many there are."""
        places = [
            (item, after, item.getparent(module))
            for item, after in zip(items, [*items[1:], None])  # noqa: B905 Python 3.8
            if _is_free(item, after, module)
        ]
        if not places:
            return 0
        taken = {item.name for item in items}
        count = 0
        for text, expected in [(text, "passed") for text in _PASSES] + [(text, "failed") for text in _FAILS]:
            item, after, parent = self._random.choice(places)
            name = self._name(items, taken)
            numbers = [self._random.randrange(1000) for _ in range(4)]
            canary = make(parent, name, text.format(name=name, numbers=numbers, total=sum(numbers)))
            self._planned.setdefault(item, []).append((canary, expected))
            self._next[item] = after
            count += 1
        return count

    def due(self, item: Any, after: Any) -> list[tuple[Any, str]]:
        """The canaries (item, expected outcome) behind `item`, which `after` follows."""
        planned = self._planned.pop(item, [])
        return planned if planned and (after is None or after is self._next[item]) else []

    def _name(self, items: list[Any], taken: set[str]) -> str:
        """A name as the tests around have them."""
        words = [word for item in items[:200] for word in _words(item.name)] + ["value", "default", "empty"]
        name = "test"
        while name == "test" or name in taken:
            name += "_" + self._random.choice(words)
        taken.add(name)
        return name


def _words(name: str) -> list[str]:
    return [word for word in name.split("[", 1)[0].split("_")[1:] if word.isidentifier()]


def _is_free(item: Any, after: Any, module: type) -> bool:
    """Whether, between the two, nothing stands that a test of `item`'s module would not stand on."""
    parent = item.getparent(module)
    if parent is None:
        return False
    common = set(parent.listchain())
    following = set(after.listchain()) if after is not None else set()
    return all(node in common for node in item.listchain() if node in following)
