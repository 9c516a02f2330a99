"""Records to canonical JSON and back.

Promises: equal values give equal bytes (keys sorted, no spaces); every path that git can hold survives, also
those that are no UTF-8 (kept by surrogateescape, which JSON can only carry as escapes).
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(value: Any) -> bytes:
    """Canonical JSON of a record or of plain data; bytes become base64."""
    try:
        return msgspec.json.encode(value, order="deterministic")
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, order="deterministic")
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def decode(data: bytes, kind: type[T]) -> T:
    """The value of type `kind` that `encode` made `data` of. Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.convert(json.loads(data), kind)


def plain(data: bytes) -> dict[str, Any]:
    """The payload as plain data. Raises ValueError where it is no JSON object."""
    return decode(data, dict[str, Any])


def searchable(text: str) -> str:
    """`text` as SQL text can hold it: what is no Unicode becomes visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
