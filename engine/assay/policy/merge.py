"""Lays one layer of a policy over another, and remembers which layer set what.

Promises: pure. Tables are merged key by key; everything else replaces what is below. In a list of strings
the element `...` stands for the list below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.policy.problem import Path, dotted
from assay.policy.shape import ABOVE


def lay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`; neither is changed."""
    result = dict(below)
    for key, value in above.items():
        result[key] = _over(below.get(key), value)
    return result


def _over(below: Any, above: Any) -> Any:
    if isinstance(above, Mapping):
        return lay(below if isinstance(below, Mapping) else {}, above)
    if isinstance(above, list | tuple) and ABOVE in above:
        inherited = list(below) if isinstance(below, list | tuple) else []
        return [item for each in above for item in (inherited if each == ABOVE else [each])]
    return above


def leaves(data: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[str, Any]]:
    """Dotted key and value of everything in `data` that is no table; lists are one leaf each."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        else:
            yield dotted((*path, key)), value
