"""The report of a traced run. Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. Compressed JSON, written in one go; what is in it
`assay.gates.testing.tracing` says.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from typing import Any

from assay.gates.inject.tracer import Tracer


def tell(descriptor: int, tracer: Tracer, files: dict[str, str], status: int, told: dict[str, Any]) -> None:
    """Write what `tracer` knows; `files` are those of the tests, `told` is added as it is."""
    tracer.find_modules()
    table = _Table(tracer)
    names = {name for _, name in tracer.modules}
    report = {
        "status": status,
        "logs": {name: table.log(log, files.get(name, "")) for name, log in tracer.logs.items()},
        "codes": list(table.codes),
        "paths": list(table.paths),
        "modules": list(tracer.modules),
        "plain": _plain(tracer),
        "held": sorted(each for each in tracer.held if each[1] in names),
        "deaf": tracer.deaf,
        "attempted": sorted(tracer.hearing.attempted),
        **told,
    }
    data = zlib.compress(json.dumps(report).encode("ascii"), 6)
    while data:
        data = data[os.write(descriptor, data) :]


class _Table:
    """Numbers for files and functions."""

    def __init__(self, tracer: Tracer) -> None:
        self._tree = tracer.tree
        self.paths: dict[str, int] = {}
        self.codes: dict[tuple[int, int], int] = {}

    def log(self, log: Any, file: str) -> dict[str, Any]:
        return {
            "codes": sorted({self._number(code) for code in log.codes.values()} - {-1}),
            "reads": sorted(log.reads),
            "lists": sorted(log.lists),
            "looks": sorted(log.looks),
            "changed": sorted(log.changed),
            "made": log.made,
            "why": log.why,
            "phases": log.phases,
            "seconds": round(log.seconds, 4),
            "file": file,
        }

    def _number(self, code: Any) -> int:
        path = self._tree.of_code(code)
        if not path:
            return -1
        line = 0 if code.co_name == "<module>" else code.co_firstlineno
        file = self.paths.setdefault(path, len(self.paths))
        return self.codes.setdefault((file, line), len(self.codes))


def _plain(tracer: Tracer) -> list[str]:
    """The classes of the tree that come to be without code of the project, as `path::qualname`."""
    found = set()
    for (path, _), module in tracer.modules.items():
        for kind in _classes(vars(module), module.__name__):
            maker = sys.modules.get(type(kind).__module__)
            ours = tracer.tree.inside(str(getattr(maker, "__file__", None) or os.devnull))
            if not ours and not any(_minds(tracer, each) for each in kind.__mro__[1:]):
                found.add(f"{path}::{kind.__qualname__}")
    return sorted(found)


def _classes(namespace: Any, module: str) -> list[type]:
    found: dict[int, type] = {}
    todo = list(namespace.values())
    while todo:
        value = todo.pop()
        if issubclass(type(value), type) and value.__module__ == module and id(value) not in found:
            found[id(value)] = value
            todo.extend(vars(value).values())
    return list(found.values())


def _minds(tracer: Tracer, kind: type) -> bool:
    """Whether a class of the project does something when another is derived from it."""
    function = getattr(vars(kind).get("__init_subclass__"), "__func__", None)
    code = getattr(function, "__code__", None)
    return code is not None and bool(tracer.tree.of_code(code))
