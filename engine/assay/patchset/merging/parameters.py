"""Keyword-only parameters of a function as a group of entries.

Promises: pure. All others have their places, which callers rely on; of these, the order means nothing.
"""

from __future__ import annotations

import ast

from assay.patchset.merging.entries import Group, Node, Rule
from assay.patchset.merging.spans import Text
from assay.patchset.merging.split import Element, bracketed, said_in


def keyword_only(
    text: Text, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> tuple[int, int, Group] | None:
    """Where the parameters stand that are given by keyword alone, and they; None where there are none, or
    more than space, comments and commas stands between them."""
    spec = function.args
    pairs = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    elements = [_element(text, parameter, default) for parameter, default in pairs]
    if not elements:
        return None
    first, last = elements[0].start, elements[-1].end
    start = text.text.rfind(",", 0, first) + 1
    end = text.text.find("**" if spec.kwarg else ")", last, text.start(function.body[0]))
    group = Group(rule=Rule.NAMED, label="keyword-only parameters")
    found = bracketed(text.text, start, end, elements, group, "") if start and end >= last else None
    return None if found is None else (start, end, found)


def _element(text: Text, parameter: ast.arg, default: ast.expr | None) -> Element:
    start, end = text.start(parameter), text.end(default or parameter)
    said = text.text[start:end]
    name = parameter.arg
    node = Node(keys=(name, said_in(said), said), lead="", parts=(said,), sort=name, tag="keyword")
    return Element(node=node, start=start, end=end)
