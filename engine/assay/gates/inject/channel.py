"""The writing end of the report pipe. Injected: see `boot.py`.

Promises:

- Every record is one line: sixteen hexadecimal digits keyed by the run's secret, a space, JSON with a running
  number `n`. The secret comes on standard input, so no process environment ever shows it.
- Only the process that opened the pipe writes. It is not handed to programs that tests start, and is closed
  in forked children.
- Key, descriptor and number are cells of one function, which belongs to the vault: no code of the project has
  a way to it by reading what it was handed.
- What writes a record was taken from the standard library before any code of the project ran, and is in C
  where it matters: the project's changes to `json`, `os` or `hashlib` do not reach it.
"""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Callable
from hashlib import blake2b
from json.encoder import encode_basestring_ascii as quote
from os import close, getpid, write
from typing import Any


def open_channel(descriptor: int, secret: str) -> Callable[..., None]:
    """What sends a record: `send(kind, **fields)`, the fields being texts, numbers or lists of them.

    A pipe that is gone stays silent: the reader then misses the end record. A phase waits for what comes
    after it, which is soon: every test begins and ends by a write, so that it is known which one broke off.
    """
    keyed = blake2b(key=bytes.fromhex(secret), digest_size=8).copy
    owner = getpid()
    state = [0, _move_high(descriptor)]
    waiting: list[bytes] = []

    def send(kind: str, **fields: Any) -> None:
        if state[1] < 0 or getpid() != owner:
            return
        body = encode({"n": state[0], "k": kind, **fields}).encode("ascii")
        state[0] += 1
        seal = keyed()
        seal.update(body)
        waiting.append(seal.hexdigest().encode("ascii") + b" " + body + b"\n")
        if kind == "phase":
            return
        data = b"".join(waiting)
        waiting.clear()
        try:  # not contextlib, which the project can change
            while data:
                data = data[write(state[1], data) :]
        except OSError:
            pass

    def forget() -> None:
        descriptor, state[1] = state[1], -1
        try:
            close(descriptor)
        except OSError:
            return

    os.register_at_fork(after_in_child=forget)
    return send


def encode(value: Any) -> str:
    """JSON of texts, numbers, and lists and dictionaries of them."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ",".join([quote(key) + ":" + encode(item) for key, item in value.items()]) + "}"
    return "[" + ",".join([encode(item) for item in value]) + "]"


def _move_high(descriptor: int) -> int:
    """A copy of `descriptor` that no executed program inherits, out of the way of tests that count or close
    the low numbers."""
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    floor = 900 if ceiling == resource.RLIM_INFINITY else max(3, min(900, ceiling - 20))
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, floor)
    close(descriptor)
    return high
