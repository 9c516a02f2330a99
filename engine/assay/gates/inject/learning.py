"""What a run can tell that spares later ones their start. Injected: see `boot.py`.

Promises: nothing of a module's own runs; one that is more than a plain module is not told of.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from sys import modules
from types import ModuleType
from typing import Any

from assay.gates.inject.sources import Sources, Tree
from assay.gates.inject.texts import text

_STARTING = frozenset({"__main__", "sitecustomize", "usercustomize"})


def learned(tree: Tree, sources: Sources, rewriting: Any) -> dict[str, Any]:
    """The fields of the record: trusted files whose assertions were `rewritten`, the `others` of the tree
    that were loaded, `patterns` of names of tests, and the `installed` modules in the order in which they
    were loaded, without those that pytest is `rewriting` itself."""
    return {
        "rewritten": sources.rewritten(),
        "others": sorted(_others(tree)),
        "patterns": [text(pattern) for pattern in sources.patterns],
        "installed": _installed(tree, frozenset(map(_top, rewriting)) - {"_pytest", "pytest"} | _STARTING),
    }


def _others(tree: Tree) -> set[str]:
    files = [vars(module).get("__file__") for module in list(modules.values()) if type(module) is ModuleType]
    found = {tree.inside(file) for file in files}
    return {path for path in found if path.endswith(".py") and path not in tree.manifest}


def _installed(tree: Tree, not_those: frozenset[str]) -> list[str]:
    found = []
    for name, module in list(modules.items()):
        spec = vars(module).get("__spec__") if type(module) is ModuleType else None
        origin = spec.origin if type(spec) is ModuleSpec and spec.name == name else None
        if type(origin) is str and origin.startswith("/") and not tree.inside(origin):
            found += [] if _top(name) in not_those else [name]
    return found


def _top(name: str) -> str:
    return name.split(".", 1)[0]
