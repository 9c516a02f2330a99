"""Bounded texts of what pytest says of a test. Injected: see `boot.py`."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

TEXT_LIMIT = 600
ID_LIMIT = 1000


def text(value: object, limit: int = 4096) -> str:
    """Bounded text that any JSON reader takes: lone surrogates are written out."""
    return str(value)[:limit].encode("utf-8", "backslashreplace").decode("utf-8")


def identity(nodeid: str) -> str:
    """A test's id; a very long one is cut and ends in a digest of the whole."""
    if len(nodeid) <= ID_LIMIT:
        return text(nodeid)
    whole = blake2b(nodeid.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
    return text(nodeid, ID_LIMIT - 20) + "..." + whole


def reason(report: Any) -> dict[str, Any]:
    """Why a report is no pass, and where: the crash entry if there is one. Lines count from 1; 0: unknown."""
    longrepr = report.longrepr
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        return _place(crash.message, crash.path, crash.lineno)
    if isinstance(longrepr, tuple) and len(longrepr) == 3:
        return _place(longrepr[2], longrepr[0], longrepr[1])
    location = getattr(report, "location", None)
    if location:
        return _place(_telling_line(longrepr), location[0], (location[1] or 0) + 1)
    return _place(_telling_line(longrepr), str(report.nodeid).split("::")[0], 0)


def _place(message: object, path: object, line: Any) -> dict[str, Any]:
    return {"message": text(message, TEXT_LIMIT), "path": text(path), "line": int(line or 0)}


def _telling_line(longrepr: object) -> str:
    """The telling line of a plain-text traceback: the last one that pytest marks as the error."""
    lines = [line for line in str(longrepr or "").splitlines() if line.strip()]
    marked = [line[1:] for line in lines if line.startswith("E ")]
    return (marked or lines or [""])[-1].strip()
