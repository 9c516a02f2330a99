"""The traced run of a base: the program that is sent, and its report as a map.

Promises: a run that came to no end, or whose report does not fit, yields a map that is `blind`. A test that
ended otherwise than in the usual run is one of which nothing is known.
"""

from __future__ import annotations

import ast
import posixpath
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import PurePosixPath

import msgspec
from msgspec import structs

from assay.gates.testing import reach
from assay.gates.testing.arrivals import above
from assay.gates.testing.names import mentions
from assay.gates.testing.reads import WORLD, FileReads, ReadMap, looking
from assay.gates.testing.selection import matches
from assay.gates.testing.suite import Suite
from assay.gates.testing.units import MODULE, Outline, outline
from assay.model.candidate import Record
from assay.repo.repository import Repository
from assay.sandbox import landlock

_INJECTED = (
    "texts",
    "states",
    "lazy",
    "calls",
    "lookups",
    "hearing",
    "turns",
    "tracer",
    "telling",
    "traced",
    "assay_steady",
)

_START = """
call = {call}
parts, _ = load({texts})
if call[2]:
    parts["landlock"].confine(call[2])
steady, travel = parts["assay_steady"].hold_still, parts["assay_steady"].traveller(call[1])
parts["traced"].main(call[0], lambda pytest: steady(pytest, call[1], travel))
"""

_HARMLESS_DECORATORS = frozenset(
    {"dataclass", "final", "runtime_checkable", "total_ordering", "unique", "skipIf", "skipUnless", "skip"}
)


class Log(msgspec.Struct, frozen=True):
    """What `inject/traced.py` saw in one test or outside: numbers of `Trace.codes`, paths, what was made
    where there was nothing (path, name, digest), pytest's phases as (when, outcome, expected to fail,
    subtest)."""

    codes: tuple[int, ...] = ()
    reads: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    made: tuple[tuple[str, str, str], ...] = ()
    why: str = ""
    phases: tuple[tuple[str, str, bool, bool], ...] = ()
    seconds: float = 0.0
    file: str = ""


class Trace(Record, frozen=True, kw_only=True):
    """The report. `codes` are (path, first line), 0 for a module's own code; `modules` (path, name); `held`
    (path, module, class): in that file's state there were instances of it."""

    status: int
    logs: dict[str, Log]
    codes: tuple[tuple[int, int], ...]
    paths: tuple[str, ...]
    modules: tuple[tuple[str, str], ...]
    plain: tuple[str, ...]
    held: tuple[tuple[str, str, str], ...]
    attempted: tuple[str, ...]
    deaf: bool = True
    patterns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


def program(options: dict[str, object], steady: dict[str, object], places: Iterable[str]) -> bytes:
    """What runs in the project's interpreter."""
    inject = resources.files("assay.gates") / "inject"
    texts = [(name, (inject / f"{name}.py").read_text("utf-8")) for name in _INJECTED]
    texts.append(("landlock", landlock.source()))
    boot = (inject / "boot.py").read_text("utf-8")
    call = ascii((options, steady, list(places)))
    return f"{boot}\n{_START.format(texts=ascii(texts), call=call)}".encode()


def told(report: bytes) -> Trace | None:
    """The report, or None for one that is missing or damaged."""
    try:
        return msgspec.json.decode(zlib.decompress(report), type=Trace)
    except (zlib.error, msgspec.MsgspecError, ValueError):
        return None


def mapped(trace: Trace, usual: Suite, repo: Repository, tree: str) -> ReadMap:
    """The map that a report makes, of the base `tree` whose usual run is `usual`."""
    return _Builder(trace, usual, repo, tree).build()


class _Builder:
    def __init__(self, trace: Trace, usual: Suite, repo: Repository, tree: str) -> None:
        self._trace = trace
        self._repo = repo
        self._tree = tree
        self._blobs = {entry.path: entry.blob for entry in repo.files(tree)}
        self._usual = usual.by_id()
        seen = (test for test in trace.logs if test and not test.startswith(("file:", "import:")))
        self._ids = tuple(dict.fromkeys((*seen, *self._usual)))
        self._names: dict[str, list[str]] = defaultdict(list)
        for path, name in trace.modules:
            if path in self._blobs:
                self._names[path].append(name)
        self._by_name = {name: path for path, names in self._names.items() for name in names}
        self._outlines: dict[str, Outline | None] = {}

    def build(self) -> ReadMap:
        trace = self._trace
        units = [self._unit(trace.paths[file], line) for file, line in trace.codes]
        logs = [self._whole(test) for test in self._ids]
        executed: dict[str, set[int]] = defaultdict(set)
        starts: dict[str, set[int]] = defaultdict(set)
        always: dict[str, str] = {}
        for index, log in enumerate(logs):
            for code in log.codes:
                executed[units[code]].add(index)
                starts[trace.paths[trace.codes[code][0]]].add(index)
            for path in self._own(log.file):
                starts[path].add(index)
            if why := self._unmappable(self._ids[index], log):
                always[self._ids[index]] = why
        modules = self._roaming(self._modules(), units)
        importing: dict[str, set[str]] = defaultdict(set)
        outside, why = set(), ""
        for name, log in trace.logs.items():
            path = name.removeprefix("import:")
            if name and path == name:
                continue
            happened = [*(units[code] for code in log.codes), *log.reads, *log.lists]
            happened += map(looking, log.looks)
            why = why or log.why
            # What could not be imported to its end may have done anything.
            if path in modules and not modules[path].late:
                for each in happened:
                    importing[each].add(path)
            else:
                outside.update(happened)
        return ReadMap(
            tree=self._tree,
            blind=why and f"outside of tests, {why}",
            tests=self._ids,
            files=tuple(log.file for log in logs),
            seconds=tuple(self._seconds(test, log) for test, log in zip(self._ids, logs, strict=True)),
            executed=_settled(executed),
            read=_settled(_by(logs, lambda log: (*log.reads, *map(looking, log.looks)))),
            listed=_settled(_by(logs, lambda log: log.lists)),
            starts=_settled(starts),
            always=always,
            deep=_of_units(modules, executed, lambda file: file.deep),
            loose=_of_units(modules, executed, lambda file: file.loose),
            changed=self._changed(logs),
            held=self._held(),
            outside=frozenset(outside),
            importing={key: tuple(sorted(importing[key])) for key in sorted(importing)},
            modules=modules,
            loaded=frozenset(trace.loaded),
            attempted=frozenset(trace.attempted),
            deaf=trace.deaf,
            directories=dict(sorted(Counter(each for path in self._blobs for each in above(path)).items())),
            collected=self._collected(logs),
            patterns=trace.patterns,
            texts=trace.texts,
            unloaded=self._unloaded(),
            plain=self._plain(),
        )

    def _whole(self, test: str) -> Log:
        """A test's log, with what the fixtures did that its file shares."""
        log = self._trace.logs.get(test)
        if log is None:
            return Log(file=self._usual[test].file)
        shared = self._trace.logs.get("file:" + test.split("::", 1)[0])
        if shared is None:
            return log
        return Log(
            codes=log.codes + shared.codes,
            reads=log.reads + shared.reads,
            lists=log.lists + shared.lists,
            looks=log.looks + shared.looks,
            changed=log.changed + shared.changed,
            made=log.made,
            why=log.why or shared.why,
            phases=log.phases,
            seconds=log.seconds,
            file=log.file,
        )

    def _unit(self, path: str, line: int) -> str:
        found = self._outline(path)
        return f"{path}::{found.at(line) if found is not None and line else MODULE}"

    def _outline(self, path: str) -> Outline | None:
        if path not in self._outlines:
            blob = self._blobs.get(path)
            self._outlines[path] = outline(self._repo.blob(blob)) if blob else None
        return self._outlines[path]

    def _own(self, file: str) -> list[str]:
        """The files that a test begins from: its own, and those with the hooks and fixtures around it."""
        above = {str(parent) for parent in PurePosixPath(file).parents}
        hooks = [
            path
            for path in (*self._names, *self._trace.plugins)
            if posixpath.basename(path) == "conftest.py" and (posixpath.dirname(path) or ".") in above
        ]
        plugins = [path for path in self._trace.plugins if posixpath.basename(path) != "conftest.py"]
        return [file, *hooks, *plugins] if file else [*hooks, *plugins]

    def _unmappable(self, test: str, log: Log) -> str:
        usual = self._usual.get(test)
        if log.why:
            return log.why
        if usual is None or not log.phases or usual.result.bad is not _bad(log.phases):
            return "it ended otherwise than in the usual run"
        strange = [path for path in log.reads if path not in self._blobs]
        return f"it reads {strange[0]}, which is not in the tree" if strange else ""

    def _modules(self) -> dict[str, FileReads]:
        loaded = set(self._trace.loaded)
        return {
            path: reach.described(
                path,
                self._blobs[path],
                self._outline(path),
                tuple(names),
                self._by_name,
                late=not loaded.intersection(names),
            )
            for path, names in self._names.items()
        }

    def _roaming(self, modules: dict[str, FileReads], units: Sequence[str]) -> dict[str, FileReads]:
        """With files as wild for which, outside of tests, a function ran that may get at any module: the file
        that was imported, and the function's own."""
        loose = {f"{path}::{unit}": path for path, file in modules.items() for unit in file.loose}
        wild: set[str] = set()
        for name, log in self._trace.logs.items():
            if name and not name.startswith("import:"):
                continue
            ran = {loose[units[code]] for code in log.codes if units[code] in loose}
            wild |= ran and {*ran, name.removeprefix("import:")}
        return {
            path: structs.replace(file, wild=True) if path in wild else file for path, file in modules.items()
        }

    def _changed(self, logs: Sequence[Log]) -> dict[str, tuple[str, ...]]:
        """Where each test left something changed. What several tests made, each for itself and all alike, is
        no change: any of them would have made it for the others."""
        forms: dict[tuple[str, str], list[str]] = defaultdict(list)
        for log in logs:
            for path, name, form in log.made:
                forms[path, name].append(form)
        alike = {key for key, found in forms.items() if len(found) > 1 and len(set(found)) == 1}
        result = {}
        for test, log in zip(self._ids, logs, strict=True):
            made = {path for path, name, _ in log.made if (path, name) not in alike}
            if places := made | {self._place(each) for each in log.changed}:
                result[test] = tuple(sorted(places))
        return result

    def _held(self) -> dict[str, tuple[str, ...]]:
        """The files in whose modules there are instances of a class."""
        found: dict[str, set[str]] = defaultdict(set)
        for place, module, name in self._trace.held:
            if module in self._by_name:
                found[f"{self._by_name[module]}::{name}"].add(place)
        return {key: tuple(sorted(found[key])) for key in sorted(found)}

    def _place(self, changed: str) -> str:
        """Where something was changed: a file, or everywhere."""
        if not changed.startswith("file:"):
            return changed
        prefix = changed.removeprefix("file:")
        logs = self._trace.logs
        return next((log.file for test, log in logs.items() if test.split("::")[0] == prefix), WORLD)

    def _seconds(self, test: str, log: Log) -> float:
        usual = self._usual.get(test)
        return usual.seconds if usual is not None else log.seconds

    def _unloaded(self) -> frozenset[str]:
        """The last words of the names that modules of the tree would have which were not loaded."""
        paths = [path for path in self._blobs if path.endswith(".py") and path not in self._names]
        return frozenset(
            posixpath.basename(path.removesuffix("/__init__.py")).removesuffix(".py") for path in paths
        )

    def _collected(self, logs: Sequence[Log]) -> frozenset[str]:
        """The directories in which every file that looks like one of tests was found to be one."""
        files = {log.file for log in logs}
        alike = {path for path in self._blobs if path.endswith(".py") and matches(path, self._trace.patterns)}
        missed = {posixpath.dirname(path) for path in alike if path not in files and path not in self._names}
        return frozenset(
            {posixpath.dirname(path) or "." for path in alike & files} - {m or "." for m in missed}
        )

    def _plain(self) -> frozenset[str]:
        """Of the classes that came to be plainly, those without a decorator that may do anything; and the
        names that only such classes have."""
        every, decorated = set(), set()
        for path in self._names:
            found = self._outline(path)
            for form in found.forms if found is not None else ():
                if isinstance(form.node, ast.ClassDef):
                    name = f"{path}::{form.owner}.{form.node.name}".replace("::.", "::")
                    every.add(name)
                    if not all(mentions(each) & _HARMLESS_DECORATORS for each in form.node.decorator_list):
                        decorated.add(name)
        plain = set(self._trace.plain) - decorated
        odd = {_word(each) for each in every - plain}
        return frozenset(plain | {_word(each) for each in plain} - odd)


def _word(qualified: str) -> str:
    return qualified.rpartition("::")[2].rpartition(".")[2]


def _bad(phases: Iterable[tuple[str, str, bool, bool]]) -> bool:
    """Whether pytest counts a test against the run."""
    return any(outcome == "failed" for _, outcome, _, _ in phases)


def _by(logs: Iterable[Log], what: Callable[[Log], Iterable[str]]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for index, log in enumerate(logs):
        for each in what(log):
            found[each].add(index)
    return found


def _of_units(
    modules: Mapping[str, FileReads],
    executed: Mapping[str, set[int]],
    what: Callable[[FileReads], Iterable[str]],
) -> tuple[int, ...]:
    """The tests that executed some of these units."""
    keys = (f"{path}::{unit}" for path, file in modules.items() for unit in what(file))
    return tuple(sorted({index for key in keys for index in executed.get(key, ())}))


def _settled(found: Mapping[str, set[int]]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(sorted(found[key])) for key in sorted(found)}
