"""The text of a module whose functions look nothing up. Part of Assay's process: it makes what is injected.

Promises: the text means what it meant, once `constants.fix` has run; any Python that takes the one takes the
other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from assay.gates.inject.boot import WITHIN_REACH
from assay.gates.inject.constants import MARK


@cache
def source(name: str) -> str:
    """The text of the module `name` as it is sent."""
    text = (resources.files("assay.gates") / "inject" / f"{name}.py").read_text("utf-8")
    return held(text) if name in WITHIN_REACH else text


def held(text: str) -> str:
    """`text` with a constant in the place of each global and built-in name that a function of it reads."""
    return ast.unparse(_Holding().visit(ast.parse(text)))


class _Holding(ast.NodeTransformer):
    """`("@name" or None)` comes to the constant alone, and the compiler does not warn of a call of it."""

    def __init__(self) -> None:
        self._bound: set[str] | None = None

    def visit_FunctionDef(self, node: Any) -> Any:
        if self._bound is not None:
            return self.generic_visit(node)
        self._bound = set(_bound(node))
        node.body = [self.visit(statement) for statement in node.body]
        self._bound = None
        return node

    def visit_AnnAssign(self, node: Any) -> Any:
        node.value = node.value and self.visit(node.value)
        return node

    def visit_Name(self, node: Any) -> Any:
        if self._bound is None or node.id in self._bound or not isinstance(node.ctx, ast.Load):
            return node
        constants: list[Any] = [ast.Constant(value=MARK + node.id), ast.Constant(value=None)]
        return ast.BoolOp(op=ast.Or(), values=constants)


def _bound(function: Any) -> Iterator[str]:
    """What is bound in a function, or in one inside it."""
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.ExceptHandler, ast.FunctionDef)) and node is not function:
            yield str(node.name)
