"""Modules that import each other once two candidates are in, each of which adds one side of the circle.

Promises: pure. Only imports at the top of a module that are not under a condition count. Found are circles of
one new import of each of two candidates and whatever the trees import between; what the interpreter would do
in them is played through, and only a name that is asked for before it is there makes a conflict: proven if
that is so whichever of its modules is imported first, and with neither candidate alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Definition, Kind, Module
from assay.patchset.touch import Touch
from assay.patchset.view import View

_MOST = 200
"""Modules that are read for all candidates together: circles through more of them are not looked for."""
_WIDEST = 60
"""Modules of one circle that are played through."""


class Import(NamedTuple):
    """`importer` imports `imported` on a line of its top; `name` is what it wants of it, '' if the module."""

    importer: str
    imported: str
    name: str
    line: int


class Meeting(NamedTuple):
    """Two new imports, each of which leads to the module that the other stands in."""

    mine: Import
    theirs: Import


class Circles:
    """The new imports of candidates, and which of two candidates' close a circle."""

    def __init__(self, touches: Sequence[Touch]) -> None:
        self._touches = touches
        self._new = [tuple(_added(touch)) for touch in touches]
        self._left = _MOST
        self._read: dict[str, tuple[tuple[str, str, str, int], ...]] = {}
        self._reached = [self._reach(touch, new) for touch, new in zip(touches, self._new, strict=True)]

    def meetings(self, first: int, second: int) -> Iterator[Meeting]:
        """The imports of two candidates that close a circle."""
        mine, theirs = self._reached[first], self._reached[second]
        for one in self._new[first]:
            for other in self._new[second]:
                if other.importer in mine[one] and one.importer in theirs[other]:
                    yield Meeting(one, other)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The candidates that close a circle, each pair once."""
        active = [index for index, reached in enumerate(self._reached) if reached]
        stand = {index: {one.importer for one in self._new[index]} for index in active}
        lead = {index: frozenset[str]().union(*self._reached[index].values()) for index in active}
        for at, first in enumerate(active):
            for second in active[at + 1 :]:
                if lead[first].isdisjoint(stand[second]) or lead[second].isdisjoint(stand[first]):
                    continue
                if next(self.meetings(first, second), None) is not None:
                    yield first, second

    def _reach(self, touch: Touch, new: Sequence[Import]) -> dict[Import, frozenset[str]]:
        """From each new import all modules that are imported by it in turn. A single candidate with new
        imports closes no circle with another."""
        others = sum(bool(each) for each in self._new)
        return {one: self._from(touch.view, one.imported) for one in new} if others > 1 else {}

    def _from(self, view: View, start: str) -> frozenset[str]:
        found, todo = {start}, [start]
        while todo:
            for edge in self._imports(view, todo.pop()):
                if edge.imported not in found:
                    found.add(edge.imported)
                    todo.append(edge.imported)
        return frozenset(found)

    def _imports(self, view: View, name: str) -> Iterator[Import]:
        """What a module imports, as long as there are modules left to read."""
        path = view.modules.path_of.get(name, "")
        blob = view.blob(path)
        if blob not in self._read:
            if self._left <= 0:
                return
            self._left -= 1
            module = view.module(name)
            self._read[blob] = tuple(_written(module)) if module is not None else ()
        for edge in self._read[blob]:
            yield from _edge(view, name, *edge)


def circles(ours: Touch, theirs: Touch, both: View, meetings: Sequence[Meeting]) -> Iterator[Clash]:
    """What goes wrong in the circles of two candidates."""
    for meeting in meetings:
        circle = _circle(both, meeting)
        if not 1 < len(circle) <= _WIDEST:
            continue
        failed = {entry: played(both, circle, entry) for entry in sorted(circle)}
        before = {
            entry for entry in failed for view in (ours.view, theirs.view) if played(view, circle, entry)
        }
        bad = [why for entry, why in failed.items() if why is not None and entry not in before]
        if bad:
            yield _clash(ours, theirs, meeting, bad[0], proven=len(bad) == len(failed))
            return


def _added(touch: Touch) -> Iterator[Import]:
    """The imports of project modules that a candidate adds at the top of modules that were there."""
    for file in touch.files:
        if not file.module or file.module != file.old_module:
            continue
        old = {
            (edge.imported, edge.name)
            for written in _written(file.old)
            for edge in _edge(touch.view, file.module, *written)
        }
        known = {imported for imported, _ in old}
        for written in _written(file.new):
            for edge in _edge(touch.view, file.module, *written):
                if edge.imported not in known and edge.imported != file.module:
                    yield edge


def _written(module: Module) -> Iterator[tuple[str, str, str, int]]:
    """(bound name, module, name in it, line) of the imports at the top of a module."""
    for name, definition in module.definitions.items():
        if definition.kind is Kind.IMPORT and "." not in name and not definition.several:
            yield name, definition.module, definition.symbol, definition.line


def _edge(view: View, here: str, _bound: str, module: str, symbol: str, line: int) -> Iterator[Import]:
    target = view.absolute(module, here)
    below = f"{target}.{symbol}" if symbol else ""
    if below in view.modules.path_of:
        yield Import(here, below, "", line)
    elif target in view.modules.path_of:
        yield Import(here, target, symbol, line)


def _circle(view: View, meeting: Meeting) -> frozenset[str]:
    """The modules that are on some way around."""
    start = meeting.mine.importer
    back: dict[str, set[str]] = defaultdict(set)
    seen, todo = {start}, [start]
    while todo and len(seen) <= _MOST:
        name = todo.pop()
        module = view.module(name)
        for written in _written(module) if module is not None else ():
            for edge in _edge(view, name, *written):
                back[edge.imported].add(name)
                if edge.imported not in seen:
                    seen.add(edge.imported)
                    todo.append(edge.imported)
    found, todo = {start}, [start]
    while todo:
        fresh = back[todo.pop()] - found
        found |= fresh
        todo += fresh
    return frozenset(found)


class _Step(NamedTuple):
    """Something that a running module does on a line: begin another, or, with `wants`, take a name of it."""

    line: int
    begins: str
    wants: Import | None = None


def played(view: View, circle: Collection[str], entry: str) -> Import | None:
    """The first import between modules of `circle` that fails when `entry` is imported; None if none does.
    Packages run before what is in them, as the interpreter has it."""
    state: dict[str, int] = {}
    """The line that each module begun is at."""
    running: list[tuple[str, Iterator[_Step]]] = [("", iter([*_begun(entry, 0)]))]
    while running:
        here, steps = running[-1]
        step = next(steps, None)
        state[here] = step.line if step is not None else _END
        if step is None:
            running.pop()
        elif step.wants is not None:
            among = step.wants.importer in circle and step.wants.imported in circle
            if among and step.wants.name and not _is_there(view, step.wants, state.get(step.begins, _END)):
                return step.wants
        elif step.begins not in state and step.begins in view.modules.path_of and len(state) < _MOST:
            state[step.begins] = 0
            running.append((step.begins, _steps(view, step.begins)))
    return None


_END = 1 << 40


def _steps(view: View, name: str) -> Iterator[_Step]:
    """What a module does about others, in order."""
    module = view.module(name)
    made = [edge for each in _written(module) for edge in _edge(view, name, *each)] if module else []
    for edge in sorted(made, key=lambda edge: edge.line):
        yield from _begun(edge.imported, edge.line)
        yield _Step(edge.line, edge.imported, edge)


def _begun(name: str, line: int) -> Iterator[_Step]:
    """A module is begun after the packages that it is in."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield _Step(line, ".".join(parts[:end]))


def _is_there(view: View, edge: Import, line: int) -> bool:
    """Whether a name is bound in a module that has come to `line`, or may be for all that is known."""
    module = view.module(edge.imported)
    if module is None or module.open or module.stars:
        return True
    found: Definition | None = module.definitions.get(edge.name)
    return found is None or found.line < line


def _clash(ours: Touch, theirs: Touch, meeting: Meeting, failing: Import, *, proven: bool) -> Clash:
    mine, other = meeting
    path = ours.view.modules.path_of[mine.importer]
    there = theirs.view.modules.path_of[other.importer]
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=proven,
        label=f"{failing.imported}:{failing.name}",
        where=f"{path}:{mine.imported}",
        mine=Witness(path=path, line=mine.line, does=f"makes `{mine.importer}` import `{mine.imported}`"),
        theirs=Witness(
            path=there, line=other.line, does=f"makes `{other.importer}` import `{other.imported}`"
        ),
        note=f"a circle, in which `{failing.importer}` asks for `{failing.name}` before it is there",
    )
