"""The report as the JSON contract, and the contract's schema.

Promises: one document, fields in the order of the records and other keys sorted, so that equal reports are
equal bytes; every field of every record is there, absent values as null; always valid UTF-8.

Paths out of git may hold bytes that are no UTF-8, which JSON cannot. A string that holds such bytes is
written with each of them as `%XX` and with its own `%` as `%25`; all other strings are as they are.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from assay.model.report import SCHEMA_VERSION, Report

_SURROGATE = re.compile("[\ud800-\udfff]")


def as_json(report: Report) -> str:
    """The document, indented by two, with a line end."""
    try:
        encoded = msgspec.json.encode(report, order="deterministic")
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_escaped(msgspec.to_builtins(report, order="deterministic")))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document. Unknown fields are allowed, since later versions add some;
    all that this version knows are required, since it writes all of them."""
    schema = msgspec.json.schema(Report)
    for definition in schema["$defs"].values():
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Assay report, schema version {SCHEMA_VERSION}",
        **schema,
    }


def _escaped(value: Any) -> Any:
    """`value` with every string that is no valid Unicode percent-escaped, keys too."""
    if isinstance(value, str):
        return _percent(value)
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value


def _percent(text: str) -> str:
    if not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub(lambda found: _bytes_of(found[0]), text.replace("%", "%25"))


def _bytes_of(surrogate: str) -> str:
    code = ord(surrogate)
    if 0xDC80 <= code <= 0xDCFF:
        return f"%{code - 0xDC00:02X}"
    return "".join(f"%{byte:02X}" for byte in surrogate.encode("utf-8", "surrogatepass"))
