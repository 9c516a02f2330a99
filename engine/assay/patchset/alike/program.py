"""The program that makes the probing calls. Its text is sent into a jail and runs in the project's own
interpreter (3.8 or newer); nothing of Assay is there.

It reads `[roots, calls]` as JSON behind its own text (roots are relative to where it starts), makes each
call twice and writes a line for each to the report: `[index, outcome]`. Outcomes begin with `value` or
`raises`. One that means nothing is null: the two calls differ, something was printed, opened, started or
waited for, or time was up.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import itertools
import json
import os
import signal
import sys
import types
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

SECONDS = 0.5
DEPTH = 6
ITEMS = 100
SHOWN = 300
EFFECTS = (
    "open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "time.sleep", "sqlite3.", "ctypes.",
    "signal.", "urllib.", "glob.", "_thread.", "_posixsubprocess.", "pty.", "ftplib.", "smtplib.", "http.",
)  # fmt: skip


class Late(BaseException):
    """A call took too long."""


class Watch:
    """Notes what a call does besides answering. Importing, the first time, is no such thing."""

    def __init__(self) -> None:
        self.on = False
        self.strict = False
        self.seen = False

    def hook(self, event: str, arguments: Any) -> None:
        if not self.on or not event.startswith(EFFECTS):
            return
        if not self.strict and event in ("os.listdir", "os.scandir"):
            return
        if not self.strict and event == "open" and str(arguments[0]).endswith((".py", ".pyc", ".so")):
            return
        self.seen = True


def canonical(value: Any, depth: int = 0, above: tuple[int, ...] = ()) -> str:
    """A text of a value that does not tell addresses or the order of sets."""
    kind = type(value)
    name = kind.__module__ + "." + kind.__qualname__
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return kind.__name__ + ":" + repr(value)
    if depth > DEPTH or id(value) in above:
        return name + "..."
    above = (*above, id(value))

    def inner(one: Any) -> str:
        return canonical(one, depth + 1, above)

    return plain(value, kind, name, inner) or name + fields(value, inner)


def plain(value: Any, kind: Any, name: str, inner: Any) -> str:
    """The text of what holds others in a known way, or is known by its name; '' for all else."""
    text = ""
    if kind in (list, tuple):
        text = "(" + ",".join(map(inner, value[: ITEMS * 100])) + ")"
    elif kind in (set, frozenset):
        text = "(" + ",".join(sorted(map(inner, value))) + ")"
    elif isinstance(value, dict):
        text = "{" + ",".join(sorted(inner(key) + "=" + inner(one) for key, one in dict.items(value))) + "}"
    elif isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        text = " " + value.__qualname__
    elif isinstance(value, types.CoroutineType):
        value.close()
        text = " "
    elif hasattr(kind, "__next__"):
        text = walked(value, inner)
    return text and name + text


def walked(iterator: Any, inner: Any) -> str:
    """What an iterator yields, so far as it is followed, and how it ends."""
    found: list[str] = []
    try:
        found.extend(map(inner, itertools.islice(iterator, ITEMS)))
    except Exception as error:
        found.append("raises " + type(error).__name__)
    return "[" + ",".join(found) + "]"


def fields(value: Any, inner: Any) -> str:
    """What makes up an object: its attributes, what it holds as a built-in container, or nothing known."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(Exception):
                found[slot] = getattr(value, slot)
    text = ",".join(sorted(str(name) + "=" + inner(one) for name, one in found.items()))
    kinds: Any = (int, float, str, bytes, list, tuple, set, frozenset)
    for base in kinds:
        if isinstance(value, base):
            text += "|" + inner(base(value))
            break
    else:
        if not found and not repr(value).startswith("<"):
            text += "|" + repr(value)
    return "<" + text + ">"


def bounded(text: str) -> str:
    """A text of bounded length; a long one ends in a digest of all of it."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= SHOWN:
        return data.decode("utf-8")
    return data[: SHOWN - 70].decode("utf-8", "ignore") + "..." + sha256(data).hexdigest()


def found(call: Any) -> Any:
    """The callable that a call names, with the instance made that it needs."""
    owner: Any = importlib.import_module(call["module"])
    parts = call["symbol"].split(".")
    for part in parts[:-1]:
        owner = getattr(owner, part)
    if call["init"] is not None:
        positional, named = literals(call["init"])
        owner = owner(*positional, **named)
    return getattr(owner, parts[-1])


def literals(given: Any) -> Any:
    def value(text: str) -> Any:
        return set() if text == "set()" else ast.literal_eval(text)

    return [value(text) for text in given[0]], {name: value(text) for name, text in given[1]}


def outcome(call: Any, watch: Watch) -> str | None:
    """What one call answers, arguments that it changed included; None if it did something else as well."""
    told = io.StringIO()
    watch.seen = False
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        watch.on = True
        try:
            function = found(call)
            positional, named = literals(call["arguments"])
            before = canonical([positional, named])
            answer = canonical(function(*positional, **named))
            after = canonical([positional, named])
            text = "value " + answer + ("" if after == before else " leaving " + after)
        except Late:
            text = None
        except BaseException as error:
            kind = type(error)
            text = "raises " + kind.__module__ + "." + kind.__qualname__
        finally:
            watch.on = False
            signal.setitimer(signal.ITIMER_REAL, 0)
    return None if text is None or watch.seen or told.getvalue() else bounded(text)


def late(*_: object) -> None:
    raise Late


def main() -> None:
    roots, calls = json.loads(sys.stdin.buffer.read())
    report = int(os.environ.pop("ASSAY_REPORT_FD"))
    watch = Watch()
    signal.signal(signal.SIGALRM, late)
    sys.addaudithook(watch.hook)
    sys.path[:0] = [str(Path(root).resolve()) for root in roots]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for module in sorted({call["module"] for call in calls}):
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(module)
    for index, call in enumerate(calls):
        first = outcome(call, watch)
        watch.strict = True
        again = outcome(call, watch)
        watch.strict = False
        answer = first if first == again else None
        os.write(report, (json.dumps([index, answer]) + "\n").encode("ascii"))
    # Whatever the project left to be done at the end is nobody's business here.
    os._exit(0)


if __name__ == "__main__":
    main()
