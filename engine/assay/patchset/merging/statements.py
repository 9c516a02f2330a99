"""Python sources as statements in suites, with the groups inside of them.

Promises: pure; raises `Clash` for what is no Python that this interpreter knows, or is built to cost too
much. Only `ast` reads it, which turns hostile nesting into exceptions (ADR 0007, ADR 0019).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from assay.gates.syntax import dotted, last_name, truth
from assay.patchset.merging.brackets import Holder, parts
from assay.patchset.merging.entries import Group, Node, Reach, Rule
from assay.patchset.merging.facts import (
    CONSTRUCTOR,
    MEMBERS,
    TOP,
    about,
    is_enumeration,
    named,
    number_in,
    reach_of,
)
from assay.patchset.merging.imports import imported
from assay.patchset.merging.parameters import keyword_only
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.spans import Text
from assay.patchset.merging.split import said_in

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_MAX_BRACES = 500_000_000
"""Braces times length: `ast` takes time in proportion to it for an f-string of many fields."""

_LABELS = {"fields": "a class", MEMBERS: "a class", CONSTRUCTOR: "a function"}

_UNORDERED = frozenset({"TypedDict", "Protocol"})
"""Bases of classes that are given their fields by name, and have no other use for their order."""

REFUSED = (SyntaxError, ValueError, RecursionError, MemoryError)


def read(source: str, shared: Collection[str] = ()) -> Group:
    """The statements of a module. Those with a text that is `shared` by all versions are not looked into."""
    module = parse(source)
    try:
        return _suite(_Reading(source, shared), module.body, 0, len(source), "module")
    except REFUSED as error:
        raise Clash(Reason.UNREADABLE, "", "a version is nested too deeply") from error


def shared(sources: Iterable[str]) -> frozenset[str]:
    """The texts of statements of modules and classes that every source has."""
    found = [frozenset(_texts(Text(source), parse(source).body)) for source in sources]
    return frozenset.intersection(*found)


class _Reading(Text):
    """A text that is read, and what in it needs no closer look."""

    def __init__(self, text: str, shared: Collection[str]) -> None:
        super().__init__(text)
        self.shared = shared
        self.watched: set[int] = set()
        """The lines of constructors whose class looks at what its attributes are set to."""


@lru_cache(maxsize=8)
def parse(source: str) -> ast.Module:
    """The syntax tree. Raises `Clash`."""
    if source.count("{") * len(source) > _MAX_BRACES:
        raise Clash(Reason.UNREADABLE, "", "a version holds too many braces")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except REFUSED as error:
        raise Clash(Reason.UNREADABLE, "", "a version is no Python that this interpreter reads") from error


def _texts(text: Text, statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        yield text.text[text.line_start(_first_line(statement)) : text.line_start(_last_line(statement) + 1)]
        if isinstance(statement, ast.ClassDef):
            yield from _texts(text, statement.body)


def _suite(text: _Reading, statements: Sequence[ast.stmt], start: int, end: int, scope: str) -> Group:
    """The statements from `start` to `end`, which are whole lines."""
    nodes: list[Node] = []
    at = start
    for together in _by_lines(text, statements):
        first = text.line_start(_first_line(together[0]))
        last = text.line_start(_last_line(together[-1]) + 1)
        lead = text.text[at:first]
        if len(together) == 1:
            nodes.append(_node(text, together[0], first, last, scope, lead=lead))
        else:
            said = text.text[first:last]
            nodes.append(Node(keys=(said_in(said), said), lead=lead, parts=(said,), tag="Several"))
        at = last
    return Group(
        rule=Rule.SUITE, nodes=tuple(nodes), tail=text.text[at:end], label=_LABELS.get(scope, f"a {scope}")
    )


def _by_lines(text: Text, statements: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Statements, those that share a line together."""
    row: list[ast.stmt] = []
    for statement in statements:
        if row and _first_line(statement) > _last_line(row[-1]):
            yield row
            row = []
        row.append(statement)
    if row:
        yield row


def _first_line(statement: ast.stmt) -> int:
    decorators = statement.decorator_list if isinstance(statement, Definition) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _node(text: _Reading, statement: ast.stmt, start: int, end: int, scope: str, *, lead: str) -> Node:
    said = text.text[start:end]
    if said in text.shared and isinstance(statement, Definition):
        name = statement.name
        keys = named(statement, said)
        # Of a class this would mean to look into it, which takes time; it rarely moves.
        reach = Reach() if isinstance(statement, ast.ClassDef) else reach_of(statement)
        return Node(
            keys=keys, lead=lead, parts=(said,), sort=name, tag="shared", number=number_in(name), reach=reach
        )
    facts = about(statement, scope, said)
    return Node(
        keys=facts.keys,
        lead=lead,
        parts=_parts(text, statement, start, end, scope),
        sort=facts.name,
        tag=facts.tag,
        number=facts.number,
        section=facts.section,
        unites=facts.unites,
        reach=facts.reach,
    )


def _parts(text: _Reading, statement: ast.stmt, start: int, end: int, scope: str) -> tuple[str | Group, ...]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return imported(text, statement, start, end)
    if isinstance(statement, ast.ClassDef) and _watches(statement):
        text.watched |= {part.lineno for part in statement.body}
    suites = list(_suites(text, statement, scope))
    if suites:
        return _compound(text, statement, suites, start, end)
    if isinstance(statement, Definition):
        return (text.text[start:end],)
    declares = scope in TOP
    holder = Holder(_holder(statement), declares, tuples=declares)
    return parts(text, _values(statement), start, end, holder)


def _holder(statement: ast.stmt) -> str:
    """The name that the value of a statement is kept under."""
    match statement:
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return dotted(target)
    return ""


def _values(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a simple statement in which entries may be."""
    match statement:
        case ast.Assign(targets=targets) if any(isinstance(t, ast.Tuple | ast.List) for t in targets):
            return []  # it is taken apart by place
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Expr(value=value):
            return [value]
        case ast.AnnAssign(value=ast.expr() as value):
            return [value]
        case ast.Return(value=ast.expr() as value):
            return [value]
    return []


_DECORATES = Holder(declares=True)

_Suites = tuple[Sequence[ast.stmt], str]


def _suites(text: _Reading, statement: ast.stmt, scope: str) -> Iterator[_Suites]:
    """The suites of a compound statement, in the order of the text; nothing if one shares a line with
    more."""
    found: list[_Suites] = []
    match statement:
        case ast.ClassDef(body=body):
            found = [(body, _scope_of(statement))]
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            constructs = statement.name == "__init__" and statement.lineno not in text.watched
            found = [(body, CONSTRUCTOR if constructs else "function")]
        case ast.With(body=body) | ast.AsyncWith(body=body):
            found = [(body, scope)]
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
            found = [(statement.body, scope), *_otherwise(text, statement.orelse, scope)]
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            found = [(body, scope), *((handler.body, scope) for handler in handlers)]
            found += [(orelse, scope), (final, scope)]
    found = [suite for suite in found if suite[0]]
    if all(_alone(text, body) for body, _ in found):
        yield from found


def _scope_of(statement: ast.ClassDef) -> str:
    if is_enumeration(statement):
        return MEMBERS
    return "class" if _by_keyword(statement) else "fields"


def _watches(statement: ast.ClassDef) -> bool:
    """Whether setting an attribute of an object of a class may do more than that."""
    methods = [part for part in statement.body if isinstance(part, Function)]
    return any(
        method.name == "__setattr__" or any(last_name(each) == "setter" for each in method.decorator_list)
        for method in methods
    )


def _by_keyword(statement: ast.ClassDef) -> bool:
    """Whether the annotated names of a class are no fields whose order callers rely on."""
    names = {last_name(base) for base in statement.bases}
    if names & _UNORDERED:
        return True
    calls = [
        *statement.keywords,
        *(k for d in statement.decorator_list if isinstance(d, ast.Call) for k in d.keywords),
    ]
    return any(keyword.arg == "kw_only" and truth(keyword.value) is True for keyword in calls)


def _otherwise(text: Text, orelse: Sequence[ast.stmt], scope: str) -> Iterator[_Suites]:
    while len(orelse) == 1 and isinstance(orelse[0], ast.If) and _is_elif(text, orelse[0]):
        yield orelse[0].body, scope
        orelse = orelse[0].orelse
    yield orelse, scope


def _is_elif(text: Text, statement: ast.If) -> bool:
    return text.text.startswith("elif", text.start(statement))


def _alone(text: Text, suite: Sequence[ast.stmt]) -> bool:
    """Whether a suite starts on a line of its own."""
    start = text.line_start(_first_line(suite[0]))
    column = text.start(suite[0]) if not isinstance(suite[0], Definition) else start
    return not text.text[start:column].strip() or isinstance(suite[0], Definition)


def _compound(
    text: _Reading, statement: ast.stmt, suites: Sequence[_Suites], start: int, end: int
) -> tuple[str | Group, ...]:
    found: list[str | Group] = []
    at = start
    for index, (body, scope) in enumerate(suites):
        line = _first_line(body[0]) - 1
        while line > 1 and text.blank(line):
            line -= 1
        opened = text.line_start(line + 1)
        closed = text.line_start(_last_line(body[-1]) + 1)
        roots = statement.decorator_list if isinstance(statement, Definition) and not index else []
        given = keyword_only(text, statement) if isinstance(statement, Function) and not index else None
        if given is not None:
            start, end, group = given
            found += [*parts(text, roots, at, start, _DECORATES), group]
            at, roots = end, []
        found += parts(text, roots, at, opened, _DECORATES)
        found.append(_suite(text, body, opened, closed, scope))
        at = closed
    return (*found, text.text[at:end])
