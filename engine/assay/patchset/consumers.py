"""What a function cannot do without of its arguments, and a new call that gives it something without that.

Promises: pure. Looked at are dictionaries that are written out where they are given, and objects whose class
is known whole. What a function asks for is what it reads of its parameters without a word of doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.patchset.conditions import applies
from assay.patchset.facts.records import CALL, Binding, Definition, Given, Kind
from assay.patchset.results import Verdict
from assay.patchset.touch import Place
from assay.patchset.view import Instance, Missing, Symbol, View

_ASK = re.compile(r"(\w+)([.\[])([^\]]+)")


def lacking(view: View, both: View, place: Place, before: Symbol, after: Symbol) -> Iterator[Verdict]:
    """What a call gives that lacks what is newly asked of it, once both are in."""
    old, new = _taker(view, before), _taker(both, after)
    if old is None or new is None or new.signature is None or not place.use.given:
        return
    fresh = sorted(set(new.asks) - set(old.asks))
    refused = sorted(set(new.refuses) - set(old.refuses))
    given = _by_parameter(new, after, place.use.given) if fresh or refused else {}
    constants = {name: one.constant for name, one in given.items() if name and one.constant}
    for condition in refused if constants else ():
        if applies(condition, constants) and not place.use.catches:
            does = f"has it refuse what is `{condition[:60]}`"
            yield Verdict(not place.use.guarded and not new.decorated, does, "that is what is given")
    for ask in fresh:
        parsed = _ASK.match(ask)
        name, mark, what = parsed.groups() if parsed is not None else ("", "", "")
        one = given.get(name)
        if one is None:
            continue
        if mark == "[" and one.keys is not None and what not in one.keys:
            yield Verdict(False, f"has it ask for the key `{what}` of `{name}`", "what is given has none")
        elif mark == "." and _lacks(view, both, place, one, what):
            yield Verdict(False, f"has it ask for `{what}` of `{name}`", "what is given has none")


def _taker(view: View, symbol: Symbol) -> Definition | None:
    """The function that takes the arguments of a call."""
    if symbol.definition.kind is Kind.FUNCTION:
        return symbol.definition if not symbol.definition.several else None
    made = view.member(symbol, "__init__", set()) if symbol.definition.kind is Kind.CLASS else None
    return made.definition if isinstance(made, Symbol) and not made.definition.several else None


def _by_parameter(taker: Definition, symbol: Symbol, given: tuple[Given, ...]) -> dict[str, Given]:
    assert taker.signature is not None
    bound = symbol.bound or symbol.definition.kind is Kind.CLASS or taker.binding is Binding.CLASS
    signature = (
        taker.signature.without_first() if bound and taker.binding is not Binding.STATIC else taker.signature
    )
    names = [parameter.name for parameter in (*signature.only, *signature.plain)]
    found = {}
    for one in given:
        name = one.slot
        if name.isdigit():
            name = names[int(name)] if int(name) < len(names) else ""
        found[name] = one
    return found


def _lacks(view: View, both: View, place: Place, given: Given, name: str) -> bool:
    """Whether what is given has no such attribute."""
    if not given.path:
        return False
    if given.path[-1] == CALL and given.path[-2].rpartition(":")[2] == "SimpleNamespace":
        return given.keys is not None and name not in given.keys
    before, after = (each.resolve(place.module, given.path, set()) for each in (view, both))
    if not isinstance(before, Instance) or not isinstance(after, Instance):
        return False
    member = both.member(after.of, name, set(), bound=True)
    return isinstance(member, Missing) and member.sure
