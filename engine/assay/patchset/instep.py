"""Attributes of an object that one candidate keeps in step with another, which a second one changes alone.

An index beside a list, a total beside its parts, a cache that is emptied whenever what it was made of
changes: one candidate adds it and has every method that changes the one see to the other; a method that the
second adds knows nothing of it.

Promises: pure. Suspected only; said of attributes that are new, and of methods of one class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.facts.records import Definition, Kind
from assay.patchset.places import place_of, where_of
from assay.patchset.touch import FileTouch, Touch

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__setstate__", "__copy__", "__deepcopy__"})
"""Methods that set everything there is anyhow."""
_CALL = "()"


class Step(NamedTuple):
    """In a class (`module:name`), the new attribute `kept` follows `data`."""

    cls: str
    data: str
    kept: str


def unsteady(ours: Touch, theirs: Touch) -> Iterator[Clash]:
    """Methods that `theirs` adds, or has change something more, beside what `ours` keeps in step."""
    for step in _steps(ours):
        module, _, name = step.cls.partition(":")
        for file in theirs.files:
            if file.module == file.old_module == module:
                before, after = (_leaving(each.definitions, name) for each in (file.old, file.new))
                for method in after:
                    if method not in _MAKERS and _changes(step, before, after, method):
                        yield _clash(ours, theirs, step, f"{step.cls}.{method}")


def _changes(
    step: Step, before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]], method: str
) -> bool:
    return step.data in after[method] - before.get(method, frozenset()) and step.kept not in after[method]


def _steps(touch: Touch) -> Iterator[Step]:
    for file in touch.files:
        if file.module and file.module == file.old_module:
            for name, cls in file.new.definitions.items():
                if cls.kind is Kind.CLASS and name in file.old.definitions:
                    yield from _of_class(file, name)


def _of_class(file: FileTouch, cls: str) -> Iterator[Step]:
    old, new = (_leaving(each.definitions, cls) for each in (file.old, file.new))
    had = _attributes(old.values())
    fresh = _attributes(new.values()) - had
    reached = {method: _reached(method, new) for method in new}
    for kept in sorted(fresh):
        for data in sorted(had):
            writers = [m for m in new if m not in _MAKERS and data in new[m]]
            learnt = [m for m in writers if data in old.get(m, ())]
            if learnt and all(kept in reached[method] for method in writers):
                yield Step(f"{file.module}:{cls}", data, kept)


def _attributes(leaves: Iterable[frozenset[str]]) -> set[str]:
    return {name for each in leaves for name in each if not name.endswith(_CALL)}


def _reached(method: str, leaves: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What a method leaves behind by itself or by methods of the class that it calls."""
    called = (each.removesuffix(_CALL) for each in leaves[method] if each.endswith(_CALL))
    return leaves[method].union(*(leaves.get(each, frozenset()) for each in called))


def _leaving(definitions: Mapping[str, Definition], cls: str) -> dict[str, frozenset[str]]:
    """What each method of a class leaves behind, by its bare name."""
    prefix = f"{cls}."
    return {
        name[len(prefix) :]: frozenset(definition.leaves)
        for name, definition in definitions.items()
        if definition.kind is Kind.FUNCTION and name.startswith(prefix) and "." not in name[len(prefix) :]
    }


def _clash(ours: Touch, theirs: Touch, step: Step, method: str) -> Clash:
    label = f"{step.cls}.{step.kept}"
    path, line = where_of(ours, label)
    there, row = where_of(theirs, method)
    return Clash(
        kind=ConflictKind.SEMANTIC,
        proven=False,
        label=label,
        where=place_of(ours, label),
        mine=Witness(path=path, line=line, does=f"keeps `{label}` in step with `{step.cls}.{step.data}`"),
        theirs=Witness(path=there, line=row, does=f"newly changes that in `{method.partition(':')[2]}`"),
        note=f"`{step.kept}` is left as it was",
    )
