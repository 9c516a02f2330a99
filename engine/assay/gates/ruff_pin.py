"""A ruff configuration without its `required-version`.

Promises: pure. A project pins the ruff that it runs; the lint gate runs the one that comes with Assay, which
would refuse over the pin for every candidate. Everything else of the configuration means the same afterwards.
"""

from __future__ import annotations

import posixpath
import tomllib
from typing import Any

from assay.model.expressions import expression

_PIN = expression(rb"[ \t]*(?:tool\s*\.\s*)?(?:ruff\s*\.\s*)?[\"']?required-version[\"']?[ \t]*=")


def without_pin(path: str, content: bytes) -> bytes | None:
    """`content` with the line of ruff's pin blank; None if it has no pin, or none in a line of its own."""
    wanted = toml_table(content)
    rules = ruff_table(path, wanted)
    if rules is None or rules.pop("required-version", None) is None:
        return None
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if _PIN.match(line):
            ending = line[len(line.rstrip(b"\r\n")) :]
            tried = b"".join([*lines[:number], ending, *lines[number + 1 :]])
            if toml_table(tried) == wanted:  # tools of another table have such keys too
                return tried
    return None


def toml_table(content: bytes) -> dict[str, Any] | None:
    """What a TOML file says; None if it is none."""
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        return None


def ruff_table(path: str, table: dict[str, Any] | None) -> dict[str, Any] | None:
    """Ruff's own part of a parsed configuration file."""
    if table is None or posixpath.basename(path) != "pyproject.toml":
        return table
    tool = table.get("tool")
    rules = tool.get("ruff") if isinstance(tool, dict) else None
    return rules if isinstance(rules, dict) else None
