"""Which of all possible mutants are made, and by which tests each is tried.

Promises: pure and deterministic: what is drawn follows from the source alone. Each changed statement has one
mutant before any has two, and the statements come in an order that is as good as drawn by lot, so that what a
budget leaves out is a fair sample.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from assay.gates.testing.suite import Case, Mark
from assay.model.candidate import Record
from assay.risk.evidence.coverage import ran
from assay.risk.evidence.mutation.propose import Proposal

Fit = Callable[[str, Proposal], bool]
"""Whether a mutant of the file at this path is worth making."""


class Audience(Record, frozen=True, kw_only=True):
    """The tests that a mutant is tried by, in this order; `whole`: they are all that come by."""

    tests: tuple[str, ...] = ()
    whole: bool = True


class Drawn(Record, frozen=True, kw_only=True):
    """One mutant to be made: of a file, at a statement, tried by an audience."""

    path: str
    proposal: Proposal
    statement: Mark
    audience: Audience = Audience()

    @property
    def reached(self) -> bool:
        """Whether any test comes by."""
        return ran(self.statement)


def drawn(
    proposals: Mapping[str, Sequence[Proposal]],
    statements: Sequence[Mark],
    cases: Mapping[str, Case],
    fit: Fit,
    *,
    per_line: int,
    seconds: float,
) -> Iterator[Drawn]:
    """The mutants to make, in their order, as far as they are asked for. `proposals` are by path; `cases` are
    the tests that may be asked, by id; the tests of one mutant take no more than `seconds` in all."""
    groups = _grouped(proposals, statements)
    order = sorted(groups, key=lambda place: _lot(*map(str, place)))
    load = _load(statements)
    offers = {place: _fitting(place[0], groups[place], fit) for place in order}
    for _ in range(per_line):
        for place in order:
            if (offer := next(offers[place], None)) is not None:
                statement, proposal = offer
                audience = _audience(statement, statements, cases, load, seconds)
                yield Drawn(path=place[0], proposal=proposal, statement=statement, audience=audience)


def _fitting(path: str, group: Sequence[tuple[Mark, Proposal]], fit: Fit) -> Iterator[tuple[Mark, Proposal]]:
    return (offer for offer in group if fit(path, offer[1]))


def _grouped(
    proposals: Mapping[str, Sequence[Proposal]], statements: Sequence[Mark]
) -> dict[tuple[str, int, int], list[tuple[Mark, Proposal]]]:
    """By statement, what it may be changed to: what tells more first, and no operator twice before each had
    its turn."""
    groups: dict[tuple[str, int, int], list[tuple[Mark, Proposal]]] = defaultdict(list)
    for path, found in proposals.items():
        of_file = [mark for mark in statements if mark.path == path]
        for proposal in sorted(found, key=_preference):
            around = [mark for mark in of_file if mark.first <= proposal.line <= mark.last]
            if around:
                # Of several statements in one line the one that most tests come by: none is left out.
                mark = max(around, key=lambda each: (each.outside, len(each.tests)))
                groups[path, mark.first, mark.last].append((mark, proposal))
    return {place: list(_varied(group)) for place, group in groups.items()}


def _varied(group: Sequence[tuple[Mark, Proposal]]) -> Iterator[tuple[Mark, Proposal]]:
    seen: set[str] = set()
    for mark, proposal in group:
        if proposal.operator not in seen:
            seen.add(proposal.operator)
            yield mark, proposal


def _preference(proposal: Proposal) -> tuple[int, bytes]:
    return proposal.rank, _lot(str(proposal.line), proposal.operator, proposal.before, proposal.after)


def _lot(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).digest()


def _load(statements: Sequence[Mark]) -> dict[str, int]:
    """How many of the changed statements each test comes by."""
    load: dict[str, int] = defaultdict(int)
    for mark in statements:
        for test in mark.tests:
            load[test] += 1
    return load


def _audience(
    mark: Mark,
    statements: Sequence[Mark],
    cases: Mapping[str, Case],
    load: Mapping[str, int],
    seconds: float,
) -> Audience:
    """The tests that come by a statement, the most specific and quickest first. What ran when its module was
    imported concerns everybody, first those who come by something else of that file."""
    wanted = set(mark.tests)
    if mark.outside:
        near = {test for each in statements if each.path == mark.path for test in each.tests}
        wanted = set(cases)
    else:
        near = wanted
    there = [case for test in wanted if (case := cases.get(test)) is not None]
    there.sort(key=lambda case: (case.id not in near, load.get(case.id, 0), case.seconds, case.id))
    taken = list(accumulate(case.seconds for case in there))
    within = max(1, bisect_right(taken, seconds))
    return Audience(tests=tuple(case.id for case in there[:within]), whole=within >= len(there))
