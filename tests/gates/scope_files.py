"""What the tests of the scope gate's rules share: one changed file, made from two texts."""

from __future__ import annotations

import difflib

from assay.gates.scope_types import ChangedFile, Hit
from assay.model.candidate import Change, ChangeKind

FILE = 0o100644


def changed(path: str, old: str | None, new: str | None, old_path: str = "") -> ChangedFile:
    """The file at `path` before and after; None where it is absent."""
    before, after = (old or "").splitlines(), (new or "").splitlines()
    steps = [
        step for step in difflib.SequenceMatcher(None, before, after).get_opcodes() if step[0] != "equal"
    ]
    added = tuple((n + 1, after[n]) for step in steps for n in range(step[3], step[4]))
    kind = ChangeKind.ADDED if old is None else ChangeKind.DELETED if new is None else ChangeKind.MODIFIED
    return ChangedFile(
        change=Change(
            kind=kind,
            path=path,
            old_path=old_path or path,
            old_mode=0 if old is None else FILE,
            new_mode=0 if new is None else FILE,
            old_blob="" if old is None else f"old {old}",
            new_blob="" if new is None else f"new {new}",
            added_lines=len(added),
            deleted_lines=sum(step[2] - step[1] for step in steps),
        ),
        old=None if old is None else old.encode(),
        new=None if new is None else new.encode(),
        added=added,
        size=len(new or ""),
    )


def said(hits: list[Hit]) -> list[str]:
    """The rules of some hits, without `scope/`, in order."""
    return [hit.rule.removeprefix("scope/") for hit in hits]
