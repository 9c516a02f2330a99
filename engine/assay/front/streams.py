"""The process's own streams: who may colour, how wide they are, and how text reaches them.

Promises (invariant 11): results go to stdout and nothing else does; what a stream's encoding cannot hold
is escaped, never an error; a document written to a file is there whole or not at all.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from assay.delta.sanitise import plain
from assay.model.errors import BadInput

_FALLBACK_WIDTH = 80


class Color(StrEnum):
    """What `--color` may say."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def wants_color(choice: Color, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to colour: the option decides, else NO_COLOR > CLICOLOR_FORCE > CLICOLOR, else the terminal."""
    if choice is not Color.AUTO:
        return choice is Color.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if environ.get("CLICOLOR") == "0" or environ.get("TERM") == "dumb":
        return False
    return terminal


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person's terminal is at the other end."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def width() -> int:
    """Columns of the terminal that shows the result; 80 if there is none."""
    return shutil.get_terminal_size((_FALLBACK_WIDTH, 24)).columns


def holds_unicode(stream: TextIO | None) -> bool:
    """Whether box and arrow symbols can be written to this stream."""
    try:
        "─→✓".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def harden() -> None:
    """Make both streams escape what their encoding cannot hold."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def emit(text: str) -> None:
    """Write a result to stdout, all of it. A reader that leaves early changes nothing of the verdict."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()


def emit_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        abandon_stdout()


def emit_document(text: str) -> None:
    """Write a machine-readable document to stdout: UTF-8 whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    emit(text)


def say(sentence: str) -> None:
    """One line to stderr, in the program's name. A stderr that is gone loses it, silently."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"assay: {plain(sentence)}\n")
            sys.stderr.flush()
    except OSError:
        pass


def flush() -> None:
    """Push out what is buffered, so that a lost reader shows here and not at interpreter exit."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_stdout() -> None:
    """Point stdout at nothing after its reader left, so that the interpreter's own flush stays quiet."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.close(sink)


def write_file(path: Path, text: str) -> None:
    """Write a document to a file by way of a temporary one beside it; BadInput where that is impossible."""
    data = (text if text.endswith("\n") else f"{text}\n").encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():
        # A pipe or device the user names cannot be replaced, only written to.
        _write_through(path, data)
        return
    handle, name = _beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path.resolve())
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def append_file(path: Path, text: str) -> None:
    """Add to the end of a file; BadInput where that is impossible."""
    try:
        with path.open("ab") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise _unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Refuse an output file that can never be written, before anything runs. Raises BadInput."""
    if path.is_dir():
        raise BadInput("is a directory", where=str(path), fix="name a file for --output")
    if not path.resolve().parent.is_dir():
        raise BadInput("its directory does not exist", where=str(path), fix="create it or name another")
    if not path.exists() or path.is_file():
        handle, name = _beside(path)
        os.close(handle)
        Path(name).unlink()


def _beside(path: Path) -> tuple[int, str]:
    """A new file in the directory of `path`: its descriptor and its name."""
    try:
        return tempfile.mkstemp(prefix=".assay-output-", dir=path.resolve().parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def _write_through(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> BadInput:
    reason = (error.strerror or "cannot be written").lower()
    return BadInput(reason, where=str(path), fix="name another file for --output")


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
