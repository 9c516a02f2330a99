"""Any order of operations, against a model that is a few dictionaries."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from assay.ledger.ledger import Ledger
from assay.ledger.states import TRANSITIONS, IllegalTransition, State


class LedgerMachine(RuleBasedStateMachine):
    """Two openings of one ledger, as two processes would have them."""

    runs = Bundle("runs")
    bodies = Bundle("bodies")

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp()) / "assay"
        self.ledgers = [Ledger.open(self.place), Ledger.open(self.place)]
        self.states: dict[str, State] = {}
        self.owner: dict[str, int] = {}
        self.bodies_put: set[bytes] = set()
        self.entries = 0

    @rule(target=runs, which=st.integers(0, 1), command=st.sampled_from(["grade", "land"]))
    def begin(self, which: int, command: str) -> str:
        run = self.ledgers[which].begin(command, {"which": which})
        self.states[run], self.owner[run] = State.BEGUN, which
        self.entries += 1
        return run

    @rule(run=runs, which=st.integers(0, 1), state=st.sampled_from(State))
    def step(self, run: str, which: int, state: State) -> None:
        if state in TRANSITIONS[self.states[run]]:
            self.ledgers[which].step(run, state, {"to": state})
            self.states[run] = state
            self.entries += 1
            return
        try:
            self.ledgers[which].step(run, state)
        except IllegalTransition:
            return
        raise AssertionError("an illegal step was taken")

    @rule(run=runs, which=st.integers(0, 1), payload=st.dictionaries(st.text(max_size=2), st.integers(0, 9)))
    def append(self, run: str, which: int, payload: dict[str, int]) -> None:
        self.ledgers[which].append(run, "note", payload)
        self.entries += 1

    @rule(target=bodies, which=st.integers(0, 1), data=st.binary(max_size=50))
    def put(self, which: int, data: bytes) -> tuple[str, bytes]:
        self.bodies_put.add(data)
        return self.ledgers[which].put(data), data

    @rule(body=bodies, which=st.integers(0, 1))
    def get(self, body: tuple[str, bytes], which: int) -> None:
        for ledger in self.ledgers:
            ledger.flush()
        assert self.ledgers[which].get(body[0]) == body[1]

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        """As if its process had ended: what it left is nobody's."""
        self.ledgers[which].close()
        self.ledgers[which] = Ledger.open(self.place)
        self.owner = {run: owner for run, owner in self.owner.items() if owner != which}

    @rule(which=st.integers(0, 1))
    def prune(self, which: int) -> None:
        for ledger in self.ledgers:
            ledger.flush()
        gone = self.ledgers[which].prune(time.time() + 60)
        assert gone.bodies == len(self.bodies_put)
        self.entries += bool(gone.bodies)
        for data in self.bodies_put:
            self.ledgers[which].put(data)

    @invariant()
    def everything_is_there(self) -> None:
        if not self.states:
            return
        for ledger in self.ledgers:
            ledger.flush()
        ledger = self.ledgers[-1]
        assert ledger.verify() == []
        assert len(ledger.entries()) == self.entries
        assert {run.id: run.state for run in ledger.transactions()} == self.states
        unfinished = {run.id: run.alive for run in ledger.unfinished()}
        assert unfinished == {
            run: run in self.owner for run, state in self.states.items() if not state.settled
        }

    def teardown(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
        shutil.rmtree(self.place.parent)


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestLedger = LedgerMachine.TestCase
