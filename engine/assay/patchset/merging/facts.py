"""What there is to know of a Python statement before it is merged: its names, what it has to do with others.

Promises: pure.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from assay.gates.syntax import last_name, nodes_in
from assay.model.candidate import Record
from assay.patchset.merging.brackets import number
from assay.patchset.merging.entries import Reach
from assay.patchset.merging.fold import value_of
from assay.patchset.merging.imports import section
from assay.patchset.merging.ordered import acts_in_turn, asserts, is_field, registered, takes
from assay.patchset.merging.routes import entries
from assay.patchset.merging.split import said_in

MEMBERS = "members"
"""Where they make members of an enumeration, of which two with one value are one."""
TOP = ("module", "class", "fields", MEMBERS)
"""Where statements declare rather than act."""
CONSTRUCTOR = "constructor"
"""Where they set up an object that nobody else sees yet."""
_SELF = "self"
_MAKERS = frozenset({"dict", "frozenset", "list", "object", "set", "tuple", "bytearray"})
_ACTS = (ast.Await, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.comprehension)

_NUMBERED = re.compile(r"\d{2,}|(?<=_)\d+")


class Facts(Record, frozen=True, kw_only=True):
    """See the fields of the same names in `entries.Node`."""

    keys: tuple[str, ...]
    name: str
    tag: str
    number: str = ""
    section: int = 9
    unites: bool = False
    reach: Reach = Reach()


def about(statement: ast.stmt, scope: str, text: str) -> Facts:
    """What is known of a statement, with its text, in a `module`, `class`, class of `fields`, `function` or
    `constructor`."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return _definition(statement, text)
        case ast.Import() | ast.ImportFrom():
            return _import(statement, text)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return _assignment(statement, scope, text)
        case ast.Expr(value=value):
            return _expression(value, scope, text)
    keys = (f"{type(statement).__name__} {_head(statement)}", said_in(text), text)
    return Facts(keys=keys, name=_short(text), tag="other", reach=_choice(statement, scope))


def is_enumeration(statement: ast.ClassDef) -> bool:
    """Whether a class is an enumeration, as far as the names of its bases tell."""
    return any(last_name(base).endswith(("Enum", "Flag", "Choices")) for base in statement.bases)


def names_in(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Every name that is read or written in these."""
    return frozenset(node.id for node in nodes_in(nodes) if isinstance(node, ast.Name))


def named(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, text: str) -> tuple[str, ...]:
    """What a definition is told by."""
    decorators = " ".join(map(ast.unparse, statement.decorator_list))
    return (f"def {statement.name}", f"def {statement.name} {decorators}", said_in(text), text)


def number_in(name: str) -> str:
    """A name up to the number in it, if more follows: `step_0012` of `step_0012_add_index`."""
    digits = _NUMBERED.search(name)
    return name[: digits.end()] if digits and name[digits.end() :] else ""


def reach_of(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Reach:
    """A definition's reach: what it evaluates where it stands, not what it does when it is called."""
    now: list[ast.AST] = list(statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        now += [*statement.bases, *statement.keywords, *statement.body]
    else:
        now.append(statement.args)
        now += [statement.returns] if statement.returns else []
    free = not acts_in_turn(statement.decorator_list)
    return Reach(
        free=free,
        binds=frozenset({statement.name}),
        uses=names_in(now),
        entered=entries(statement.decorator_list),
    )


def _definition(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, text: str) -> Facts:
    name = statement.name
    return Facts(
        keys=named(statement, text),
        name=name,
        tag="definition",
        number=number_in(name),
        reach=reach_of(statement),
    )


def _import(statement: ast.Import | ast.ImportFrom, text: str) -> Facts:
    said = said_in(text)
    binds = frozenset(alias.asname or alias.name.split(".")[0] for alias in statement.names)
    keys: tuple[str, ...] = (said, text)
    if isinstance(statement, ast.Import):
        name, unites = statement.names[0].name, False
    else:
        name = "." * statement.level + (statement.module or "")
        star = statement.names[0].name == "*"
        unites = not star
        keys = keys if star else (f"from {name}", *keys)
    free = "*" not in binds
    return Facts(
        keys=keys,
        name=name,
        tag="import",
        section=section(statement),
        unites=unites,
        # `import a.b` and `import a.c` both bind `a`, to the same.
        reach=Reach(free=free, binds=frozenset() if isinstance(statement, ast.Import) else binds),
    )


def _assignment(statement: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: str, text: str) -> Facts:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    plain = all(isinstance(target, ast.Name) for target in targets)
    name = " = ".join(map(ast.unparse, targets))
    value = statement.value
    uses = names_in([value] if value is not None else [])
    if scope == CONSTRUCTOR and not isinstance(statement, ast.AugAssign):
        reach = _own_attributes(targets, value)
        return Facts(keys=(f"= {name}", said_in(text), text), name=name, tag="assignment", reach=reach)
    keeps = isinstance(statement, ast.AugAssign)
    has_place = scope == "fields" and (isinstance(statement, ast.AnnAssign) or is_field(value))
    counted = _counted(value) if scope == MEMBERS else ""
    stays = plain and not keeps and scope in TOP and not has_place and not takes(value)
    return Facts(
        keys=(f"{'+' if keeps else ''}= {name}", said_in(text), text),
        name=name,
        tag="assignment",
        number=_number(value, scope) if value is not None and not keeps else "",
        reach=Reach(
            free=stays and (scope != MEMBERS or bool(counted)),
            binds=names_in(targets),
            uses=uses,
            counted=counted,
        ),
    )


def _number(value: ast.expr, scope: str) -> str:
    """Of several values that a member of an enumeration is made of, the first may be the one that counts."""
    first = value.elts[0] if scope == MEMBERS and isinstance(value, ast.Tuple) and value.elts else value
    return number(first)


def _counted(value: ast.expr | None) -> str:
    """See `entries.Reach.counted`; empty if another member may have the same value."""
    if isinstance(value, ast.Call) and last_name(value) == "auto" and not (value.args or value.keywords):
        return "next"
    return "given" if value is not None and value_of(value) else ""


def _own_attributes(targets: Iterable[ast.expr], value: ast.expr | None) -> Reach:
    """The reach of what a constructor assigns: an attribute of its own that gets a value at hand, or a new
    and empty one, has to do with nobody. What reads the object, or hands it on, may be a property or method
    that reads any attribute."""
    inside = list(nodes_in([value] if value is not None else []))
    acts = any(
        isinstance(node, _ACTS) or (isinstance(node, ast.Call) and not _makes(node)) for node in inside
    )
    uses = names_in([value] if value is not None else [])
    return Reach(
        free=all(map(_is_own, targets)) and not acts and _SELF not in uses,
        binds=frozenset(ast.unparse(target) for target in targets),
        uses=uses,
    )


def _is_own(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == _SELF


def _makes(call: ast.Call) -> bool:
    """Whether a call does nothing but make an object of nothing."""
    name = last_name(call)
    return not call.args and not call.keywords and (name in _MAKERS or name[:1].isupper())


def _expression(value: ast.expr, scope: str, text: str) -> Facts:
    said = said_in(text)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Facts(keys=("documentation", said, text), name="documentation", tag="documentation")
    if not isinstance(value, ast.Call):
        return Facts(keys=(said, text), name=_short(text), tag="other")
    callee = said_in(ast.unparse(value.func))
    first = value.args[0] if value.args else None
    return Facts(
        keys=(f"call {callee}", said, text),
        name=_short(text),
        tag="call",
        number=number(first) if first is not None else "",
        reach=_in_a_row(value, callee, scope),
    )


def _in_a_row(call: ast.Call, callee: str, scope: str) -> Reach:
    """The reach of a call that registers something where things are declared, or only looks at something."""
    if asserts(call):
        return Reach(callee=callee, uses=names_in([call]))
    what = registered(call) if scope in TOP else ""
    return Reach(callee=callee, binds=frozenset({what}), uses=names_in([call])) if what else Reach()


def _choice(statement: ast.stmt, scope: str) -> Reach:
    """One of several ways to import or define the same names, as far as the statement is nothing but that."""
    if isinstance(statement, ast.If):
        inner = [*statement.body, *statement.orelse]
    elif isinstance(statement, ast.Try):
        handlers = [part for handler in statement.handlers for part in handler.body]
        inner = [*statement.body, *handlers, *statement.orelse, *statement.finalbody]
    else:
        return Reach()
    found = [about(part, scope, "").reach for part in inner if not isinstance(part, ast.Pass)]
    return Reach(
        free=bool(found) and all(reach.free for reach in found),
        binds=frozenset().union(*(reach.binds for reach in found)),
        uses=frozenset().union(
            *(reach.uses for reach in found), names_in(ast.iter_child_nodes(_tested(statement)))
        ),
    )


def _tested(statement: ast.If | ast.Try) -> ast.AST:
    return ast.Expression(body=statement.test) if isinstance(statement, ast.If) else ast.Pass()


def _head(statement: ast.stmt) -> str:
    """What a compound statement asks; the keyword alone of others."""
    for field in ("test", "items", "iter", "subject"):
        found = getattr(statement, field, None)
        if isinstance(found, ast.AST):
            return ast.unparse(found)
        if isinstance(found, list):
            return ", ".join(ast.unparse(item) for item in found)
    return ""


def _short(text: str) -> str:
    return " ".join(text.split())[:80]
