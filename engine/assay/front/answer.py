"""Printing what is no report: tables of plain text, and JSON documents.

Promises: JSON is one indented document with a schema version; text is safe to show whatever a candidate
named its files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from assay.delta.sanitise import cells, plain
from assay.front import streams
from assay.front.options import PlainFormat

SCHEMA_VERSION = 1


def answer(format_: PlainFormat, text: str, document: Mapping[str, Any]) -> None:
    """Print `text`, or `document` (anything msgspec encodes) with the schema version in front."""
    if format_ is PlainFormat.TEXT:
        streams.emit(text)
        return
    whole = {"schema_version": SCHEMA_VERSION, **_encodable(document)}
    streams.emit_document(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())


def columns(rows: Sequence[Sequence[str]], *, gap: int = 2) -> str:
    """Rows as aligned columns, control characters escaped; the last column is left ragged."""
    shown = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*(row[:-1] for row in shown), strict=True)]
    lines = []
    for row in shown:
        padded = [cell + " " * (width - cells(cell) + gap) for cell, width in zip(row, widths, strict=False)]
        lines.append("".join([*padded, row[-1]]).rstrip())
    return "\n".join(lines)


def _encodable(value: Any) -> Any:
    """Plain data without lone surrogates, which JSON cannot hold: they are escaped."""
    plain = msgspec.to_builtins(value)
    if isinstance(plain, str):
        return plain.encode("utf-8", "backslashreplace").decode()
    if isinstance(plain, Mapping):
        return {_encodable(key): _encodable(inner) for key, inner in plain.items()}
    if isinstance(plain, list | tuple):
        return [_encodable(inner) for inner in plain]
    return plain
