"""Python as a format to merge: how it is read, what a piece of it means, what a merged module must satisfy.

Promises: pure; `check` raises `Clash` for a module that does not compile, whose names are bound by nobody or
by the wrong side, or that gives a name, key, import or value twice.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from functools import lru_cache

from assay.patchset.merging.entries import Node, body
from assay.patchset.merging.names import Names, names
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.statements import REFUSED

_COMMENT = re.compile(r"#[^\n]*")
_WHOLE = ("{}", "({}\n)", "dict({}\n)", "{{{}\n}}")
"""A statement, an expression, an argument, an item of a dictionary: each made a source of its own."""


_REMEMBERED = 4096
"""Pieces of which the syntax is kept: many pairs of one run are merged over the same file."""


def meaning(node: Node) -> tuple[str, tuple[str, ...]] | None:
    """The syntax of a node, and what may be comments in it."""
    return _meaning(body(node))


def does_same(one: Node, other: Node) -> bool:
    """Whether two versions of a node differ in comments and layout at most."""
    meanings = [_meaning(body(node)) for node in (one, other)]
    syntax = {None if found is None else found[0] for found in meanings}
    return len(syntax) == 1 and None not in syntax


@lru_cache(maxsize=_REMEMBERED)
def _meaning(text: str) -> tuple[str, tuple[str, ...]] | None:
    comments = tuple(found.rstrip() for found in _COMMENT.findall(text))
    for whole in _WHOLE:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(whole.format(textwrap.dedent(text) if whole == "{}" else text))
                return ast.dump(tree), comments
        except REFUSED:
            continue
    return None


def check(base: str, ours: str, theirs: str, merged: str) -> None:
    """What a merged module has to satisfy."""
    old, mine, yours, new = (names(source) for source in (base, ours, theirs, merged))
    if unbound := new.unbound - mine.unbound - yours.unbound:
        name = min(unbound)
        raise Clash(Reason.NAMES, name, f"{name} is used by one side, and the other removes it")
    for one, other in ((mine, yours), (yours, mine)):
        _captures(old, one, other)
    for key, count in sorted(new.counts.items()):
        most = max(side.counts.get(key, 0) for side in (old, mine, yours))
        scope, what, name = key
        if count > most and (count > 1 or what == "key"):
            where = f"{scope}.{name}".strip(".")[:120]
            raise Clash(Reason.DUPLICATE, where, f"the {what} {name[:80]} would be there twice")


def _captures(base: Names, one: Names, other: Names) -> None:
    """Whether a name that `one` newly binds is what `other` newly reads, and means something else by."""
    taken = (one.bound - base.bound) & (other.outer - base.outer - other.bound)
    if taken:
        name = min(taken)
        raise Clash(Reason.NAMES, name, f"one side defines {name}, and the other uses another {name}")
