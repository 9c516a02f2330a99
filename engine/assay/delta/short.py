"""Texts shortened to what a line of a page has room for.

Promises: pure; one line; what was left out shows as `…`.
"""

from __future__ import annotations

MOST = 90


def cut(text: str, most: int = MOST) -> str:
    """The beginning of a text."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def apart(one: str, other: str, most: int = MOST) -> tuple[str, str]:
    """Two texts that differ, each shortened to where they do."""
    lines = " ".join(one.split()), " ".join(other.split())
    if max(map(len, lines)) <= most:
        return lines
    shorter = min(map(len, lines))
    same = next((i for i in range(shorter) if lines[0][i] != lines[1][i]), shorter)
    start = max(same - most // 3, 0)
    return _window(lines[0], start, most), _window(lines[1], start, most)


def _window(line: str, start: int, most: int) -> str:
    at = start if len(line) > most else 0
    part = line[at : at + most]
    return ("…" if at else "") + part + ("…" if at + most < len(line) else "")
