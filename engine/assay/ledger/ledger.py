"""The ledger of one repository: what was run, found and landed, in order, and nothing ever taken back.

Promises:

- what `begin`, `step` and `landing` return from is on the disk (invariant 9); all else follows within
  milliseconds, in order, and at the latest with the next of those or `flush`;
- several threads and several processes may write at once;
- a kill at any instant leaves a whole chain, and `unfinished` tells whose run it was;
- without a ledger, asking creates nothing: every answer is empty.

Raises `Unsound` wherever the ledger is damaged, busy for too long, or cannot be written.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from assay.ledger import content, queries, verify
from assay.ledger.cache import Cache
from assay.ledger.chain import Entry, Kind
from assay.ledger.codec import encode
from assay.ledger.database import FILE, LOCKS, open_for_reading, sentences
from assay.ledger.lives import Lives
from assay.ledger.process import this_process
from assay.ledger.queries import MICRO
from assay.ledger.records import (
    Begun,
    Found,
    KeptCandidate,
    KeptGateResult,
    KeptOutput,
    KeptToolCall,
    KeptVerdict,
    Landing,
    Pruned,
    Rejection,
    Step,
    Stepped,
    Transaction,
    Unfinished,
)
from assay.ledger.states import IllegalTransition, State, check
from assay.ledger.writer import Group, Writer
from assay.model.candidate import Candidate
from assay.model.errors import AssayError, BadInput, Unsound
from assay.model.outcome import GateResult
from assay.model.tool import ToolCall
from assay.model.verdict import Decision, Verdict

T = TypeVar("T")

_NO_TRANSACTION = ""
"""What entries about the ledger itself belong to."""


class Ledger:
    """A repository's ledger, open until `close`. Thread-safe. See the module for what it promises."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / FILE
        self._lives = Lives(directory / LOCKS)
        self._writer = Writer(directory, self._lives)
        self._cache = Cache(directory)
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._results: dict[tuple[str, str], list[GateResult]] = {}

    @classmethod
    def open(cls, directory: Path) -> Ledger:
        """The ledger in `directory`, which is created, for its owner alone, with the first write."""
        return cls(directory)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except AssayError:
            # The failure that is on its way already says what happened first.
            if error is None:
                raise

    def close(self) -> None:
        """Write what is queued, and let go of everything. Transactions that have not settled are then
        anybody's to recover."""
        try:
            self._writer.close()
        finally:
            self._lives.close()
            self._cache.close()
            with self._reading:
                if self._reader is not None:
                    self._reader.close()
                    self._reader = None

    # Writing.

    def begin(self, command: str, payload: Any) -> str:
        """Start a transaction of this process; its id. `payload`: a JSON object or a record."""
        process = this_process()
        record = Begun(command=command, payload=msgspec.to_builtins(payload), process=process)
        moment, data = _now(), encode(record)

        def job(group: Group) -> str:
            identity = _new_id(moment)
            while queries.state(group.connection, identity) is not None:
                identity = _new_id(moment)
            group.append(identity, Kind.BEGIN, moment, data)
            group.live(identity)
            return identity

        return str(self._writer.do(job))

    def step(self, transaction: str, state: State, payload: Any = None) -> None:
        """Enter a state. Raises `IllegalTransition` if it may not follow the present one."""
        record = Stepped(state=state, payload=msgspec.to_builtins({} if payload is None else payload))
        moment, data = _now(), encode(record)

        def job(group: Group) -> None:
            old = queries.state(group.connection, transaction)
            if old is None:
                raise IllegalTransition(f"transaction {transaction} never began")
            check(transaction, old, state)
            group.append(transaction, Kind.STEP, moment, data)

        self._writer.do(job)
        if state.settled:
            with sentences(self._path):
                self._lives.release(transaction)

    def append(self, transaction: str, kind: str, payload: Any) -> None:
        """Record anything else: a JSON object or a record, under a kind of the caller's own."""
        if kind in Kind.__members__.values():
            raise ValueError(f"entries of kind {kind} have a method of their own")
        self._later(transaction, kind, payload)

    def candidate(self, transaction: str, candidate: Candidate, ref: str | None = None) -> None:
        """Record a candidate as it came in, and the ref it is kept under."""
        patch = self.put(candidate.patch)
        bare = msgspec.structs.replace(candidate, patch=b"")
        self._later(transaction, Kind.CANDIDATE, KeptCandidate(candidate=bare, ref=ref or "", patch=patch))

    def gate_result(self, transaction: str, candidate: str, result: GateResult) -> None:
        """Record one gate's answer on one candidate, in the order of the gates."""
        earlier = self._results.setdefault((transaction, candidate), [])
        record = KeptGateResult(candidate=candidate, order=len(earlier), result=result)
        earlier.append(result)
        self._later(transaction, Kind.GATE_RESULT, record)

    def tool_call(self, transaction: str, call: ToolCall, *, candidate: str = "", gate: str = "") -> None:
        """Record a program that was run, and on whose behalf if that is known; outputs are bounded."""
        named = {"stdout": call.stdout, "stderr": call.stderr, "report": call.report}
        named |= {f"output:{path}": data for path, data in call.outputs.items()}
        outputs = {name: self._put_output(data) for name, data in named.items() if data}
        bare = msgspec.structs.replace(call, stdout=b"", stderr=b"", report=b"", outputs={})
        record = KeptToolCall(candidate=candidate, gate=gate, call=bare, outputs=outputs)
        self._later(transaction, Kind.TOOL_CALL, record)

    def verdict(self, transaction: str, verdict: Verdict) -> None:
        """Record a verdict. Gate results recorded one by one before are not written a second time."""
        known = self._results.pop((transaction, verdict.candidate), [])
        rest = tuple(result for result in verdict.gates if result not in known)
        record = KeptVerdict(
            verdict=msgspec.structs.replace(verdict, gates=rest),
            order=tuple(result.gate for result in verdict.gates),
        )
        self._later(transaction, Kind.VERDICT, record)

    def landing(self, transaction: str, landing: Landing) -> None:
        """Record a ref that was moved; on the disk on return."""
        self._later(transaction, Kind.LANDING, landing)
        self.flush()

    def put(self, data: bytes) -> str:
        """Keep a body; its digest."""
        digest, moment, packed = content.digest_of(data), _now(), content.pack(data)
        self._writer.later(lambda group: content.insert(group.connection, digest, moment, len(data), packed))
        return digest

    def flush(self) -> None:
        """Return when everything recorded so far is on the disk."""
        self._writer.drain()

    def prune(self, older_than: float) -> Pruned:
        """Remove patches and outputs of before `older_than` (seconds since the epoch). Entries stay."""
        moment, cutoff = _now(), int(older_than * MICRO)

        def job(group: Group) -> Pruned:
            bodies, size = content.drop_before(group.connection, cutoff)
            pruned = Pruned(before=older_than, bodies=bodies, bytes=size)
            if bodies:
                group.append(_NO_TRANSACTION, Kind.PRUNE, moment, encode(pruned))
                group.connection.execute("PRAGMA incremental_vacuum").fetchall()
            return pruned

        if not self._path.exists():
            return Pruned(before=older_than, bodies=0, bytes=0)
        pruned: Pruned = self._writer.do(job)
        return pruned

    # Remembering.

    def cached(self, key: str) -> bytes | None:
        """What an earlier run remembered under a key of `keys`, or None. Never raises."""
        return self._cache.get(key)

    def remember(self, key: str, value: bytes) -> None:
        """Keep a value for later runs. Never raises; it may be forgotten at any time."""
        self._cache.put(key, value)

    # Asking.

    def get(self, digest: str) -> bytes | None:
        """A body, or None if it was pruned or never kept."""
        return self._ask(lambda reader: content.select(reader, digest), None)

    def state(self, transaction: str) -> State | None:
        """Where a transaction is; None if there is no such."""
        return self._ask(lambda reader: queries.state(reader, transaction), None)

    def steps(self, transaction: str) -> tuple[Step, ...]:
        """The states a transaction entered, in order, after `begun`."""
        return self._ask(lambda reader: queries.steps(reader, transaction), ())

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Transactions that have not settled, oldest first. Those that are `alive` have their process still,
        perhaps this one."""

        def ask(reader: sqlite3.Connection) -> tuple[Unfinished, ...]:
            return tuple(
                Unfinished(
                    transaction=transaction,
                    steps=queries.steps(reader, transaction.id),
                    alive=self._lives.held(transaction.id),
                )
                for transaction in queries.unfinished(reader)
            )

        return self._ask(ask, ())

    def transactions(
        self,
        *,
        since: float | None = None,
        command: str | None = None,
        verdict: Decision | None = None,
        limit: int | None = None,
    ) -> tuple[Transaction, ...]:
        """Newest first; `since` in seconds since the epoch, `verdict`: some candidate got it."""
        return self._ask(
            lambda reader: queries.transactions(
                reader, since=since, command=command, verdict=verdict, limit=limit
            ),
            (),
        )

    def transaction(self, prefix: str) -> Transaction:
        """The transaction whose id begins with `prefix`. Raises `BadInput` unless there is just one."""
        found = self._ask(lambda reader: queries.transaction(reader, prefix), None)
        if found is None:
            raise BadInput("nothing was ever recorded here", where=str(self._directory))
        return found

    def entries(self, transaction: str | None = None) -> tuple[Entry, ...]:
        """The entries of one transaction, or all, in order."""
        return self._ask(lambda reader: tuple(queries.entries(reader, transaction)), ())

    def candidates(self, transaction: str) -> tuple[Found, ...]:
        """The candidates of a transaction with their verdicts, in the order they came in."""
        return self._ask(lambda reader: queries.candidates(reader, transaction), ())

    def find_candidates(self, word: str) -> tuple[Found, ...]:
        """Candidates of any transaction by the beginning of their id, or by name; newest first."""
        return self._ask(lambda reader: queries.find_candidates(reader, word), ())

    def verdict_of(self, transaction: str, candidate: str) -> Verdict | None:
        """A candidate's verdict with all gate results, or None."""
        return self._ask(lambda reader: queries.verdict(reader, transaction, candidate), None)

    def gate_results(self, transaction: str, candidate: str) -> tuple[GateResult, ...]:
        """The gate results of a candidate recorded so far, verdict or not."""
        return self._ask(lambda reader: queries.gate_results(reader, transaction, candidate), ())

    def tool_calls(
        self, transaction: str, candidate: str | None = None, gate: str | None = None
    ) -> tuple[KeptToolCall, ...]:
        """The programs a transaction ran, in order; their outputs by `get`."""
        return self._ask(lambda reader: queries.tool_calls(reader, transaction, candidate, gate), ())

    def rejections(self, since: float | None = None) -> tuple[Rejection, ...]:
        """What was rejected since then (seconds since the epoch), by which gate and why; newest first."""
        return self._ask(lambda reader: queries.rejections(reader, since), ())

    def landings(self, transaction: str) -> tuple[Landing, ...]:
        """What a transaction landed."""
        return self._ask(lambda reader: queries.landings(reader, transaction), ())

    def verify(self) -> list[str]:
        """Everything that is wrong with the ledger, one sentence each; empty when it is whole."""
        try:
            return self._ask(lambda reader: list(verify.problems(reader)), [])
        except Unsound as error:
            return [error.sentence]

    def _later(self, transaction: str, kind: str, payload: Any) -> None:
        moment, data = _now(), encode(payload)
        self._writer.later(lambda group: group.append(transaction, kind, moment, data))

    def _put_output(self, data: bytes) -> KeptOutput:
        kept, record = content.bound(data)
        self.put(kept)
        return record

    def _ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer that knows of everything recorded so far; `otherwise` where there is no ledger."""
        self._writer.drain()
        with self._reading, sentences(self._path):
            if self._reader is None:
                self._reader = open_for_reading(self._directory)
            try:
                return otherwise if self._reader is None else question(self._reader)
            except ValueError as error:
                fix = "move it away and a new one is begun; the old one is evidence, keep it"
                raise Unsound(f"the ledger is damaged ({error})", where=str(self._path), fix=fix) from error


def _now() -> int:
    return time.time_ns() // 1000


def _new_id(moment: int) -> str:
    """Sorts by time, is told apart by chance."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(moment / MICRO))
    return f"{stamp}-{secrets.token_hex(3)}"
