"""Functions that are handed to the same place as others (a decorator, a table, `subscribe(...)`), whose form
all of those have changed.

Nothing but where they are put says of such functions how they are called, and what is done with what they
give. Who changes that changes those that are there; a new one takes what these took.

Promises: pure. Functions are told by their names within the files that a candidate touches. What they are
called with is only sure where a new call shows that a new function refuses.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from assay.gates.syntax import first_line, last_name, nodes_in
from assay.patchset.adapted.record import FEWEST, Adapted, At
from assay.patchset.clash import Clash
from assay.patchset.facts.bodies import CHANGERS
from assay.patchset.facts.library import Lines, Span
from assay.patchset.facts.records import UNKNOWN, Binding, Definition, Kind
from assay.patchset.facts.signature import Signature, refusal
from assay.patchset.touch import Changed, FileTouch, Touch, written

Role = tuple[str, str]
"""How functions are handed over, and where."""

_NO_ROLE = frozenset(
    {
        "property", "staticmethod", "classmethod", "abstractmethod", "overload", "override", "wraps",
        "cache", "lru_cache", "cached_property", "contextmanager", "asynccontextmanager", "setter",
        "getter", "deleter", "dataclass", "fixture", "final", "map", "filter", "sorted", "min", "max",
        "partial", "isinstance", "print", "len", "type", "super", "setattr", "getattr", "hasattr",
        "callable", "deprecated", "repr", "str", "list",
    }
)  # fmt: skip
_LAST = 1 << 40
_TOLD = 2
_MOST = 400
"""Entries of one table that are gone through."""


_TAKES = "these take"


class Reformed(NamedTuple):
    """What a candidate changes of functions of one role: by symbol."""

    changed: Mapping[str, Changed]
    left: tuple[str, ...]
    """Symbols of the role, in the files that it touches, that it leaves as they are."""


def roles_in(statements: Iterable[ast.stmt]) -> Iterator[tuple[Role, str]]:
    """(role, bare name) of all functions and classes that these statements hand over, or decorate."""
    for node in nodes_in(statements):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                for decorator in node.decorator_list:
                    if (name := last_name(decorator)) not in _NO_ROLE:
                        yield ("by", name), node.name
            case ast.Call():
                yield from _handed(node)
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                if isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set) and last_name(target):
                    yield from _listed(("in", last_name(target)), value)


def _handed(call: ast.Call) -> Iterator[tuple[Role, str]]:
    where = last_name(call)
    if where in _NO_ROLE:
        return
    if where in CHANGERS:
        where = f"{last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ''}.{where}"
    for slot, arg in enumerate(call.args):
        if isinstance(arg, ast.Name | ast.Attribute):
            yield ("to", f"{where}:{slot}"), last_name(arg)
    for keyword in call.keywords:
        if keyword.arg and isinstance(keyword.value, ast.Name | ast.Attribute):
            yield ("to", f"{where}:{keyword.arg}"), last_name(keyword.value)


def _listed(role: Role, value: ast.expr) -> Iterator[tuple[Role, str]]:
    entries = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [])
    for entry in entries[:_MOST]:
        parts = entry.elts if isinstance(entry, ast.Tuple) else [entry]
        for part in parts:
            if isinstance(part, ast.Name | ast.Attribute):
                yield role, last_name(part)


def reformed(touch: Touch) -> dict[Role, Reformed]:
    """The roles of functions whose form a candidate changes."""
    named: dict[str, list[str]] = defaultdict(list)
    for label, changed in touch.changed.items():
        if changed.old.kind is changed.new.kind is Kind.FUNCTION and _form(changed.old) != _form(changed.new):
            named[_last(label)].append(label)
    found: dict[Role, dict[str, Changed]] = defaultdict(dict)
    others: dict[Role, set[str]] = defaultdict(set)
    for file in touch.files if named else ():
        for role, name in _roles(touch, file):
            for label in named.get(name, ()):
                found[role][label] = touch.changed[label]
            own = f"{file.module}:{name}"
            if own not in touch.changed and own not in touch.added and name in file.new.definitions:
                others[role].add(own)
    return {role: Reformed(changed, tuple(sorted(others[role]))) for role, changed in found.items()}


def _roles(touch: Touch, file: FileTouch, *, fresh: bool = False) -> Iterator[tuple[Role, str]]:
    """The roles in a file; if `fresh`, in the statements in which a candidate wrote something."""
    tree = (
        touch.view.library.tree(touch.view.blob(file.path))
        if file.module and "test" not in file.path
        else None
    )
    if tree is None:
        return iter(())
    spans = written(file.hunks) if fresh and file.old_blob else [Span(1, _LAST)]
    inside = Lines(spans)
    return roles_in(
        each for each in tree.body if inside.meets(first_line(each), each.end_lineno or each.lineno)
    )


def _form(function: Definition) -> tuple[object, ...]:
    """What a caller who knows nothing else of a function relies on."""
    return function.signature, *_given(function)


def _given(function: Definition) -> tuple[object, ...]:
    return function.is_async, function.generator, function.arity, function.gives


def entering(touch: Touch) -> dict[Role, tuple[str, ...]]:
    """The functions that a candidate adds, by their roles."""
    added: dict[str, list[str]] = defaultdict(list)
    for label, definition in touch.added.items():
        if definition.kind is Kind.FUNCTION:
            added[_last(label)].append(label)
    found: dict[Role, set[str]] = defaultdict(set)
    for file in touch.files if added else ():
        for role, name in _roles(touch, file, fresh=True):
            found[role].update(added.get(name, ()))
    return {role: tuple(sorted(labels)) for role, labels in found.items() if labels}


def unreformed(
    ours: Touch, found: Mapping[Role, Reformed], theirs: Touch, entered: Mapping[Role, tuple[str, ...]]
) -> Iterator[Clash]:
    """The functions that `theirs` hands over (`entered`) to where `ours` has all others in another form."""
    for role, labels in entered.items():
        if role in found:
            for label in labels:
                yield from _left(ours, role, found[role], theirs, label)


def _left(ours: Touch, role: Role, reform: Reformed, theirs: Touch, label: str) -> Iterator[Clash]:
    own = theirs.added[label]
    why, call = _refused(ours, reform, label, own)
    if not why and len(reform.changed) >= FEWEST and not reform.left:
        why = _gives_as_before(reform, own)
    if not why:
        return
    places = tuple(_at(ours, each, changed.new.line) for each, changed in reform.changed.items())
    first = next(iter(reform.changed))
    kind, where = role
    words = {
        "by": f"decorated by `{where}`",
        "in": f"in `{where}`",
        "to": f"handed to `{where.partition(':')[0]}`",
    }
    adapted = Adapted(first, f"changes the form of functions {words[kind]}", places, not reform.left)
    clash = adapted.left(
        ours,
        _at(theirs, label, own.line),
        f"adds `{label}`, in the old form, to them",
        sure=(call is not None or why.startswith(_TAKES)) and not own.decorated,
        note=why,
    )
    yield clash
    for other in (*[each for each in reform.changed if each != first][:_TOLD], *_callers(ours, call)):
        yield clash._replace(label=other, beside=True)


def _callers(touch: Touch, at: At | None) -> Iterator[str]:
    """The function in which a call stands."""
    for file in touch.files if at is not None else ():
        scopes = {
            use.scope for use in file.fresh if at is not None and (file.path, use.line) == at and use.scope
        }
        yield from (f"{file.module}:{scope}" for scope in sorted(scopes)[:1])


def _refused(ours: Touch, reform: Reformed, label: str, own: Definition) -> tuple[str, At | None]:
    """Why the new function does not take what the others newly take, and the call that shows it."""
    mine = _bound(label, own)
    pairs = [(_bound(each, c.old), _bound(each, c.new)) for each, c in reform.changed.items()]
    if mine is None or any(old is None or new is None or old == new for old, new in pairs):
        return "", None
    for file in ours.files:
        for use in file.fresh if "test" not in file.path else ():
            if use.call is None or use.path[0] != UNKNOWN or not (why := refusal(mine, use.call)):
                continue
            fits = all(new is not None and not refusal(new, use.call) for _, new in pairs)
            if fits and all(old is not None and refusal(old, use.call) for old, _ in pairs):
                return f"there {why}", At(file.path, use.line)
    orders = [[_names(each) for each in pair] for pair in pairs]
    swapped = all(sorted(old) == sorted(new) and old != new == orders[0][1] for old, new in orders)
    if swapped and _names(mine) in [old for old, _ in orders]:
        return "these have the same in another order by now", None
    needs = min(_required(new) for _, new in pairs if new is not None)
    had = max(_required(old) for old, _ in pairs if old is not None)
    places = len(mine.only) + len(mine.plain)
    if needs > had and not mine.star and had <= places < needs and len(reform.changed) >= FEWEST:
        return f"{_TAKES} {needs} arguments by now", None
    return "", None


def _names(signature: Signature | None) -> list[str]:
    return [p.name for p in (*signature.only, *signature.plain)] if signature is not None else []


def _required(signature: Signature) -> int:
    return sum(not parameter.optional for parameter in (*signature.only, *signature.plain))


def _gives_as_before(reform: Reformed, own: Definition) -> str:
    """What the new function gives as the others did, and do no more; '' if nothing."""
    words = ("asynchronous", "a generator", "of so many parts", "of that type")
    for place, word in enumerate(words):
        old, new = (
            {_given(each)[place] for each in side} for side in zip(*reform.changed.values(), strict=True)
        )
        mine = _given(own)[place]
        if len(new) == 1 and not old & new and mine in old and mine not in new:
            return f"what these give is {word if new != {False} else 'no longer ' + word} now"
    return ""


def _bound(label: str, definition: Definition) -> Signature | None:
    signature = definition.signature
    in_class = "." in label.partition(":")[2] and definition.binding is not Binding.STATIC
    return signature.without_first() if signature is not None and in_class else signature


def _at(touch: Touch, label: str, line: int) -> At:
    return At(touch.view.modules.path_of.get(label.partition(":")[0], ""), line)


def _last(label: str) -> str:
    return label.partition(":")[2].rpartition(".")[2]
