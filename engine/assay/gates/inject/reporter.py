"""What pytest does, as records. Injected: see `boot.py`.

Promises: outcomes are told as pytest reports them, once per phase; beside them stands what was seen without
pytest's report: whether the call itself raised, and what of the test's own body ran. It is part of the vault:
`hooks` tell it what there is, in plain values, and it asks nothing of pytest's objects while tests run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from os import stat as status_of
from typing import Any

from assay.gates.inject.canary import Canaries
from assay.gates.inject.deciders import Deciders, name_of
from assay.gates.inject.ran import Passed
from assay.gates.inject.sources import ALTERED, LATER, Origin, Sources
from assay.gates.inject.texts import identity, text
from assay.gates.inject.vault import Vault
from assay.gates.inject.watch import Watch


class Seen:
    """What was seen of the tests, apart from their reports. `trail` is where marks note their numbers."""

    def __init__(self, trail: Any) -> None:
        self.trail = trail
        self.origins: dict[int, tuple[Any, Origin | None, bool]] = {}
        """By the id of the test, which is kept."""
        self.now: Origin | None = None
        self.bodies: dict[str, dict[str, Any]] = {}
        self.current = -1


class Ledger:
    """Running numbers of tests and phases."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.started = 0
        self.phases = 0


def settings(vault: Vault, version: str, send: Callable[..., None], sources: Sources, options: Any) -> None:
    """What is asked of pytest before it collects; see `assay_pytest.prepare` for the options."""
    select = None if options["select"] is None else frozenset(options["select"])
    # An entry that is a file stands for all tests which a run of everything finds in it.
    whole = frozenset(entry for entry in select or () if "::" not in entry)

    def selected(nodeid: str) -> bool:
        return identity(nodeid) in (select or ()) or nodeid.split("::", 1)[0] in whole

    parts = _parts(select or ())

    def make(above: str, name: str, box: list[Any]) -> None:
        if above + "::" + name not in parts:
            box.append(True)

    def serial(box: list[Any]) -> None:
        if options["serial"]:
            box.append(True)

    def session(root: str, parallel: bool, box: list[str]) -> None:
        send("session", pytest=version, root=root, parallel=parallel)
        # A file that is named is collected whatever it is called: only the base's own may be.
        if select is not None and (options["known"] or not whole):
            files = sorted({test.split("::", 1)[0] for test in select})
            box += [path for path in (root.rstrip("/") + "/" + file for file in files) if _exists(path)]

    def pick(nodeids: list[str], out: list[int]) -> None:
        if select is not None:
            out += [number for number, nodeid in enumerate(nodeids) if not selected(nodeid)]

    vault.serve("assay.serial", serial)
    vault.serve("assay.session", session)
    vault.serve("assay.patterns", sources.configure)
    vault.serve("assay.select", pick)
    vault.serve("assay.make", make)


def reports(
    vault: Vault, send: Callable[..., None], seen: Seen, finish: Callable[[Any], None], passed: Passed
) -> Any:
    """What pytest reports of collection and of each test; `finish(manager)` is called when the session is
    over. Returns what tells of a canary."""
    ledger = Ledger()

    def begin(test: str) -> int:
        number = ledger.numbers[test] = seen.current = ledger.started
        ledger.started += 1
        send("start", i=number, id=test)
        passed.begin()
        return number

    def number_of(test: str) -> int:
        known = ledger.numbers.get(test)
        return begin(test) if known is None else known

    def start(test: str) -> None:
        begin(test)

    def phase(number: int, fields: Any) -> None:
        if fields is not None:
            ledger.phases += 1
            send("phase", i=number, **fields)

    def canary(test: str, expected: str, reports: list[Any]) -> None:
        number = ledger.started
        ledger.started += 1
        send("canary", i=number, id=test, expected=expected)
        for fields in reports:
            phase(number, fields)

    def collect(test: str, outcome: str, why: dict[str, Any]) -> None:
        send("collect", id=test, outcome=outcome, **why)

    def report(test: str, spent: float, fields: Any) -> None:
        ledger.seconds[test] = ledger.seconds.get(test, 0.0) + spent
        phase(number_of(test), fields)

    def over(test: str) -> None:
        spent = round(ledger.seconds.pop(test, 0.0), 3)
        passed.end(number_of(test))
        send("finish", i=number_of(test), seconds=spent, **seen.bodies.pop(test, {}))

    def internal(message: str) -> None:
        send("internal", message=message)

    def end(manager: Any, status: int, stopped: str) -> None:
        finish(manager)
        send("end", status=status, phases=ledger.phases, stopped=stopped)

    vault.serve("assay.collect", collect)
    vault.serve("assay.start", start)
    vault.serve("assay.report", report, apart=True)
    vault.serve("assay.finish", over)
    vault.serve("assay.internal", internal)
    vault.serve("assay.end", end)
    return canary


def evidence(vault: Vault, sources: Sources, watch: Watch, seen: Seen) -> None:
    """What is seen of a test's call itself."""

    def before(item: Any, codes: list[Any], own: Any, space: Any, case: Any) -> None:
        seen.now = sources.origin(codes)[0] if id(item) in seen.origins else None
        seen.trail.clear()
        watch.call(own, space, case)

    def after(item: Any, test: str, raised: bool, file: str, name: str) -> None:
        _, found, plain = seen.origins.get(id(item), (item, None, False))
        told: dict[str, Any] = {"raised": True} if raised else {}
        if found is not None and seen.now is found:
            told["origin"] = text(found.label)
            if plain:
                told["plain"] = True
        body = _body(sources, found, file, name, seen.trail)
        if body:
            told["body"] = body
        if found is not None:
            watch.constants(found)
        seen.bodies[test] = told

    vault.serve("assay.before", before)
    vault.serve("assay.behind", watch.call)
    vault.serve("assay.after", after, apart=True)


def comparing(vault: Vault, send: Callable[..., None], deciders: Deciders, watch: Watch, seen: Seen) -> None:
    """What is seen of comparisons in tests."""

    def decides(kind: type, relation: str, box: list[str]) -> None:
        box.append(deciders.path(kind, relation))

    def equal(kind: type, relation: str) -> None:
        send("equal", i=seen.current, type=text(name_of(kind), 200), path=text(deciders.path(kind, relation)))

    vault.serve("assay.decides", decides)
    vault.serve("assay.equal", equal)
    vault.serve("assay.paired", watch.unittests)


def session(
    vault: Vault,
    pytest: Any,
    send: Callable[..., None],
    sources: Sources,
    watch: Watch,
    seen: Seen,
    canaries: Canaries | None,
    learn: Callable[[Any], dict[str, Any]] | None,
    passed: Passed,
) -> None:
    """The order of the session: what is looked at when, where canaries run, and when there is something to
    `learn` from what pytest's hook for imports is rewriting."""
    from _pytest.assertion.rewrite import rewrite_asserts
    from _pytest.fixtures import FuncFixtureInfo
    from _pytest.runner import runtestprotocol

    expected: dict[int, str] = {}

    def look(manager: Any) -> None:
        watch.everything(manager)
        sources.unseen(manager.get_plugins())

    def finish(manager: Any) -> None:
        look(manager)
        sources.check_again(LATER)
        passed.over()
        send("loaded", paths=sources.loaded())

    def make(parent: Any, name: str, source: str) -> Any:
        rewriting = functools.partial(rewrite_asserts, config=parent.config)
        code = sources.compile(source.encode("utf-8"), "<string>", "", rewriting)
        namespace: dict[str, Any] = {}
        exec(code, namespace)  # noqa: S102 a canary's own text
        nothing = FuncFixtureInfo((), (), [], {})
        return pytest.Function.from_parent(parent, name=name, callobj=namespace[name], fixtureinfo=nothing)

    def collected(manager: Any, found: list[Any], collecting: bool) -> None:
        send("collected", count=len(found))
        if learn is not None:
            send("learned", **learn(getattr(manager.rewrite_hook, "_must_rewrite", ())))
        look(manager)
        watch.hooked(manager)
        sources.check_again(ALTERED)
        for item, codes in found:
            if issubclass(type(item), pytest.Function):
                seen.origins[id(item)] = (item, *sources.origin(codes))
        if canaries is not None and found and not collecting:
            planned = canaries.plan([item for item, _ in found], pytest.Module, make)
            send("planned", count=planned)

    def between(item: Any, following: Any, due: list[Any]) -> None:
        watch.vital()
        for canary, outcome in () if canaries is None else canaries.due(item, following):
            expected[id(canary)] = outcome
            due.append((canary, functools.partial(runtestprotocol, canary, nextitem=following, log=False)))

    tell_canary = reports(vault, send, seen, finish, passed)

    def canary(item: Any, test: str, found: list[Any]) -> None:
        tell_canary(test, expected.pop(id(item)), found)

    vault.serve("assay.look", look)
    vault.serve("assay.collected", collected)
    vault.serve("assay.between", between)
    vault.serve("assay.canary", canary)


def _body(sources: Sources, found: Origin | None, file: str, name: str, trail: Any) -> str:
    """How far the test's own body got: also of a function that a decorator hides, by its name."""
    if found is not None:
        return "" if found.marked is None else found.marked.state(trail)
    states = {marked.state(trail) for marked in sources.named(file, name)}
    return next((state for state in ("left", "cut", "entered", "none") if state in states), "")


def _parts(tests: Iterable[str]) -> frozenset[str]:
    """These tests without their parameters, and the classes that they are in, by their ids."""
    parts: set[str] = set()
    for test in tests:
        words = test.split("[", 1)[0].split("::")
        parts.update("::".join(words[:count]) for count in range(2, len(words) + 1))
    return frozenset(parts)


def _exists(path: str) -> bool:
    try:
        status_of(path)  # noqa: PTH116 what the project cannot change
    except OSError:
        return False
    return True
