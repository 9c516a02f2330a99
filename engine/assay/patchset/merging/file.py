"""Merge one file by syntax.

Promises: pure, never raises for what the versions hold, and the same bytes whichever side is which; the
result holds just what both sides made of the base, by the count of its entries, and satisfies its format's
check. All else stays a conflict, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assay.model.candidate import Record
from assay.patchset.merging.entries import Group, Node, body, write
from assay.patchset.merging.formats import Format, Versions, format_of
from assay.patchset.merging.inventory import inventory, missing
from assay.patchset.merging.join import Join, Lines
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.split import said_in
from assay.patchset.merging.text import Texts, decode, encode


class MergedFile(Record, frozen=True, kw_only=True):
    """A file that was merged. `ours` and `theirs` name what each side added where the other did, too, inside
    of `groups`; all are empty where sides only met."""

    path: str
    format: str
    data: bytes
    groups: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


class Unmergeable(Record, frozen=True, kw_only=True):
    """A file that stays a conflict. `where` is a place inside of it, empty for the whole; `why` a clause."""

    path: str
    where: str
    reason: Reason
    why: str

    @property
    def telling(self) -> str:
        """A clause to add to a conflict's own words; empty where syntax has nothing to say."""
        return "" if self.reason in _SILENT else f"by syntax it does not merge either: {self.why}"


_SILENT = frozenset({Reason.FORMAT, Reason.UNREADABLE, Reason.NOT_TEXT})


def no_lines(base: str, ours: str, theirs: str) -> None:
    """For whoever has no git at hand: nothing is merged line by line."""


def merge_file(
    path: str, base: bytes, ours: bytes, theirs: bytes, lines: Lines = no_lines
) -> MergedFile | Unmergeable:
    """Three versions of a file, made one. `lines` merges what stands inside of an entry line by line."""
    found = format_of(path)
    if found is None:
        return Unmergeable(
            path=path, where="", reason=Reason.FORMAT, why="files of its kind are not merged by syntax"
        )
    try:
        texts = decode(path, (base, ours, theirs))
        merged, join = _merged(found, texts, lines)
        return MergedFile(
            path=path,
            format=found.name,
            data=encode(texts, merged),
            groups=tuple(sorted(join.groups)),
            ours=tuple(join.ours),
            theirs=tuple(join.theirs),
        )
    except Clash as clash:
        return Unmergeable(path=path, where=clash.where, reason=clash.reason, why=clash.why)
    except RecursionError:
        return Unmergeable(
            path=path, where="", reason=Reason.UNREADABLE, why="a version is nested too deeply"
        )


def _merged(found: Format, texts: Texts, lines: Lines) -> tuple[str, Join]:
    before, versions, behind = found.window(texts.versions)
    shared = found.shared(versions)
    base, ours, theirs = (found.read(text, shared) for text in versions)
    join, other = Join(found.meaning, lines), Join(found.meaning, lines)
    merged = write(join.merge(base, ours, theirs))
    if write(other.merge(base, theirs, ours)) != merged:
        raise Clash(Reason.ORDER, "", "the result would depend on the order of the two")
    _verify(found, versions, merged, (base, ours, theirs), shared, join.settled)
    return before + merged + behind, join


def _verify(
    found: Format,
    versions: Versions,
    merged: str,
    groups: tuple[Group, Group, Group],
    shared: frozenset[str],
    settled: Mapping[str, str],
) -> None:
    """Raises `Clash` unless the result is what it should be."""
    try:
        result = found.read(merged, shared)
    except Clash as clash:
        raise Clash(Reason.BROKEN, "", f"the result would not parse: {clash.why}") from clash
    said = _saying(found.meaning, shared)
    base, ours, theirs = (inventory(group, said, settled) for group in groups)
    lost = missing(base, ours, theirs, inventory(result, said, settled))
    if lost is not None:
        where = ".".join(name for name in lost[:-1] if name not in ("is", "says", "exists", "remarks"))
        raise Clash(Reason.LOST, where[:120], "the result would not hold just what both sides want there")
    found.check(*versions, merged)


def _saying(meaning: Callable[[Node], object], shared: frozenset[str]) -> Callable[[Node], str]:
    known = {text: text for text in shared}

    def said(node: Node) -> str:
        text = body(node)
        if text not in known:
            found = meaning(node)
            known[text] = said_in(text) if found is None else repr(found)
        return known[text]

    return said
