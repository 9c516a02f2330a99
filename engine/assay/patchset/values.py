"""What a variable holds, and whether it is still of use in the way it is used once it holds something else.

Promises: pure. Of a container only its type is known. Proven is a method that the new type does not have;
another value may matter, so it is suspected. What a type can do that stands in for another (a `frozenset` for
a `set` that nobody changes) says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from assay.patchset.facts import contexts
from assay.patchset.facts.paths import CONTAINERS
from assay.patchset.facts.records import CALL, Definition, Kind
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Symbol, Target

_UNITS = (60, 100, 1000, 1024, 3600, 86400, 1024**2, 10**6, 1024**3, 10**9)
"""How many of one unit another has."""
_STANDS_IN = {("set", "frozenset"), ("dict", "mappingproxytype")}


def held(place: Place, old: Definition, new: Definition) -> Iterator[Verdict]:
    """What the change of a variable may mean for who reads it."""
    if not old.literal or old.literal == new.literal or old.several or new.several:
        return
    if (old.literal, new.literal) in _STANDS_IN:
        return
    containers = old.literal in CONTAINERS and (new.literal in CONTAINERS or _is_container(new))
    if containers and _OF_ANY.issuperset(place.use.contexts):
        return
    numbers = _is_number(old.literal) and _is_number(new.literal)
    bounds = numbers and _AS_A_BOUND.issuperset(place.use.contexts)
    if bounds and not counts_otherwise(old.literal, new.literal):
        return
    if not new.literal:
        does = f"makes something else of it than a {_word(old.literal)}"
        yield Verdict(False, does, "it may be used as one")
    else:
        does = f"changes it from {old.literal[:60]} to {new.literal[:60]}"
        yield Verdict(False, does, "the value may matter")


def frozen(place: Place, before: Target, after: Target, step: str) -> Verdict | None:
    """Whether a variable that held a container has become one without the attribute `step`."""
    if not isinstance(before, Symbol) or not isinstance(after, Symbol):
        return None
    old, new = before.definition, after.definition
    if not (old.kind is new.kind is Kind.VARIABLE) or old.several or new.several:
        return None
    words = [each.literal or each.noted.partition("[")[0].rpartition(".")[2].lower() for each in (old, new)]
    was, now = (CONTAINERS.get(word) for word in words)
    if was is None or now is None or not hasattr(was, step) or hasattr(now, step):
        return None
    does = f"turns it from a {words[0]} into a {words[1]}"
    return Verdict(not place.use.guarded, does, f"it has no `{step}`")


def _is_container(definition: Definition) -> bool:
    """Whether something is made that holds things as built-in containers do."""
    return definition.value[-1:] == (CALL,) and definition.value[-2] in _OTHERS


def _is_number(literal: str) -> bool:
    return literal.replace("_", "").replace(".", "", 1).isdigit()


def counts_otherwise(old: str, new: str) -> bool:
    """Whether two literals are numbers that are the same in two units."""
    if not (_is_number(old) and _is_number(new)):
        return False
    was, now = (float(each.replace("_", "")) for each in (old, new))
    return was != now and any(math.isclose(max(was, now), min(was, now) * factor) for factor in _UNITS)


def elements(place: Place, before: Target, after: Target, step: str) -> Verdict | None:
    """Whether what a container holds is annotated as something else, and is got at."""
    if not isinstance(before, Symbol) or not isinstance(after, Symbol):
        return None
    old, new = before.definition.noted, after.definition.noted
    same = old.partition("[")[0] == new.partition("[")[0]
    if not old or not new or not same or "[" not in old or _parts(old) == _parts(new):
        return None
    if not (step in _GETTERS or (not step and contexts.INDEX in place.use.contexts)):
        return None
    does = f"makes a {new[:60]} of it, not a {old[:60]}"
    return Verdict(False, does, "what is in it is used as before")


def _parts(note: str) -> str:
    return note.replace(" ", "").replace("typing.", "").lower()


_GETTERS = frozenset({"get", "items", "values", "pop", "popitem", "popleft", "setdefault"})
_OF_ANY = frozenset({contexts.LENGTH, contexts.TRUTH, contexts.DISCARD})
"""What can be asked of any container."""
_OTHERS = frozenset({"deque", "OrderedDict", "defaultdict", "Counter", "ChainMap", "UserDict", "UserList"})
_AS_A_BOUND = frozenset({contexts.COMPARE, contexts.TRUTH, contexts.DISCARD})
"""What is done with a number whose name says what it is for."""


def _word(literal: str) -> str:
    return literal if literal in CONTAINERS else "literal"
