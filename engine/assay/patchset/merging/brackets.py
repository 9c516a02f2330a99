"""Literals and calls of Python as groups of entries.

Promises: pure. What may grow at a place that both sides chose is a group (lists, sets, dictionaries, keyword
arguments one to a line, alternatives of a type, tuples that a module or class keeps under a name); positional
arguments, other tuples and all else stay text. Lists that are known to have an order are marked as such.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from assay.gates.syntax import dotted, last_name
from assay.model.expressions import expression
from assay.patchset.merging.entries import IN_TURN, SPREAD, Group, Node, Rule
from assay.patchset.merging.fold import value_of, whole_number
from assay.patchset.merging.ordered import is_pattern, keeps_order, takes
from assay.patchset.merging.spans import Text
from assay.patchset.merging.split import Element, bracketed, said_in

_OPENS = {ast.List: "[", ast.Set: "{", ast.Dict: "{", ast.Tuple: "("}
_ONE_OF = frozenset({"Literal", "Union"})
_CASES = "parametrize"
_UNORDERED = frozenset({_CASES, "frozenset", "set", "update"})
_HOLDERS = frozenset({*_UNORDERED, "list", "tuple", "extend"})
"""What takes a list for its elements alone, and of these what has no use for their order."""

_DEEPEST = 8
"""Groups in groups: what is deeper stays text."""

_NAME = expression(r"[A-Za-z_][\w.\-]*\Z")

_LEADING = expression(r"(\d{1,18})(?!\d|\.)")
_FIRST_VALUE = expression(r"""[(\[{=:]\s*['"]?(\d{1,18})['"]?\s*[,)\]}]""")
_NEAR = 80
"""Characters in which a first value is looked for."""


class Holder(NamedTuple):
    """What keeps a value: its name, and whether that is a module or class, where things are declared.
    `tuples` may grow if they are the value itself."""

    name: str = ""
    declares: bool = False
    tuples: bool = False

    def of(self, name: str) -> Holder:
        """The holder of a value inside, which has another name."""
        return Holder(name, self.declares)


_Part = str | Group
_Found = Iterator[tuple[int, int, Group]]


def parts(
    text: Text, roots: Sequence[ast.expr], start: int, end: int, holder: Holder, depth: int = 0
) -> tuple[_Part, ...]:
    """The text from `start` to `end` with the groups in `roots`, which stand in it in this order, and are
    kept by `holder`; `depth` is that of the groups around."""
    found: list[_Part] = []
    for root in roots if depth < _DEEPEST else ():
        for first, last, group in _groups(text, root, holder, depth + 1):
            found += [text.text[start:first], group]
            start = last
    return (*found, text.text[start:end])


def number(value: ast.expr) -> str:
    """The number that a simple expression is (as an integer, or as digits in quotes); empty for all else."""
    found = value.value if isinstance(value, ast.Constant) else whole_number(value)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**18:
        return str(found)
    return found if isinstance(found, str) and found.isdecimal() and len(found) < 20 else ""


def first_number(text: str) -> str:
    """The number that an entry starts with, or has for a first value: what may be counted on."""
    found = _LEADING.match(text) or _FIRST_VALUE.search(text[:_NEAR])
    return found[1] if found else ""


def _groups(text: Text, root: ast.expr, holder: Holder, depth: int) -> _Found:
    """The outermost groups of an expression, in the order of the text."""
    if isinstance(root, ast.Call):
        yield from _call(text, root, holder, depth)
    elif isinstance(root, ast.Subscript):
        yield from _one_of(text, root)
    elif isinstance(root, ast.List | ast.Set | ast.Dict) or (isinstance(root, ast.Tuple) and holder.tuples):
        group = _literal(text, root, holder, depth)
        if group is not None:
            yield text.start(root), text.end(root), group


def _literal(
    text: Text, root: ast.List | ast.Set | ast.Dict | ast.Tuple, holder: Holder, depth: int
) -> Group | None:
    if isinstance(root, ast.Dict):
        items = zip(root.keys, root.values, strict=True)
        elements = [_item(text, key, value, holder, depth) for key, value in items]
        group = Group(rule=Rule.NAMED, label="a dictionary")
    else:
        elements = [_element(text, one, text.start(one), text.end(one)) for one in root.elts]
        if holder.name not in _UNORDERED:
            elements = [_paired(*each) for each in zip(elements, root.elts, strict=True)]
        is_set = isinstance(root, ast.Set)
        group = Group(
            rule=Rule.NAMED if is_set else Rule.ROW,
            label=f"a {type(root).__name__.lower()}",
            paired=not is_set,
            ordered=not is_set and _has_order(elements, holder),
        )
    bracket = _OPENS[type(root)]
    return bracketed(text.text, text.start(root), text.end(root), elements, group, bracket)


def _has_order(elements: Sequence[Element], holder: Holder) -> bool:
    """Whether the order of a list or tuple may be used. In a function, where a list is a step on the way to
    something, it is taken for a collection only if it has a name, and is one of names."""
    if holder.name in _UNORDERED:
        return False
    if keeps_order(holder.name) or any(is_pattern(element.node.keys[-1]) for element in elements):
        return True
    if holder.declares:
        return False
    nodes = [element.node for element in elements]
    return not holder.name or not all(node.tag == "Text" and _NAME.match(node.sort) for node in nodes)


def _paired(element: Element, value: ast.expr) -> Element:
    """An element of a list of pairs, calls or dictionaries: the constant that comes first in it may be a key,
    and is counted like a number."""
    if element.node.number:
        return element
    match value:
        case (
            ast.Tuple(elts=[ast.Constant() as key, _, *_])
            | ast.Call(args=[ast.Constant() as key, *_])
            | ast.Dict(values=[ast.Constant() as key, *_])
        ):
            return replace(element, node=replace(element.node, number=value_of(key)[:80]))
    return element


def _item(text: Text, key: ast.expr | None, value: ast.expr, holder: Holder, depth: int) -> Element:
    if key is None:
        spread = _element(text, value, text.text.rfind("**", 0, text.start(value)), text.end(value))
        return replace(spread, node=replace(spread.node, tag=SPREAD))
    start, end = text.start(key), text.end(value)
    found = _element(text, key, start, end)
    keys = (said_in(text.text[start : text.end(key)]), *found.node.keys)
    inner = parts(text, [value], start, end, holder.of(_said(key)), depth)
    tag = IN_TURN if takes(value) else found.node.tag
    return replace(found, node=replace(found.node, keys=keys, tag=tag, number=number(value), parts=inner))


def _said(key: ast.expr) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else dotted(key)


def _call(text: Text, root: ast.Call, holder: Holder, depth: int) -> _Found:
    """Keyword arguments, one to a line. Positional ones have their places; dictionaries and sets among them
    may grow, and lists where they are known to be no more than their elements (as fields are not)."""
    start, end = text.end(root.func), text.end(root)
    opened = text.text.find("(", start, end)
    if not root.args and root.keywords and opened >= 0 and not text.text[start:opened].strip():
        elements = [_argument(text, keyword, holder, depth) for keyword in root.keywords]
        group = Group(rule=Rule.NAMED, label="arguments of a call")
        found = bracketed(text.text, opened, end, elements, group, "(")
        if found is not None and found.head.endswith("\n"):
            yield opened, end, found
            return
    name = last_name(root)
    holds = name in _HOLDERS
    kept = holder.of(name if name in _UNORDERED else _extended(root) or holder.name)
    values = [(value, kept) for value in root.args if holds or isinstance(value, ast.Dict | ast.Set)]
    cases = name == _CASES
    values += [(k.value, kept if cases else holder.of(k.arg or "")) for k in root.keywords]
    values.sort(key=lambda each: text.start(each[0]))
    for value, inside in values if depth < _DEEPEST else ():
        yield from _groups(text, value, inside, depth + 1)


def _extended(call: ast.Call) -> str:
    """The name of what a method is called of."""
    return dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _argument(text: Text, keyword: ast.keyword, holder: Holder, depth: int) -> Element:
    start, end = text.start(keyword), text.end(keyword)
    found = _element(text, keyword.value, start, end)
    name = f"{keyword.arg}=" if keyword.arg else ""
    keys = (name, *found.node.keys) if name else found.node.keys
    inner = parts(text, [keyword.value], start, end, holder.of(keyword.arg or ""), depth)
    tag = SPREAD if not name else IN_TURN if takes(keyword.value) else "keyword"
    return replace(found, node=replace(found.node, keys=keys, tag=tag, sort=name, parts=inner))


def _one_of(text: Text, root: ast.Subscript) -> _Found:
    """Alternatives of a type."""
    inner, end = root.slice, text.end(root)
    name = root.value.attr if isinstance(root.value, ast.Attribute) else getattr(root.value, "id", "")
    if name not in _ONE_OF or not isinstance(inner, ast.Tuple) or not inner.elts:
        return
    elements = [_element(text, one, text.start(one), text.end(one)) for one in inner.elts]
    start = text.text.find("[", text.end(root.value), elements[0].start)
    if start >= 0:
        found = bracketed(text.text, start, end, elements, Group(rule=Rule.ROW, label=name), "[")
        if found is not None:
            yield start, end, found


def _element(text: Text, value: ast.expr, start: int, end: int) -> Element:
    """An element told by its text."""
    exact = text.text[start:end]
    constant = value.value if isinstance(value, ast.Constant) else None
    word = constant if isinstance(constant, str) else " ".join(exact[:200].split())
    node = Node(
        keys=(said_in(exact), exact),
        lead="",
        parts=(exact,),
        sort=word[:200],
        tag=_tag(value),
        number=first_number(word if isinstance(constant, str) else exact),
    )
    return Element(node=node, start=start, end=end)


def _tag(value: ast.expr) -> str:
    """Elements of one list that are of one sort can grow together."""
    if takes(value):
        return IN_TURN
    if isinstance(value, ast.Constant):
        return "Text" if isinstance(value.value, str) else type(value.value).__name__
    if isinstance(value, ast.Tuple):
        return f"Tuple of {len(value.elts)}"
    return type(value).__name__
