"""The outermost frame of the program: whatever happens inside ends as a sentence and an exit code.

Promises: no traceback reaches a user; stdout stays empty when a command fails before it has a result; a
reader that goes away ends the program quietly.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from assay.front import streams
from assay.front.early import claimed
from assay.front.signals import interruptible
from assay.front.usage import usage_sentence
from assay.model.errors import AssayError, Exit, leaf

_INTERRUPTED = "interrupted; everything was rolled back"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def run(arguments: Sequence[str]) -> int:
    """Run one command line to its end; the exit code."""
    # A candidate's or a path's odd bytes must not turn a message into a second error.
    streams.harden()
    try:
        with interruptible():
            code = _dispatch(arguments)
            streams.flush()
    except BrokenPipeError:
        streams.abandon_stdout()
        return int(Exit.ACCEPTED)
    except BaseException as error:
        return _explain(error, arguments)
    if code == Exit.INTERRUPTED:
        streams.say(_INTERRUPTED)
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    with claimed(arguments, os.environ):
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    from assay.front import quick

    if (code := quick.run(arguments)) is not None:
        return code
    from assay.front.app import command

    answer = command().main(args=list(arguments), prog_name="assay", standalone_mode=False)
    return int(answer) if isinstance(answer, int) else int(Exit.ACCEPTED)


def _explain(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what ended the program in one sentence; the exit code it means."""
    cause = leaf(error)
    if isinstance(cause, AssayError):
        streams.say(cause.sentence)
        return int(cause.exit_code)
    if isinstance(cause, SystemExit):
        return cause.code if isinstance(cause.code, int) else int(Exit.ACCEPTED)
    # Parsers of some versions put an error of their own over it.
    if isinstance(cause, KeyboardInterrupt) or isinstance(cause.__cause__, KeyboardInterrupt):
        streams.say(_INTERRUPTED)
        return int(Exit.INTERRUPTED)
    if (sentence := usage_sentence(cause)) is not None:
        streams.say(sentence)
        return int(Exit.BAD_INPUT)
    if isinstance(cause, OSError) and cause.errno in _FULL:
        place = f"{os.fsdecode(cause.filename)}: " if cause.filename else ""
        streams.say(f"{place}{os.strerror(cause.errno).lower()}; free some space and run it again")
        return int(Exit.INCONCLUSIVE)
    from assay.front.crash import save_traceback

    saved = save_traceback(error, arguments, os.environ)
    where = f" with the file {saved}" if saved else ""
    streams.say(f"internal error ({type(cause).__name__}); please report it{where}")
    return int(Exit.INCONCLUSIVE)
