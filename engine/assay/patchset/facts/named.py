"""Names agreed upon by their text: environment variables, keys of configurations, options of commands.

Promises: pure; tells only what the expression in hand looks like, and whose key it is by the receiver's
words.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping

from assay.gates.syntax import dotted, last_name
from assay.patchset.facts.records import Named, Names, Path

_GETTERS = frozenset({"get", "pop", "setdefault", "getint", "getboolean", "getfloat"})
_ENVIRONMENT = frozenset({"getenv", "setenv", "delenv", "putenv", "unsetenv"})
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_OPTIONS = frozenset({"option", "add_argument", "add_option", "Option"})
_SETTINGS = ("setting", "config", "preference")
_LONGEST = 100
_MOST_NESTED = 200
"""Larger displays are data: whose keys those in them are is not asked."""


def of(
    node: ast.AST, parents: Mapping[ast.AST, ast.AST], names: Mapping[str, Path], inside: str
) -> Iterator[Named]:
    """The names that one expression itself speaks of."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            yield from _keyed(key, value, node.slice.lineno, defines=isinstance(node.ctx, ast.Store))
        case ast.Compare(
            left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()], comparators=[where]
        ):
            yield from _keyed(key, where, node.lineno)
        case ast.Call():
            yield from _called(node)
        case ast.Dict():
            owner = _display_owner(node, parents)
            if owner:
                for key_node, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key_node, ast.Constant) and isinstance(key_node.value, str):
                        yield from _named(
                            Names.KEY,
                            key_node.value,
                            owner,
                            key_node.lineno,
                            defines=True,
                            value=_digest(value),
                        )


def owner_of(node: ast.AST) -> str:
    """The word by which a receiver is known: `config` of `self.config`, `load_config` of `load_config()`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return last_name(node).lstrip("_").lower()


def _keyed(key: str, receiver: ast.expr, line: int, defines: bool = False) -> Iterator[Named]:
    if _is_environment(receiver):
        yield from _named(Names.ENVIRONMENT, key, "", line)
    elif owner := owner_of(receiver):
        yield from _named(Names.KEY, key, owner, line, defines=defines)


def _called(node: ast.Call) -> Iterator[Named]:
    called = last_name(node)
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        line = first.lineno
        if called in _ENVIRONMENT:
            yield from _named(Names.ENVIRONMENT, first.value, "", line)
        elif called in _GETTERS and isinstance(node.func, ast.Attribute):
            yield from _keyed(first.value, node.func.value, line)
            second = node.args[1] if called.startswith("get") and len(node.args) > 1 else None
            if isinstance(second, ast.Constant) and isinstance(second.value, str):
                yield from _keyed(second.value, node.func.value, line)  # of `get(section, key)`
        elif any(word in called.lower() for word in _SETTINGS):
            yield from _named(Names.KEY, first.value, called.lower(), line)
    for keyword in node.keywords:
        if keyword.arg == "envvar" and isinstance(keyword.value, ast.Constant):
            name = str(keyword.value.value)
            yield from _named(Names.ENVIRONMENT, name, "", keyword.value.lineno, defines=True)
    if called in _OPTIONS:
        for arg in node.args:
            if isinstance(arg, ast.Constant) and _OPTION.fullmatch(str(arg.value)):
                yield from _named(Names.OPTION, str(arg.value), "", arg.lineno, defines=True)


def _is_environment(node: ast.expr) -> bool:
    return dotted(node) in ("os.environ", "environ")


def _display_owner(node: ast.Dict, parents: Mapping[ast.AST, ast.AST]) -> str:
    """The word of what a dictionary display is assigned to."""
    match parents.get(node):
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return owner_of(target)
        case ast.Dict() as outer if len(outer.keys) <= _MOST_NESTED:
            above = _display_owner(outer, parents)
            key = next((k for k, v in zip(outer.keys, outer.values, strict=True) if v is node), None)
            return f"{above}.{key.value!r}" if above and isinstance(key, ast.Constant) else ""
        case ast.Return():
            around: ast.AST | None = node
            while around is not None and not isinstance(around, ast.FunctionDef):
                around = parents.get(around)
            return around.name.lstrip("_").lower() if around is not None else ""
    return ""


def _named(
    kind: Names, name: str, owner: str, line: int, *, defines: bool = False, value: str = ""
) -> Iterator[Named]:
    if 1 < len(name) <= _LONGEST and not any(char.isspace() for char in name):
        yield Named(kind=kind, name=name, owner=owner, line=line, defines=defines, value=value)


def _digest(value: ast.expr) -> str:
    """A constant as text, of anything else a digest."""
    if isinstance(value, ast.Constant):
        return repr(value.value)[:_LONGEST]
    return hashlib.blake2b(ast.dump(value).encode("utf-8", "replace"), digest_size=8).hexdigest()
