"""Tests for what stands for nothing: `is None`, `is UNSET`, once it stands for that no more.

Promises: pure. A test is dead where the function gives no None any more, or where the attribute is set from a
parameter whose default was what is tested for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.gates.syntax import nodes_in
from assay.patchset.adapted.census import Census
from assay.patchset.adapted.record import Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Kind
from assay.patchset.touch import Place, Touch
from assay.patchset.view import Symbol, View

_EMPTY_OR_NONE = frozenset({contexts.TRUTH, contexts.ITER, contexts.LENGTH, contexts.OR_ELSE})
"""Who asks these as well does right by what is empty, too."""


def dead_none(ours: Touch, census: Census, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
    """A new `is None` of what a function gives that `ours` makes always give something."""
    words = set(place.use.contexts)
    if contexts.ABSENT not in words or words & _EMPTY_OR_NONE or place.use.call is None:
        return
    before = theirs.view.resolve(place.module, place.use.path, set())
    after = both.resolve(place.module, place.use.path, set())
    if not (isinstance(before, Symbol) and isinstance(after, Symbol) and before.label == after.label):
        return
    old, new = before.definition, after.definition
    if (
        not old.may_be_none
        or new.may_be_none
        or before.label not in ours.changed
        or not (new.kinds and all(new.kinds))
    ):
        return
    if new.raises and set(new.raises) - set(old.raises):
        return  # an exception in its place is judged by who catches it
    places = tuple(
        At(file.old_path, use.line)
        for file in ours.files
        if file.old_module
        for use in file.gone.uses
        if contexts.ABSENT in use.contexts and _is_of(ours, file.old_module, use.path, before.label)
    )
    whole = not any(contexts.ABSENT in use.contexts for _, _, use in census.old_uses(before.label))
    does = f"makes `{before.label}` never None and takes another test"
    if not places:
        does = f"makes `{before.label}` never None, which is asked"
    yield Adapted(before.label, does, places or (At(*_line(ours, before.label)),), whole).left(
        ours,
        At(place.path, place.use.line),
        f"newly asks whether `{before.label}` is None",
        sure=not (old.several or new.several or old.decorated or new.decorated),
    )


def _is_of(ours: Touch, module: str, path: tuple[str, ...], label: str) -> bool:
    found = ours.view.resolve(module, path, set())
    return isinstance(found, Symbol) and found.label == label


def _line(ours: Touch, label: str) -> tuple[str, int]:
    module, _, name = label.partition(":")
    return ours.view.modules.path_of.get(module, ""), ours.changed[label].new.line if name else 0


def dead_mark(ours: Touch, census: Census, theirs: Touch, place: Place, both: View) -> Iterator[Clash]:
    """A new comparison of an attribute to what used to be its default, and is another value by now."""
    name = place.use.path[-1]
    if contexts.COMPARE not in place.use.contexts or name == CALL or len(place.use.path) < 2:
        return
    owner = both.resolve(place.module, place.use.path, set())
    if not isinstance(owner, Symbol) or owner.definition.kind is not Kind.VARIABLE or "." not in owner.name:
        return
    cls = f"{owner.module}:{owner.name.rpartition('.')[0]}"
    maker = ours.changed.get(f"{cls}.__init__")
    if maker is None or maker.old.signature is None or maker.new.signature is None:
        return
    was, now = (
        next((p.default for p in (*s.plain, *s.keyword) if p.name == name), "")
        for s in (maker.old.signature, maker.new.signature)
    )
    tree = theirs.view.library.tree(theirs.view.blob(place.path))
    if not was or not now or was == now or tree is None:
        return
    if not any(line == place.use.line and mark == was for line, mark in _marks(tree, name)):
        return
    path, _ = _line(ours, f"{cls}.__init__")
    own = census.tree(path)
    marks = list(_marks(own, name)) if own is not None else []
    fresh = tuple(At(path, line) for line, mark in marks if mark == now and _is_fresh(ours, path, line))
    adapted = Adapted(
        f"{cls}.__init__",
        f"changes what `{name}` of `{cls}` is by default, and the tests for it,",
        (At(path, maker.new.line), *fresh),
        whole=bool(fresh) and all(mark != was for _, mark in marks),
    )
    yield adapted.left(
        ours,
        At(place.path, place.use.line),
        f"newly compares `{cls}.{name}` to the old one",
        sure=not place.use.guarded,
    )


def _marks(tree: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    """(line, what it is compared to, in normal form) of each test of an attribute for identity; of what is
    got at through a module or a class the last name."""
    for node in nodes_in([tree]):
        match node:
            case ast.Compare(
                left=ast.Attribute(attr=attr), ops=[ast.Is() | ast.IsNot()], comparators=[mark]
            ) if attr == name:
                plain = ast.Name(mark.attr, ast.Load()) if isinstance(mark, ast.Attribute) else mark
                yield node.left.end_lineno or node.lineno, ast.dump(plain)[:400]


def _is_fresh(ours: Touch, path: str, line: int) -> bool:
    file = ours.by_path.get(path)
    return file is not None and any(use.line == line for use in file.fresh)
