"""The system calls that jails are denied: the shipped list, made ready for nsjail.

Promises: the list is data (`jail/seccomp.kafel` beside the policy packs) and the same on every host; what it
does not know yet is denied by number.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from functools import cache

from assay.model.errors import Unsound
from assay.policy import packs

_NEWEST = 470
"""The first number that no list of calls has a name for: the same on every architecture since number 424."""
_ROOM = 600
"""Numbers up to here are denied ahead of their time: some ten calls come each year."""
_X32 = 0x40000000
_COMMENT = re.compile(r"//[^\n]*")


@cache
def policy(machine: str = "") -> str:
    """The policy in Kafel, in one line. `machine` as in uname(2), this host's by default. Raises Unsound if
    this installation lost its list."""
    denied = " ".join(_COMMENT.sub("", _shipped()).split())
    beyond = ", ".join(f"SYSCALL[{number}]" for number in unknown(machine or platform.machine()))
    return f"{denied} POLICY beyond {{ ERRNO(38) {{ {beyond} }} }} USE denied, USE beyond DEFAULT ALLOW"


def unknown(machine: str) -> Iterable[int]:
    """The numbers that are denied without a name: newer calls, and on x86-64 those of the x32 interface,
    under which every denied call has a second number."""
    yield from range(_NEWEST, _ROOM)
    if machine == "x86_64":
        yield from range(_X32, _X32 + _ROOM)


def _shipped() -> str:
    place = packs.directory() / "jail" / "seccomp.kafel"
    try:
        return place.read_text("ascii")
    except OSError as error:
        raise Unsound(
            "the jails' list of denied system calls is missing", where=str(place), fix="install assay again"
        ) from error
