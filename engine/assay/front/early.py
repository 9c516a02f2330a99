"""Bulk runs give way from the first moment of a command that somebody waits for: its imports alone take as
long as a quick gate.

Promises: claims nothing for a command line that names a lane, nor anything but a lock that is there already;
whoever opens the session claims the lane for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_WAITED_FOR = ("check", "land")
"""Commands that are interactive wherever they run."""


@contextmanager
def claimed(arguments: Sequence[str], environ: Mapping[str, str]) -> Iterator[None]:
    """Hold the interactive lane while the body runs, if this command line is for it."""
    if not arguments or arguments[0] not in _WAITED_FOR or any(w.startswith("--lane") for w in arguments):
        yield
        return
    from assay.grade.lane import FILE, interactive
    from assay.sandbox.places import likely_cache

    cache = likely_cache(environ)
    if cache is None or not (cache / FILE).is_file():
        yield
        return
    with interactive(cache):
        yield
