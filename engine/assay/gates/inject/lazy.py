"""Names that a test makes where there were none: taken away again, so that the next test makes its own.
Injected: see `traced.py`.

What is made once, by whichever test comes first, would tie all tests to that one. If each test has to make
it for itself, each is seen to execute what makes it; and if what they make is the same every time, it is no
matter which of them did. Promises: Python 3.8 and later, the standard library only; no method of the project
is called.
"""

from __future__ import annotations

import re
import types
from hashlib import blake2b
from typing import Any

from assay.gates.inject.states import Look, of_value

_PLAIN = (str, bytes, int, bool, float, complex, type(None))


def undo(before: Look, after: Look) -> list[tuple[str, str]]:
    """Take away the names that came to be, or to be more than None, between two looks at one place. Returns
    what they are called, and a digest of what was made."""
    then = {id(holder): names for holder, _, names in before.holders}
    made = []
    for holder, label, now in after.holders:
        old = then.get(id(holder))
        if old is None:
            continue
        for name, value in now.items():
            new = value is not None and old.get(name) is None and not name.startswith("__")
            if new and not issubclass(type(value), (types.ModuleType, types.MemberDescriptorType)):
                made.append((f"{label}.{name}", form(value)))
                _put_back(holder, name, there=name in old)
    return made


def form(value: Any) -> str:
    """A digest of what an object consists of, blind to where it is in memory."""
    words = []
    for each in of_value(value).found:
        kind = type(each)
        if kind in _PLAIN:
            words.append(repr(each))
        elif kind is re.Pattern:
            words.append(repr((each.pattern, each.flags)))
        elif kind is types.FunctionType or issubclass(kind, type):
            words.append(f"{each.__module__}.{each.__qualname__}")
        else:
            words.append(f"{kind.__module__}.{kind.__qualname__}")
    return blake2b("\0".join(words).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def _put_back(holder: Any, name: str, *, there: bool) -> None:
    if issubclass(type(holder), type):
        if there:
            type.__setattr__(holder, name, None)
        elif name in vars(holder):
            type.__delattr__(holder, name)
    elif there:
        dict.__setitem__(holder, name, None)
    else:
        dict.pop(holder, name, None)
