"""Tells whether a test file itself replaces a part of a module, for longer than a test. Injected: see
`boot.py`.

Promises: by the syntax tree of a text that is known; nothing of it runs. A stand-in such as a mock does not
show who put it there: a text that does so by name is the likeliest to have. Only what a class, a module or
the session sets up counts: what a test does for itself is over when it is looked for, and names that the
product could hide behind would be many.
"""

from __future__ import annotations

import ast
from typing import Any

_READ = frozenset({"getattr", "hasattr"})
_SETUPS = frozenset({"setUpClass", "setUpModule", "setup_class", "setup_module", "asyncSetUpClass"})


def replaces(text: bytes, module: str, name: str) -> bool:
    """Whether a fixture or set-up in `text` names this part of `module` as what `mock.patch`, `setattr` or
    their like replace, or assigns to it."""
    if name.encode("utf-8") not in text:
        return False
    owner, whole = module.rpartition(".")[2], module + "." + name
    try:
        return any(
            _replaces(node, owner, name, whole)
            for function in ast.walk(ast.parse(text))
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and _outlives(function)
            for node in ast.walk(function)
        )
    except Exception:  # whatever keeps it from being parsed, it says nothing then
        return False


def _outlives(function: Any) -> bool:
    """Whether what a function sets up stays for more tests than one."""
    return function.name in _SETUPS or any(map(_is_wide, function.decorator_list))


def _is_wide(decorator: Any) -> bool:
    if not isinstance(decorator, ast.Call) or _last(decorator.func) != "fixture":
        return False
    scopes = [keyword.value for keyword in decorator.keywords if keyword.arg == "scope"]
    return any(not isinstance(scope, ast.Constant) or scope.value != "function" for scope in scopes)


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
