"""Spans of time as people write them: `90`, `90s`, `10m`, `2h`, `7d`, `2w`.

Promises: pure; what is no span is a ValueError with a sentence.
"""

from __future__ import annotations

import re

from assay.model.expressions import expression

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SPAN = expression(r"(\d{1,9}(?:\.\d{1,9})?)([smhdw]?)", re.ASCII)


def seconds(text: str) -> float:
    """The span in seconds; raises ValueError."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no span of time: write for example 90s, 10m, 2h, 7d or 2w")
    return float(match[1]) * _UNITS[match[2]]


def short(span: float) -> str:
    """A span in at most six characters: `12s`, `3m05s`, `2h10m`."""
    whole = round(span)
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole}s"
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def words(span: float) -> str:
    """A span for people: `0.3 s`, `42 s`, `3 min 05 s`, `2 h 10 min`."""
    if span < 9.95:
        return f"{span:.1f} s"
    whole = round(span)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
