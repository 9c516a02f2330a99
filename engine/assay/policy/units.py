"""Sizes and spans of time as people write them in a policy: `"512MiB"`, `"90s"`.

Promises: pure; what is no size or span is a ValueError whose message says what is allowed.
"""

from __future__ import annotations

import math
import re

from assay.model.expressions import expression

_QUANTITY = expression(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]*)\s*", re.ASCII)

_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

LARGEST = 2**63 - 1
"""The largest size that fits where sizes go (a signed 64-bit number)."""


def size(value: object) -> int:
    """Bytes, from a whole number or a string such as `"512MiB"`. Raises ValueError."""
    allowed = 'must be a number of bytes or a string such as "512MiB" or "2GiB"'
    if isinstance(value, str):
        value = math.floor(_quantity(value, _BYTES, allowed))
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise ValueError(allowed)
    return value


def duration(value: object) -> float:
    """Seconds, from a number or a string such as `"90s"`. Raises ValueError."""
    allowed = 'must be a number of seconds or a string such as "90s" or "10m"'
    if isinstance(value, str):
        value = _quantity(value, _SECONDS, allowed)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise ValueError(allowed)
    return float(value)


def _quantity(text: str, units: dict[str, int] | dict[str, float], allowed: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2].lower() not in units:
        raise ValueError(f"{allowed}, not {text!r}")
    factor = units[match[2].lower()]
    return int(match[1]) * factor if match[1].isdigit() else float(match[1]) * factor
