"""A transaction: one run of the engine, from its first entry in the ledger to its last.

Promises:

- the ledger knows of the run before the run has any effect (invariant 9);
- what an earlier run that was killed left unfinished is settled first;
- however the body ends (result, error, cancellation), the ledger gets a final state;
- only a run that was killed outright leaves an unfinished transaction, and the next one settles it.

                 begin              body returns
    (nothing) ──────────► running ───────────────► done
                             │  error                failed
                             │  cancelled            interrupted
                             └─ killed ─► (recovery by the next run)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from assay.land.recover import recover
from assay.ledger.ledger import Ledger
from assay.ledger.states import State
from assay.model.errors import AssayError, leaf
from assay.repo.repository import Repository


class Transaction:
    """A run's identity, and its line to the ledger."""

    def __init__(self, ledger: Ledger, identity: str, notes: tuple[str, ...]) -> None:
        self.ledger = ledger
        self.id = identity
        self.notes = notes

    def step(self, state: State, payload: dict[str, Any] | None = None) -> None:
        """Enter a state; durable on return."""
        self.ledger.step(self.id, state, payload or {})

    def end(self, state: State, reason: str = "") -> None:
        """Enter a final state, unless a publication is open: that is for recovery to settle."""
        if self.ledger.state(self.id) is not State.PUBLISHING:
            self.step(state, {"reason": reason} if reason else {})


@asynccontextmanager
async def transaction(repo: Repository, command: str, payload: dict[str, Any]) -> AsyncIterator[Transaction]:
    """Open the repository's ledger, settle what a killed run left, and run the body as one transaction."""
    with Ledger.open(repo.common_dir / "assay") as ledger:
        notes = recover(repo, ledger)
        run = Transaction(ledger, ledger.begin(command, payload), notes)
        try:
            yield run
        except anyio.get_cancelled_exc_class():
            run.end(State.INTERRUPTED)
            raise
        except BaseException as error:
            cause = leaf(error)
            known = isinstance(cause, AssayError)
            run.end(State.FAILED, str(cause) if known else f"internal error: {type(cause).__name__}: {cause}")
            raise
        else:
            run.end(State.DONE)
