"""On whose behalf a program runs: the candidate and gate of the current task, for the ledger's tool calls.

Promises: pure bookkeeping in a context variable; what is made for all candidates together (the base's own
results, prepared layers) belongs to none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Behalf(NamedTuple):
    """A candidate's id, empty for what is shared, and a gate's name."""

    candidate: str = ""
    gate: str = ""


_NOBODY = Behalf()
_current: ContextVar[Behalf] = ContextVar("assay_behalf", default=_NOBODY)


def on_whose_behalf() -> Behalf:
    """Of the current task."""
    return _current.get()


@contextmanager
def on_behalf(candidate: str = "", gate: str = "") -> Iterator[None]:
    """What the body runs, it runs for this candidate and gate; without a candidate, for all together."""
    token = _current.set(Behalf(candidate, gate))
    try:
        yield
    finally:
        _current.reset(token)
