"""Loads the injected modules inside the project's interpreter. Injected: not part of Assay's process.

The tests gate sends this file's text to the project's own interpreter on standard input, followed by a call
of `load` with the text of the other modules here, and one of `assay_pytest.main`. Nothing of it is imported
from a place that a candidate could write to. Promises:

- Python 3.8 and later, pytest 6 to 9; the standard library and pytest only.
- The modules can be reached by no name: they are in `sys.modules` only while they load, before any code of
  the project runs, and see builtins of their own, which the project's code does not change with those of
  all.
"""

import builtins
import sys
import types
from typing import Any


def load(sources: "list[tuple[str, str]]") -> "dict[str, Any]":
    """Execute the modules (name, text) in this order; each may import those before it by their full names."""
    own = dict(vars(builtins))
    loaded: dict[str, Any] = {}
    for name, text in sources:
        module = types.ModuleType("functools")
        vars(module)["__builtins__"] = own
        sys.modules["assay.gates.inject." + name] = loaded[name] = module
        exec(compile(text, "<string>", "exec", dont_inherit=True), vars(module))  # noqa: S102 our own text
    for name in loaded:
        del sys.modules["assay.gates.inject." + name]
    return loaded
