"""Which findings are new: a comparison of two tool runs that line shifts, renames and edits cannot fool.

Promises: pure. Equal findings are counted, not merely found (a second copy of an old finding is new); a
finding on a line that the candidate replaced, which the replaced lines already had, is the base's
(invariant 6); a fingerprint depends on no line number.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from assay.model.candidate import Record
from assay.model.outcome import Finding, Severity

_DIGITS = re.compile(r"\d+")
_FIXED_SHOWN = 100


class RawFinding(Record, frozen=True, kw_only=True):
    """What a tool said about one version of one file, before it is compared with the other version.

    `text` is the flagged line, white space folded; empty for a finding about the file as a whole.
    `line`, `end_line` and `column` count from 1, 0 where unknown. `level` is the tool's own word.
    """

    rule: str
    path: str
    line: int
    message: str
    text: str = ""
    end_line: int = 0
    column: int = 0
    level: str = ""


class Hunk(Record, frozen=True, kw_only=True):
    """Lines `old_start` and on (`old_lines` of them) of the base's file, replaced in the candidate's."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int


class Comparison(Record, frozen=True, kw_only=True):
    """A candidate's findings, split by whether the base shares them; and what the candidate fixed."""

    new: tuple[RawFinding, ...] = ()
    shared: tuple[RawFinding, ...] = ()
    fixed: tuple[RawFinding, ...] = ()


def fold_space(text: str) -> str:
    """`text` with every run of white space as one blank, so that re-indenting changes nothing."""
    return " ".join(text.split())


def compare(base: Iterable[RawFinding], found: Iterable[RawFinding], hunks: Sequence[Hunk]) -> Comparison:
    """Compare the findings of one file on the base with those on the candidate.

    First equal findings are paired off (rule, flagged text, message apart from numbers), those on untouched
    lines first. What is left is paired inside each hunk by rule and message alone, since editing a line
    that was already flagged introduces nothing. The remainder is new, or fixed.
    """
    old = _place(base, hunks, old=True)
    new = _place(found, hunks, old=False)
    equal, old, new = _pair(old, new, lambda placed: _identity(placed.finding))
    edited, old, new = _pair(old, new, _edit)
    return Comparison(new=_findings(new), shared=_findings([*equal, *edited]), fixed=_findings(old))


def stamp(
    findings: Iterable[RawFinding], everything: Iterable[RawFinding], severity: Severity
) -> list[Finding]:
    """Reportable findings with fingerprints. `everything` is all that the same run found in the files
    concerned, so that equal findings are told apart by their order."""
    numbers: dict[RawFinding, int] = {}
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    for finding in _ordered(everything):
        key = (finding.path, *_identity(finding))
        numbers.setdefault(finding, seen[key])
        seen[key] += 1
    return [
        Finding(
            rule=finding.rule,
            path=finding.path,
            line=finding.line,
            message=finding.message,
            severity=severity,
            fingerprint=fingerprint(finding.path, *_identity(finding), str(numbers.get(finding, 0))),
            end_line=finding.end_line,
            column=finding.column,
        )
        for finding in findings
    ]


def tally(comparisons: Iterable[Comparison]) -> dict[str, object]:
    """What a gate's `detail` says beside the new findings: those fixed (the first of them, and how many),
    and how many the base shares."""
    compared = tuple(comparisons)
    fixed = [finding for comparison in compared for finding in comparison.fixed]
    return {
        "fixed": msgspec.to_builtins(stamp(fixed, fixed, Severity.NOTE)[:_FIXED_SHOWN]),
        "fixed_total": len(fixed),
        "pre_existing": sum(len(comparison.shared) for comparison in compared),
    }


def fingerprint(*parts: str) -> str:
    """A short stable digest of `parts`, for findings that no tool numbered."""
    joined = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(joined).hexdigest()[:32]


class _Placed(Record, frozen=True, kw_only=True):
    """A finding, and which hunk its line is in, if any."""

    finding: RawFinding
    hunk: int | None


_Key = tuple[object, ...] | None


def _pair(
    old: Sequence[_Placed], new: Sequence[_Placed], key: Callable[[_Placed], _Key]
) -> tuple[list[_Placed], list[_Placed], list[_Placed]]:
    """Pair off findings of equal key, those outside every hunk first; the key None pairs with nothing.

    Gives the candidate's half of the pairs, then what is left of the base's and of the candidate's.
    """
    old_groups, new_groups = _grouped(old, key), _grouped(new, key)
    old_rest, new_rest = old_groups.pop(None, []), new_groups.pop(None, [])
    paired: list[_Placed] = []
    for group in old_groups.keys() | new_groups.keys():
        left, right = old_groups.get(group, []), new_groups.get(group, [])
        both = min(len(left), len(right))
        paired += right[:both]
        old_rest += left[both:]
        new_rest += right[both:]
    return paired, old_rest, new_rest


def _grouped(placed: Sequence[_Placed], key: Callable[[_Placed], _Key]) -> dict[_Key, list[_Placed]]:
    groups: dict[_Key, list[_Placed]] = defaultdict(list)
    for each in sorted(placed, key=lambda p: (p.hunk is not None, p.finding.line, p.finding.column)):
        groups[key(each)].append(each)
    return groups


def _edit(placed: _Placed) -> _Key:
    return None if placed.hunk is None else (*_kind(placed.finding), placed.hunk)


def _identity(finding: RawFinding) -> tuple[str, ...]:
    return (*_kind(finding), finding.text)


def _kind(finding: RawFinding) -> tuple[str, str]:
    # Numbers in messages count things ("15 > 12") or name lines; neither makes it another finding.
    return (finding.rule, _DIGITS.sub("#", finding.message))


def _spans(hunks: Sequence[Hunk], *, old: bool) -> list[tuple[int, int, int]]:
    """(first line, line after the last, number of the hunk) of the hunks that have lines on this side."""
    sides = [(h.old_start, h.old_lines) if old else (h.new_start, h.new_lines) for h in hunks]
    return sorted((start, start + count, number) for number, (start, count) in enumerate(sides) if count)


def _place(findings: Iterable[RawFinding], hunks: Sequence[Hunk], *, old: bool) -> list[_Placed]:
    spans = _spans(hunks, old=old)
    starts = [start for start, _end, _number in spans]
    placed = []
    for finding in findings:
        at = bisect_right(starts, finding.line) - 1
        inside = at >= 0 and finding.line < spans[at][1]
        placed.append(_Placed(finding=finding, hunk=spans[at][2] if inside else None))
    return placed


def _findings(placed: Iterable[_Placed]) -> tuple[RawFinding, ...]:
    return _ordered(each.finding for each in placed)


def _ordered(findings: Iterable[RawFinding]) -> tuple[RawFinding, ...]:
    return tuple(
        sorted(findings, key=lambda f: (f.path, f.line, f.column, f.rule, f.message, f.text, f.end_line))
    )
