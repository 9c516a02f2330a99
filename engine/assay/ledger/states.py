"""The states of a transaction, and which may follow which, as data.

Promises: pure; a state that is not `settled` is one that a killed run can leave behind and that recovery has
to look at. What was published stays published: from there a run can only end.

    begun ──► grading ──► graded ──► verifying ──► verified ──► publishing ──► published ──► done
      │          │           │           │  ▲          │          │   │
      └──────────┴───────────┴───────────┴──┼──────────┤          │   └──► rolled-back ──► (any end)
                                            └──────────┼──────────┘
                                                       │   (the branch had moved: nothing was published)
                                                       └──► done, failed or interrupted: from any state
                                                            above but `publishing`
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a transaction is."""

    BEGUN = "begun"
    GRADING = "grading"
    GRADED = "graded"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    ROLLED_BACK = "rolled-back"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def settled(self) -> bool:
        """Whether nothing is left that recovery would have to finish or undo."""
        return self in _SETTLED


class IllegalTransition(ValueError):
    """A step that no run may take: a defect of the engine, not of anything it was given."""


_ENDS = frozenset({State.DONE, State.FAILED, State.INTERRUPTED})
_SETTLED = _ENDS | {State.PUBLISHED, State.ROLLED_BACK}

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.BEGUN: _ENDS | {State.GRADING, State.GRADED, State.VERIFYING, State.PUBLISHING},
    State.GRADING: _ENDS | {State.GRADING, State.GRADED},
    State.GRADED: _ENDS | {State.GRADING, State.VERIFYING, State.VERIFIED, State.PUBLISHING},
    State.VERIFYING: _ENDS | {State.VERIFYING, State.VERIFIED},
    State.VERIFIED: _ENDS | {State.GRADING, State.VERIFYING, State.PUBLISHING},
    # A journal may take several steps to publish. It never just ends: something may be half there.
    State.PUBLISHING: frozenset(
        {State.PUBLISHING, State.PUBLISHED, State.ROLLED_BACK, State.GRADING, State.VERIFYING}
    ),
    State.PUBLISHED: _ENDS | {State.PUBLISHED},
    State.ROLLED_BACK: _ENDS | {State.ROLLED_BACK},
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.INTERRUPTED: frozenset(),
}


def check(transaction: str, old: State, new: State) -> None:
    """Raise `IllegalTransition` unless `new` may follow `old`."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"transaction {transaction} cannot go from {old} to {new}")
