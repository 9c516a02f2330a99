"""What travels between a gate and its warm worker: a JSON header and the files' bytes behind it.

Promises: pure. A reply that is not exactly an answer to each unit asked about is a `BadReply`
(invariant 5): nothing is filled in.

A request is a 4-byte big-endian header length, the header (`{"units": [{…, "size": n}, …], …}`), then each
unit's bytes in order. A reply is JSON: `{"units": [{"id": …, …}, …]}`, one for each unit, in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.model.candidate import Record


class BadReply(Exception):
    """The worker's answer cannot be trusted to be one."""


class Unit(Record, frozen=True, kw_only=True):
    """One file to ask about. `meta` goes into the header as it is."""

    id: int
    content: bytes
    meta: dict[str, Any]


def request(units: Sequence[Unit], common: Mapping[str, Any]) -> bytes:
    """The bytes of one request."""
    described = [{**unit.meta, "id": unit.id, "size": len(unit.content)} for unit in units]
    header = json.dumps({**common, "units": described}).encode("ascii")
    return b"".join([len(header).to_bytes(4, "big"), header, *(unit.content for unit in units)])


def replies(data: bytes, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """The replies of one answer, one for each unit, in order. Raises `BadReply`."""
    try:
        answer = json.loads(data)
    except ValueError as error:
        raise BadReply(f"the worker's reply is no JSON: {error}") from None
    if not isinstance(answer, dict):
        raise BadReply("the worker's reply is no object")
    if "error" in answer:
        raise BadReply(str(answer["error"]))
    listed = answer.get("units")
    if not isinstance(listed, list) or not all(isinstance(reply, dict) for reply in listed):
        raise BadReply("the worker's reply lists no units")
    if [reply.get("id") for reply in listed] != [unit.id for unit in units]:
        raise BadReply("the worker's reply does not answer each unit")
    return listed
