"""Warm workers: a program in a jail that answers one request after another.

Promises: a frame is four bytes of length, big-endian, and that many bytes, both ways; a worker that does
not answer in time, answers too much or ends is killed, and every later request says so at once.
"""

from __future__ import annotations

import os
import struct

import anyio
import anyio.lowlevel

from assay.sandbox.ending import Stop
from assay.sandbox.supervise import Supervisor, read_some

_HEADER = struct.Struct(">I")
_MAX_REPLY = 256 * 1024 * 1024


class WorkerDied(Exception):
    """The worker ended, or was ended, without an answer."""


def frame(payload: bytes) -> bytes:
    """One frame."""
    return _HEADER.pack(len(payload)) + payload


class JailWorker:
    """A running worker. One request at a time."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._bound = supervisor.limits.output or _MAX_REPLY
        self._buffer = bytearray()
        self._unsent = memoryview(b"")
        self._reply = b""
        self._dead = ""

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """The reply to one request. Raises WorkerDied when there is none within `seconds`."""
        if self._dead:
            raise WorkerDied(self._dead)
        # Until the reply is whole the worker counts as dead: a cancelled request leaves it out of step.
        self._dead = "the worker was left in the middle of a request"
        self._unsent = memoryview(frame(request))
        try:
            answered = await self._supervisor.patience.within(seconds, self._exchange)
        except anyio.ClosedResourceError:
            raise WorkerDied("the worker was stopped") from None
        if not answered:
            raise self._end(f"the worker gave no answer within {seconds:g} s")
        reply, self._reply = self._reply, b""
        self._dead = ""
        return reply

    async def retire(self) -> None:
        """End the worker, and whoever waits for it."""
        self._dead = "the worker was stopped"
        self._supervisor.stop(Stop.CANCELLED)
        started = self._supervisor.started
        for descriptor in (started.report, started.stdin):
            anyio.notify_closing(descriptor)
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()

    async def _exchange(self) -> None:
        """Send what is unsent and read the reply. Goes on where it was cancelled."""
        await self._send()
        await self._fill(_HEADER.size)
        (length,) = _HEADER.unpack_from(self._buffer)
        if length > self._bound:
            raise self._end(f"the worker's answer is longer than {self._bound} bytes")
        await self._fill(_HEADER.size + length)
        self._reply = bytes(self._buffer[_HEADER.size : _HEADER.size + length])
        del self._buffer[: _HEADER.size + length]

    async def _send(self) -> None:
        while self._unsent:
            await anyio.wait_writable(self._supervisor.started.stdin)
            try:
                self._unsent = self._unsent[os.write(self._supervisor.started.stdin, self._unsent) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._end("the worker ended instead of reading a request") from None

    async def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            chunk = await read_some(self._supervisor.started.report)
            if chunk is None:
                raise self._end("the worker ended without an answer")
            self._buffer += chunk

    def _end(self, why: str) -> WorkerDied:
        self._dead = why
        self._supervisor.stop(Stop.CANCELLED)
        return WorkerDied(why)
