"""The plain rule of three-way merging, for values: who changed it decides; both, and there is no answer.

Promises: pure and symmetrical. Space and line ends around comments never stand against a merge.
"""

from __future__ import annotations

from typing import TypeVar

from assay.patchset.merging.entries import Node, body
from assay.patchset.merging.reasons import Clash, Reason

T = TypeVar("T")


def pick(base: T, ours: T, theirs: T) -> T | None:
    """What one side alone made of `base`, or both alike; None where they differ."""
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else None


def pick_flag(base: bool, ours: bool, theirs: bool) -> bool:
    """The same for a flag, which always has an answer."""
    return theirs if ours == base else ours


def pick_space(base: str, ours: str, theirs: str, where: str) -> str:
    """Text between entries: what it says (comments) is merged, how it is spaced follows whoever changed
    it."""
    picked = pick(base, ours, theirs)
    if picked is not None:
        return picked
    said = pick(squeeze(base), squeeze(ours), squeeze(theirs))
    if said is None:
        raise Clash(Reason.SAME_PLACE, where, "both change the comment beside it")
    return max((text for text in (ours, theirs) if squeeze(text) == said), key=_widest)


def squeeze(text: str) -> str:
    """Text without its spacing."""
    return " ".join(text.split())


def content(node: Node) -> tuple[str, ...]:
    """All of a node but how it is set apart from others."""
    return (squeeze(node.lead), body(node), squeeze(node.gap), squeeze(node.trail))


def _widest(text: str) -> tuple[int, int, str]:
    return (text.count("\n"), len(text), text)
