"""What pytest and Python's import are handed of Assay. Injected: see `boot.py`.

Promises: within reach of the project's code, so nothing here keeps anything, encloses anything or looks
anything up when it runs. It reads from pytest's objects what the vault must know, which reads nothing of them
itself, and raises it as an audit event; what it needs to know comes in a list that it hands over.
"""

from __future__ import annotations

from pathlib import Path
from sys import audit
from types import FunctionType, MethodType
from typing import Any

from assay.gates.inject.texts import identity, reason, text

_METHODS = (MethodType, staticmethod, classmethod)
_FUNCTIONS = (FunctionType, *_METHODS)
_DEPTH = 20


class Plugin:
    """Holds the hooks."""


def pytest_cmdline_main(config: Any) -> None:
    # After pytest-xdist's own hook of this name, which turns -n into the other two, and before it acts.
    box: list[Any] = []
    audit("assay.serial", box)
    if box and hasattr(config.option, "dist"):
        config.option.dist, config.option.tx, config.option.numprocesses = "no", [], None


def pytest_load_initial_conftests(early_config: Any) -> None:
    audit("assay.patterns", [text(pattern) for pattern in early_config.getini("python_functions")])


def pytest_configure(config: Any) -> None:
    option = config.option
    parallel = bool(getattr(option, "tx", None)) or getattr(option, "dist", "no") != "no"
    # `rootpath` came with pytest 6.1.
    root = text(getattr(config, "rootpath", None) or config.rootdir)
    box: list[Any] = []
    audit("assay.session", root, parallel, box)
    if box:
        config.args = box


# Only where a few tests are run again.
def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> Any:
    box: list[Any] = []
    audit("assay.make", text(collector.nodeid), text(name), box)
    # None: whoever is asked next makes it.
    return [] if box else None


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    out: list[int] = []
    audit("assay.select", [text(item.nodeid, len(item.nodeid)) for item in items], out)
    if out:
        others = [items[number] for number in out]
        items[:] = [item for number, item in enumerate(items) if number not in frozenset(out)]
        config.hook.pytest_deselected(items=others)


def pytest_collectreport(report: Any) -> None:
    if report.outcome != "passed":
        audit("assay.collect", identity(report.nodeid), text(report.outcome, 40), reason(report))


def pytest_sessionstart(session: Any) -> None:
    audit("assay.look", session.config.pluginmanager)


def pytest_collection_finish(session: Any) -> None:
    config = session.config
    items = [(item, codes_of(item)) for item in session.items]
    audit("assay.collected", config.pluginmanager, items, bool(config.option.collectonly))


def pytest_runtest_logstart(nodeid: str, location: Any) -> None:
    audit("assay.start", identity(nodeid))


# Innermost, so that what pytest and plugins put around a test is around a canary as well.
def pytest_runtest_protocol(item: Any, nextitem: Any) -> Any:
    yield
    due: list[Any] = []
    audit("assay.between", item, nextitem, due)
    for canary, run in due:
        reports = [told(report) for report in run()]
        audit("assay.canary", canary, identity(canary.nodeid), reports)


# Innermost: nothing that a plugin or a conftest.py wraps around the call is between this and the test.
def pytest_runtest_call(item: Any) -> Any:
    codes = codes_of(item)
    audit("assay.before", item, codes, *_around(item))
    outcome = yield
    # Before anything is asked of what pytest has, it is looked at.
    audit("assay.behind", *_around(item))
    raised = outcome.excinfo is not None or bool(getattr(item, "_excinfo", None))
    audit("assay.after", item, identity(item.nodeid), raised, *_place(item))


def pytest_runtest_logreport(report: Any) -> None:
    if report.outcome in ("passed", "failed", "skipped"):  # not "rerun" and its like
        spent = float(getattr(report, "duration", 0.0))
        audit("assay.report", identity(report.nodeid), spent, told(report))


def pytest_runtest_logfinish(nodeid: str, location: Any) -> None:
    audit("assay.finish", identity(nodeid))


def pytest_internalerror(excrepr: Any, excinfo: Any) -> None:
    audit("assay.internal", text(excinfo.exconly(tryshort=True)))


# First: a project's own hook may leave by os._exit here, with every test already reported.
def pytest_sessionfinish(session: Any, exitstatus: Any) -> None:
    stopped = session.shouldstop or session.shouldfail
    audit("assay.end", session.config.pluginmanager, int(exitstatus), text(stopped if stopped else ""))


def exec_rewritten(self: Any, module: Any) -> None:
    """In the place of the method of pytest's hook for imports."""
    box: list[Any] = []
    origin = module.__spec__.origin
    audit("assay.load", text(origin), self.config, box)
    code, other = box[0], box[1]
    if code is None:
        other(self, module)
        return
    names = self._rewritten_names
    if isinstance(names, dict):
        names[module.__name__] = Path(origin)
    else:
        names.add(module.__name__)
    exec(code, vars(module))  # noqa: S102 the project's own test file, as pytest does it
    audit("assay.loaded", text(module.__name__), vars(module))


def exec_plain(self: Any, module: Any) -> None:
    """In the place of the method of Python's loader of source files."""
    box: list[Any] = []
    audit("assay.load", text(module.__spec__.origin), None, box)
    code, other, trusted = box[0], box[1], box[2]
    if code is None:
        other(self, module)
        return
    exec(code, vars(module))  # noqa: S102 the project's own file, as Python does it
    if trusted:
        audit("assay.loaded", text(module.__name__), vars(module))


def told(report: Any) -> Any:
    """What is told of a phase; None if it says nothing that the test's own call does not."""
    outcome, when = text(report.outcome, 40), text(report.when, 40)
    sub = type(report).__name__.lower().startswith("subtest")
    if outcome == "passed" and (sub or when != "call"):
        return None
    fields: dict[str, Any] = {"when": when, "outcome": outcome}
    if hasattr(report, "wasxfail"):
        fields["xfail"] = True
    if sub:
        fields["sub"] = True
    if outcome != "passed":
        fields.update(reason(report))
    return fields


def codes_of(item: Any) -> list[Any]:
    """The code of a test's function, and of what it wraps, outermost first; nothing for what is none."""
    found: list[Any] = []
    try:
        function = item.obj
        for _ in range(_DEPTH):
            while isinstance(function, _METHODS):
                function = function.__func__
            found.append(getattr(function, "__code__", None))
            hypothesis = getattr(function, "hypothesis", None)
            function = (
                getattr(hypothesis, "inner_test", None)
                or getattr(function, "__wrapped__", None)
                or getattr(function, "func", None)
            )
            if not isinstance(function, _FUNCTIONS) and not hasattr(function, "func"):
                break
    except Exception:  # whatever a project collects as a test may raise at a look
        return []
    return found


def _around(item: Any) -> tuple[Any, Any, Any]:
    """A test's own attributes, the globals of its module, and its object of a class."""
    module = getattr(item, "module", None)
    case = getattr(item, "_instance", None)
    if case is None:
        case = getattr(item, "_testcase", None)
    return vars(item), getattr(module, "__dict__", None), case


def _place(item: Any) -> tuple[str, str]:
    """The file of a test, and the name of its function there; empty if it has none."""
    try:
        cls = item.cls
        within = "" if cls is None else cls.__qualname__ + "."
        return text(item.module.__file__), text(within + item.originalname)
    except Exception:  # whatever a project collects as a test may raise at a look
        return "", ""


def plugin_of(pytest: Any, narrow: bool) -> Any:
    """The plugin, for the module pytest: once, before any code of the project runs. If `narrow`, what has no
    part in the tests that are wanted is not even collected."""
    first, last = pytest.hookimpl(tryfirst=True), pytest.hookimpl(trylast=True)
    inner = pytest.hookimpl(hookwrapper=True, trylast=True)
    plugin = Plugin()
    for hook in (
        first(pytest_cmdline_main),
        first(pytest_load_initial_conftests),
        last(pytest_configure),
        last(pytest_collection_modifyitems),
        pytest_collectreport,
        first(pytest_sessionstart),
        pytest_collection_finish,
        pytest_runtest_logstart,
        inner(pytest_runtest_protocol),
        inner(pytest_runtest_call),
        pytest_runtest_logreport,
        pytest_runtest_logfinish,
        pytest_internalerror,
        first(pytest_sessionfinish),
        *((first(pytest_pycollect_makeitem),) if narrow else ()),
    ):
        setattr(plugin, hook.__name__, hook)
    return plugin
