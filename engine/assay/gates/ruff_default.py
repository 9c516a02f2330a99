"""Which rules a configuration means that selects none: those of the ruff that its project runs.

Promises: pure. What ruff checks by default is a matter of its version: 0.16 went from 59 rules to more than
400. A project that never wrote `select` chose what its own ruff did then, and its commits are no worse for
what the ruff that comes with Assay would say of them besides. So the earlier default is written out, unless
the project says somewhere that it runs a ruff of the later one.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from re import Match

from assay.gates.ruff_pin import ruff_table, toml_table
from assay.model.expressions import expression

EARLIER = ("E4", "E7", "E9", "F")
STATING = (".pre-commit-config.yaml", "uv.lock", "poetry.lock", "pdm.lock", "pyproject.toml")
"""Files at the root that may say which ruff a project runs."""

_WIDER = (0, 16)
_STATED = (
    expression(rb"ruff-pre-commit[^\n]*\n[ \t]*rev:[^\n]*?([0-9]+)\.([0-9]+)\.[0-9]"),
    expression(rb"name = \"ruff\"\r?\nversion = \"([0-9]+)\.([0-9]+)"),
    expression(rb"[\"']ruff[ \t]*(?:==|>=|~=)[ \t]*([0-9]+)\.([0-9]+)"),
)
_REQUIRED = expression(r"(?:^|,)[ \t]*(?:==|>=|~=)?[ \t]*([0-9]+)\.([0-9]+)")
_TABLES = ("[tool.ruff.lint]", "[lint]")
_PARENTS = ("[tool.ruff]",)
_LIST = json.dumps(EARLIER)


def runs_later(files: Mapping[str, bytes]) -> bool:
    """Whether any of these files, by path, says that the project runs a ruff of the wider default."""
    return any(
        (int(match[1]), int(match[2])) >= _WIDER
        for path, content in files.items()
        for match in _versions(path, content)
    )


def _versions(path: str, content: bytes) -> Iterator[Match[bytes] | Match[str]]:
    for stated in _STATED:
        yield from stated.finditer(content)
    # Tools of other tables require versions of themselves in the same words.
    rules = ruff_table(path, toml_table(content)) or {}
    yield from _REQUIRED.finditer(str(rules.get("required-version", "")))


def written_out(path: str, content: bytes) -> bytes | None:
    """`content` with the earlier default in it as its selection; None if it has one, has it from another
    file, is no configuration of ruff, or is written in a way that leaves no place for it."""
    wanted = toml_table(content)
    rules = ruff_table(path, wanted)
    if rules is None or "extend" in rules or "select" in rules:
        return None
    lint = rules.setdefault("lint", {})
    if not isinstance(lint, dict) or "select" in lint:
        return None
    lint["select"] = list(EARLIER)
    text = content.decode()
    tries = _tries(path, text if text.endswith("\n") else f"{text}\n")
    return next((tried for tried in tries if toml_table(tried) == wanted), None)


def _tries(path: str, text: str) -> Iterator[bytes]:
    """The text with the line in each place where it may belong: only the right one gives the right table."""
    lines = text.splitlines(keepends=True)
    for headers, line in ((_TABLES, f"select = {_LIST}\n"), (_PARENTS, f"lint.select = {_LIST}\n")):
        for number, header in enumerate(lines, 1):
            if header.split("#")[0].replace(" ", "").strip() in headers:
                yield "".join([*lines[:number], line, *lines[number:]]).encode()
    yield f"lint.select = {_LIST}\n{text}".encode()
    own = "[tool.ruff.lint]" if posixpath.basename(path) == "pyproject.toml" else "[lint]"
    yield f"{text}{own}\nselect = {_LIST}\n".encode()
