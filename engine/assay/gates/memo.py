"""What a tool said about the base, per file version, remembered from one run to the next.

Promises: keyed by everything that the caller says the value depends on; what cannot be read back is
simply looked for again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar

import msgspec

from assay.gates.protocol import Toolbox

T = TypeVar("T")


def key(*parts: str) -> str:
    """One key from everything a value depends on."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


async def recall(toolbox: Toolbox, name: str, kind: type[T]) -> T | None:
    """The value kept under this key, or None."""
    stored = await toolbox.recall(name)
    if stored is None:
        return None
    try:
        return msgspec.convert(json.loads(stored), kind)
    except (ValueError, msgspec.ValidationError):
        return None


async def remember(toolbox: Toolbox, name: str, value: object) -> None:
    """Keep a record, or a tuple of records, under this key."""
    # Not msgspec's own JSON: paths may hold bytes that are no UTF-8, as lone surrogates.
    await toolbox.remember(name, json.dumps(msgspec.to_builtins(value)).encode("ascii"))
