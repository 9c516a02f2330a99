"""Import statements as groups of names.

Promises: pure. The parentheses belong to the layout: names that one side put between them are the same names.
"""

from __future__ import annotations

import ast
import sys

from assay.patchset.merging.entries import Group, Node, Rule
from assay.patchset.merging.spans import Text
from assay.patchset.merging.split import Element, bracketed

Import = ast.Import | ast.ImportFrom


def imported(text: Text, statement: Import, start: int, end: int) -> tuple[str | Group, ...]:
    """The parts of an import statement that stands from `start` to `end`."""
    whole = (text.text[start:end],)
    if isinstance(statement, ast.Import) or statement.names[0].name == "*":
        return whole
    elements = [_element(text, alias) for alias in statement.names]
    first = elements[0].start
    opened = text.text.rfind("(", start, first)
    closed = text.text.find(")", elements[-1].end, end)
    group = Group(rule=Rule.NAMED, label="imported names")
    if opened >= 0 and closed >= 0 and _is_code(text, opened, first):
        group_start, group_end = opened, closed + 1
        found = bracketed(text.text, group_start, group_end, elements, group, "(")
    else:
        group_start, group_end = first, elements[-1].end
        found = bracketed(text.text, group_start, group_end, elements, group, "")
    if found is None:
        return whole
    return (text.text[start:group_start], found, text.text[group_end:end])


def section(statement: Import) -> int:
    """Where import sorters put a statement: the future, the standard library, others, the package itself."""
    if isinstance(statement, ast.ImportFrom) and statement.level:
        return 3
    name = statement.module if isinstance(statement, ast.ImportFrom) else statement.names[0].name
    top = (name or "").split(".")[0]
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2


def _element(text: Text, alias: ast.alias) -> Element:
    said = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    node = Node(
        keys=(said,),
        lead="",
        parts=(text.text[text.start(alias) : text.end(alias)],),
        sort=alias.name,
        tag="name",
    )
    return Element(node=node, start=text.start(alias), end=text.end(alias))


def _is_code(text: Text, opened: int, first: int) -> bool:
    """Whether a parenthesis stands directly before the first name, comments aside."""
    lines = text.text[opened + 1 : first].split("\n")
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)
