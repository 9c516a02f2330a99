"""The plugin's hooks: what pytest does, as records. Injected: see `boot.py`.

Promises: outcomes are told as pytest reports them, once per phase; beside them stands what was seen without
pytest's report: whether the call itself raised, and what of the test's own body ran. The hooks are functions
that enclose what they need; the object that holds them has nothing else.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.gates.inject.canary import Canaries
from assay.gates.inject.sources import LATER, REWRITTEN, Origin, Sources
from assay.gates.inject.texts import identity, reason, text
from assay.gates.inject.watch import Watch


class Seen:
    """What was seen of the tests, apart from their reports. `trail` is where marks note their numbers."""

    def __init__(self, trail: Any) -> None:
        self.trail = trail
        self.origins: dict[Any, tuple[Origin | None, bool]] = {}
        self.bodies: dict[str, dict[str, Any]] = {}
        self.current = -1
        self.finish: Any = None
        """What to look at when the session is over, called with it."""


class Ledger:
    """Running numbers of tests and phases."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.started = 0
        self.phases = 0


class _Plugin:
    """Holds the hooks."""


def plugin_of(
    pytest: Any,
    send: Callable[..., None],
    sources: Sources,
    watch: Watch,
    seen: Seen,
    options: dict[str, Any],
    canaries: Canaries | None,
) -> object:
    """The plugin; see `assay_pytest.main` for the options."""
    plugin: Any = _Plugin()
    _settings(plugin, pytest, send, sources, options)
    reports = _reports(plugin, pytest, send, seen)
    _evidence(plugin, pytest, sources, watch, seen)
    _session(plugin, pytest, send, sources, watch, seen, reports, canaries)
    return plugin


def _settings(
    plugin: Any, pytest: Any, send: Callable[..., None], sources: Sources, options: dict[str, Any]
) -> None:
    """What is asked of pytest before it collects."""
    select = None if options["select"] is None else frozenset(options["select"])
    # An entry that is a file stands for all tests which a run of everything finds in it.
    whole = frozenset(entry for entry in select or () if "::" not in entry)

    def selected(nodeid: str) -> bool:
        return identity(nodeid) in (select or ()) or nodeid.split("::", 1)[0] in whole

    def pytest_cmdline_main(config: Any) -> None:
        # After pytest-xdist's own hook of this name, which turns -n into the other two, and before it acts.
        if options["serial"] and hasattr(config.option, "dist"):
            config.option.dist, config.option.tx, config.option.numprocesses = "no", [], None

    def pytest_configure(config: Any) -> None:
        option = config.option
        send(
            "session",
            pytest=str(getattr(sys.modules["pytest"], "__version__", "")),
            root=text(_root(config)),
            parallel=bool(getattr(option, "tx", None)) or getattr(option, "dist", "no") != "no",
        )
        if select is not None and not whole:
            files = sorted({test.split("::", 1)[0] for test in select})
            existing = [str(_root(config) / name) for name in files if (_root(config) / name).exists()]
            config.args = existing or config.args

    def pytest_load_initial_conftests(early_config: Any) -> None:
        sources.configure(early_config.getini("python_functions"))

    def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
        if select is None:
            return
        others = [item for item in items if not selected(item.nodeid)]
        items[:] = [item for item in items if selected(item.nodeid)]
        config.hook.pytest_deselected(items=others)

    _hold(plugin, pytest.hookimpl(tryfirst=True)(pytest_cmdline_main))
    _hold(plugin, pytest.hookimpl(trylast=True)(pytest_configure))
    _hold(plugin, pytest.hookimpl(tryfirst=True)(pytest_load_initial_conftests))
    _hold(plugin, pytest.hookimpl(trylast=True)(pytest_collection_modifyitems))


def _reports(plugin: Any, pytest: Any, send: Callable[..., None], seen: Seen) -> Any:
    """What pytest reports of collection and of each test. Returns what tells of a canary."""
    ledger = Ledger()

    def start(test: str) -> int:
        number = ledger.numbers[test] = seen.current = ledger.started
        ledger.started += 1
        send("start", i=number, id=test)
        return number

    def number_of(nodeid: str) -> int:
        test = identity(nodeid)
        known = ledger.numbers.get(test)
        return start(test) if known is None else known

    def phase(number: int, report: Any) -> None:
        sub = type(report).__name__.lower().startswith("subtest")
        if report.outcome == "passed" and (sub or report.when != "call"):
            return  # says nothing that the test's own call does not
        fields: dict[str, Any] = {"when": str(report.when), "outcome": report.outcome}
        if hasattr(report, "wasxfail"):
            fields["xfail"] = True
        if sub:
            fields["sub"] = True
        if report.outcome != "passed":
            fields.update(reason(report))
        ledger.phases += 1
        send("phase", i=number, **fields)

    def canary(nodeid: str, expected: str, reports: list[Any]) -> None:
        number = ledger.started
        ledger.started += 1
        send("canary", i=number, id=identity(nodeid), expected=expected)
        for report in reports:
            phase(number, report)

    def pytest_collectreport(report: Any) -> None:
        if report.outcome != "passed":
            send("collect", id=identity(report.nodeid), outcome=report.outcome, **reason(report))

    def pytest_runtest_logstart(nodeid: str, location: Any) -> None:
        start(identity(nodeid))

    def pytest_runtest_logfinish(nodeid: str, location: Any) -> None:
        spent = round(ledger.seconds.pop(nodeid, 0.0), 3)
        send("finish", i=number_of(nodeid), seconds=spent, **seen.bodies.pop(nodeid, {}))

    def pytest_runtest_logreport(report: Any) -> None:
        if report.outcome not in ("passed", "failed", "skipped"):
            return  # "rerun" and its like: an attempt that its plugin does not count
        spent = getattr(report, "duration", 0.0)
        ledger.seconds[report.nodeid] = ledger.seconds.get(report.nodeid, 0.0) + spent
        phase(number_of(report.nodeid), report)

    def pytest_internalerror(excrepr: Any, excinfo: Any) -> None:
        send("internal", message=text(excinfo.exconly(tryshort=True)))

    # First: a project's own hook may leave by os._exit here, with every test already reported.
    def pytest_sessionfinish(session: Any, exitstatus: Any) -> None:
        seen.finish(session)
        stopped = session.shouldstop or session.shouldfail
        send("end", status=int(exitstatus), phases=ledger.phases, stopped=text(stopped if stopped else ""))

    _hold(plugin, pytest_collectreport, pytest_runtest_logstart, pytest_runtest_logfinish)
    _hold(plugin, pytest.hookimpl(tryfirst=True)(pytest_sessionfinish))
    _hold(plugin, pytest_runtest_logreport, pytest_internalerror)
    return canary


def _evidence(plugin: Any, pytest: Any, sources: Sources, watch: Watch, seen: Seen) -> None:
    """What is seen of a test's call itself."""

    # Innermost: nothing that a plugin or a conftest.py wraps around the call is between this and the test.
    def pytest_runtest_call(item: Any) -> Any:
        module = getattr(item, "module", None)
        now, _ = _origin(sources, item) if item in seen.origins else (None, False)
        seen.trail.clear()
        watch.call(item, module)
        outcome = yield
        watch.call(item, module)
        raised = outcome.excinfo is not None or bool(getattr(item, "_excinfo", None))
        found, plain = seen.origins.get(item, (None, False))
        told: dict[str, Any] = {"raised": True} if raised else {}
        if found is not None and now is found:
            told["origin"] = text(found.label)
            if plain:
                told["plain"] = True
        body = _body(sources, item, found, seen.trail)
        if body:
            told["body"] = body
        seen.bodies[item.nodeid] = told

    _hold(plugin, pytest.hookimpl(hookwrapper=True, trylast=True)(pytest_runtest_call))


def _session(
    plugin: Any,
    pytest: Any,
    send: Callable[..., None],
    sources: Sources,
    watch: Watch,
    seen: Seen,
    tell_canary: Any,
    canaries: Canaries | None,
) -> None:
    """The order of the session: what is looked at when, and where canaries run."""
    from _pytest.assertion.rewrite import rewrite_asserts
    from _pytest.fixtures import FuncFixtureInfo
    from _pytest.runner import runtestprotocol

    def look(session: Any) -> None:
        manager = session.config.pluginmanager
        watch.everything(manager)
        sources.unseen(manager.get_plugins())

    def finish(session: Any) -> None:
        look(session)
        sources.check_again(LATER)

    def make(parent: Any, name: str, source: str) -> Any:
        rewriting = functools.partial(rewrite_asserts, config=parent.config)
        code = sources.compile(source.encode("utf-8"), "<string>", "", rewriting)
        namespace: dict[str, Any] = dict(sources.names)
        exec(code, namespace)  # noqa: S102 a canary's own text
        nothing = FuncFixtureInfo((), (), [], {})
        return pytest.Function.from_parent(parent, name=name, callobj=namespace[name], fixtureinfo=nothing)

    seen.finish = finish

    def pytest_sessionstart(session: Any) -> None:
        look(session)

    def pytest_collection_finish(session: Any) -> None:
        send("collected", count=len(session.items))
        look(session)
        watch.hooked(session.config.pluginmanager)
        sources.check_again(REWRITTEN)
        for item in session.items:
            if isinstance(item, pytest.Function):
                seen.origins[item] = _origin(sources, item)
        if canaries is not None and session.items and not session.config.option.collectonly:
            send("planned", count=canaries.plan(session.items, pytest.Module, make))

    # Innermost, so that what pytest and plugins put around a test is around a canary as well.
    def pytest_runtest_protocol(item: Any, nextitem: Any) -> Any:
        yield
        watch.vital()
        if canaries is not None:
            for canary, expected in canaries.due(item, nextitem):
                tell_canary(canary.nodeid, expected, runtestprotocol(canary, nextitem=nextitem, log=False))

    _hold(plugin, pytest.hookimpl(tryfirst=True)(pytest_sessionstart))
    _hold(plugin, pytest.hookimpl(hookwrapper=True, trylast=True)(pytest_runtest_protocol))
    _hold(plugin, pytest_collection_finish)


def _body(sources: Sources, item: Any, found: Origin | None, trail: Any) -> str:
    """How far the test's own body got: also of a function that a decorator hides, by its name."""
    if found is not None:
        return "" if found.marked is None else found.marked.state(trail)
    try:
        hidden = sources.named(item.module.__file__, item.cls, item.originalname)
    except Exception:  # whatever a project collects as a test may raise at a look
        return ""
    states = {marked.state(trail) for marked in hidden}
    return next((state for state in ("left", "cut", "entered", "none") if state in states), "")


def _origin(sources: Sources, item: Any) -> tuple[Origin | None, bool]:
    try:
        return sources.origin(item.obj)
    except Exception:  # whatever a project collects as a test may raise at a look
        return None, False


def _hold(plugin: Any, *hooks: Any) -> None:
    for hook in hooks:
        setattr(plugin, hook.__name__, hook)


def _root(config: Any) -> Path:
    """pytest's root directory, which node ids are relative to (`rootpath` came with pytest 6.1)."""
    return Path(str(getattr(config, "rootpath", None) or config.rootdir))
