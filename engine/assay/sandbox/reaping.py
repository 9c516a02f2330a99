"""The end of a jail's supervisor: how it is noticed, and what it says of the jail's first process.

Promises: `descriptor` becomes readable when the supervisor, and with it everything in the jail, is gone;
`collect` gives its status once, as from wait(2), and the processor time in seconds that it was charged for.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Protocol


class Reaping(Protocol):
    """One supervisor."""

    @property
    def descriptor(self) -> int:
        """Readable once it is gone."""
        ...

    @property
    def lost(self) -> bool:
        """Whether it went, as `collect` found, without a word on how the first process ended."""
        ...

    def collect(self) -> tuple[int, float] | None:
        """Its wait status and processor time, or None while it is there. Does not block."""
        ...

    def nudge(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        ...

    def close(self) -> None:
        """Let go of it; after `collect`."""
        ...


class OwnChild:
    """A supervisor that is a child of this process."""

    lost = False

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.descriptor = os.pidfd_open(pid)

    def collect(self) -> tuple[int, float] | None:
        """See `Reaping`."""
        pid, status, usage = os.wait4(self._pid, os.WNOHANG)
        return (status, usage.ru_utime + usage.ru_stime) if pid else None

    def nudge(self, number: signal.Signals) -> None:
        """See `Reaping`."""
        send(self.descriptor, number)

    def close(self) -> None:
        """See `Reaping`."""
        os.close(self.descriptor)


def send(pidfd: int, number: signal.Signals) -> None:
    """Send a signal to what a pidfd stands for, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)
