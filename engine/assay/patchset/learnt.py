"""Groups that failed together, kept from run to run: what to ask about first when they meet again.

Promises: pure but for the memory that it is handed, which may forget. An edit is known by what it makes of
which contents, so that it is the same on any base whose files are the same there. A remembered group is a
question, never an answer: its combination goes through the gates once more, which know their own verdicts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from assay.ledger.codec import decode, encode
from assay.model.candidate import Candidate, Record

KEY = "failing groups: 1"
_MOST = 400
"""So many groups are kept, the latest."""

Recall = Callable[[str], Awaitable[bytes | None]]
Remember = Callable[[str, bytes], Awaitable[None]]


class Group(Record, frozen=True, kw_only=True):
    """Edits that failed together."""

    edits: tuple[str, ...]


class Groups(Record, frozen=True, kw_only=True):
    """What is remembered, oldest first."""

    groups: tuple[Group, ...] = ()

    def among(self, candidates: Sequence[Candidate]) -> tuple[tuple[str, ...], ...]:
        """Those of which every edit is there, as candidates' ids in the order given, latest first."""
        ids: dict[str, str] = {}
        for candidate in candidates:
            ids.setdefault(edit(candidate), candidate.id)
        place = {candidate.id: index for index, candidate in enumerate(candidates)}
        found = (
            tuple(sorted((ids[one] for one in group.edits), key=place.__getitem__))
            for group in reversed(self.groups)
            if all(one in ids for one in group.edits)
        )
        return tuple(dict.fromkeys(found))

    def after(self, groups: Iterable[Sequence[Candidate]]) -> Groups:
        """With these as well."""
        fresh = [Group(edits=tuple(sorted(map(edit, group)))) for group in groups]
        kept = [group for group in self.groups if group not in fresh]
        return Groups(groups=(*kept, *dict.fromkeys(fresh))[-_MOST:])


def edit(candidate: Candidate) -> str:
    """What a candidate does, whatever else the base holds."""
    fields = (
        (c.old_path, c.path, str(c.old_mode), str(c.new_mode), c.old_blob, c.new_blob)
        for c in candidate.changes
    )
    lines = sorted("\0".join(each) for each in fields)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:32]


async def remembered(recall: Recall) -> Groups:
    """What earlier runs learnt."""
    raw = await recall(KEY)
    if raw is None:
        return Groups()
    try:
        return decode(raw, Groups)
    except (msgspec.MsgspecError, ValueError):
        return Groups()


async def learn(recall: Recall, remember: Remember, groups: Iterable[Sequence[Candidate]]) -> None:
    """Add these to what is remembered by now."""
    groups = list(groups)
    if groups:
        await remember(KEY, encode((await remembered(recall)).after(groups)))
