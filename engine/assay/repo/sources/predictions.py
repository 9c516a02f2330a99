"""Predictions of models, in the form that SWE-bench uses: `instance_id`, `model_name_or_path`, `model_patch`.

Promises: a file that is not of this form is a BadInput that names the line or entry; an empty patch is a
proposal like any other, whose candidate is empty.
"""

from __future__ import annotations

import json
from typing import Any

from assay.model.candidate import Proposal
from assay.model.errors import BadInput


def from_lines(data: bytes, source: str) -> list[Proposal]:
    """One JSON object a line; blank lines are passed over."""
    found: list[Proposal] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            found.append(from_line(line, f"{source}:{number}"))
    return _some(found, source)


def from_line(line: bytes, where: str) -> Proposal:
    """One line of such a file, which is at `where`."""
    return _proposal(_decode(line, where), where)


def from_array(data: bytes, source: str) -> list[Proposal]:
    """One JSON document: an array of predictions, a single one, or an object of them by instance."""
    document = _decode(data, source)
    if isinstance(document, dict) and "model_patch" not in document:
        document = [
            {"instance_id": key, **value} if isinstance(value, dict) else value
            for key, value in document.items()
        ]
    entries = document if isinstance(document, list) else [document]
    return _some([_proposal(entry, f"{source}:{n}") for n, entry in enumerate(entries, start=1)], source)


def _some(found: list[Proposal], source: str) -> list[Proposal]:
    if not found:
        raise BadInput("there is no prediction in it", where=source)
    return found


def _decode(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"this is not JSON ({error})", where=where) from error


def _proposal(entry: Any, where: str) -> Proposal:
    if not isinstance(entry, dict):
        raise BadInput("a prediction is a JSON object", where=where)
    if "model_patch" not in entry:
        raise BadInput("a prediction needs the key model_patch", where=where)
    patch = entry["model_patch"]
    if not isinstance(patch, str | None):
        raise BadInput("model_patch must be a string or null", where=where)
    instance = _word(entry, "instance_id", where)
    model = _word(entry, "model_name_or_path", where)
    return Proposal(
        name=":".join(part for part in (instance, model) if part) or where,
        source=where,
        patch=(patch or "").encode("utf-8", "surrogatepass"),
        instance=instance,
    )


def _word(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int):
        raise BadInput(f"{key} must be a string", where=where)
    return str(value)
