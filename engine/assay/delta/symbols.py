"""Which definitions changed between two outlines, and what about each: one entry for one symbol.

Promises: pure; formatting, comments, the order of definitions and the names of local variables yield nothing.
Members of a class that came or went as a whole are not listed besides it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from assay.delta.alpha import same_but_for_locals
from assay.delta.breaks import fields_by_position
from assay.delta.compat import Around, judge
from assay.delta.details import details
from assay.delta.exports import NO_EXPORTS
from assay.delta.forms import forms
from assay.delta.meetings import Definitions, Meeting, meetings
from assay.delta.outline import MODULE, Definition, Outline, Parameter, What
from assay.delta.pairing import paired
from assay.delta.parse import Outlines
from assay.delta.public import in_tests
from assay.delta.secrets import hide, scrub
from assay.gates.syntax import REFUSED
from assay.model.candidate import Record
from assay.model.delta import SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_NAMES = re.compile(r"'\w+'")


class Described(Record, frozen=True, kw_only=True):
    """A change, the meeting it is of, and a sentence for each way in which it breaks callers."""

    change: SymbolChange
    met: Meeting
    breaks: tuple[str, ...] = ()


def changed_symbols(old: Outline, new: Outline, path: str) -> tuple[SymbolChange, ...]:
    """The changes from `old` to `new`, sorted by symbol; `path` is the file's (new) path."""
    files = {path: Outlines(old=old, new=new)}
    found = describe(found_meetings(files), Around(files=files, exports=NO_EXPORTS))
    return tuple(each.change for each in found)


def found_meetings(files: Mapping[str, Outlines]) -> list[Meeting]:
    """What differs in these files, by path, what was renamed or moved paired up."""
    return paired([met for path, each in files.items() for met in meetings(each.old, each.new, path)], files)


def describe(found: Iterable[Meeting], around: Around) -> list[Described]:
    """The change of each meeting that is one, sorted by path and symbol."""
    changes = [each for met in found if (each := _described(met, around)) is not None]
    return sorted(changes, key=lambda each: (each.change.path, each.change.symbol))


def only_locals(met: Meeting) -> bool:
    """Whether functions differ in the names of their local variables only."""
    if not met.same_place or len(met.before) != len(met.after):
        return False
    pairs = [pair for pair in zip(met.before, met.after, strict=True) if list(_aspects(*pair))]
    return bool(pairs) and all(_alpha(one, other) for one, other in pairs)


def _alpha(one: Definition, other: Definition) -> bool:
    if set(_aspects(one, other)) != {Kind.BODY} or one.node is None or other.node is None:
        return False
    if _NAMES.sub("", forms(one)[0]) != _NAMES.sub("", forms(other)[0]):
        return False  # more than names differs, which is quickly seen
    try:
        return same_but_for_locals(one.node, other.node)
    except REFUSED:
        return False


def _described(met: Meeting, around: Around) -> Described | None:
    aspects = tuple(_all_aspects(met))
    kind = _kind(met, aspects)
    if kind is None or (kind is Kind.BODY and only_locals(met)):
        return None
    one_sided = kind in (Kind.ADDED, Kind.REMOVED)
    change = SymbolChange(
        path=met.path,
        symbol=met.symbol,
        kind=kind,
        what=met.last.what.value,
        public=False,
        before=_shown(met.before),
        after=_shown(met.after),
        old_path="" if met.same_place else met.old_path,
        old_symbol="" if met.same_place else met.old_symbol,
        aspects=() if one_sided else tuple(dict.fromkeys((kind, *aspects))),
        line=met.last.line,
        end=met.last.end,
        details=() if one_sided or in_tests(met.path) else details(met),
    )
    judgement = judge(change, met, around)
    return Described(
        change=replace(
            change,
            public=judgement.public,
            public_as=judgement.public_as,
            compatibility=judgement.compatibility,
            why="; ".join(judgement.phrases),
        ),
        met=met,
        breaks=judgement.sentences(change),
    )


def _kind(met: Meeting, aspects: Sequence[Kind]) -> Kind | None:
    if met.symbol == MODULE:
        return aspects[0] if aspects else Kind.BODY if not (met.before and met.after) else None
    if not (met.before and met.after):
        return Kind.REMOVED if met.before else Kind.ADDED
    if met.same_place or met.carried:
        return aspects[0] if aspects else None
    same_owner = met.symbol.rpartition(".")[0] == met.old_symbol.rpartition(".")[0]
    return Kind.RENAMED if met.path == met.old_path and same_owner else Kind.MOVED


def _all_aspects(met: Meeting) -> list[Kind]:
    """What differs, weightiest first."""
    if not (met.before and met.after):
        return []
    if len(met.before) != len(met.after):
        return [Kind.SIGNATURE, *_aspects(met.before[-1], met.after[-1])]
    found = {kind for pair in zip(met.before, met.after, strict=True) for kind in _aspects(*pair)}
    return [kind for kind in Kind if kind in found]


def _aspects(old: Definition, new: Definition) -> Iterator[Kind]:
    """What differs between two definitions, their names aside."""
    if old.what is not new.what and {old.what, new.what} != {What.FUNCTION, What.METHOD}:
        yield Kind.SIGNATURE
        return
    if _binds(old) != _binds(new) or (old.what is What.CLASS and _reordered(old, new)):
        yield Kind.SIGNATURE
    if old.what is What.CLASS and _bases(old) != _bases(new):
        yield Kind.BASES
    if old.decorators != new.decorators:
        yield Kind.DECORATORS
    (old_body, old_types), (new_body, new_types) = forms(old), forms(new)
    if old_body != new_body:
        yield Kind.BODY
    if (old_types, _types(old)) != (new_types, _types(new)):
        yield Kind.ANNOTATIONS
    if old.docs != new.docs:
        yield Kind.DOCS


def _reordered(old: Definition, new: Definition) -> bool:
    before, after = fields_by_position(old, new)
    return before != after


def _binds(definition: Definition) -> tuple[object, ...]:
    """How a definition is called or reached."""
    listed = [(p.name, p.kind, p.optional, p.default) for p in definition.parameters or ()]
    return (definition.binding, definition.is_async, listed)


def _bases(definition: Definition) -> str:
    """What stands between the parentheses, keywords included."""
    head, _, rest = definition.signature.partition(f"class {definition.name}{definition.generics}")
    return rest or head


def _types(definition: Definition) -> tuple[object, ...]:
    """The annotations of a signature."""
    listed = [_annotation(parameter) for parameter in definition.parameters or ()]
    return (definition.typed, definition.generics, listed)


def _annotation(parameter: Parameter) -> str:
    return parameter.text.removesuffix(f"={parameter.default}") if parameter.default else parameter.text


def _shown(definitions: Definitions) -> str:
    return "; ".join(dict.fromkeys(map(_signature, definitions)))


def _signature(definition: Definition) -> str:
    if definition.what not in (What.CONSTANT, What.ATTRIBUTE):
        return scrub(definition.signature)
    head, sign, value = definition.signature.partition(" = ")
    return f"{head}{sign}{hide(definition.name, value)}"
