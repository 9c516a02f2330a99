"""Who a jail's programs are: one unprivileged user inside, and the host user that stands behind it.

Promises: a jail is never backed by the host's root when another identity can be had, and the mapping is the
same for every jail of a run, so that the files of cached layers have an owner that is known inside.
"""

from __future__ import annotations

import os
from pathlib import Path

from assay.model.candidate import Record

INSIDE_ID = 1000
"""User and group inside every jail, on every host: programs see the same numbers everywhere."""

_ROOT_STAND_IN = 64177
"""The host user and group behind a jail started by root. Below 65534, so that containers which map only
16 bits of ids have it too, and outside the ranges that distributions hand out."""


class Identity(Record, frozen=True, kw_only=True):
    """The host's numeric user and group behind `INSIDE_ID`."""

    uid: int
    gid: int

    @property
    def is_self(self) -> bool:
        """Whether the engine's own files belong to the jail's user without further ado."""
        return self.uid == os.geteuid() and self.gid == os.getegid()


def host_identity() -> Identity:
    """The identity that jails of this process run under."""
    own = Identity(uid=os.geteuid(), gid=os.getegid())
    if own.uid != 0:
        return own
    if _mapped("/proc/self/uid_map", _ROOT_STAND_IN) and _mapped("/proc/self/gid_map", _ROOT_STAND_IN):
        return Identity(uid=_ROOT_STAND_IN, gid=_ROOT_STAND_IN)
    # Root of a user namespace with no other id mapped: that "root" is an ordinary user of the host.
    return own


def _mapped(table: str, number: int) -> bool:
    for line in Path(table).read_text().splitlines():
        first, _, count = (int(field) for field in line.split())
        if first <= number < first + count:
            return True
    return False
