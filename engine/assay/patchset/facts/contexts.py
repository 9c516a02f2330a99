"""What becomes of a value: whether it is awaited, iterated, unpacked, indexed.

Promises: pure. The value of a name that is assigned once in a function is followed to where it is read.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping

from assay.gates.syntax import Function, last_name, own_nodes

AWAIT = "await"
ITER = "iterate"
ASYNC_ITER = "iterate asynchronously"
INDEX = "index"
LENGTH = "len"
NEXT = "next"
WITH = "with"
ASYNC_WITH = "async with"
UNPACK = "unpack:"
ATTRIBUTE = "attribute:"
COMPARE = "compare"
IDENTITY = "identity"
"""Beside a comparison that is one of identity."""
DISCARD = "discard"
IMPORT = "import"
RAISE = "raise"
TRUTH = "truth"
ABSENT = "is none"
SET = "set item"
EACH = "each:"
"""Into how many names what comes out of it is taken apart: by `for`, by `with ... as`."""
AT = "at:"
"""Before the place by which it is got at, beside another word."""
KEY = "key:"
"""Before a key by which it is got at, beside another word."""
PARSE = "parse"
TEXT = "text:"
"""Before `str` or `repr`, by which it is made a text that is taken apart."""
SORTED = "kept in order"
OR_ELSE = "or else"
"""Beside another word: something else stands in where the value is none, or empty."""
AS_CLASS = "class"
"""Something is asked whether it is one, it is a base, or it is caught."""
OTHER = "other"

_MOST = 100
"""Reads of one name that are looked at."""

_ITERATING = frozenset(
    {
        "list", "tuple", "sorted", "set", "frozenset", "sum", "any", "all", "enumerate", "zip", "map", "min",
        "max", "iter", "join", "dict", "filter",
    }
)  # fmt: skip


Known = dict[ast.AST, dict[str, list[ast.Name]]]
"""The names in each function that was looked into."""


def of(node: ast.AST, parents: Mapping[ast.AST, ast.AST], known: Known) -> tuple[str, ...]:
    """What becomes of the value of this expression, sorted; `OTHER` stands for all that has no word. What is
    learnt of functions on the way is added to `known`."""
    parent = parents.get(node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Name):
            return tuple(sorted(_followed(target.id, parent, parents, known)))
        return (_unpacked(target),)
    if isinstance(parent, ast.Await):
        return tuple(sorted({AWAIT, *of(parent, parents, known)}))
    if isinstance(parent, ast.NamedExpr) and parent.value is node:
        later = _followed(parent.target.id, parent, parents, known)
        return tuple(sorted({*of(parent, parents, known), *later} - {DISCARD})) or (DISCARD,)
    beside = (
        *_keyed(node, parents),
        *_as_text(node, parents, known),
        *_or_else(node, parents),
        *_formatted(node, parents, known),
        *_each(node, parents),
        *_identified(node, parents),
    )
    return (_said(node, parents), *beside)


def _each(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, ...]:
    match parents.get(node):
        case ast.For(target=target, iter=it) | ast.AsyncFor(target=target, iter=it) if it is node:
            pass
        case ast.comprehension(target=target, iter=it) if it is node:
            pass
        case ast.withitem(optional_vars=ast.Tuple() as target):
            pass
        case _:
            return ()
    word = _unpacked(target)
    return (word.replace(UNPACK, EACH),) if word != OTHER else ()


def _identified(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, ...]:
    match parents.get(node):
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[mark]):
            return () if isinstance(mark, ast.Constant) else (IDENTITY,)
    return ()


def _formatted(node: ast.AST, parents: Mapping[ast.AST, ast.AST], known: Known) -> tuple[str, ...]:
    """Into how many places of a text a value is put, as by `"%s %s" % pair`."""
    parent = parents.get(node)
    if not isinstance(parent, ast.BinOp) or not isinstance(parent.op, ast.Mod) or parent.right is not node:
        return ()
    text: ast.expr | None = parent.left
    if isinstance(text, ast.Name):
        text = held(text.id, parent, parents, known)
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str) or "%(" in text.value:
        return ()
    return (f"{UNPACK}{text.value.replace('%%', '').count('%')}",)


def takes_text_apart(words: Iterable[str]) -> bool:
    """Whether what becomes of a text depends on how it is written."""
    attributes = {word.removeprefix(ATTRIBUTE) for word in words if word.startswith(ATTRIBUTE)}
    return bool(attributes & _DISSECTING or {INDEX, PARSE, COMPARE, NEXT}.intersection(words))


_DISSECTING = frozenset(
    {
        "split", "rsplit", "partition", "rpartition", "splitlines", "index", "find", "rindex", "rfind",
        "startswith", "endswith", "removeprefix", "removesuffix", "strip", "lstrip", "rstrip", "replace",
    }
)  # fmt: skip


def _as_text(node: ast.AST, parents: Mapping[ast.AST, ast.AST], known: Known) -> tuple[str, ...]:
    """By what a value is made a text that is taken apart."""
    parent = parents.get(node)
    match parent:
        case ast.Call(func=ast.Name(id="str" | "repr" as maker), args=[only]) if only is node:
            return (f"{TEXT}{maker}",) if takes_text_apart(of(parent, parents, known)) else ()
    return ()


def _keyed(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, ...]:
    """The key by which a value is got at, if that is a text."""
    parent = parents.get(node)
    match parent:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))) if value is node:
            return (f"{KEY}{key}",)
        case ast.Subscript(value=value, slice=ast.Constant(value=int(place))) if value is node:
            return (f"{AT}{place}",)
        case ast.Attribute(attr="get" | "pop"):
            call = parents.get(parent)
            match call:
                case ast.Call(args=[ast.Constant(value=str(key)), *_]):
                    return (f"{KEY}{key}",)
    return ()


def _or_else(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[str, ...]:
    match parents.get(node):
        case ast.BoolOp(op=ast.Or(), values=[*_, last]) if last is not node:
            return (OR_ELSE,)
    return ()


def _said(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str:  # noqa: PLR0911 - one word for each
    """The word for what becomes of a value where it stands."""
    parent = parents.get(node)
    match parent:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return TRUTH if test is node else OTHER
        case ast.UnaryOp(op=ast.Not()):
            return TRUTH
        case ast.comprehension(ifs=ifs) if node in ifs:
            return TRUTH
        case ast.GeneratorExp() | ast.ListComp():
            around = parents.get(parent)
            judged = isinstance(around, ast.Call) and last_name(around) in ("any", "all")
            return TRUTH if judged else OTHER
        case ast.BoolOp():
            return _said(parent, parents)
        case ast.withitem():
            return ASYNC_WITH if isinstance(parents.get(parent), ast.AsyncWith) else WITH
    return _one(node, parent)


def form(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str:
    """How the value of this expression is taken apart where it stands: `[1].name()`, with indices and
    arguments only counted; '' where it is not."""
    steps: list[str] = []
    while len(steps) < _MOST_STEPS:
        parent = parents.get(node)
        match parent:
            case ast.Subscript(value=value, slice=inner) if value is node:
                count = len(inner.elts) if isinstance(inner, ast.Tuple) else 1
                steps.append(f"[{_made(inner) or count}]")
            case ast.Attribute(attr=attr):
                steps.append(f".{attr}")
            case ast.Call(func=function, args=args) if function is node:
                steps.append(f"({_made(args[0]) if args else ''})")
            case _:
                break
        node = parent
    return "".join(steps)


def _made(node: ast.expr) -> str:
    """What a key is made by: `lower()` of `cache[name.lower()]`; '' for any other."""
    return f"{last_name(node)}()" if isinstance(node, ast.Call) else ""


_MOST_STEPS = 6


def _unpacked(target: ast.expr) -> str:
    if isinstance(target, ast.Tuple | ast.List) and not any(isinstance(t, ast.Starred) for t in target.elts):
        return f"{UNPACK}{len(target.elts)}"
    return OTHER


def _one(node: ast.AST, parent: ast.AST | None) -> str:  # noqa: PLR0911, PLR0912 - one word for each parent
    match parent:
        case ast.Await():
            return AWAIT
        case ast.ClassDef() | ast.ExceptHandler():
            return AS_CLASS
        case ast.Call(args=[_, classes]) if classes is node and last_name(parent) in (
            "isinstance",
            "issubclass",
        ):
            return AS_CLASS
        case ast.AsyncFor(iter=it) if it is node:
            return ASYNC_ITER
        case ast.comprehension(iter=it, is_async=1) if it is node:
            return ASYNC_ITER
        case ast.For(target=target, iter=it) | ast.comprehension(target=target, iter=it) if it is node:
            return ITER
        case ast.YieldFrom() | ast.Starred():
            return ITER
        case ast.Subscript(value=value, ctx=ctx) if value is node:
            return INDEX if isinstance(ctx, ast.Load) else SET
        case ast.Attribute(attr=attr):
            return f"{ATTRIBUTE}{attr}"
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return ABSENT
        case ast.Compare(ops=ops):
            return ITER if isinstance(ops[-1], ast.In | ast.NotIn) else COMPARE
        case ast.Expr():
            return DISCARD
        case ast.Raise(exc=exc) if exc is node:
            return RAISE
        case ast.Call() if parent.func is not node:
            return _handed(last_name(parent))
        case ast.Assign(targets=[target]):
            return _unpacked(target)
        case ast.Match(cases=cases):
            return _matched(cases)
    return OTHER


def _matched(cases: Iterable[ast.match_case]) -> str:
    """Into how many parts a value is taken by patterns, if they are all of one number."""
    counts = {
        len(case.pattern.patterns)
        for case in cases
        if isinstance(case.pattern, ast.MatchSequence)
        and not any(isinstance(part, ast.MatchStar) for part in case.pattern.patterns)
    }
    return f"{UNPACK}{counts.pop()}" if len(counts) == 1 else OTHER


def _handed(function: str) -> str:
    if function in _ITERATING:
        return ITER
    if function in _PARSERS:
        return PARSE
    if function in _ORDERED:
        return SORTED
    if function in _AWAITING:
        return AWAIT
    return {"len": LENGTH, "next": NEXT, "bool": TRUTH}.get(function, OTHER)


_AWAITING = frozenset({"gather", "create_task", "ensure_future", "run_until_complete", "wait_for", "shield"})
_PARSERS = frozenset(
    {
        "int", "float", "Decimal", "Fraction", "strptime", "fromisoformat", "loads", "match", "search",
        "fullmatch", "UUID", "fromhex", "unhexlify", "b64decode", "literal_eval", "urlsplit", "urlparse",
    }
)  # fmt: skip
_ORDERED = frozenset(
    {
        "bisect", "bisect_left", "bisect_right", "insort", "insort_left", "insort_right", "heappush",
        "heappop", "heapify", "heapreplace", "heappushpop",
    }
)  # fmt: skip


def _followed(name: str, start: ast.AST, parents: Mapping[ast.AST, ast.AST], known: Known) -> set[str]:
    """What becomes of a name's value in the function around; `OTHER` where the name is bound again."""
    around = _function_around(start, parents)
    if around is None:
        return {OTHER}
    reads = _reads(around, known).get(name, [])
    if len(reads) > _MOST:
        return {OTHER}
    if sum(isinstance(node.ctx, ast.Store) for node in reads) != 1:
        return {OTHER}
    found = [_said(node, parents) for node in reads if isinstance(node.ctx, ast.Load)]
    loads = [node for node in reads if isinstance(node.ctx, ast.Load)]
    keys = {word for node in loads for word in (*_keyed(node, parents), *_each(node, parents))}
    again = {OTHER} if found.count(ITER) > 1 else set()
    return {*found, *again, *keys} or {DISCARD}


def held(name: str, start: ast.AST, parents: Mapping[ast.AST, ast.AST], known: Known) -> ast.expr | None:
    """What is assigned to a name in the function around, where that is once and plainly; else None."""
    around = _function_around(start, parents)
    stores = [node for node in _reads(around, known).get(name, ()) if isinstance(node.ctx, ast.Store)]
    match parents.get(stores[0]) if len(stores) == 1 else None:
        case ast.Assign(targets=[_], value=value):
            return value
    return None


def _function_around(start: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Function | None:
    around = parents.get(start)
    while around is not None and not isinstance(around, Function):
        around = parents.get(around)
    return around


def _reads(around: Function | None, known: Known) -> dict[str, list[ast.Name]]:
    if around is None:
        return {}
    if around not in known:
        known[around] = _names(around)
    return known[around]


def _names(function: Function) -> dict[str, list[ast.Name]]:
    found: dict[str, list[ast.Name]] = defaultdict(list)
    for node in own_nodes(function):
        if isinstance(node, ast.Name):
            found[node.id].append(node)
    return found
