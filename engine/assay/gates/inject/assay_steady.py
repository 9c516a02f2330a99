"""Holds still what would otherwise differ from run to run of the project's pytest. Injected: see `boot.py`.

Promises: Python 3.8 and later, pytest 6 to 9, the standard library only. Known plugins that draw a seed
(pytest-randomly, pytest-random-order, hypothesis) are given one, unless the project pins its own. With an
order, modules, classes, functions and their cases change places by a keyed digest of their names: the
relative order of two tests does not depend on which other tests there are. What a project's own hooks then
demand of the order stands.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from typing import Any


class Steady:
    """The plugin. `conditions`: `seed` (an integer; not 0: reseed before each test), `order` (a key, or empty
    for the project's own order), `cpus` (so many processors at most; 0: all), `clock` (seconds since the
    epoch at which the clock stands still, or None)."""

    def __init__(self, pytest: Any, conditions: dict[str, Any], travel: Any = None) -> None:
        self._refuse = pytest.UsageError
        self._seed = int(conditions.get("seed", 0))
        self._clock = conditions.get("clock")
        self._travel = travel
        self._order = str(conditions.get("order", ""))
        _confine(int(conditions.get("cpus", 0)))

    def pytest_configure(self, config: Any) -> None:
        """Before the plugins read their options: 'default' and None mean that nobody chose a seed."""
        option = config.option
        if getattr(option, "randomly_seed", None) == "default":
            option.randomly_seed = self._seed
        if getattr(option, "hypothesis_seed", "") is None:
            option.hypothesis_seed = str(self._seed)
        if hasattr(option, "random_order_seed") and not _chosen(config, "--random-order-seed"):
            option.random_order_seed = str(self._seed)
        if self._clock is not None:
            self._stop_the_clock(config)

    def _stop_the_clock(self, config: Any) -> None:
        if self._travel is None:
            raise self._refuse("tests.clock needs time-machine in the project's environment: it is not there")
        journey = self._travel(self._clock, tick=False)
        journey.start()
        config.add_cleanup(journey.stop)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Before the project's own hooks and pytest's grouping by fixtures."""
        if self._order:
            key = self._order.encode()
            items.sort(key=lambda item: _rank(key, str(item.nodeid)))

    def pytest_runtest_setup(self, item: Any) -> None:
        """The same random numbers for a test, whatever ran before it."""
        if not self._seed:
            return
        text = f"{self._seed}:{item.nodeid}"
        random.seed(text)
        numbers = sys.modules.get("numpy.random")
        if numbers is not None:
            digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=4).digest()
            numbers.seed(int.from_bytes(digest, "big"))


def traveller(conditions: dict[str, Any]) -> Any:
    """What stops the clock, if it is to stand still: time-machine, which changes the functions in C, since a
    stand-in of ours would not reach what is written in C, nor who imported a name before. To be called while
    nothing of the project is on the module path."""
    if conditions.get("clock") is None:
        return None
    try:
        from time_machine import travel
    except ImportError:
        return None
    return travel


def hold_still(pytest: Any, conditions: dict[str, Any], travel: Any = None) -> Steady:
    """The plugin, first among those that implement the same hooks."""
    pytest.hookimpl(tryfirst=True)(Steady.pytest_configure)
    pytest.hookimpl(tryfirst=True)(Steady.pytest_collection_modifyitems)
    pytest.hookimpl(tryfirst=True)(Steady.pytest_runtest_setup)
    return Steady(pytest, conditions, travel)


def _rank(key: bytes, nodeid: str) -> tuple[bytes, ...]:
    """Where a test goes: by its file, then its class, then its function, then its parameters."""
    test = nodeid.split("[", 1)[0]
    levels = (nodeid.split("::", 1)[0], test.rsplit("::", 1)[0], test, nodeid)
    return tuple(
        hashlib.blake2b(level.encode("utf-8", "backslashreplace"), key=key, digest_size=8).digest()
        for level in levels
    )


def _chosen(config: Any, option: str) -> bool:
    """Whether the command line or the project's configuration names `option`."""
    words = [*config.invocation_params.args, *config.getini("addopts")]
    return any(str(word).split("=", 1)[0] == option for word in words)


def _confine(cpus: int) -> None:
    """Run on at most `cpus` of the processors there are; which ones is left to chance, so that runs at the
    same time do not crowd on the first."""
    if not cpus:
        return
    there = sorted(os.sched_getaffinity(0))
    first = int.from_bytes(os.urandom(2), "big") % len(there)
    os.sched_setaffinity(0, (there + there)[first : first + min(cpus, len(there))])
