"""Runs the project's pytest once over a base, and tells of each test what it executed, read and changed.
Injected: see `boot.py`. The base is trusted: nothing here defends itself against what it runs.

Promises: Python 3.8 and later, pytest 6 to 9, the standard library and pytest only. One report is written
when pytest has returned; without it nothing is known. Workers of pytest-xdist are turned off. No test's
outcome is changed, besides those of tests that need what others left behind (see `lazy.py`), or that look at
how calls are watched.
"""

from __future__ import annotations

import fcntl
import os
import sys
import types
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from assay.gates.inject.hearing import Tree
from assay.gates.inject.telling import tell
from assay.gates.inject.texts import identity
from assay.gates.inject.tracer import Tracer


def main(options: dict[str, Any], *more: Callable[[Any], object]) -> None:
    """Run pytest over `sys.argv[1:]`, write the report, leave with pytest's status. `options`: `skip`, the
    directories below the current one that are no part of the tree, and `looks`, how many objects may be
    looked at after a test to tell what it leaves behind (0: it is not told). `more` make further plugins."""
    descriptor, owner = _apart(int(os.environ.pop("ASSAY_REPORT_FD"))), os.getpid()
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, str(Path.cwd()))
    import pytest
    from _pytest.assertion.rewrite import AssertionRewritingHook

    sys.argv[0] = str(Path(pytest.__file__).resolve().parent / "__main__.py")
    tracer = Tracer(Tree(str(Path.cwd().resolve()), options["skip"]), options["looks"])
    plugin = Plugin(tracer)
    pytest.hookimpl(hookwrapper=True, tryfirst=True)(Plugin.pytest_runtest_protocol)
    pytest.hookimpl(hookwrapper=True, tryfirst=True)(Plugin.pytest_fixture_setup)
    pytest.hookimpl(tryfirst=True)(Plugin.pytest_cmdline_main)
    plugins = [*(make(pytest) for make in more), plugin]
    tracer.start(SourceFileLoader, AssertionRewritingHook)
    status = int(pytest.main(sys.argv[1:], plugins=plugins))
    tracer.close()
    if os.getpid() == owner:  # a test may have forked and come here twice
        tracer.calls.quietly(tell, descriptor, tracer, plugin.files, status, plugin.told)
    sys.exit(status)


def _apart(descriptor: int) -> int:
    """A copy that no program inherits, out of the way of tests that count or close the low numbers."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(descriptor)
    return high


def _texts(config: Any) -> list[str]:
    """Patterns of the names of files, besides the tests' own, in which doctests are looked for."""
    option = config.option
    modules = ["*.py"] if getattr(option, "doctestmodules", False) else []
    return [*modules, *(str(each) for each in getattr(option, "doctestglob", None) or ["test*.txt"])]


class Plugin:
    """The hooks. `files` are those of the tests, by id; `told` is what else goes into the report."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self.told: dict[str, Any] = {}
        self.files: dict[str, str] = {}

    def pytest_cmdline_main(self, config: Any) -> None:
        if hasattr(config.option, "dist"):
            config.option.dist, config.option.tx, config.option.numprocesses = "no", [], None

    def pytest_collection_finish(self, session: Any) -> None:
        self._tracer.calls.quietly(self._take_in, session)

    def _take_in(self, session: Any) -> None:
        tree = self._tracer.tree
        plugins = session.config.pluginmanager.get_plugins()
        files = [plugin.__file__ for plugin in plugins if isinstance(plugin, types.ModuleType)]
        self.told = {
            "loaded": [str(name) for name in sys.modules],
            "patterns": [str(each) for each in session.config.getini("python_files")],
            "texts": _texts(session.config),
            "plugins": sorted({tree.inside(str(file)) for file in files if file} - {""}),
        }
        for item in session.items:
            path = str(getattr(item, "path", None) or item.fspath)
            self.files[identity(item.nodeid)] = tree.inside(path)
        self._tracer.tests.update(self.files.values())

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Any:
        test = identity(item.nodeid)
        self._tracer.begin(test, item.session)
        yield
        self._tracer.end(test, item.session, last=nextitem is None)

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        scope = str(getattr(fixturedef, "scope", "function"))
        if scope == "function":
            yield
            return
        file = str(request.node.nodeid).split("::", 1)[0]
        self._tracer.aside(f"file:{file}" if scope in ("class", "module") else "")
        yield
        self._tracer.settle(request.session)
        self._tracer.back()

    def pytest_runtest_logreport(self, report: Any) -> None:
        log = self._tracer.logs.get(identity(report.nodeid))
        if log is not None:
            sub = type(report).__name__.lower().startswith("subtest")
            log.phases.append([str(report.when), report.outcome, hasattr(report, "wasxfail"), sub])
            log.seconds += float(getattr(report, "duration", 0.0))
