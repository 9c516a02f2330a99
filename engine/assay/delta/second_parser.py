"""Outlines of files that `ast` cannot read, by libcst in a process of its own.

Promises: whatever the sources hold, the calling process lives and the call ends within `SECONDS`; a source
that ends the parser, or that it has no time for, has no outline, and the others are not lost with it.
Parsing runs no code of the candidate.
"""

from __future__ import annotations

import base64
import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from assay.delta.outline import Outline

SECONDS = 10.0
"""Wall-clock limit of one call, all files together."""

_MEMORY = 2 * 1024**3

_PROGRAM = "from assay.delta.second_parser import serve; serve()"


def outlines(sources: Sequence[bytes], seconds: float = SECONDS) -> list[Outline | None]:
    """The outline of each source, None where it cannot be had."""
    answers: list[Outline | None] = []
    deadline = time.monotonic() + seconds
    while len(answers) < len(sources) and (left := deadline - time.monotonic()) > 0:
        batch = _batch(sources[len(answers) :], left)
        answers += batch
        if len(answers) < len(sources):
            answers.append(None)  # the one that the process died of, or was at when its time was over
    return [*answers, *[None] * (len(sources) - len(answers))]


def _batch(sources: Sequence[bytes], seconds: float) -> list[Outline | None]:
    """The answers that one process gave before it ended, in order."""
    request = b"".join(base64.b64encode(source) + b"\n" for source in sources)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    lines = output.split(b"\n")[:-1]  # a last line without its end was cut off
    return [msgspec.json.decode(line, type=Outline | None) for line in lines]


def serve() -> None:
    """Answer each line on stdin (a source in base64) by one line on stdout (an outline, or null)."""
    # A parser that hostile nesting ends leaves no core behind, and one that grows ends by itself.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    from assay.delta.by_libcst import outline

    for line in sys.stdin.buffer:
        try:
            answer = msgspec.json.encode(outline(base64.b64decode(line)))
        except Exception:  # whatever goes wrong, this file has no outline
            answer = b"null"
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()
