"""The keys under which answers are remembered (invariant 8): same inputs, same key; any other input, another.

Promises: pure; keys are the same on every machine and in every version of Python, and no two different
inputs share one (fields are named and lengths unambiguous, since what is hashed is canonical JSON).
"""

from __future__ import annotations

import hashlib
from typing import Any

from assay.ledger.codec import encode

_FORMAT = 1
"""Raise when the meaning of a remembered answer changes: every older key is then a miss."""


def verdict_key(
    *,
    candidate_tree: str,
    base_tree: str,
    gate: str,
    configuration: str,
    tools: str,
    environment: str,
    tier: str,
) -> str:
    """The key of one gate's answer on one tree: 64 hexadecimal digits.

    `configuration` is the digest of the gate's rules, `tools` the versions of what it runs, `environment`
    the digest of the project's interpreter and packages, `tier` the backend and strength of the jail.
    """
    return digest_of(
        "verdict",
        candidate_tree=candidate_tree,
        base_tree=base_tree,
        gate=gate,
        configuration=configuration,
        tools=tools,
        environment=environment,
        tier=tier,
    )


def digest_of(purpose: str, **parts: Any) -> str:
    """SHA-256 over named parts (plain JSON data), apart from those of any other purpose."""
    return hashlib.sha256(encode({"format": _FORMAT, "purpose": purpose, "parts": parts})).hexdigest()
