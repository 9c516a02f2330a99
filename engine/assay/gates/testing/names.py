"""The names in a piece of source: what it defines, imports and mentions.

Promises: pure; no recursion of ours follows a source's own nesting.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from assay.gates.testing.units import Function, Outline

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_LONGEST = 200
"""Characters of a text that may name a module or an attribute."""


def mentions(node: ast.AST) -> frozenset[str]:
    """Every name and attribute in a piece of source, and its short texts."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.alias):
            found.add(each.name.rpartition(".")[2])
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value) < _LONGEST:
            found.add(each.value)
    return frozenset(found)


def wanted(node: ast.AST) -> frozenset[str]:
    """Every word by which a piece of source may name a module: what it mentions, and what it imports from."""
    found = set(mentions(node))
    for module, _, _ in imports(node):
        found.update(module.split("."))
    return frozenset({*found, *(word for text in found for word in text.split("."))})


def pauses(node: Function) -> bool:
    """Whether a function is a generator."""
    todo: list[ast.AST] = [*node.body]
    while todo:
        each = todo.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, Function | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(each))
    return False


def defined(outline: Outline) -> frozenset[str]:
    """What a module itself binds at its top, besides what it imports."""
    found = set()
    for form in outline.forms:
        if form.owner or isinstance(form.node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(form.node, Function | ast.ClassDef):
            found.add(form.node.name)
        else:
            found |= {n.id for n in ast.walk(form.node) if isinstance(n, ast.Name) and stored(n)}
    return frozenset(found)


def imports(node: ast.AST) -> Iterator[tuple[str, int, tuple[tuple[str, str], ...]]]:
    """(module, level, (name, bound as)...) of every import statement in a piece of source; a plain `import
    a.b` has no names."""
    for each in _statements(node):
        if isinstance(each, ast.Import):
            for alias in each.names:
                yield alias.name, 0, ()
        elif isinstance(each, ast.ImportFrom):
            names = tuple((alias.name, alias.asname or alias.name) for alias in each.names)
            yield each.module or "", each.level, names


def imported(node: ast.AST) -> dict[str, tuple[str, str]]:
    """What a piece of source binds by importing: the module, dots of a relative one first, and the name in it
    (empty if the module itself is bound)."""
    found = {}
    for each in _statements(node):
        if isinstance(each, ast.Import):
            for alias in each.names:
                found[alias.asname or alias.name.split(".", 1)[0]] = (alias.name, "")
        elif isinstance(each, ast.ImportFrom):
            for alias in each.names:
                found[alias.asname or alias.name] = (f"{'.' * each.level}{each.module or ''}", alias.name)
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements in a piece of source, level by level: what is inside of expressions is not looked at."""
    todo = deque([node])
    while todo:
        each = todo.popleft()
        yield each
        for field in _BLOCKS:
            todo.extend(getattr(each, field, None) or () if not isinstance(each, ast.expr) else ())


def dotted(node: ast.AST) -> str:
    """`a.b.c` of such an expression; empty for any other."""
    words = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return ".".join(reversed([*words, node.id])) if isinstance(node, ast.Name) else ""


def stored(node: ast.Name | ast.Attribute | ast.Subscript) -> bool:
    """Whether an expression is assigned to, or deleted."""
    return isinstance(node.ctx, ast.Store | ast.Del)
