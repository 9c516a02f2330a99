"""Settings as TOML that can be read back: `dotted.key = value`, long lists over several lines.

Promises: pure; `tomllib` reads what is written here to the same values, None (which TOML lacks) left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


_LINE = 100


def setting(key: str, data: Any) -> list[str]:
    """The lines of one setting; `key` is dotted and quoted already."""
    line = f"{key} = {value(data)}"
    if len(line) <= _LINE or not isinstance(data, list | tuple):
        return [line]
    return [f"{key} = [", *(f"    {value(inner)}," for inner in data), "]"]


def value(data: Any) -> str:
    """One value, on one line."""
    if isinstance(data, Mapping):
        pairs = (f"{_key(name)} = {value(inner)}" for name, inner in data.items() if inner is not None)
        inside = ", ".join(pairs)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(data, list | tuple):
        return f"[{', '.join(value(inner) for inner in data)}]"
    if isinstance(data, str):
        # JSON's string escapes are TOML's, but for the delete character, which TOML wants escaped too.
        return json.dumps(data, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(data)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else value(name)
