"""What differs in how two versions of a function go about their work, in words.

Promises: pure, never raises for what a function holds; each thing is said once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from assay.delta.conduct import conduct
from assay.delta.outline import Conduct, Definition, Handler, Said
from assay.gates.syntax import REFUSED
from assay.model.delta import Aspect, Detail

T = TypeVar("T")

_BROAD = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})
_MOST_COMPARED = 400
"""Parts of one kind in one function; a function with more was made by a program."""


def flow(old: Definition, new: Definition) -> Iterator[Detail]:
    """Results, exceptions, warnings, conditions, loops, returns and state, in this order."""
    before, after = _conduct(old), _conduct(new)
    if before is None or after is None:
        return
    yield from _shape(before, after, new.line)
    yield from _raises(before, after)
    yield from _warns(before, after)
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


def _warns(old: Conduct, new: Conduct) -> Iterator[Detail]:
    before, after = (Counter(each.text for each in conduct.warns) for conduct in (old, new))
    lines = {each.text: each.line for each in new.warns}
    for name in after:
        if after[name] > before[name]:
            words = f"warns with `{name}`" + (" in more cases" if before[name] else "")
            yield Detail(aspect=Aspect.WARNS, before="", after=name, words=words, line=lines[name])
    for name in before:
        if name not in after:
            words = f"no longer warns with `{name}`"
            yield Detail(aspect=Aspect.WARNS, before=name, after="", words=words)


def _handlers(old: Sequence[Handler], new: Sequence[Handler]) -> Iterator[Detail]:
    for one, other in aligned(old, new, lambda handler: (handler.caught, handler.silent)):
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


def text_of(part: Said) -> str:
    return part.text


def _parts(aspect: Aspect, old: Sequence[Said], new: Sequence[Said], noun: str) -> Iterator[Detail]:
    for one, other in aligned(old, new, text_of):
        before, after = one.text if one else "", other.text if other else ""
        if one and other:
            words = f"{noun} `{before}` became `{after}`"
        else:
            words = f"new {noun} `{after}`" if other else f"{noun} `{before}` is gone"
        line = other.line if other else one.line if one else 0
        yield Detail(aspect=aspect, before=before, after=after, words=words, line=line)


def _returns(old: Conduct, new: Conduct) -> Iterator[Detail]:
    for one, other in aligned(old.returns, new.returns, text_of):
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


def aligned(
    old: Sequence[T], new: Sequence[T], key: Callable[[T], Hashable]
) -> Iterator[tuple[T | None, T | None]]:
    """What differs between two lists: pairs where as many came as went, else each by itself."""
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
