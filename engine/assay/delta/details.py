"""What differs inside a definition that is there on both sides, in words: conditions, loops, returns,
exceptions, defaults, values, and, where only a few tokens differ, those.

Promises: pure, never raises for what a definition holds; words are short and say each thing once; values that
look like secrets are hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from assay.delta.conduct import Statement, statements
from assay.delta.entries import entries
from assay.delta.flow import aligned, flow, text_of
from assay.delta.forms import forms
from assay.delta.meetings import Meeting
from assay.delta.outline import Definition, Parameter, Said, What
from assay.delta.secrets import hide, scrub
from assay.delta.short import apart
from assay.delta.spot import spot
from assay.gates.syntax import REFUSED
from assay.model.delta import Aspect, Detail

_MOST = 12
_MOST_OTHERS = 4
_BESIDES = frozenset({Aspect.RAISES, Aspect.WARNS, Aspect.HANDLER, Aspect.SHAPE})
"""What is told besides the tokens that bring it about."""


def details(met: Meeting) -> tuple[Detail, ...]:
    """The details of a definition that is there on both sides, in the order of a reader's interest."""
    if not (met.before and met.after):
        return ()
    old, new = met.before[-1], met.after[-1]
    found = {detail.words: detail for detail in (*_heads(old, new), *_inside(old, new))}
    return tuple(found.values())[:_MOST]


def _inside(old: Definition, new: Definition) -> list[Detail]:
    """One small difference is shown itself; else what it does to the control flow."""
    if forms(old)[0] == forms(new)[0]:
        return []
    if new.what in (What.CONSTANT, What.ATTRIBUTE) and (shown := list(entries(old, new))):
        return shown
    told = list(flow(old, new))
    at = spot(old.text, new.text, new.begin) if new.what is not What.MODULE else None
    if at is not None and len(told) <= 1:
        # The token is what there is to see; the flow says what it is a part of.
        return [at, *(each for each in told if each.aspect in _BESIDES)]
    return [*told, *_others(old, new, room=_MOST_OTHERS - len(told))]


def _heads(old: Definition, new: Definition) -> Iterator[Detail]:
    yield from _parameters(old, new)
    yield from _came_and_went(Aspect.DECORATOR, old.decorators, new.decorators, new.line, "@")
    if old.what is What.CLASS:
        yield from _came_and_went(Aspect.BASE, old.bases, new.bases, new.line, "base ")
    if old.typed != new.typed and forms(old)[0] == forms(new)[0]:
        words = f"is annotated `{new.typed}`" if new.typed else f"is no longer annotated `{old.typed}`"
        was = f", was `{old.typed}`" if old.typed and new.typed else ""
        yield Detail(
            aspect=Aspect.ANNOTATION, before=old.typed, after=new.typed, words=words + was, line=new.line
        )


def _parameters(old: Definition, new: Definition) -> Iterator[Detail]:
    before = {parameter.name: parameter for parameter in old.parameters or ()}
    after = {parameter.name: parameter for parameter in new.parameters or ()}
    for name in [name for name in after if name in before]:
        yield from _default(before[name], after[name], new.line)
    gone = [name for name in before if name not in after]
    came = [hide(name, after[name].text) for name in after if name not in before]
    if len(gone) == len(came):
        for name, shown in zip(gone, came, strict=True):
            yield _parameter(name, shown, f"parameter `{name}` became `{shown}`", new.line)
        return
    for shown in came:
        yield _parameter("", shown, f"new parameter `{shown}`", new.line)
    for name in gone:
        yield _parameter(name, "", f"parameter `{name}` is gone", new.line)


def _parameter(before: str, after: str, words: str, line: int) -> Detail:
    return Detail(aspect=Aspect.PARAMETER, before=before, after=after, words=words, line=line)


def _default(old: Parameter, new: Parameter, line: int) -> Iterator[Detail]:
    if old.default == new.default or not old.default or not new.default:
        return
    before, after = hide(new.name, old.default), hide(new.name, new.default)
    words = f"the default of `{new.name}` is `{after}`, was `{before}`"
    yield Detail(aspect=Aspect.DEFAULT, before=before, after=after, words=words, line=line)


def _came_and_went(
    aspect: Aspect, old: Sequence[str], new: Sequence[str], line: int, kind: str
) -> Iterator[Detail]:
    for text in new:
        if text not in old:
            yield Detail(aspect=aspect, before="", after=text, words=f"new: `{kind}{text}`", line=line)
    for text in old:
        if text not in new:
            yield Detail(aspect=aspect, before=text, after="", words=f"gone: `{kind}{text}`")


def _others(old: Definition, new: Definition, room: int) -> Iterator[Detail]:
    """The statements that no other detail is about: the first few, and how many more."""
    pairs = [(one, other) for one, other in _statements(old, new) if one.text != other.text]
    stays = {one.text for one, _ in pairs} & {other.text for _, other in pairs}
    told = [detail for one, other in pairs if (detail := _statement(one, other, stays)) is not None]
    room = max(room, 2)
    yield from told[:room]
    if len(told) > room:
        words = f"{len(told) - room} more statements differ"
        yield Detail(aspect=Aspect.STATEMENT, before="", after="", words=words, line=new.line)


def _statement(one: Said, other: Said, stays: Set[str]) -> Detail | None:
    was, now = one.text, other.text
    shown = apart(scrub(was), scrub(now))
    if now and now in stays:
        words = f"`{shown[1]}` is at another place"
    elif was in stays:
        return None
    elif was and now and (at := spot(was, now)):
        words = at.words
    else:
        words = _replaced(*shown)
    line = other.line or one.line
    return Detail(aspect=Aspect.STATEMENT, before=shown[0], after=shown[1], words=words, line=line)


def _replaced(was: str, now: str) -> str:
    if was and now:
        return f"`{was}` became `{now}`"
    return f"new: `{now}`" if now else f"gone: `{was}`"


_NOTHING = Said(text="", line=0)


def _statements(old: Definition, new: Definition) -> list[tuple[Said, Said]]:
    """The statements of both that are written otherwise, side by side where as many came as went."""
    if new.what is What.MODULE:
        sides = [[Said(text=text, line=0) for text in d.text.split("\n") if text] for d in (old, new)]
        return [(one or _NOTHING, other or _NOTHING) for one, other in aligned(sides[0], sides[1], text_of)]
    if old.node is None or new.node is None:
        return []
    try:
        both = [statements(d.node, d.text, d.begin) for d in (old, new)]
        return _met([(_said(one), _said(other)) for one, other in aligned(both[0], both[1], _source_of)])
    except REFUSED:
        return []


def _met(pairs: Sequence[tuple[Said, Said]]) -> list[tuple[Said, Said]]:
    """What goes and what comes as the value of one name is one statement that changes: told as gone, it would
    read as if nothing were assigned any more."""
    gone = [_target(one.text) for one, other in pairs if not other.text]
    came = [_target(other.text) for one, other in pairs if not one.text]
    single = {name for name in gone if name and gone.count(name) == came.count(name) == 1}
    now = {_target(other.text): other for one, other in pairs if not one.text}
    met: list[tuple[Said, Said]] = []
    for one, other in pairs:
        if not other.text and (name := _target(one.text)) in single:
            met.append((one, now[name]))
        elif one.text or _target(other.text) not in single:
            met.append((one, other))
    return met


def _target(text: str) -> str:
    """The name, dotted or not, that a statement assigns to; empty for others."""
    name, assigns, _ = text.partition(" = ")
    return name if assigns and all(part.isidentifier() for part in name.split(".")) else ""


def _said(statement: Statement | None) -> Said:
    return Said(text=statement.text, line=statement.line) if statement else _NOTHING


def _source_of(statement: Statement) -> bytes:
    return statement.source
