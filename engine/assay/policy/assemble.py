"""Layers in, one policy out: checked, laid over each other, converted, and sealed with its digest.

Promises: pure but for asking which plug-ins are installed; every problem of every layer is found. Equal
effective content gives equal digests, whatever layers it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from assay.model.candidate import Record
from assay.policy.document import Document
from assay.policy.merge import lay, leaves
from assay.policy.problem import Path, Problem, dotted
from assay.policy.rules import faults
from assay.policy.schema import Policy
from assay.policy.shape import RESERVED, check

Plugins = Callable[[], Sequence[str]]


class Assembled(Record, frozen=True, kw_only=True):
    """A policy, or the problems that keep it from being one."""

    policy: Policy | None
    problems: tuple[Problem, ...]


@cache
def defaults() -> dict[str, Any]:
    """The built-in defaults as plain data: the layer below all others. Not to be changed."""
    data: dict[str, Any] = msgspec.to_builtins(Policy(name=""))
    return {key: value for key, value in data.items() if key not in RESERVED}


def assemble(documents: Sequence[Document], name: str, plugins: Plugins | None = None) -> Assembled:
    """The policy that `documents` (weakest first) amount to."""
    data = defaults()
    sources: dict[str, str] = {}
    misshapen: list[Problem] = []
    idle: list[Problem] = []
    for document in documents:
        layer, found = check(document)
        misshapen += found
        if not misshapen:
            data = lay(data, layer)
            sources = _sources(sources, layer, document.origin, data)
            idle += _idle_commands(document, layer, data["gates"])
    if misshapen:
        return Assembled(policy=None, problems=tuple(misshapen))
    origin = tuple(document.origin for document in documents)
    whole = {**_with_limits(data), "name": name, "origin": origin, "sources": sources}
    policy = seal(msgspec.convert(whole, Policy))
    wrong = faults(policy, plugins or installed_plugins)
    problems = (*idle, *(_located(documents, sources, path, message) for path, message in wrong))
    return Assembled(policy=None if problems else policy, problems=problems)


def seal(policy: Policy) -> Policy:
    """`policy` with its digest: SHA-256 over its canonical JSON without name, origin and sources."""
    content = {key: value for key, value in msgspec.to_builtins(policy).items() if key not in RESERVED}
    text = msgspec.json.encode(content, order="deterministic")
    return msgspec.structs.replace(policy, digest=hashlib.sha256(text).hexdigest())


def installed_plugins() -> tuple[str, ...]:
    """Names of the third-party gates that are installed here."""
    from importlib import metadata

    return tuple(entry.name for entry in metadata.entry_points(group="assay.gates"))


def _sources(
    below: Mapping[str, str], layer: Mapping[str, Any], origin: str, data: Mapping[str, Any]
) -> dict[str, str]:
    here = {key: origin for key, _ in leaves(layer)}
    present = {key for key, _ in leaves(data)}
    return {key: value for key, value in {**below, **here}.items() if key in present}


def _with_limits(data: Mapping[str, Any]) -> dict[str, Any]:
    """A command that sets one limit of its own keeps the policy's others."""
    commands = [
        {**each, "limits": {**data["limits"], **each["limits"]}} if each.get("limits") is not None else each
        for each in data["command"]
    ]
    return {**data, "command": commands}


def _idle_commands(document: Document, layer: Mapping[str, Any], gates: Sequence[str]) -> list[Problem]:
    """Commands that a layer defines and does not list: a check that silently never runs is a trap."""
    return [
        _problem(document, ("command", position, "name"), f"{name!r} never runs; {_listing(name)}")
        for position, name in enumerate(command["name"] for command in layer.get("command", ()))
        if name not in gates
    ]


def _listing(name: str) -> str:
    return f'list it: gates = ["...", "{name}"]'


def _located(documents: Sequence[Document], sources: Mapping[str, str], path: Path, message: str) -> Problem:
    """The problem, blamed on the layer that set the key; on the strongest where a default is at fault."""
    leaf = path
    while leaf and dotted(leaf) not in sources:
        leaf = leaf[:-1]
    origin = sources.get(dotted(leaf))
    strongest = documents[-1]
    return _problem(next((each for each in documents if each.origin == origin), strongest), path, message)


def _problem(document: Document, path: Path, message: str) -> Problem:
    return Problem(origin=document.origin, key=dotted(path), message=message, line=document.line(path))
