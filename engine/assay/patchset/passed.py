"""Functions that give what another gives: who uses the one uses the other.

Promises: pure. Followed only where the one call is all that a function returns, and at most `STEPS` times.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.patchset.facts.records import CALL, Kind
from assay.patchset.view import Symbol, Trail, View

STEPS = 3


def behind(view: View, symbol: Symbol, trail: Trail) -> Iterator[Symbol]:
    """The functions whose results a function of this tree gives, the nearest first."""
    for _ in range(STEPS):
        definition = symbol.definition
        if definition.kind is not Kind.FUNCTION or not definition.passes or definition.several:
            return
        found = view.resolve(symbol.module, definition.passes, trail)
        if not isinstance(found, Symbol) or found.definition.kind is not Kind.FUNCTION:
            return
        if definition.passes[-1:] == (CALL,) or found.label == symbol.label:
            return
        yield found
        symbol = found
