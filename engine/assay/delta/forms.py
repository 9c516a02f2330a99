"""The normal form of a function's body, where the parser left it for later.

Promises: pure; never raises: a body that is built to be costly equals no other.
"""

from __future__ import annotations

from assay.delta.ast_parts import body_forms, split_docs
from assay.delta.outline import LATER, Definition
from assay.gates.syntax import REFUSED


def forms(definition: Definition) -> tuple[str, str]:
    """The body's normal form, and that of the annotations of its variables."""
    if definition.body != LATER or definition.node is None:
        return definition.body, definition.local_types
    try:
        return body_forms(split_docs(definition.node.body)[1])
    except REFUSED:
        return f"{definition.symbol} {id(definition.node)}", ""
