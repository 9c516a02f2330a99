"""Compiles files of the project ahead of time, as they will be when they are loaded. Injected: see `boot.py`.

Promises: compiles and never executes. A file that cannot be compiled, of which the compiler has something to
say, or in which something looks like ours is left out: it is compiled when it is loaded.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable
from hashlib import sha1
from marshal import dumps
from pathlib import Path
from typing import Any

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, STEM, marked, packed, speaks_of, wanting
from assay.gates.inject.marks import STRIDE

_MANY = 1_000
"""Functions of one file have numbers of their own, up to so many."""


def press(
    files: Iterable[tuple[str, str, str, int]], patterns: Any, texts: Iterable[tuple[str, str]], data: bytes
) -> None:
    """Write the code of `files` (path, kind, git blob, and how much of `data` is the text, in this order) and
    of the injected modules `texts` (name, text) to the report: one line of JSON, [[path, kind, blob, size],
    ...], then the bytes in this order."""
    descriptor = int(os.environ.pop("ASSAY_REPORT_FD"))
    modules = [(name, compile(text, "<string>", "exec", dont_inherit=True)) for name, text in texts]
    entries = [("", "", "", dumps(modules))]
    wanted = wanting(patterns)
    for path, kind, blob, size in files:
        code = _code(path, kind, data[:size], wanted)
        data = data[size:]
        if code:
            entries.append((path, kind, blob, code))
    head = json.dumps([[path, kind, blob, len(code)] for path, kind, blob, code in entries])
    with os.fdopen(descriptor, "wb") as report:
        report.write(head.encode("ascii") + b"\n")
        for entry in entries:
            report.write(entry[-1])


def _code(path: str, kind: str, data: bytes, wanted: Any) -> bytes:
    place = str(Path.cwd() / path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if kind == PRODUCT:
                return dumps(compile(data, place, "exec", dont_inherit=True))
            if speaks_of(data, STEM):
                return b""
            # The same file has the same numbers, no two files have: as good as drawn.
            number = int(sha1(path.encode()).hexdigest()[:12], 16) * _MANY * STRIDE  # noqa: S324
            rewriting = _rewriting() if kind == REWRITTEN else None
            code, found, after = marked(data, place, STEM, wanted, number, rewriting)
            return packed(code, found) if after - number < _MANY * STRIDE else b""
    except Exception:  # whoever loads it will see why
        return b""


def _rewriting() -> Any:
    from _pytest.assertion.rewrite import rewrite_asserts

    return lambda tree, data, path: rewrite_asserts(tree, data, path, None)
