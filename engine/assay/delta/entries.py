"""Which entries of a list, set, tuple or dictionary came, went or changed, where a constant holds one.

Promises: pure; nothing is evaluated; a value that may be a secret is hidden.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from assay.delta.conduct import said
from assay.delta.outline import Definition
from assay.delta.secrets import hide
from assay.gates.syntax import REFUSED, parse
from assay.model.delta import Aspect, Detail

_MOST = 6
_LARGE = 20_000


def entries(old: Definition, new: Definition) -> Iterator[Detail]:
    """The entries that differ; nothing if a side is no such display, or if too many do."""
    before, after = _displayed(old), _displayed(new)
    if before is None or after is None:
        return
    keys = [key for key in dict.fromkeys([*after, *before]) if before.get(key) != after.get(key)]
    if len(keys) > _MOST:
        return
    for key in keys:
        was, now = hide(key, before.get(key, "")), hide(key, after.get(key, ""))
        yield Detail(aspect=Aspect.VALUE, before=was, after=now, words=_words(key, was, now), line=new.line)


def _words(key: str, was: str, now: str) -> str:
    if was and now:
        return f"`{key}`: `{was}` became `{now}`"
    shown = key if (was or now) == key else f"{key}: {was or now}"
    return f"new: `{shown}`" if now else f"gone: `{shown}`"


def _displayed(definition: Definition) -> dict[str, str] | None:
    """Key to value of a dictionary; of all else each entry to itself. None for what is no display."""
    if len(definition.text) > _LARGE:
        return None
    module = parse(textwrap.dedent(definition.text).encode("utf-8", "replace"))
    value = getattr(module.body[0], "value", None) if module is not None and module.body else None
    if isinstance(value, ast.Call) and len(value.args) == 1:
        value = value.args[0]  # frozenset({...}), tuple([...])
    try:
        match value:
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {said(key) or f"**{said(each)}": said(each) for key, each in pairs}
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return {said(item): said(item) for item in items}
    except REFUSED:
        return None
    return None
