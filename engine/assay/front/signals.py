"""The signals that ask the program to stop.

Promises: a signal that our parent made us ignore (nohup, background jobs) stays ignored; handlers are given
back as they were found.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> list[signal.Signals]:
    """Those of them that are not ignored."""
    return [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def interruptible() -> Iterator[None]:
    """Each of them raises KeyboardInterrupt in here, so that whatever is open is closed."""
    with handlers_kept():
        for number in heeded():
            signal.signal(number, signal.default_int_handler)
        yield


@contextmanager
def handlers_kept() -> Iterator[Callable[[], None]]:
    """Whatever the body does to the handlers is undone after it, or before, by calling what it is handed."""
    before = {number: signal.getsignal(number) for number in STOPPING}

    def restore() -> None:
        for number, handler in before.items():
            if handler is not None:  # not set from Python: nothing here has changed it
                signal.signal(number, handler)

    try:
        yield restore
    finally:
        restore()
