"""The end of the interpreter. Injected: see `boot.py`.

Promises: what is called at the end was taken before any code of the project ran.
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
    modules: Any = (threading, atexit)
    endings: tuple[Callable[[], Any], ...] = (
        (modules[0]._shutdown, modules[1]._run_exitfuncs) if brisk else ()
    )
    leave: Any = os._exit if brisk else sys.exit

    def end(status: int) -> None:
        send("exit", status=int(status), token=token)
        for ending in endings:
            ending()
        for stream in (sys.stdout, sys.stderr) if brisk else ():
            try:
                stream.flush()
            except BaseException:  # noqa: S112 as the interpreter does it: whoever closed it, meant it
                continue
        leave(int(status))

    return end
