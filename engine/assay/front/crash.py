"""What is kept of a defect of Assay, so that a user can send it.

Promises: the traceback goes to a file in the user's state directory and never to a stream; failing to
write it is no second error.
"""

from __future__ import annotations

import os
import platform
import shlex
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assay import __version__


def save_traceback(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    """Write the error with what is needed to understand it; the file, or None if nowhere is writable."""
    text = _document(error, arguments)
    for directory in _places(environ):
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(".txt", time.strftime("crash-%Y%m%d-%H%M%S-"), directory)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None


def _document(error: BaseException, arguments: Sequence[str]) -> str:
    lines = [
        f"assay {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: assay {shlex.join(arguments)}",
        "",
        *traceback.format_exception(error),
    ]
    return "\n".join(lines)


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    if state := environ.get("XDG_STATE_HOME"):
        yield Path(state) / "assay"
    if home := environ.get("HOME"):
        yield Path(home) / ".local" / "state" / "assay"
    yield Path(tempfile.gettempdir())
