"""What stands directly around an expression: `str(#)`, `# / 1000`, `#.decode()`, `with #`.

Promises: pure. A value that is assigned once to a name is followed to where that is read. What is around is
said step by step from the inside out, in a normal form; the last step may be one after which nothing follows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice

from assay.gates.syntax import Function, children, last_name, own_nodes

Steps = tuple[str, ...]
Parents = Mapping[ast.AST, ast.AST]

DISCARDED = "nothing"
RETURNED = "return"
OTHER = "other"
SHOWN = "{#}"
_MOST, _MOST_PARTS = 5, 200


def parents_in(function: Function) -> dict[ast.AST, ast.AST]:
    """Who is whose parent in the body of a function, of what it does itself."""
    found: dict[ast.AST, ast.AST] = dict.fromkeys(function.body, function)
    for node in own_nodes(function):
        found.update((child, node) for child in children(node))
    return found


def around(node: ast.AST, parents: Parents) -> tuple[Steps, ...]:
    """What stands around each place to which the value of an expression comes."""
    steps, last = _climb(node, parents)
    match last:
        case ast.Assign(targets=[ast.Name(id=name)]):
            if reads := [_climb(read, parents)[0] for read in _reads(name, parents)]:
                return tuple((*steps, *read) or (OTHER,) for read in reads)
    return (steps or (OTHER,),)


def _reads(name: str, parents: Parents) -> Iterator[ast.Name]:
    every = [node for node in parents if isinstance(node, ast.Name) and node.id == name]
    if sum(isinstance(node.ctx, ast.Store) for node in every) == 1:
        yield from (node for node in every if isinstance(node.ctx, ast.Load))


def _climb(node: ast.AST, parents: Parents) -> tuple[Steps, ast.AST | None]:
    steps: list[str] = []
    parent = parents.get(node)
    while parent is not None and len(steps) < _MOST:
        step = _step(node, parent)
        if step is None:
            break
        steps.append(step)
        if step in (DISCARDED, RETURNED, SHOWN):
            break
        node, parent = parent, parents.get(parent)
    return tuple(steps), parent


def _step(node: ast.AST, parent: ast.AST) -> str | None:  # noqa: PLR0911, PLR0912 - one word for each
    match parent:
        case ast.Attribute(attr=attr):
            return f"#.{attr}"
        case ast.Call(func=func) if func is node:
            return "#()"
        case ast.Call():
            return f"{last_name(parent)}(#)"
        case ast.keyword(arg=arg):
            return f"{arg}=#"
        case ast.Subscript(value=value, slice=inner) if value is node:
            return f"#[{ast.unparse(inner) if isinstance(inner, ast.Constant) else ''}]"
        case ast.Await():
            return "await #"
        case ast.BinOp(left=left, op=op, right=right):
            other = right if left is node else left
            return f"# {type(op).__name__} {_number(other)}"
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return "# is"
        case ast.Compare():
            return "# compared"
        case ast.BoolOp(op=op, values=[first, *_]) if first is node:
            return f"# {type(op).__name__.lower()}"
        case ast.withitem():
            return "with #"
        case ast.For(iter=it) | ast.AsyncFor(iter=it) | ast.comprehension(iter=it) if it is node:
            return "for #"
        case ast.Starred():
            return "*#"
        case ast.FormattedValue():
            return SHOWN
        case ast.Expr():
            return DISCARDED
        case ast.Return() | ast.Yield():
            return RETURNED
    return None


def _number(node: ast.AST) -> str:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else ""


def wrapping(old: ast.expr, new: ast.expr) -> str:
    """The outermost step by which `new` is made of `old`; '' if it is not made of it. Numbers that are a
    multiple of others are made by that."""
    match old, new:
        case ast.Constant(value=int() | float() as was), ast.Constant(value=int() | float() as now) if (
            was and now and was != now and not isinstance(was, bool)
        ):
            return f"# times {now / was:g}"
        case ast.Constant(value=str() as text), ast.Constant(value=str() as other) if text != other:
            return _lost_end(text, other)
    parts = list(islice(ast.walk(new), _MOST_PARTS + 1))
    if len(parts) > _MOST_PARTS:
        return ""  # data, and no conversion of anything
    try:
        sought = ast.dump(old)
        inside = any(ast.dump(part) == sought for part in parts[1:])
        return outermost(new) if inside and ast.dump(new) != sought else ""
    except RecursionError:
        return ""


def _lost_end(old: str, new: str) -> str:
    """The signs that a text has no more at its end, or its beginning."""
    if new and old.startswith(new) and not any(map(str.isalnum, old[len(new) :])):
        return f"# without {old[len(new) :]!r} at its end"
    if new and old.endswith(new) and not any(map(str.isalnum, old[: -len(new)])):
        return f"# without {old[: -len(new)]!r} at its beginning"
    return ""


def keeps_end(text: str, step: str) -> bool:
    """Whether a text has what such a step takes from it."""
    if not step.startswith("# without "):
        return False
    sign = ast.literal_eval(step.removeprefix("# without ").rpartition(" at its ")[0])
    return text.endswith(sign) if step.endswith("end") else text.startswith(sign)


def outermost(node: ast.expr) -> str:
    """The outermost step by which an expression is made, whatever of."""
    match node:
        case ast.Call(func=ast.Attribute(attr=attr)):
            return f"#.{attr}()"
        case ast.Call():
            return f"{last_name(node)}(#)"
        case ast.BinOp(op=op, right=right):
            return f"# {type(op).__name__} {_number(right)}"
        case ast.Attribute(attr=attr):
            return f"#.{attr}"
        case ast.Await() | ast.UnaryOp() | ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return type(node).__name__
    return ""
