"""JSON and TOML as formats to merge.

Promises: pure; raises `Clash` for what the formats' own parsers refuse (`json`, `tomllib`), before and after.
A merged text holds, value by value, what both sides made of the base.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from assay.model.expressions import expression
from assay.patchset.merging.entries import IN_TURN, Group, Node, Rule
from assay.patchset.merging.inventory import Inventory, missing
from assay.patchset.merging.ordered import keeps_order
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.values import DEEPEST, as_document, keyed, last_key, numbered, value

_HEADER = expression(r"[ \t]*(\[\[?[^\n#]*?\]\]?)[ \t]*(?:#[^\n]*)?\r?\n")
_REQUIREMENT = expression(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:[<>=!~;@(].*)?\Z", re.DOTALL)
_REFUSED = (ValueError, RecursionError)


class _Twice(ValueError):
    """An object gives a key twice."""


def read_json(text: str) -> Group:
    """A JSON document."""
    _json(text)
    start = len(text) - len(text.lstrip())
    end, group = value(text, start)
    if group is None or text[end:].strip():
        raise Clash(Reason.UNREADABLE, "", "a version is neither an object nor an array")
    return as_document((text[:start], group, text[end:]))


def read_toml(text: str) -> Group:
    """A TOML document: its entries, and its tables with theirs."""
    _toml(text)
    tables: list[tuple[str, str, str, list[Node]]] = []
    top: list[Node] = []
    nodes, at, lead = top, 0, 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        line = text[at:end].strip()
        if not line or line.startswith("#"):
            at = end
        elif (header := _HEADER.match(text, at)) and line.startswith("["):
            nodes = []
            tables.append((header[1], text[lead:at], header[0], nodes))
            at = lead = header.end()
        else:
            node, at = _entry(text, lead, at)
            nodes.append(node)
            lead = at
    return Group(
        rule=Rule.NAMED,
        nodes=(*top, *(_table(*table) for table in tables)),
        tail=text[lead:],
        label="tables",
    )


def check_json(base: str, ours: str, theirs: str, merged: str) -> None:
    """What a merged JSON document has to satisfy."""
    _check(_json, base, ours, theirs, merged)


def check_toml(base: str, ours: str, theirs: str, merged: str) -> None:
    """What a merged TOML document has to satisfy."""
    _check(_toml, base, ours, theirs, merged)


def meaning(node: Node) -> None:
    """What a node says is its text."""


def _entry(text: str, lead: int, at: int) -> tuple[Node, int]:
    start = at + len(text[at:]) - len(text[at:].lstrip(" \t")) if text[at] in " \t" else at
    key, end, parts = keyed(text, start)
    line_end = text.find("\n", end) + 1 or len(text)
    rest = text[end:line_end]
    if rest.strip() and not rest.lstrip().startswith("#"):
        raise Clash(Reason.UNREADABLE, "", "a version does not parse")
    last = parts[-1]
    assert isinstance(last, str)
    exact = text[start:end]
    node = Node(
        keys=(f"{key} =", exact),
        lead=text[lead:start],
        parts=(*parts[:-1], last + rest),
        sort=key,
        tag="item",
    )
    return numbered(node, exact), line_end


def _table(name: str, lead: str, line: str, nodes: list[Node]) -> Node:
    group = Group(rule=Rule.NAMED, nodes=tuple(nodes), label=name)
    said = line + "".join(node.keys[-1] for node in nodes)
    tag = IN_TURN if name.startswith("[[") and keeps_order(last_key(name)) else "table"
    return Node(keys=(name, said), lead=lead, parts=(line, group), sort=name, tag=tag, section=1)


def _json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _Twice("a key is there twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except _REFUSED as error:
        raise Clash(Reason.UNREADABLE, "", "it does not parse as JSON") from error


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except _REFUSED as error:
        raise Clash(Reason.UNREADABLE, "", "it does not parse as TOML") from error


def _check(parse: Callable[[str], Any], base: str, ours: str, theirs: str, merged: str) -> None:
    try:
        result = parse(merged)
    except Clash as clash:
        raise Clash(Reason.BROKEN, "", clash.why) from clash
    found = [Counter(_values(parse(text), (), 0)) for text in (base, ours, theirs)]
    new: Inventory = Counter(_values(result, (), 0))
    lost = missing(found[0], found[1], found[2], new)
    if lost is not None:
        raise Clash(
            Reason.LOST, ".".join(lost[:-1])[:120], "it would not hold just what both sides want there"
        )
    for item, count in _requirements(result, ()).items():
        if count > max(1, *(_requirements(parse(text), ())[item] for text in (base, ours, theirs))):
            raise Clash(Reason.DUPLICATE, ".".join(item), f"{item[-1]} would be required twice")


def _values(data: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, ...]]:
    """Every value under the names of what it is in; what stands in arrays is told by itself."""
    if isinstance(data, dict) and depth < DEEPEST:
        yield (*path, "{}")
        for key, inner in data.items():
            yield from _values(inner, (*path, key), depth + 1)
    elif isinstance(data, list) and depth < DEEPEST:
        for inner in data:
            yield (*path, "[]", repr(inner))
    else:
        yield (*path, repr(data))


def _requirements(data: Any, path: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    """How often each array names what may be a requirement."""
    found: Counter[tuple[str, ...]] = Counter()
    if isinstance(data, dict) and len(path) < DEEPEST:
        for key, inner in data.items():
            found += _requirements(inner, (*path, key))
    elif isinstance(data, list):
        names = (_REQUIREMENT.match(item) for item in data if isinstance(item, str))
        found.update((*path, re.sub(r"[-_.]+", "-", name[1]).lower()) for name in names if name)
    return found
