"""Where each rule of a policy comes from.

Promises: pure; one setting for every key that has a value, in the schema's order.
"""

from __future__ import annotations

from typing import Any

import msgspec

from assay.model.candidate import Record
from assay.policy.merge import leaves
from assay.policy.schema import Policy
from assay.policy.shape import RESERVED

BUILT_IN = "built-in default"


class Setting(Record, frozen=True, kw_only=True):
    """One effective key, its value (bytes and seconds, as plain data), and the layer that set it."""

    key: str
    value: Any
    source: str


def explain(policy: Policy) -> tuple[Setting, ...]:
    """Every effective setting of a policy. What a list took over through "..." counts as the layer's own."""
    data = {key: value for key, value in msgspec.to_builtins(policy).items() if key not in RESERVED}
    return tuple(
        Setting(key=key, value=value, source=policy.sources.get(key, BUILT_IN)) for key, value in leaves(data)
    )
