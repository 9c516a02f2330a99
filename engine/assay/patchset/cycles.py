"""Modules that import each other once two candidates are in, each of which adds one side of the circle.

Promises: pure. Only imports at the top of a module that are not under a condition count. Found are circles of
one new import of each of two candidates and whatever the trees import between; what the interpreter would do
in them is played through, and only a name that is asked for before it is there makes a conflict: proven if
that is so wherever the circle is entered, and with neither candidate alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Definition, Kind, Module
from assay.patchset.touch import Touch
from assay.patchset.view import View

_MOST = 400
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
        for at, first in enumerate(active):
            for second in active[at + 1 :]:
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
        round_ = _round(both, meeting)
        if not 1 < len(round_) <= _WIDEST:
            continue
        failed = {entry: _played(both, round_, entry) for entry in _entries(round_)}
        before = {
            entry for entry in failed for view in (ours.view, theirs.view) if _played(view, round_, entry)
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


def _round(view: View, meeting: Meeting) -> dict[str, list[Import]]:
    """The modules that are on the way around, with the imports among them."""
    edges: dict[str, list[Import]] = {}
    todo = [meeting.mine.importer]
    while todo and len(edges) <= _MOST:
        name = todo.pop()
        if name in edges:
            continue
        module = view.module(name)
        written = _written(module) if module is not None else ()
        edges[name] = [edge for each in written for edge in _edge(view, name, *each)]
        todo += [edge.imported for edge in edges[name]]
    back: dict[str, set[str]] = {}
    for name, imports in edges.items():
        for edge in imports:
            back.setdefault(edge.imported, set()).add(name)
    found, todo = {meeting.mine.importer}, [meeting.mine.importer]
    while todo:
        fresh = back.get(todo.pop(), set()) - found
        found |= fresh
        todo += fresh
    return {
        name: sorted((e for e in edges[name] if e.imported in found), key=lambda e: e.line)
        for name in found
        if name in edges
    }


def _entries(round_: dict[str, list[Import]]) -> list[str]:
    """Where a circle can be entered: by the package that all the others are in, if it is one of them."""
    roots = [name for name in round_ if all(f"{other}.".startswith(f"{name}.") for other in round_)]
    return roots or sorted(round_)


def _played(view: View, round_: dict[str, list[Import]], entry: str) -> Import | None:
    """The import that fails when the modules of a circle are run from `entry` on; None if none does."""
    state: dict[str, int] = {}
    """The line that each module begun is at."""
    stack = [(entry, _events(view, round_, entry))]
    state[entry] = 0
    while stack:
        here, events = stack[-1]
        edge = next(events, None)
        if edge is None:
            state[here] = _END
            stack.pop()
            continue
        state[here] = edge.line
        if edge.imported not in state:
            stack[-1] = (here, _again(edge, events))
            state[edge.imported] = 0
            stack.append((edge.imported, _events(view, round_, edge.imported)))
        elif edge.name and not _is_there(view, edge, state[edge.imported]):
            return edge
    return None


_END = 1 << 40


def _again(edge: Import, events: Iterator[Import]) -> Iterator[Import]:
    yield edge
    yield from events


def _events(view: View, round_: dict[str, list[Import]], name: str) -> Iterator[Import]:
    """The imports of the circle that a module makes in this tree, in order."""
    module = view.module(name)
    if module is None:
        return
    made = (edge for each in _written(module) for edge in _edge(view, name, *each))
    yield from sorted((edge for edge in made if edge.imported in round_), key=lambda edge: edge.line)


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
