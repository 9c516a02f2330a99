"""Tells whether a test file itself replaces a part of a module. Injected: see `boot.py`.

Promises: by the syntax tree of a text that is known; nothing of it runs. A stand-in such as a mock does not
show who put it there: a text that does so by name is the likeliest to have.
"""

from __future__ import annotations

import ast
from typing import Any

_READ = frozenset({"getattr", "hasattr", "delattr"})


def replaces(text: bytes, module: str, name: str) -> bool:
    """Whether `text` names this part of `module` as what `mock.patch`, `setattr` or their like replace, or
    assigns to it."""
    if name.encode("utf-8") not in text:
        return False
    owner, whole = module.rpartition(".")[2], module + "." + name
    try:
        return any(_replaces(node, owner, name, whole) for node in ast.walk(ast.parse(text)))
    except Exception:  # whatever keeps it from being parsed, it says nothing then
        return False


def _replaces(node: Any, owner: str, name: str, whole: str) -> bool:
    if isinstance(node, ast.Assign):
        return any(
            isinstance(target, ast.Attribute) and target.attr == name and _last(target.value) == owner
            for target in node.targets
        )
    if not isinstance(node, ast.Call) or not node.args or _last(node.func) in _READ:
        return False
    first = node.args[0]
    if isinstance(first, ast.Constant):
        return isinstance(first.value, str) and ("." + first.value).endswith("." + whole)
    second = node.args[1] if len(node.args) > 1 else None
    return isinstance(second, ast.Constant) and second.value == name and _last(first) == owner


def _last(node: Any) -> str:
    """The last word of a dotted name."""
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))
