"""Compiles files of the project ahead of time, as they will be when they are loaded. Sent to a worker of the
project's interpreter: see `workers/press_worker.py`.

Promises: compiles and never executes. A file that cannot be compiled, of which the compiler has something to
say, or in which something looks like ours comes to nothing: it is compiled when it is loaded.
"""

from __future__ import annotations

import ast
import warnings
from hashlib import sha1
from marshal import dumps
from typing import Any

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, STEM, marked, packed, speaks_of, wanting
from assay.gates.inject.marks import STRIDE

_MANY = 1_000
"""Functions of one file have numbers of their own, up to so many."""
PROGRAM = ""
"""The kind of what is no file: the injected modules, written out as [(name, text), ...]."""


def press(path: str, root: str, kind: str, data: bytes, patterns: Any) -> bytes:
    """The code of a file of the project that stands in `root`, with tests called as `patterns` say; of the
    injected modules where `kind` says so. Nothing where it cannot be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if kind == PROGRAM:
                return _program(data)
            return _code(path, root.rstrip("/") + "/" + path, kind, data, patterns)
    except Exception:  # whoever loads it will see why
        return b""


def _program(data: bytes) -> bytes:
    texts = ast.literal_eval(data.decode("ascii"))
    return dumps([(name, compile(text, "<string>", "exec", dont_inherit=True)) for name, text in texts])


def _code(path: str, place: str, kind: str, data: bytes, patterns: Any) -> bytes:
    if kind == PRODUCT:
        return dumps(compile(data, place, "exec", dont_inherit=True))
    if speaks_of(data, STEM):
        return b""
    # The same file has the same numbers, no two files have: as good as drawn.
    number = int(sha1(path.encode()).hexdigest()[:12], 16) * _MANY * STRIDE  # noqa: S324
    rewriting = _rewriting() if kind == REWRITTEN else None
    code, found, after = marked(data, place, STEM, wanting(patterns), number, rewriting)
    return packed(code, found) if after - number < _MANY * STRIDE else b""


def _rewriting() -> Any:
    from _pytest.assertion.rewrite import rewrite_asserts

    return lambda tree, data, path: rewrite_asserts(tree, data, path, None)
