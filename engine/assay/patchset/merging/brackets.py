"""Literals and calls of Python as groups of entries.

Promises: pure. What may grow at a place that both sides chose is a group (lists, sets, dictionaries, keyword
arguments one to a line, alternatives of a type, tuples that a module or class keeps under a name); positional
arguments, other tuples and all else stay text.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from assay.gates.syntax import last_name
from assay.model.expressions import expression
from assay.patchset.merging.entries import SPREAD, Group, Node, Rule
from assay.patchset.merging.spans import Text
from assay.patchset.merging.split import Element, bracketed, said_in

_OPENS = {ast.List: "[", ast.Set: "{", ast.Dict: "{", ast.Tuple: "("}
_ONE_OF = frozenset({"Literal", "Union"})
_HOLDERS = frozenset({"parametrize", "frozenset", "set", "list", "tuple", "extend", "update"})
"""What takes a list for its elements alone."""

_DEEPEST = 8
"""Groups in groups: what is deeper stays text."""

_LEADING = expression(r"(\d{1,18})(?!\d|\.)")
_FIRST_VALUE = expression(r"""[(\[{=:]\s*['"]?(\d{1,18})['"]?\s*[,)\]}]""")
_NEAR = 80
"""Characters in which a first value is looked for."""

_Part = str | Group
_Found = Iterator[tuple[int, int, Group]]


def parts(
    text: Text, roots: Sequence[ast.expr], start: int, end: int, *, tuples: bool, depth: int = 0
) -> tuple[_Part, ...]:
    """The text from `start` to `end` with the groups in `roots`, which stand in it in this order. `tuples`
    says whether a tuple that is one of the roots may grow; `depth` is that of the groups around."""
    found: list[_Part] = []
    for root in roots if depth < _DEEPEST else ():
        for first, last, group in _groups(text, root, tuples=tuples, depth=depth + 1):
            found += [text.text[start:first], group]
            start = last
    return (*found, text.text[start:end])


def number(value: ast.expr) -> str:
    """The number that a constant is (as an integer, or as digits in quotes); empty for all else."""
    found = value.value if isinstance(value, ast.Constant) else None
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 10**18:
        return str(found)
    return found if isinstance(found, str) and found.isdecimal() and len(found) < 20 else ""


def first_number(text: str) -> str:
    """The number that an entry starts with, or has for a first value: what may be counted on."""
    found = _LEADING.match(text) or _FIRST_VALUE.search(text[:_NEAR])
    return found[1] if found else ""


def _groups(text: Text, root: ast.expr, *, tuples: bool, depth: int) -> _Found:
    """The outermost groups of an expression, in the order of the text."""
    if isinstance(root, ast.Call):
        yield from _call(text, root, depth)
    elif isinstance(root, ast.Subscript):
        yield from _one_of(text, root)
    elif isinstance(root, ast.List | ast.Set | ast.Dict) or (isinstance(root, ast.Tuple) and tuples):
        group = _literal(text, root, depth)
        if group is not None:
            yield text.start(root), text.end(root), group


def _literal(text: Text, root: ast.List | ast.Set | ast.Dict | ast.Tuple, depth: int) -> Group | None:
    if isinstance(root, ast.Dict):
        items = zip(root.keys, root.values, strict=True)
        elements = [_item(text, key, value, depth) for key, value in items]
        group = Group(rule=Rule.NAMED, label="a dictionary")
    else:
        elements = [_element(text, one, text.start(one), text.end(one)) for one in root.elts]
        rule = Rule.NAMED if isinstance(root, ast.Set) else Rule.ROW
        group = Group(rule=rule, label=f"a {type(root).__name__.lower()}", paired=rule is Rule.ROW)
    bracket = _OPENS[type(root)]
    return bracketed(text.text, text.start(root), text.end(root), elements, group, bracket)


def _item(text: Text, key: ast.expr | None, value: ast.expr, depth: int) -> Element:
    if key is None:
        return _spread(_element(text, value, text.text.rfind("**", 0, text.start(value)), text.end(value)))
    start, end = text.start(key), text.end(value)
    found = _element(text, key, start, end)
    keys = (said_in(text.text[start : text.end(key)]), *found.node.keys)
    inner = parts(text, [value], start, end, tuples=False, depth=depth)
    return replace(found, node=replace(found.node, keys=keys, number=number(value), parts=inner))


def _spread(element: Element) -> Element:
    """An element that stands for entries which nobody can name: the last of equal ones holds."""
    return replace(element, node=replace(element.node, tag=SPREAD))


def _call(text: Text, root: ast.Call, depth: int) -> _Found:
    """Keyword arguments, one to a line. Positional ones have their places; dictionaries and sets among them
    may grow, and lists where they are known to be no more than their elements (as fields are not)."""
    start, end = text.end(root.func), text.end(root)
    opened = text.text.find("(", start, end)
    if not root.args and root.keywords and opened >= 0 and not text.text[start:opened].strip():
        elements = [_argument(text, keyword, depth) for keyword in root.keywords]
        group = Group(rule=Rule.NAMED, label="arguments of a call")
        found = bracketed(text.text, opened, end, elements, group, "(")
        if found is not None and found.head.endswith("\n"):
            yield opened, end, found
            return
    holds = last_name(root) in _HOLDERS
    values = [value for value in root.args if holds or isinstance(value, ast.Dict | ast.Set)]
    values += [keyword.value for keyword in root.keywords]
    for value in sorted(values, key=text.start) if depth < _DEEPEST else ():
        yield from _groups(text, value, tuples=False, depth=depth + 1)


def _argument(text: Text, keyword: ast.keyword, depth: int) -> Element:
    start, end = text.start(keyword), text.end(keyword)
    found = _element(text, keyword.value, start, end)
    if keyword.arg is None:
        return _spread(found)
    name = f"{keyword.arg}="
    keys = (name, *found.node.keys)
    inner = parts(text, [keyword.value], start, end, tuples=False, depth=depth)
    return replace(found, node=replace(found.node, keys=keys, tag="keyword", sort=name, parts=inner))


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
    if isinstance(value, ast.Constant):
        return "Text" if isinstance(value.value, str) else type(value.value).__name__
    if isinstance(value, ast.Tuple):
        return f"Tuple of {len(value.elts)}"
    return type(value).__name__
