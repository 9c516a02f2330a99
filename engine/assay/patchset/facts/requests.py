"""The fixtures that a test or another fixture asks for.

Promises: pure.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from assay.gates.syntax import Function, last_name
from assay.patchset.facts.paths import parameters
from assay.patchset.facts.records import Request


def requests_of(node: Function, qualified: str, wanted: Callable[[int, int], bool]) -> Iterator[Request]:
    """What one function, if it is a test or a fixture, asks for on the wanted lines."""
    is_fixture = any(last_name(decorator) == "fixture" for decorator in node.decorator_list)
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and last_name(decorator) == "usefixtures":
            for arg in decorator.args:
                if isinstance(arg, ast.Constant) and wanted(arg.lineno, arg.lineno):
                    yield Request(name=str(arg.value), scope=qualified, line=arg.lineno)
    if not is_fixture and not node.name.startswith("test"):
        return
    given = _parametrized(node) | {"self", "cls", "request"}
    places = [*node.args.posonlyargs, *node.args.args]
    asked = [*places[: len(places) - len(node.args.defaults)], *node.args.kwonlyargs]
    for parameter in asked:
        if parameter.arg not in given and wanted(parameter.lineno, parameter.lineno):
            yield Request(name=parameter.arg, scope=qualified, line=parameter.lineno)


def _parametrized(node: Function) -> set[str]:
    """Parameters of a test that get their values from its own decorators."""
    found: set[str] = set()
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and last_name(decorator) in ("parametrize", "given", "patch"):
            if last_name(decorator) != "parametrize":
                return {arg.arg for arg in parameters(node.args)}
            for part in ast.walk(decorator.args[0]) if decorator.args else ():
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.update(word.strip() for word in part.value.split(","))
    return found
