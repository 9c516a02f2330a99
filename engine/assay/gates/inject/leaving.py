"""The end of the interpreter. Injected: see `boot.py`.

Promises: what is called at the end was taken before any code of the project ran. Where the project has
another end for threads by then (gevent, when it patches), only the interpreter itself can come to it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import Any


def leaver(send: Callable[..., None], token: str, brisk: bool) -> Callable[[int], None]:
    """What tells pytest's status, with `token`, and leaves with it; if `brisk`, after threads, exit handlers
    and streams, but without taking apart what is left of the interpreter."""
    space: dict[str, Any] = vars(threading)
    modules: Any = (threading, atexit)
    shutdown: Any = modules[0]._shutdown
    run_handlers: Any = modules[1]._run_exitfuncs
    leave: Any = sys.exit
    leave_now: Any = os._exit

    def end(status: int) -> None:
        send("exit", status=int(status), token=token)
        if not brisk or space.get("_shutdown") is not shutdown:
            leave(int(status))
        shutdown()
        run_handlers()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:  # noqa: S112 as the interpreter does it: whoever closed it, meant it
                continue
        leave_now(int(status))

    return end
