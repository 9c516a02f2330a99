"""What a candidate tells of a change of meaning that its code does not show: in tests, and in words.

Who changes what a function means, such as a unit, a rounding or a format of text, changes what the tests
expect of it, or what its documentation says it gives.

Promises: pure. Said only of functions that differ in nothing that can be seen from outside; suspected only.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts import contexts
from assay.patchset.facts.records import Definition, Kind, Path
from assay.patchset.results import Verdict
from assay.patchset.touch import FileTouch, Place, Touch, written
from assay.patchset.view import Symbol

_NO_VALUE = frozenset({contexts.DISCARD, contexts.TRUTH, contexts.ABSENT, contexts.OR_ELSE, contexts.IMPORT})


def told(ours: Touch, place: Place, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    """What `ours` tells of a function that `place` uses for what it gives."""
    old, new = before.definition, after.definition
    if not (old.kind is new.kind is Kind.FUNCTION) or _seen(old) != _seen(new) or place.use.store:
        return
    if old.gives and new.gives and old.gives != new.gives:
        return
    if place.use.handed or not set(place.use.contexts) - _NO_VALUE or before.label not in ours.changed:
        return
    if before.label in expected(ours):
        yield Verdict(False, "changes what tests expect of it", "the result is used as before")
    elif old.summary and new.summary and old.summary != new.summary:
        does = f'makes it "{new.summary[:60]}", not "{old.summary[:60]}"'
        yield Verdict(False, does, "the result is used as before")


def expected(touch: Touch) -> frozenset[str]:
    """The functions that a candidate changes and of which it rewrites what tests expect: they are used on a
    line of a test that is replaced by another that uses them in the same way."""
    found = set()
    for file in touch.files:
        if "test" in file.path and file.hunks and file.module:
            for path in _rewritten(file):
                target = touch.view.resolve(file.module, path, set())
                if isinstance(target, Symbol) and target.label in touch.changed:
                    found.add(target.label)
    return frozenset(found)


def _rewritten(file: FileTouch) -> Iterator[Path]:
    """The paths that one hunk of a file uses both before and after."""
    writing = [hunk for hunk in file.hunks if hunk.text]
    for hunk, new in zip(writing, written(file.hunks), strict=True):
        before = {use.path for use in file.gone.uses if hunk.start <= use.line < hunk.end}
        after = (use.path for use in file.uses.uses if new.first <= use.line <= new.last)
        yield from before.intersection(after)


def _seen(function: Definition) -> tuple[object, ...]:
    """What can be seen of a function from outside, and is judged by others."""
    return (
        function.signature,
        function.arity,
        function.generator,
        function.is_async,
        function.manager,
        function.may_be_none,
        function.raises,
        function.ordered,
        function.sentinels,
        function.keys,
        function.parts,
        function.template,
    )
