"""What the rules on capabilities share: one use of one, and a module's nodes looked through once.

Promises: pure; time in proportion to the source.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TypeVar, cast

from assay.gates.syntax import dotted
from assay.model.candidate import Record

Node = TypeVar("Node", bound=ast.AST)


class Use(Record, frozen=True, kw_only=True):
    """A capability used at a line: the rule (without `scope/`), what a person reads, what identifies it."""

    rule: str
    line: int
    message: str
    what: str


class Survey:
    """The nodes of a module by kind, and what its imported names stand for: `o` is `os` after
    `import os as o`, and after `o = os`. `modules` are the names that are modules for certain."""

    def __init__(self, module: ast.Module) -> None:
        self.body = module.body
        self._nodes: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in ast.walk(module):
            self._nodes[type(node)].append(node)
        self.names: dict[str, str] = {}
        for imported in self.of(ast.Import):
            for alias in imported.names:
                root = alias.name.partition(".")[0]
                self.names[alias.asname or root] = alias.name if alias.asname else root
        self.modules = frozenset(self.names)
        for taken in self.of(ast.ImportFrom):
            if taken.module and not taken.level:
                for alias in taken.names:
                    self.names[alias.asname or alias.name] = f"{taken.module}.{alias.name}"
        for given in self.of(ast.Assign):
            target, value = given.targets[0], self._imported(given.value)
            if isinstance(target, ast.Name) and value:
                self.names.setdefault(target.id, value)

    def of(self, kind: type[Node]) -> list[Node]:
        """All nodes of exactly this kind."""
        return cast("list[Node]", self._nodes[kind])

    def dotted(self, node: ast.AST | None) -> str:
        """The dotted name of a chain of attributes as imports have it; '' for anything else."""
        return dotted(node, self.names)

    def _imported(self, node: ast.expr) -> str:
        """The dotted name of a chain that begins with an imported name; '' for anything else."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        return self.dotted(node) if isinstance(root, ast.Name) and root.id in self.names else ""

    def references(self) -> list[tuple[ast.AST, str]]:
        """Every node that reads or writes through an imported name or an attribute, with its dotted name;
        `getattr(os, "system")` is `os.system`."""
        found: list[tuple[ast.AST, str]] = [(node, self.dotted(node)) for node in self.of(ast.Attribute)]
        found += [(node, self.names[node.id]) for node in self.of(ast.Name) if node.id in self.names]
        for call in self.of(ast.Call):
            if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
                name = call.args[1]
                if isinstance(name, ast.Constant):
                    found.append((call, f"{self.dotted(call.args[0])}.{name.value!s}"))
        return found
