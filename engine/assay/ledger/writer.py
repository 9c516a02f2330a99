"""One thread that writes: jobs from all others are committed in groups, since each commit waits for the disk.

Promises:

- jobs take effect in the order they were submitted, each wholly or not at all;
- a job that is waited for is on the disk when the wait ends; others follow within the window;
- when a group fails, everybody who waits is told, and so is the next caller if a job was lost unwaited;
- the chain's head is read inside the write transaction, so that processes take turns without forking it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from assay.ledger.chain import GENESIS, Entry, link
from assay.ledger.codec import searchable
from assay.ledger.database import FILE, open_for_writing, sentences
from assay.ledger.lives import Lives
from assay.ledger.states import IllegalTransition
from assay.ledger.views import show
from assay.model.errors import BadInput

WINDOW = 0.005
"""Seconds that a job nobody waits for may wait for company."""

_MOST = 512
"""Jobs in one group at most, so that other processes get their turn."""


class Group:
    """What a job sees: the open write transaction, and the end of the chain."""

    def __init__(self, connection: sqlite3.Connection, lives: Lives) -> None:
        self.connection = connection
        self.undo: list[Callable[[], None]] = []
        """Called if the group does not commit."""
        self._lives = lives
        row = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        self._seq: int = row[0] if row else 0
        self._hash: bytes = row[1] if row else GENESIS

    def append(self, transaction: str, kind: str, moment: int, payload: bytes) -> int:
        """Write one entry and let it be found; its number."""
        seq, kind = self._seq + 1, searchable(kind)
        digest = link(
            prev=self._hash, seq=seq, transaction=transaction, kind=kind, time=moment, payload=payload
        )
        entry = Entry(
            seq=seq,
            transaction=transaction,
            time=moment,
            kind=kind,
            payload=payload,
            prev=self._hash,
            hash=digest,
        )
        self.connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
            (seq, transaction, moment, kind, payload, self._hash, digest),
        )
        show(self.connection, entry)
        self._seq, self._hash = seq, digest
        return seq

    def live(self, transaction: str) -> None:
        """Mark a transaction as running, before anyone can see that it exists."""
        self._lives.hold(transaction)
        self.undo.append(lambda: self._lives.release(transaction))

    def seal(self) -> None:
        """Write down where the chain ends."""
        self.connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (self._seq, self._hash))


Job = Callable[[Group], Any]
"""Does its reads and checks, raising `IllegalTransition` or `BadInput`, before it writes anything."""


class Writer:
    """The queue and its thread. The database is created when the first job arrives."""

    def __init__(self, directory: Path, lives: Lives) -> None:
        self._directory = directory
        self._path = directory / FILE
        self._lives = lives
        self._wake = threading.Condition()
        self._queue: list[tuple[Job, Future[Any]]] = []
        self._waiting = 0
        self._closing = False
        self._thread: threading.Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._lost: BaseException | None = None

    def do(self, job: Job) -> Any:
        """Run a job; its result, once it is on the disk."""
        future = self._submit(job, waited_for=True)
        return future.result()

    def later(self, job: Job) -> None:
        """Run a job soon. If it fails, the next call raises what it failed with."""
        self._submit(job, waited_for=False)

    def drain(self) -> None:
        """Return when all that was submitted is on the disk. Raises what a job nobody waited for raised."""
        if self._thread is not None:
            self.do(_nothing)

    def close(self) -> None:
        """Finish what is queued and end the thread. Raises like `drain`."""
        thread = self._thread
        if thread is None:
            return
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        thread.join()
        self._thread = None
        if self._lost is not None:
            raise self._lost

    def _submit(self, job: Job, *, waited_for: bool) -> Future[Any]:
        future: Future[Any] = Future()
        with self._wake:
            if self._lost is not None:
                raise self._lost
            if self._closing:
                raise RuntimeError("the ledger is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="assay-ledger", daemon=True)
                self._thread.start()
            if waited_for:
                self._waiting += 1
            else:
                future.add_done_callback(self._unheard)
            self._queue.append((job, future))
            self._wake.notify_all()
        return future

    def _unheard(self, future: Future[Any]) -> None:
        self._lost = self._lost or future.exception()

    def _run(self) -> None:
        while group := self._gather():
            self._write(group)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _gather(self) -> list[tuple[Job, Future[Any]]]:
        """The next group: at once if someone waits, else when the window is over. Empty at the end."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            over = time.monotonic() + WINDOW
            while not self._waiting and not self._closing and len(self._queue) < _MOST:
                left = over - time.monotonic()
                if left <= 0:
                    break
                self._wake.wait(left)
            group, self._queue = self._queue[:_MOST], self._queue[_MOST:]
            if not self._queue:
                self._waiting = 0
            return group

    def _write(self, jobs: list[tuple[Job, Future[Any]]]) -> None:
        try:
            with sentences(self._path):
                answers = self._commit([job for job, _ in jobs])
        except BaseException as error:
            for _, future in jobs:
                future.set_exception(error)
            return
        for (_, future), answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _commit(self, jobs: list[Job]) -> list[Any]:
        if self._connection is None:
            self._connection = open_for_writing(self._directory, self._lives)
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        group: Group | None = None
        try:
            group = Group(connection, self._lives)
            answers = [_answer(job, group) for job in jobs]
            group.seal()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for undo in group.undo if group else ():
                undo()
            raise
        return answers


def _answer(job: Job, group: Group) -> Any:
    try:
        return job(group)
    except (IllegalTransition, BadInput) as refusal:
        return refusal


def _nothing(_group: Group) -> None:
    """The job of those who only wait."""
