"""What differs inside a definition that is there on both sides, in words: conditions, loops, returns,
exceptions, defaults, values, and, where only a few tokens differ, those.

Promises: pure, never raises for what a definition holds; words are short and say each thing once; values that
look like secrets are hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from assay.delta.conduct import conduct
from assay.delta.meetings import Meeting
from assay.delta.outline import Conduct, Definition, Handler, Parameter, Said, What
from assay.delta.secrets import hide
from assay.delta.spot import spot
from assay.gates.syntax import REFUSED
from assay.model.delta import Aspect, Detail

T = TypeVar("T")

_MOST = 12
_BROAD = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})
_MOST_COMPARED = 400
"""Parts of one kind in one function; a function with more was made by a program."""


def details(met: Meeting) -> tuple[Detail, ...]:
    """The details of a definition that is there on both sides, in the order of a reader's interest."""
    if not (met.before and met.after):
        return ()
    old, new = met.before[-1], met.after[-1]
    found = [*_heads(old, new), *_inside(old, new)]
    return tuple(found[:_MOST])


def _inside(old: Definition, new: Definition) -> list[Detail]:
    """One small difference is shown itself; else what it does to the control flow."""
    if old.body == new.body:
        return []
    flow = list(_flow(old, new))
    at = spot(old.text, new.text, new.begin)
    told = {(detail.before, detail.after) for detail in flow}
    if at is not None and len(flow) <= 1 and (at.before, at.after) not in told:
        # The token is what there is to see; the flow says what it is a part of.
        return [at, *(each for each in flow if each.aspect in (Aspect.RAISES, Aspect.HANDLER, Aspect.SHAPE))]
    return flow


def _heads(old: Definition, new: Definition) -> Iterator[Detail]:
    before = {parameter.name: parameter for parameter in old.parameters or ()}
    for parameter in new.parameters or ():
        known = before.get(parameter.name)
        if known is not None:
            yield from _default(known, parameter, new.line)
    yield from _came_and_went(Aspect.DECORATOR, old.decorators, new.decorators, new.line, "@")
    if old.what is What.CLASS:
        yield from _came_and_went(Aspect.BASE, old.bases, new.bases, new.line, "base ")
    if old.typed != new.typed and (old.typed or new.typed):
        words = f"is annotated `{new.typed}`" if new.typed else f"is no longer annotated `{old.typed}`"
        was = f", was `{old.typed}`" if old.typed and new.typed else ""
        yield Detail(
            aspect=Aspect.ANNOTATION, before=old.typed, after=new.typed, words=words + was, line=new.line
        )


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


def _flow(old: Definition, new: Definition) -> Iterator[Detail]:
    before, after = _conduct(old), _conduct(new)
    if before is None or after is None:
        return
    yield from _shape(before, after, new.line)
    yield from _raises(before, after)
    yield from _handlers(before.handlers, after.handlers)
    yield from _parts(Aspect.CONDITION, before.conditions, after.conditions, "condition")
    yield from _parts(Aspect.LOOP, before.loops, after.loops, "loop")
    yield from _returns(before, after)
    yield from _parts(Aspect.STATE, before.state, after.state, "assigned outer name")


def _conduct(definition: Definition) -> Conduct | None:
    if definition.node is None:
        return None
    try:
        return conduct(definition.node)
    except REFUSED:
        return None


def _shape(old: Conduct, new: Conduct, line: int) -> Iterator[Detail]:
    words = ""
    if old.generator != new.generator:
        words = "is a generator now" if new.generator else "is no generator any more"
    elif old.arity and new.arity and old.arity != new.arity:
        words = f"returns {new.arity} values together, where it returned {old.arity}"
    if words:
        before, after = (f"{c.arity or 'generator'}" for c in (old, new))
        yield Detail(aspect=Aspect.SHAPE, before=before, after=after, words=words, line=line)


def _raises(old: Conduct, new: Conduct) -> Iterator[Detail]:
    before = {each.text: each.line for each in old.raises if each.text}
    after = {each.text: each.line for each in new.raises if each.text}
    for name, line in after.items():
        if name not in before:
            yield Detail(aspect=Aspect.RAISES, before="", after=name, words=f"can raise `{name}`", line=line)
    for name, line in before.items():
        if name not in after:
            words = f"no longer raises `{name}` itself"
            yield Detail(aspect=Aspect.RAISES, before=name, after="", words=words, line=line)


def _handlers(old: Sequence[Handler], new: Sequence[Handler]) -> Iterator[Detail]:
    for one, other in _aligned(old, new, lambda handler: (handler.caught, handler.silent)):
        before, after = _handled(one), _handled(other)
        if other is None or one is None:
            words = f"catches `{after}`" if other else f"no longer catches `{before}`"
            words += " and does nothing about it" if other and other.silent else ""
        elif one.caught != other.caught:
            words = f"catches `{after}`, where it caught `{before}`" + _width(one, other)
        else:
            words = f"`{after}` is {'now swallowed' if other.silent else 'no longer swallowed'}"
        line = other.line if other else one.line if one else 0
        yield Detail(aspect=Aspect.HANDLER, before=before, after=after, words=words, line=line)


def _handled(handler: Handler | None) -> str:
    if handler is None:
        return ""
    return ", ".join(handler.caught) or "everything"


def _width(one: Handler, other: Handler) -> str:
    before, after = set(one.caught), set(other.caught)
    if (_is_broad(other) and not _is_broad(one)) or (before < after and not _is_broad(one)):
        return " (more)"
    if (_is_broad(one) and not _is_broad(other)) or (after < before and not _is_broad(other)):
        return " (less)"
    return ""


def _is_broad(handler: Handler) -> bool:
    return not handler.caught or bool(_BROAD & set(handler.caught))


def _parts(aspect: Aspect, old: Sequence[Said], new: Sequence[Said], noun: str) -> Iterator[Detail]:
    for one, other in _aligned(old, new, lambda part: part.text):
        before, after = one.text if one else "", other.text if other else ""
        if one and other:
            words = f"{noun} `{before}` became `{after}`"
        else:
            words = f"new {noun} `{after}`" if other else f"{noun} `{before}` is gone"
        line = other.line if other else one.line if one else 0
        yield Detail(aspect=aspect, before=before, after=after, words=words, line=line)


def _returns(old: Conduct, new: Conduct) -> Iterator[Detail]:
    for one, other in _aligned(old.returns, new.returns, lambda part: part.text):
        before = (one.text or "None") if one else ""
        after = (other.text or "None") if other else ""
        if one and other:
            words = f"returns `{after}`, where it returned `{before}`"
        elif other:
            early = "" if other.line == new.last_return else "early "
            words = f"new {early}return of `{after}`"
        else:
            words = f"no longer returns `{before}`"
        line = other.line if other else one.line if one else 0
        yield Detail(aspect=Aspect.RETURN, before=before, after=after, words=words, line=line)


def _aligned(
    old: Sequence[T], new: Sequence[T], key: Callable[[T], Hashable]
) -> Iterator[tuple[T | None, T | None]]:
    """What differs between two lists: pairs where as many came as went, else each by itself."""
    if max(len(old), len(new)) > _MOST_COMPARED:
        return
    matcher = SequenceMatcher(None, [key(each) for each in old], [key(each) for each in new], autojunk=False)
    for tag, i, j, k, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        if j - i == end - k:
            yield from zip(old[i:j], new[k:end], strict=True)
        else:
            yield from ((each, None) for each in old[i:j])
            yield from ((None, each) for each in new[k:end])
