"""When a run began, as far as its name tells.

Promises: pure; `20261121-194512-7f3a` is `2026-11-21T19:45:12` in UTC; any other name is no moment.
"""

from __future__ import annotations

from datetime import datetime

_STAMP = 15
"""Characters of a transaction's name that are its date and time."""


def began(transaction: str) -> str:
    """The moment, ISO 8601 without a zone; empty where the name holds none."""
    try:
        return datetime.strptime(transaction[:_STAMP], "%Y%m%d-%H%M%S").isoformat()
    except ValueError:
        return ""
