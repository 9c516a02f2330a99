"""Things as constants of code, where nobody can exchange them. Injected: see `boot.py`.

Promises: a function whose code holds what it uses looks up no global and no built-in name when it runs.
Python lets nobody change a code object, and tells audit hooks of each function whose code is exchanged.
"""

from __future__ import annotations

import builtins
import types
from typing import Any

MARK = "@"
"""Begins the constants that stand for names; see `held`."""


def embed(code: Any, things: dict[str, Any]) -> Any:
    """`code` with each of these things in place of the constant that stands for it, in all code inside."""
    constants = [
        embed(constant, things)
        if isinstance(constant, types.CodeType)
        else things.get(constant, constant)
        if type(constant) is str
        else constant
        for constant in code.co_consts
    ]
    if all(new is old for new, old in zip(constants, code.co_consts)):  # noqa: B905 Python 3.8
        return code
    return code.replace(co_consts=tuple(constants))


def fix(space: dict[str, Any]) -> list[Any]:
    """Put what names mean into the code of functions, where `held` put constants for them, once their module
    has run in `space`. Returns the functions."""
    things = {MARK + name: thing for name, thing in {**vars(builtins), **space}.items()}
    functions = [value for value in space.values() if getattr(value, "__globals__", None) is space]
    for function in functions:
        function.__code__ = embed(function.__code__, things)
    return functions
