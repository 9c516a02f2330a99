"""Two edits of one function whose lines do not meet: do they meddle with each other all the same?

Promises: pure but for reading blobs. A name that one edit takes from a function while the other newly reads
it there, and a definition that no longer parses once both edits are in it, are proven; data that flows from
one edit to the other, and edits of different lines of one statement, are suspected; other edits of one
function are independent as far as names tell.
"""

from __future__ import annotations

import ast
import builtins
import textwrap
import warnings
from collections.abc import Iterator, Sequence

from assay.gates.syntax import REFUSED
from assay.model.report import ConflictKind, Witness
from assay.patchset.clash import Clash
from assay.patchset.edits import Hunk
from assay.patchset.facts.library import Leaf, Library
from assay.patchset.facts.paths import parameters
from assay.patchset.facts.records import Definition, Kind, Module
from assay.patchset.touch import FileTouch

_BUILTINS = frozenset(dir(builtins))


def halves(library: Library, mine: FileTouch, theirs: FileTouch) -> Iterator[Clash]:
    """What two edits of one Python file do to each other inside of definitions."""
    yield from _lost(mine, theirs)
    for turned in _lost(theirs, mine):
        yield turned.turned()
    shared = list(_shared(mine, theirs))
    for definition in shared:
        yield from _flows(mine, theirs, definition)
        for turned in _flows(theirs, mine, definition):
            yield turned.turned()
    blob = mine.old_blob
    leaf = _both_touch(library.leaves(blob), mine, theirs) if blob else None
    if leaf is not None:
        yield _one_statement(mine, theirs, leaf)
    for definition in _outermost(shared):
        if not _parses(library.source(blob), definition, mine.hunks, theirs.hunks):
            yield _clash(mine, theirs, definition, proven=True, note="together they are no Python any more")


def _lost(mine: FileTouch, theirs: FileTouch) -> Iterator[Clash]:
    """Local names that `mine` takes from a function in which `theirs` newly reads them."""
    for scope, name, line in theirs.uses.locals:
        owner = _owner(mine.old, scope, name)
        if name in mine.new.locals.get(owner, frozenset({name})) or (owner, name) in theirs.uses.stores:
            continue
        hidden = name in _BUILTINS or name in mine.new.definitions
        definition = mine.old.definitions.get(owner)
        yield Clash(
            kind=ConflictKind.SEMANTIC,
            proven=not hidden,
            label=f"{mine.module}:{owner}",
            where=f"{mine.path}:{owner}",
            mine=Witness(
                path=mine.path,
                line=definition.line if definition is not None else 0,
                does=f"takes the name `{name}` out of `{mine.module}:{owner}`",
            ),
            theirs=Witness(path=theirs.path, line=line, does="newly reads it there"),
        )


def _owner(module: Module, scope: str, name: str) -> str:
    """The innermost function around that binds a name: itself, or one that it is in; '' if there is none."""
    while scope and name not in module.locals.get(scope, ()):
        scope = scope.rpartition(".")[0]
    return scope


def _shared(mine: FileTouch, theirs: FileTouch) -> Iterator[Definition]:
    """The functions of the old file in which both replace something."""
    for definition in mine.old.definitions.values():
        plain = definition.kind is Kind.FUNCTION and not definition.several
        if plain and _within(mine.hunks, definition) and _within(theirs.hunks, definition):
            yield definition


def _within(hunks: Sequence[Hunk], definition: Definition) -> bool:
    return any(hunk.start <= definition.end and hunk.end >= definition.line for hunk in hunks)


def _flows(mine: FileTouch, theirs: FileTouch, definition: Definition) -> Iterator[Clash]:
    """What `mine` sets in a function and `theirs` reads or sets there as well."""
    name = definition.name
    inside = (name, f"{name}.")
    set_here = {n for scope, n in (*mine.uses.stores, *mine.gone.stores) if scope == name}
    read = {n for scope, n, _ in theirs.uses.locals if scope.startswith(inside)}
    also = {n for scope, n in theirs.uses.stores if scope == name}
    values = {u.path for u in (*mine.uses.uses, *mine.gone.uses) if u.store and u.scope == name}
    others = {u.path for u in theirs.uses.uses if u.scope == name}
    for what in sorted(set_here & (read | also)):
        verb = "reads" if what in read else "sets it as well"
        yield _clash(
            mine, theirs, definition, proven=False, note=f"one sets `{what}`, which the other {verb}"
        )
        return
    for path in sorted(values & others):
        yield _clash(mine, theirs, definition, proven=False, note=f"both are about `.{path[-1]}`")
        return


def _both_touch(leaves: Sequence[Leaf], mine: FileTouch, theirs: FileTouch) -> Leaf | None:
    """A statement of several lines of which both replace some, unless its entries stand for themselves."""
    for leaf in leaves:
        if leaf.span.first == leaf.span.last or leaf.entries:
            continue
        if all(
            any(h.start <= leaf.span.last and h.end > leaf.span.first for h in file.hunks if h.end > h.start)
            for file in (mine, theirs)
        ):
            return leaf
    return None


def _one_statement(mine: FileTouch, theirs: FileTouch, leaf: Leaf) -> Clash:
    span = f"lines {leaf.span.first} to {leaf.span.last}"
    return Clash(
        kind=ConflictKind.STRUCTURAL,
        proven=False,
        label="",
        where=f"{mine.path}:{leaf.span.first}",
        mine=Witness(path=mine.path, line=0, does=f"edits a statement of {mine.path} ({span})"),
        theirs=Witness(path=theirs.path, line=0, does="edits other lines of it"),
    )


def _outermost(definitions: Sequence[Definition]) -> Iterator[Definition]:
    names = {definition.name for definition in definitions}
    return (d for d in definitions if d.name.rpartition(".")[0] not in names)


def _parses(source: bytes, definition: Definition, mine: Sequence[Hunk], theirs: Sequence[Hunk]) -> bool:
    """Whether a definition is still Python with both edits in it; True where the edits cannot be put together
    line by line, which is for the merge to say."""
    text = woven(source, definition.line, definition.end, mine, theirs)
    if text is None:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(textwrap.dedent(text.decode("utf-8", "replace")))
    except SyntaxError:
        return False
    except REFUSED:
        return True
    return not any(map(_repeats, ast.walk(tree)))


def _repeats(node: ast.AST) -> bool:
    """Whether a signature has two parameters of one name, or a call gives one twice: the parser allows it."""
    if isinstance(node, ast.arguments):
        names = [parameter.arg for parameter in parameters(node)]
    elif isinstance(node, ast.Call):
        names = [keyword.arg for keyword in node.keywords if keyword.arg]
    else:
        return False
    return len(names) != len(set(names))


def woven(source: bytes, first: int, last: int, mine: Sequence[Hunk], theirs: Sequence[Hunk]) -> bytes | None:
    """The lines `first` to `last` of a source with both edits in them; None where the edits overlap."""
    lines = source.splitlines(keepends=True)
    hunks = sorted({h for h in (*mine, *theirs) if first <= h.start and h.end <= last + 1})
    if any(h.start < first <= h.end or h.start <= last + 1 < h.end for h in (*mine, *theirs)):
        return None
    parts: list[bytes] = []
    at = first
    for hunk in hunks:
        if hunk.start < at:
            return None
        parts += [*lines[at - 1 : hunk.start - 1], hunk.text]
        at = hunk.end
    return b"".join([*parts, *lines[at - 1 : last]])


def _clash(mine: FileTouch, theirs: FileTouch, definition: Definition, *, proven: bool, note: str) -> Clash:
    label = f"{mine.module}:{definition.name}"
    return Clash(
        kind=ConflictKind.STRUCTURAL,
        proven=proven,
        label=label,
        where=f"{mine.path}:{definition.name}",
        mine=Witness(path=mine.path, line=definition.line, does=f"edits `{label}`"),
        theirs=Witness(path=theirs.path, line=definition.line, does="edits another part of it"),
        note=note,
    )
