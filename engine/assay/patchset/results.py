"""Whether what a call gives is still of use in the way it is used, once the function is another.

Promises: pure. A verdict is proven only if nothing hides what the call gives: neither decorators nor several
definitions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from assay.patchset.facts import contexts
from assay.patchset.facts.bodies import CHANGERS
from assay.patchset.facts.records import Binding, Definition, Kind
from assay.patchset.touch import Place

_GENERATOR_ONLY = frozenset({"send", "close", "throw", "__next__"})
_SEQUENCE = frozenset({contexts.INDEX, contexts.SET, contexts.LENGTH, contexts.COMPARE})
_ANY_TYPE = frozenset({contexts.DISCARD, contexts.ITER, contexts.TRUTH, contexts.ABSENT})
_BY_PLACE = frozenset({contexts.INDEX, contexts.NEXT, contexts.COMPARE, contexts.OTHER})
"""What is done with things that are in an order; going through all of them may be indifferent to it."""


_BESIDE = (contexts.KEY, contexts.EACH, contexts.AT, contexts.IDENTITY)
"""Begin the words that only say more of another one."""
EVERYTHING = frozenset({"", "Exception", "BaseException"})
"""Who catches these catches whatever is raised, and whatever an exception becomes."""


class Verdict(NamedTuple):
    """What is wrong with one use: whether for certain, and the words for it."""

    proven: bool
    does: str
    """What the other candidate does."""
    note: str = ""


def about(words: str, label: str) -> str:
    """The words of a verdict, with the symbol in the place of its first `it` or `its`."""
    parts = words.split(" ")
    for index, part in enumerate(parts):
        if part in ("it", "its"):
            parts[index] = f"`{label}`" + ("'s" if part == "its" else "")
            break
    return " ".join(parts)


def result(place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether what the call gives is still of use in the way it is used."""
    use = place.use
    clear = not (old.several or new.several or old.decorated or new.decorated)
    said = set(use.contexts) - {contexts.OR_ELSE}
    yield from _written(said, old, new)
    if old.each and new.each and old.each != new.each and f"{contexts.EACH}{old.each}" in said:
        does = f"makes what comes out of it {new.each} values each, not {old.each}"
        yield Verdict(clear, does, "it is taken apart as before")
    words = {word for word in said if not word.startswith(_BESIDE)} - {contexts.AWAIT}
    yield from _raised(use.catches, old, new)
    yield from nothing(place, old, new)
    yield from _computed(words, old, new)
    yield from _marked(words, old, new)
    yield from _handles(use.catches, words, old, new)
    yield from _shared(words, old, new)
    if (old.manager, old.async_manager) != (new.manager, new.async_manager):
        yield from _entered(words, old, new, clear)
        return
    if old.is_async != new.is_async:
        if new.is_async and contexts.AWAIT not in said:
            yield Verdict(clear and not old.hands_on, "makes it async", "the call is not awaited")
        elif old.is_async and contexts.AWAIT in said:
            yield Verdict(clear and not new.hands_on, "makes it no longer async", "the call is awaited")
        return
    if old.generator != new.generator:
        yield from _generated(words, new, clear)
        return
    if old.ordered and new.ordered and old.ordered != new.ordered and words & _BY_PLACE:
        yield Verdict(False, "changes the order of what it returns", "the result is used by its order")
    if old.arity != new.arity:
        yield from _unpacked(words, old, new, clear)
    elif old.gives and new.gives and old.gives != new.gives and _matters(words, old.gives, new.gives):
        yield Verdict(
            False, f"makes it return a {new.gives}, not a {old.gives}", "the result is used as before"
        )
    elif not old.gives and (lacks := _lacks(words, new.gives)):
        yield Verdict(False, f"makes it return a {new.gives}", f"it has no `{lacks}`")
    elif not old.gives and new.gives in _SINGLE and words & _OF_SEVERAL:
        yield Verdict(False, f"makes it return a {new.gives}", "it is used as if there were several")
    elif len(old.kinds) == 1 < len(new.kinds) and old.gives in new.kinds and old.gives and _relies(words):
        does = f"makes it return something else than a {old.gives} at times"
        yield Verdict(False, does, "the result is used as one")


def remade(place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether a class, a function or a variable became something else, and is used as before."""
    use = place.use
    if old.kind is Kind.CLASS is not new.kind and contexts.AS_CLASS in use.contexts:
        yield Verdict(new.kind is Kind.FUNCTION, f"makes a {new.kind} of it", "it is used as a class")
    elif old.kind is not new.kind and Kind.VARIABLE in (old.kind, new.kind):
        read = new.kind is Kind.FUNCTION and new.binding is not Binding.PROPERTY and not use.store
        if (use.call is not None and new.binding is not Binding.PROPERTY) or (use.call is None and read):
            yield Verdict(False, f"makes a {new.kind} of what was a {old.kind}", "it is used as before")


def access(place: Place, old: Definition, new: Definition, *, bound: bool) -> Iterator[Verdict]:
    """Whether a method became a property, or the other way round, and is got at as before."""
    was, now = (d.binding is Binding.PROPERTY for d in (old, new))
    if was == now or not bound or place.use.store or old.several or new.several:
        return
    called = place.use.call is not None
    if now and called:
        yield Verdict(not place.use.guarded, "makes a property of it", "it is called like a method")
    elif was and not called:
        yield Verdict(not place.use.guarded, "makes a method of it", "it is read like a property")


def _raised(catches: tuple[str, ...], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether there is an exception now where there was None."""
    more = set(new.raises) - set(old.raises)
    if not old.may_be_none or new.may_be_none or not more or {*more, *EVERYTHING}.intersection(catches):
        return
    yield Verdict(
        False, f"makes it raise {', '.join(sorted(more))} in place of giving None", "it is not caught"
    )


def nothing(place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether there is None now where there was something, or an exception."""
    use = place.use
    if old.may_be_none or not new.may_be_none or contexts.OR_ELSE in use.contexts:
        return
    words = {word for word in use.contexts if not word.startswith(_BESIDE)} - {contexts.AWAIT}
    asked = words & {contexts.TRUTH, contexts.ABSENT}
    if not asked and _relies(words):
        yield Verdict(False, "makes it None at times", "it is used as if it were there")
    elif set(use.catches) - EVERYTHING and words - {contexts.DISCARD} and not asked:
        caught = ", ".join(sorted(set(use.catches) - EVERYTHING))
        yield Verdict(False, "makes it None at times", f"{caught} is what is looked out for")


def _relies(words: set[str]) -> bool:
    """Whether something is asked of a value that not every value can do."""
    marks = (contexts.ATTRIBUTE, contexts.UNPACK)
    return bool(words & _OF_SOMETHING) or any(word.startswith(marks) for word in words)


_OF_SOMETHING = frozenset(
    {
        contexts.INDEX,
        contexts.SET,
        contexts.LENGTH,
        contexts.ITER,
        contexts.NEXT,
        contexts.WITH,
        contexts.ASYNC_WITH,
    }
)


def _lacks(words: set[str], kind: str) -> str:
    """An attribute that is asked of a result and that its new, built-in type does not have; '' if none."""
    made = _BUILT_IN.get(kind)
    attributes = sorted(
        word.removeprefix(contexts.ATTRIBUTE) for word in words if word.startswith(contexts.ATTRIBUTE)
    )
    return next((name for name in attributes if made is not None and not hasattr(made, name)), "")


_SINGLE = frozenset({"int", "float", "bool"})
_OF_SEVERAL = frozenset({contexts.ITER, contexts.INDEX, contexts.LENGTH, contexts.NEXT, contexts.SET})
_BUILT_IN: dict[str, type] = {
    kind.__name__: kind for kind in (list, tuple, set, frozenset, dict, str, bytes, int, float, bool)
}


def _matters(words: set[str], old: str, new: str) -> bool:
    """Whether it matters to a use that it gets another type: going through a mapping gives its keys."""
    walked = {old, new} <= _WALKED
    through = walked and contexts.ITER in words and "dict" in (old, new)
    return through or bool(words - _ANY_TYPE - ({contexts.LENGTH} if walked else set()))


_WALKED = frozenset({"list", "tuple", "set", "dict"})


def _handles(
    catches: tuple[str, ...], words: set[str], old: Definition, new: Definition
) -> Iterator[Verdict]:
    """Whether it catches what is looked out for, or lets through what it used to catch."""
    caught, kept = set(catches) - EVERYTHING, set(new.handles) - set(old.handles) - set(new.raises)
    if caught & kept:
        does = f"makes it catch {', '.join(sorted(caught & kept))} itself"
        yield Verdict(False, does, "that is what is looked out for")
    free = set(old.handles) - set(new.handles) - set(old.raises) - EVERYTHING
    stopped = {*catches, *new.handles} & {*free, *EVERYTHING}
    if free and set(old.sentinels) - set(new.sentinels) and not stopped:
        yield Verdict(False, f"makes it let {', '.join(sorted(free))} through", "it is not caught")


def _written(words: set[str], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether what is written out in a result is another: its keys, the order of its parts, its format."""
    yield from unkeyed(words, old, new)
    places = {int(word.removeprefix(contexts.AT)) for word in words if word.startswith(contexts.AT)}
    for place in sorted(places):
        was, now = (_at(each.parts, place) for each in (old, new))
        if was and now and was != now and was in new.parts:
            yield Verdict(
                False, f"makes it give {now[:40]} at {place}, not {was[:40]}", "that is what is taken"
            )
    by_place = contexts.INDEX in words or any(word.startswith(contexts.UNPACK) for word in words)
    if old.parts != new.parts and sorted(old.parts) == sorted(new.parts) and by_place:
        does = f"makes it return ({', '.join(new.parts)[:60]}), not ({', '.join(old.parts)[:60]})"
        yield Verdict(False, does, "it is taken apart as before")
    if old.template and new.template and old.template != new.template and contexts.takes_text_apart(words):
        does = f"writes it as {new.template[:60]}, not {old.template[:60]}"
        yield Verdict(False, does, "the text is taken apart")


def _at(parts: tuple[str, ...], place: int) -> str:
    return parts[place] if -len(parts) <= place < len(parts) else ""


def unkeyed(words: Collection[str], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether a key is gone that is asked for, of a dictionary that is written out."""
    asked = {word.removeprefix(contexts.KEY) for word in words if word.startswith(contexts.KEY)}
    lost = asked & (set(old.keys) - set(new.keys)) if new.keys else set()
    if lost:
        yield Verdict(False, f"takes the key `{', '.join(sorted(lost))}` from it", "that is asked for")


def _marked(words: set[str], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether what stood for nothing found is something else, and is looked out for."""
    lost, more = set(old.sentinels) - set(new.sentinels), set(new.sentinels) - set(old.sentinels)
    if "None" in lost and more and contexts.ABSENT in words:
        does = f"makes it give {', '.join(sorted(more))} in place of None"
        yield Verdict(False, does, "None is what is looked out for")
    elif (kept := lost - {"None"}) and contexts.COMPARE in words:
        yield Verdict(False, f"makes it give no {', '.join(sorted(kept))} any more", "the value is compared")


def _shared(words: set[str], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether what is given is kept by somebody else now, and is changed in place."""
    changes = contexts.SET in words or any(
        word.removeprefix(contexts.ATTRIBUTE) in CHANGERS
        for word in words
        if word.startswith(contexts.ATTRIBUTE)
    )
    if new.shares and not old.shares and changes:
        yield Verdict(
            False, "makes it give what it keeps, not something new", "the result is changed in place"
        )


def _computed(words: set[str], old: Definition, new: Definition) -> Iterator[Verdict]:
    """Whether a value that is compared is computed by another formula."""
    if old.formula and new.formula and old.formula != new.formula and contexts.COMPARE in words:
        does = f"computes it as `{new.formula[:60]}`, not `{old.formula[:60]}`"
        yield Verdict(False, does, "the value is compared")


def _entered(words: set[str], old: Definition, new: Definition, clear: bool) -> Iterator[Verdict]:
    """Whether what is entered is still a context manager, and the other way round."""
    enters = words & {contexts.WITH, contexts.ASYNC_WITH}
    if not new.manager and enters:
        yield Verdict(clear and not new.hands_on, "makes it no context manager any more", "it is entered")
    elif old.manager and new.manager:
        if (contexts.WITH if new.async_manager else contexts.ASYNC_WITH) in words:
            does = f"makes it {'an asynchronous' if new.async_manager else 'a plain'} context manager"
            yield Verdict(clear, does, "it is entered as before")
    elif new.manager and words - enters - {contexts.OTHER}:
        yield Verdict(clear, "makes a context manager of it", "it is not entered")


def _generated(words: set[str], new: Definition, clear: bool) -> Iterator[Verdict]:
    attributes = {
        word.removeprefix(contexts.ATTRIBUTE) for word in words if word.startswith(contexts.ATTRIBUTE)
    }
    if new.generator:
        does = "makes a generator of it"
        if words & _SEQUENCE or attributes - _GENERATOR_ONLY:
            yield Verdict(clear, does, "the result is used as a sequence")
        elif words & {contexts.OTHER, contexts.TRUTH}:
            yield Verdict(False, does, "the result may be used as a sequence")
    elif contexts.NEXT in words or attributes & _GENERATOR_ONLY:
        yield Verdict(
            clear and not new.hands_on, "makes it no generator any more", "the result is used as one"
        )


def _unpacked(words: set[str], old: Definition, new: Definition, clear: bool) -> Iterator[Verdict]:
    counts = {int(word.removeprefix(contexts.UNPACK)) for word in words if word.startswith(contexts.UNPACK)}
    if old.arity and new.arity:
        does = f"makes it return {new.arity} values, not {old.arity}"
        if old.arity in counts:
            yield Verdict(clear, does, "the call is unpacked as before")
        elif words - {contexts.DISCARD} and not (words == {contexts.INDEX} and new.arity > old.arity):
            yield Verdict(False, does)
    elif old.arity in counts:
        yield Verdict(
            False, f"makes it no longer return {old.arity} values", "the call is unpacked as before"
        )
    elif old.arity and new.gives and new.gives != "tuple" and _matters(words, "tuple", new.gives):
        yield Verdict(False, f"makes it return a {new.gives}, not {old.arity} values", "it is used as before")
    elif new.arity and counts and new.arity not in counts:
        # How many there were could not be read, but the new use says what it found.
        number = " or ".join(map(str, sorted(counts)))
        yield Verdict(clear, f"makes it return {new.arity} values", f"the call is unpacked into {number}")
    elif new.arity and words - {contexts.DISCARD, contexts.INDEX} and not counts:
        attributes = {w for w in words if w.startswith(contexts.ATTRIBUTE)}
        yield Verdict(
            clear and bool(attributes), f"makes it return {new.arity} values", "the call expects one"
        )
