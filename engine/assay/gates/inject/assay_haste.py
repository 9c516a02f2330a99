"""Ends a run when it has failed enough, and lets promising tests come first. Injected: see `boot.py`.

Promises: nothing of an outcome is changed. Whether a run that ended so says anything is decided outside: only
failures that are run again count, and what it did not get to is not taken for passed.
"""

from __future__ import annotations

from typing import Any

STOPPED = "enough tests failed"
"""What pytest is told, and what its report says of the end."""


class Haste:
    """The plugin. `options`: `enough` is how many tests may fail before the run ends (0: all of them), those
    in `forgiven` not counted; `order` are ids of tests that come in this order, before others."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._enough = options["enough"]
        self._forgiven = frozenset(options["forgiven"])
        self._order = {test: number for number, test in enumerate(options["order"])}
        self._failed: set[str] = set()
        self._session: Any = None

    def pytest_sessionstart(self, session: Any) -> None:
        """Who is to be told."""
        self._session = session

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Whole files change places, so that fixtures are set up as often as before."""
        if self._order:
            ranks = {item: self._order.get(item.nodeid, len(self._order)) for item in items}
            files: dict[str, int] = {}
            for item, rank in ranks.items():
                files[_file(item)] = min(rank, files.get(_file(item), rank))
            items.sort(key=lambda item: (files[_file(item)], ranks[item]))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count."""
        if not self._enough or not report.failed or report.nodeid in self._forgiven:
            return
        self._failed.add(report.nodeid)
        if len(self._failed) >= self._enough and self._session is not None:
            self._session.shouldfail = STOPPED


def _file(item: Any) -> str:
    return str(item.nodeid).split("::", 1)[0]


def hurry(pytest: Any, options: dict[str, Any]) -> Haste:
    """The plugin, behind the others that order tests."""
    pytest.hookimpl(trylast=True)(Haste.pytest_collection_modifyitems)
    return Haste(options)
