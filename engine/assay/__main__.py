"""The program `assay`, also as `python -m assay`.

Promises: `--version` answers without importing the command line; everything else goes through
`front.entry`, which maps every ending to a documented exit code, and ends with it at once.
"""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Run the program on the process's own arguments; the exit code."""
    # What is imported stays: to look through it for garbage at every turn is a twentieth of a short run.
    gc.set_threshold(20_000, 20, 20)
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]) and sys.stdout is not None:
        from assay import __version__

        sys.stdout.write(f"assay {__version__}\n")
        return 0
    from assay.front.entry import run

    return _leave(run(arguments))


def _leave(code: int) -> int:
    """End the process here, with everything closed and written: to take a few hundred modules apart first
    costs as much as the linter. A stream that cannot be written to is left to the interpreter, which says so
    and has a code of its own for it, unless there is a worse thing to tell.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        if not code:
            return code
    if _watched():
        return code
    os._exit(code)


def _watched() -> bool:
    """Whether somebody counts on the interpreter's own end: a debugger, a profiler, a measurement."""
    return sys.gettrace() is not None or sys.getprofile() is not None or "coverage" in sys.modules


if __name__ == "__main__":
    sys.exit(main())
