"""Coverage of changed lines: one run of the tests over the candidate, and what it came past.

Promises: `fold` is pure. A run that came to no end says nothing of any line. What is told by the run is a
claim of a process that runs the candidate's code, over the channel and with the keys that its results come
by; no verdict rests on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assay.gates.inject.planted import ENDS, FALSE, LINE, LOOPS, TRUE
from assay.gates.testing.run import Ended, Run
from assay.gates.testing.suite import Mark, Suite
from assay.model.candidate import Record
from assay.model.evidence import Branch, LinesSeen
from assay.risk.evidence.changed import Changed

_WORDS = {
    TRUE: "no test makes the condition true",
    FALSE: "no test makes the condition false",
    LOOPS: "no test gives the loop a turn",
    ENDS: "no test lets the loop come to its end",
}
_WORST_FIRST = (TRUE, LOOPS, FALSE, ENDS)
"""What follows a condition that was never true has not run at all."""


class Coverage(Record, frozen=True, kw_only=True):
    """What a run came past. `missing` are sentences on what it cannot say; of the files `unseen` it can say
    nothing at all."""

    files: tuple[LinesSeen, ...] = ()
    branches: tuple[Branch, ...] = ()
    branches_taken: int = 0
    statements: tuple[Mark, ...] = ()
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def fold(run: Run, watched: Changed) -> Coverage:
    """What a run with the changed lines watched has to say."""
    if run.ended is not Ended.COMPLETE:
        return Coverage(missing=(f"with the changed lines watched, pytest {run.why}",))
    statements = tuple(mark for mark in run.suite.marks if mark.kind == LINE)
    lines = _lines(statements)
    ways = [mark for mark in run.suite.marks if mark.kind != LINE]
    open_ways = [mark for mark in ways if mark.line in lines[mark.path][0] and not ran(mark)]
    branches = sorted(open_ways, key=lambda mark: (_WORST_FIRST.index(mark.kind), mark.path, mark.line))
    return Coverage(
        files=tuple(
            LinesSeen(path=path, executed=tuple(sorted(executed)), missed=tuple(sorted(missed)))
            for path, (executed, missed) in sorted(lines.items())
        ),
        branches=tuple(
            Branch(path=mark.path, line=mark.line, target=mark.target, words=_WORDS[mark.kind])
            for mark in branches
        ),
        branches_taken=sum(map(ran, ways)),
        statements=statements,
        missing=tuple(_missing(run.suite, watched, lines)),
        unseen=tuple(sorted({*watched.left_out, *_unread(run.suite, watched), *run.suite.early})),
    )


def ran(mark: Mark) -> bool:
    """Whether anything came past a mark."""
    return mark.outside or bool(mark.tests)


def _lines(statements: Sequence[Mark]) -> dict[str, tuple[set[int], set[int]]]:
    """By path, the lines that ran and those that did not. Of several statements in one line one is enough."""
    found: dict[str, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for mark in statements:
        found[mark.path][0 if ran(mark) else 1].add(mark.line)
    for executed, missed in found.values():
        missed.difference_update(executed)
    return found


def _missing(suite: Suite, watched: Changed, lines: dict[str, tuple[set[int], set[int]]]) -> list[str]:
    said = []
    if watched.left_out:
        said.append(f"too many lines changed to watch all: {watched.left_out[0]} is left out")
    if unread := _unread(suite, watched):
        said.append(f"{unread[0]} could not be watched: the project's Python cannot read it as it is")
    if suite.early:
        said.append(
            f"{suite.early[0]} is loaded before pytest can watch it, which itself may stand on it: "
            "nobody sees which of its lines tests run"
        )
    if idle := sorted(path for path, loaded in suite.watched.items() if not loaded and path in lines):
        said.append(f"{idle[0]} is not loaded from the tree by any test")
    if suite.left and any(missed for _, missed in lines.values()):
        others = f" and {len(suite.left) - 1} more" if len(suite.left) > 1 else ""
        said.append(f"{suite.left[0]}{others} started processes, in which no line is seen to run")
    return said


def _unread(suite: Suite, watched: Changed) -> list[str]:
    return sorted(set(watched.files) - set(suite.watched))
