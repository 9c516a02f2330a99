"""What is wrong with a policy, as values, so that all of it can be told at once.

Promises: a problem names the layer, the dotted key, the line where it is known, and what is allowed there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from assay.model.candidate import Record
from assay.model.errors import BadInput

Path = tuple[str | int, ...]
"""Where in a document: table keys, and positions in arrays counted from 0."""

ON_THE_BASE = " of the base"
"""How the name of a layer ends that was read from the base commit."""

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Problem(Record, frozen=True, kw_only=True):
    """One mistake: in which layer, at which key (empty: the whole), at which line (0: not known)."""

    origin: str
    message: str
    key: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """The layer, with the line if it is known."""
        return f"{self.origin}:{self.line}" if self.line else self.origin

    @property
    def sentence(self) -> str:
        """The problem on one line."""
        return f"{self.place}: {self._what}"

    @property
    def _what(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message

    def __str__(self) -> str:
        return self.sentence

    def error(self, others: int = 0) -> BadInput:
        """The problem as the error that ends a run; `others` counts those not told."""
        fixes = (
            f"{others} more: `assay policy validate` lists them all" if others else "",
            # Without a way round it, the very change that repairs it could not be checked.
            "`--policy default` checks its repair" if self.origin.endswith(ON_THE_BASE) else "",
        )
        return BadInput(self._what, where=self.place, fix="; ".join(filter(None, fixes)))


def refuse(problems: Sequence[Problem]) -> BadInput:
    """The error for a policy with at least one problem."""
    return problems[0].error(others=len(problems) - 1)


def dotted(path: Path) -> str:
    """A path as it would be written in TOML, with `[n]` for positions: `command[0].run`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else '"' + part.replace('"', '\\"') + '"'
            text += f".{name}" if text else name
    return text


def allowed(word: str, known: Iterable[str]) -> str:
    """A half sentence: the near miss if there is one, and what is allowed."""
    choices = sorted(known)
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}allowed: {', '.join(choices)}" if choices else f"{hint}nothing is allowed here"
