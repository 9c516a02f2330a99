"""The part of the page that says where the time went, and what the run did without.

Promises: pure. Largest first; what took or saved nothing that can be seen is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.delta.page import Group, Line, Section, bounded, code, dim, line, seconds
from assay.model.profile import ColdStarts, Profile, Share

_MOST = 12
_SEEN = 0.0005
_NAME = 18


def section(profile: Profile) -> Section:
    """The profile as a section."""
    groups = (
        Group(label="Spent", lines=bounded(list(_rows(profile.spent)), _MOST)),
        Group(label="Saved, about", lines=bounded(list(_rows(profile.saved)), _MOST)),
        Group(label="Brute force", lines=tuple(_brute_force(profile))),
        Group(label="Started cold", lines=bounded([_cold(each) for each in profile.cold_starts], _MOST)),
        Group(
            label="Not imported ahead of time",
            lines=bounded([line(code(each.module), f": {each.why}") for each in profile.left_out], _MOST),
        ),
    )
    rate = f"{profile.per_minute:g} candidates a minute, CPU {seconds(profile.cpu_seconds)}"
    return Section(
        title="Profile", summary=line(rate), groups=tuple(group for group in groups if group.lines)
    )


def _rows(shares: Iterable[Share]) -> Iterator[Line]:
    seen = [share for share in shares if max(share.seconds, share.cpu_seconds) >= _SEEN]
    for share in sorted(seen, key=lambda share: -max(share.seconds, share.cpu_seconds)):
        wall = seconds(share.seconds) if share.seconds >= _SEEN else "-"
        cpu = f"CPU {seconds(share.cpu_seconds)}" if share.cpu_seconds >= _SEEN else ""
        times = f"{share.count} times" if share.count > 1 else ""
        yield line(f"{share.what:<{_NAME}}{wall:>9}  {cpu:<12}", dim(times))


def _cold(starts: ColdStarts) -> Line:
    return line(starts.why, dim(f" {starts.count} times") if starts.count > 1 else "")


def _brute_force(profile: Profile) -> Iterator[Line]:
    brute = profile.brute_force
    if brute is None:
        return
    if profile.seconds:
        ratio = f"{brute.seconds / profile.seconds:.1f} times as long"
        yield line(f"{seconds(brute.seconds)}, {ratio}, CPU {seconds(brute.cpu_seconds)}")
    yield line(dim(brute.how))
