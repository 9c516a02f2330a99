"""Hunks, and their application to the bytes of one file.

Promises: pure. Context must match byte for byte, there is no fuzz; a hunk is looked for nearest to its stated
line, after the hunks before it, at the top of the file if it says that it starts there, and at its end if no
context follows the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.model.candidate import Record
from assay.repo.problems import mismatch

_SHOWN = 60


class Hunk(Record, frozen=True, kw_only=True):
    """One hunk: the stated line numbers, and the lines (with their terminators) before and after.

    `leading` and `trailing` count the context lines around the change; `line` is the header's in the patch.
    """

    old_start: int
    new_start: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]
    leading: int
    trailing: int
    line: int = 0


def without_carriage_returns(hunk: Hunk) -> Hunk:
    """The hunk of a patch whose every line was given a carriage return on its way."""
    return Hunk(
        old_start=hunk.old_start,
        new_start=hunk.new_start,
        old=tuple(map(_stripped, hunk.old)),
        new=tuple(map(_stripped, hunk.new)),
        leading=hunk.leading,
        trailing=hunk.trailing,
        line=hunk.line,
    )


def _stripped(line: bytes) -> bytes:
    if line.endswith(b"\r\n"):
        return line[:-2] + b"\n"
    return line.removesuffix(b"\r")


def split_lines(data: bytes) -> list[bytes]:
    """The lines of `data`, each with its line feed; only line feeds end a line."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def apply_hunks(path: str, data: bytes, hunks: Sequence[Hunk]) -> bytes:
    """The new bytes of the file at `path`. Raises PatchError naming the first hunk that does not match."""
    lines = split_lines(data)
    out: list[bytes] = []
    done = 0
    grown = 0
    for number, hunk in enumerate(hunks, start=1):
        stated = max(hunk.new_start - 1, 0) - grown
        at = _find(lines, hunk, stated, done)
        if at is None:
            reason, line = _explain(lines, hunk, stated, done)
            raise mismatch(reason, path=path, hunk=number, line=line)
        out += lines[done:at]
        out += hunk.new
        done = at + len(hunk.old)
        grown += len(hunk.new) - len(hunk.old)
    out += lines[done:]
    return _joined(path, out)


def _joined(path: str, lines: list[bytes]) -> bytes:
    for line in lines[:-1]:
        if not line.endswith(b"\n"):
            raise mismatch("a line without a line end would no longer be the last", path=path)
    return b"".join(lines)


def _find(lines: list[bytes], hunk: Hunk, stated: int, first: int) -> int | None:
    """Where `hunk` matches at or after index `first`, nearest to `stated`, later before earlier."""
    last = len(lines) - len(hunk.old)
    if at_top(hunk):
        stated = last = 0 if len(hunk.old) <= len(lines) else -1
    if hunk.trailing == 0:
        # Without context after the change only the file's end can vouch for the place.
        if at_top(hunk) and len(hunk.old) != len(lines):
            return None
        stated = first = max(first, last)
    if last < first:
        return None
    stated = min(max(stated, first), last)
    if lines[stated : stated + len(hunk.old)] == list(hunk.old):
        return stated
    found = _occurrences(lines, hunk.old, first, last)
    return min(found, key=lambda at: (abs(at - stated), at < stated), default=None)


def at_top(hunk: Hunk) -> bool:
    """Whether the hunk says that it starts at the file's first line."""
    return hunk.old_start <= 1


def _occurrences(lines: list[bytes], wanted: tuple[bytes, ...], first: int, last: int) -> Iterator[int]:
    """Every index from `first` to `last` at which `wanted` stands.

    By Knuth, Morris and Pratt: a patch of many like lines must not cost the product of both lengths.
    """
    fallback = [0] * (len(wanted) + 1)
    length = 0
    for at in range(1, len(wanted)):
        while length and wanted[at] != wanted[length]:
            length = fallback[length]
        length += wanted[at] == wanted[length]
        fallback[at + 1] = length
    length = 0
    for at in range(first, last + len(wanted)):
        while length and (length == len(wanted) or lines[at] != wanted[length]):
            length = fallback[length]
        length += lines[at] == wanted[length]
        if length == len(wanted):
            yield at - length + 1


def _explain(lines: list[bytes], hunk: Hunk, stated: int, done: int) -> tuple[str, int]:
    """Why a hunk was found nowhere, and the line: the first that differs where it should have been."""
    if not hunk.leading and not hunk.trailing and hunk.old_start > 1:
        return "it has no context lines, so its place cannot be checked (made with -U0?)", stated + 1
    if stated < done:
        return "it is out of order with, or overlaps, the hunk before it", hunk.old_start
    for at, wanted in enumerate(hunk.old, start=stated):
        found = lines[at] if at < len(lines) else None
        if found != wanted:
            return _difference(at, wanted, found, len(lines)), at + 1
    side = "starts" if at_top(hunk) and stated else "ends"
    return f"it matches at line {stated + 1}, but says that it {side} the file", stated + len(hunk.old) + 1


def _difference(at: int, wanted: bytes, found: bytes | None, count: int) -> str:
    if found is None:
        return f"line {at + 1} should be {_quoted(wanted)}, but the file ends after line {count}"
    if found.rstrip(b"\r\n") == wanted.rstrip(b"\r\n"):
        return f"line {at + 1} ends in {_ending(found)}, but the patch has {_ending(wanted)}"
    return f"line {at + 1} should be {_quoted(wanted)}, but is {_quoted(found)}"


def _ending(line: bytes) -> str:
    if line.endswith(b"\r\n"):
        return "CR LF"
    return "LF" if line.endswith(b"\n") else "no line end"


def _quoted(line: bytes) -> str:
    text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
