"""What is left alone: changes that no test is meant to notice.

Promises: pure. A node for which `silly` says so is neither changed itself nor is anything inside it. Import
of this module loads libcst."""

from __future__ import annotations

import libcst as cst

_SPEAKING = frozenset(
    {"debug", "info", "warning", "error", "exception", "critical", "log", "warn", "deprecated"}
)
_LOGS = ("log", "warn")
_PRINTS = frozenset({"print", "pprint"})
_DECLARED = frozenset({"TypeVar", "NewType", "ParamSpec", "TypeVarTuple", "TypeAlias"})
_WORDS = frozenset({"help", "doc", "description", "epilog", "metavar"})
"""Keyword arguments that are for people to read."""
_FOR_PEOPLE = frozenset({"__repr__", "__str__"})
_NEVER = (
    cst.Annotation,
    cst.Decorator,
    cst.Global,
    cst.Import,
    cst.ImportFrom,
    cst.Nonlocal,
    cst.TypeAlias,
    cst.TypeParameters,
)
_CHECKING = "TYPE_CHECKING"


def silly(node: cst.CSTNode) -> bool:
    """Whether `node`, with all inside, says something to people or tools and not to whoever calls it."""
    match node:
        case cst.FunctionDef():
            found = node.name.value in _FOR_PEOPLE or _declares(node)
        case cst.Expr():
            found = isinstance(node.value, cst.BaseString) or _speaks(node.value)
        case cst.Assign() | cst.AnnAssign():
            found = _only_declared(node)
        case cst.Arg():
            found = node.keyword is not None and node.keyword.value in _WORDS
        case cst.If():
            found = _mentions(node.test, _CHECKING) or _is_main(node.test)
        case _:
            found = isinstance(node, _NEVER)
    return found


def _declares(node: cst.FunctionDef) -> bool:
    """Whether a function is an overload, of which the body is nothing."""
    return any(_last(each.decorator) == "overload" for each in node.decorators)


def _speaks(value: cst.BaseExpression) -> bool:
    """Whether it is a call that prints, logs or warns."""
    if not isinstance(value, cst.Call):
        return False
    if isinstance(value.func, cst.Attribute):
        root = _first(value.func).lower()
        return value.func.attr.value in _SPEAKING and any(each in root for each in _LOGS)
    return _last(value.func) in _PRINTS


def _only_declared(node: cst.Assign | cst.AnnAssign) -> bool:
    targets = [node.target] if isinstance(node, cst.AnnAssign) else [each.target for each in node.targets]
    names = [target.value for target in targets if isinstance(target, cst.Name)]
    if any(name.startswith("__") and name.endswith("__") for name in names):
        return True
    return isinstance(node.value, cst.Call) and _last(node.value.func) in _DECLARED


def _is_main(test: cst.BaseExpression) -> bool:
    return isinstance(test, cst.Comparison) and _last(test.left) == "__name__"


def _mentions(test: cst.BaseExpression, name: str) -> bool:
    return _last(test) == name or (
        isinstance(test, cst.UnaryOperation | cst.BooleanOperation)
        and any(isinstance(each, cst.BaseExpression) and _mentions(each, name) for each in test.children)
    )


def _first(node: cst.BaseExpression) -> str:
    """The word that a dotted name begins with; of `self.log.info` the one before the last."""
    while isinstance(node, cst.Attribute):
        if isinstance(node.value, cst.Attribute):
            return node.value.attr.value
        node = node.value
    if isinstance(node, cst.Call):
        return _last(node.func)
    return node.value if isinstance(node, cst.Name) else ""


def _last(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Call):
        return _last(node.func)
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
