"""What a candidate tells of a change of meaning that its code does not show: in tests, and in words.

Who changes what a function means, such as a unit, a rounding or a format of text, changes what the tests
expect of it, or what its documentation says it gives.

Promises: pure. Said only of functions that differ in nothing that can be seen from outside; suspected only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from assay.gates.syntax import parse
from assay.patchset.facts import contexts
from assay.patchset.facts.records import CALL, Definition, Kind, Path
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
    elif old.summary and new.summary and old.summary != new.summary and _works_otherwise(ours, before):
        does = f'makes it "{new.summary[:60]}", not "{old.summary[:60]}"'
        yield Verdict(False, does, "the result is used as before")


def _works_otherwise(touch: Touch, symbol: Symbol) -> bool:
    """Whether a candidate replaces more of a function than words: what is only said anew means the same."""
    definition, module = symbol.definition, symbol.label.partition(":")[0]
    for file in touch.files:
        if file.old_module == module:
            words = _words(touch.view.source(file.old_blob), definition)
            return any(
                hunk.start <= definition.end
                and hunk.end > definition.line
                and not (hunk.start in words and hunk.end - 1 in words)
                for hunk in file.hunks
            )
    return False


def _words(source: bytes, function: Definition) -> range:
    """The lines of a function's docstring."""
    tree = parse(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno == function.end:
            first = node.body[0]
            if isinstance(first, ast.Expr) and ast.get_docstring(node, clean=False) is not None:
                return range(first.lineno, (first.end_lineno or first.lineno) + 1)
    return range(0)


def expected(touch: Touch) -> frozenset[str]:
    """The functions that a candidate changes and of which it rewrites what tests expect: they are used on a
    line of a test that is replaced by another that uses them in the same way, with the same arguments."""
    found = set()
    for file in touch.files:
        if "test" in file.path and file.hunks and file.module:
            for path in _rewritten(touch, file):
                target = touch.view.resolve(file.module, path, set())
                if isinstance(target, Symbol) and target.label in touch.changed:
                    found.add(target.label)
    return frozenset(found)


def _rewritten(touch: Touch, file: FileTouch) -> Iterator[Path]:
    """The paths that one hunk of a file uses both before and after, called with the same arguments if they
    are called: a test of other arguments says nothing of what these give."""
    writing = [hunk for hunk in file.hunks if hunk.text]
    lines = touch.view.source(file.old_blob).split(b"\n")
    for hunk, new in zip(writing, written(file.hunks), strict=True):
        gone = (use for use in file.gone.uses if hunk.start <= use.line < hunk.end)
        # Where nothing was asked of the value, as on a line that imports it, nothing else is expected now.
        before = {use.path for use in gone if set(use.contexts) - {contexts.DISCARD, contexts.IMPORT}}
        after = {use.path for use in file.uses.uses if new.first <= use.line <= new.last}
        texts = [lines[hunk.start - 1 : hunk.end - 1], hunk.text.split(b"\n")]
        moved = {line.strip() for line in texts[0]} & {line.strip() for line in texts[1]}
        kept = [[line for line in text if line.strip() not in moved] for text in texts]
        for path in sorted(before & after):
            old, now = (_calls(text, _last(path)) for text in kept)
            if old & now or not any(_calls(text, _last(path)) for text in texts):
                yield path


def _last(path: Path) -> str:
    return next((name for name in reversed(path) if name != CALL), "")


def _calls(lines: Sequence[bytes], name: str) -> set[str]:
    """What stands in the brackets of calls of a name, spaces aside."""
    text = b"\n".join(lines).decode(errors="replace")
    found = set()
    for call in re.finditer(rf"\b{re.escape(name)}\(", text):
        depth, at = 1, call.end()
        while depth and at < len(text):
            depth += (text[at] in "([{") - (text[at] in ")]}")
            at += 1
        found.add("".join(text[call.end() : at].split()))
    return found


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
