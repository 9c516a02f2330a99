"""Loads the injected modules inside the project's interpreter. Injected: not part of Assay's process.

The tests gate sends this file's text to the project's own interpreter on standard input, followed by a call
of `hold` with the other modules here, and one of `assay_pytest.prepare`. A warm interpreter runs it before it
forks, and its forks find what `hold` came to. Nothing of it is imported from a place that a candidate could
write to. Promises:

- Python 3.8 and later, pytest 6 to 9; the standard library and pytest only.
- The modules can be reached by no name: they are in `sys.modules` only while they load, before any code of
  the project runs, and each sees builtins of its own, which the project's code does not change with those of
  all.
- What is within reach of the project's code (`WITHIN_REACH`) looks nothing up when it runs: the globals and
  built-in names that its functions use are constants of their code.
- What keys the report follows the program on standard input, as data. It is read once, standard input is
  empty afterwards for whoever holds it, and no code object and no variable of a frame has it.
"""

import builtins
import contextlib
import marshal
import os
import sys
import types
from typing import Any

WITHIN_REACH = ("texts", "equal", "hooks")
"""What pytest and the tests are handed; all else is reached from the audit hook alone."""


def parts(data: bytes, made: bool) -> "list[tuple[str, Any]]":
    """The modules for `load`, as they come: written out, or `made` into code ahead of time."""
    return list(marshal.loads(data) if made else eval(data))  # noqa: S302, S307 our own


def load(sources: "list[tuple[str, Any]]") -> "tuple[dict[str, Any], list[Any]]":
    """Execute the modules (name, text or code) in this order; each may import those before it by their full
    names. Returns the modules, and all code objects in them, here, and in the program that calls this."""
    loaded: dict[str, Any] = {}
    codes = nested(sys._getframe(1).f_code)
    for function in (parts, load, hold, rest, run, nested):
        codes.extend(nested(function.__code__))
    for name, source in sources:
        module = types.ModuleType("functools")
        vars(module)["__builtins__"] = dict(vars(builtins))
        sys.modules["assay.gates.inject." + name] = loaded[name] = module
        code = compile(source, "<string>", "exec", dont_inherit=True) if type(source) is str else source
        codes.extend(nested(code))
        exec(code, vars(module))  # noqa: S102 our own text
        if name in WITHIN_REACH and "constants" in loaded:
            for function in loaded["constants"].fix(vars(module)):
                codes.extend(nested(function.__code__))
    for name in loaded:
        del sys.modules["assay.gates.inject." + name]
    return loaded, codes


def hold(modules: bytes, made: bool, files: "dict[Any, Any]", patterns: Any) -> "list[Any]":
    """What a program begins with: `rest`, `run` and `nested`, the modules and the code objects that `load`
    gives, what is watched if pytest is imported already, and code made ahead of time; see `Ahead`."""
    loaded, codes = load(parts(modules, made))
    standing = loaded["watch"].Standing() if "pytest" in sys.modules and "watch" in loaded else None
    return [rest, run, nested, loaded, codes, standing, files, patterns]


def rest(source: Any) -> "list[str]":
    """The words that follow the program on standard input, which is empty from then on."""
    words = source.read().decode("ascii").split(" ")
    with contextlib.suppress(OSError):  # a pipe, which is empty already
        # For everybody who holds it, the jail's first process among them.
        os.truncate("/proc/self/fd/0", 0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return list(words)


def run(session: "list[Any]") -> None:
    """Run what `assay_pytest.prepare` made: what is told pytest's status, and what runs pytest. The first is
    in no variable of any frame while the second runs."""
    session.pop(0)(session.pop(0)())


def nested(code: Any) -> "list[Any]":
    """A code object, and all that are in it."""
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.extend(nested(constant))
    return found
