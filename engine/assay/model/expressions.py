"""Regular expressions that are compiled when they are first asked: there are hundreds, and a run needs few.

Promises: pure; means what `re.compile` means, but for when a mistake in an expression shows.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_ASKED = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")


class Waiting:
    """An expression that nobody has asked yet."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """What is not here the compiled one has; what is asked again and again is here from then on."""
        compiled = re.compile(self._text, self._flags)
        vars(self).update((each, getattr(compiled, each)) for each in _ASKED)
        return getattr(compiled, name)


def expression(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The expression, as `re.compile` takes it."""
    return cast("re.Pattern[AnyStr]", Waiting(text, flags))
