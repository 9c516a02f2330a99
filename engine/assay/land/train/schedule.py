"""What a landing train does next, as pure logic: the queue and what is known of it in, one step out.

Promises: deterministic; nothing is run, read or written here. For whatever answers a verification gives:

- nobody is published but on an answer `PASSED` for the very combination: for every prefix of it with
  `every_commit`, for the whole of it without;
- nobody is evicted but for an answer on the branch's own tip with this car alone ahead of it, so never on
  account of somebody who has not landed; who is not sure to be bad is put off, not evicted;
- the order of the queue is kept, but for those who are evicted or put off, and for who is known not to go
  with some who are ahead: that one is asked again once those have landed;
- no combination is asked for that holds two who are known not to go together;
- each step either asks for an unknown answer, or makes the queue shorter, or waits since it is empty.

With `every_commit`, combinations are verified ahead along the paths that the answers still missing may open,
the likeliest first: the chance of a path is the product of its members' chances to pass, and of the others'
not to (speculation as in Uber's SubmitQueue, Ananthanarayanan et al., EuroSys 2019). Without, as many as may
well pass together are one batch. Of one that fails the prefixes are asked that split the chances of who is to
blame evenly, several at a time, and one after the other from four on; whoever is left over is not asked.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from assay.model.candidate import Record

_ONE_BY_ONE = 4
"""So few suspects are tried in turn, since splitting them no longer pays (BatchStop4: Beheshtian et al.,
TSE 2022)."""
_HOPEFUL, _EVEN = 0.25, 0.5
"""The chance with which a batch is asked for whole, and that with which nothing is asked beside it."""

Combination = tuple[str, ...]
"""Keys of cars, in the order of the queue, on the tip of the branch."""


class Outcome(StrEnum):
    """What is known of a combination."""

    PASSED = "passed"
    FAILED = "failed"
    """Its last member cannot be with the others: by the gates, by a merge, or because it adds nothing."""
    UNSURE = "unsure"
    """This machine could not tell."""


class Answer(Record, frozen=True, kw_only=True):
    """What became of the verification of a combination, and why. `lasting`: a failure that is one on every
    tip that passes itself."""

    outcome: Outcome
    why: str = ""
    lasting: bool = False


class Answers(Protocol):
    """What is known of combinations; a mapping will do."""

    def get(self, members: Combination, /) -> Answer | None:
        """The answer on a combination; None as long as there is none."""
        ...


class Car(Record, frozen=True, kw_only=True):
    """One that wants to land, its chance (0 to 1, both excluded) to pass when its turn comes, and whom it is
    known not to go with (who says the same of it)."""

    key: str
    chance: float = 0.9
    apart: frozenset[str] = frozenset()


class Verify(Record, frozen=True, kw_only=True):
    """Find out about these combinations, the likeliest to be needed first."""

    combinations: tuple[Combination, ...]


class Publish(Record, frozen=True, kw_only=True):
    """Land these, one commit after the other."""

    members: Combination


class Evict(Record, frozen=True, kw_only=True):
    """Take this one out of the queue for good."""

    key: str
    why: str


class PutOff(Record, frozen=True, kw_only=True):
    """Pass this one over as long as the branch is where it is."""

    key: str
    why: str


class Wait(Record, frozen=True, kw_only=True):
    """There is nothing to do."""


Step = Verify | Publish | Evict | PutOff | Wait


def next_step(queue: Sequence[Car], answers: Answers, *, slots: int, every_commit: bool) -> Step:
    """What comes next for this queue on this tip. At most `slots` combinations are asked for at a time."""
    if not queue:
        return Wait()
    if every_commit:
        return _one_by_one(queue, answers, slots)
    return _as_a_batch(queue, answers, slots)


def _one_by_one(queue: Sequence[Car], answers: Answers, slots: int) -> Step:
    good: Combination = ()
    for car in queue:
        if not car.apart.isdisjoint(good):
            continue
        answer = answers.get((*good, car.key))
        if answer is None or answer.outcome is not Outcome.PASSED:
            break
        good = (*good, car.key)
    if good:
        # What fails after them is looked at again once they have landed: they may yet be overtaken.
        return Publish(members=good)
    first = answers.get((queue[0].key,))
    if first is not None:
        return _refused(queue[0].key, first)
    return Verify(combinations=likeliest(queue, answers, slots))


def likeliest(queue: Sequence[Car], answers: Answers, slots: int) -> tuple[Combination, ...]:
    """The `slots` unknown combinations that are the likeliest to be needed, best first."""
    # Entries: minus the chance that this place is reached, how far in the queue it is, who is in by then.
    heap: list[tuple[float, int, Combination]] = [(-1.0, 0, ())]
    wanted: list[Combination] = []
    while heap and len(wanted) < slots:
        chance, place, members = heapq.heappop(heap)
        if place == len(queue):
            continue
        car = queue[place]
        if not car.apart.isdisjoint(members):
            heapq.heappush(heap, (chance, place + 1, members))
            continue
        joined = (*members, car.key)
        answer = answers.get(joined)
        if answer is None:
            wanted.append(joined)
        passes = car.chance if answer is None else float(answer.outcome is Outcome.PASSED)
        if passes > 0:
            heapq.heappush(heap, (chance * passes, place + 1, joined))
        if passes < 1:
            heapq.heappush(heap, (chance * (1 - passes), place + 1, members))
    return tuple(wanted)


def _as_a_batch(queue: Sequence[Car], answers: Answers, slots: int) -> Step:
    batch = _compatible(queue)
    keys = tuple(car.key for car in batch)
    known = {n: found for n in range(1, len(keys) + 1) if (found := answers.get(keys[:n])) is not None}
    passing = max((n for n, found in known.items() if found.outcome is Outcome.PASSED), default=0)
    failing = min((n for n in known if n > passing), default=None)
    if passing == len(keys):
        return Publish(members=keys)
    if failing is not None and failing - passing == 1:
        return Publish(members=keys[:passing]) if passing else _refused(keys[0], known[1])
    chances = [car.chance for car in batch]
    ends = cuts(chances, passing, failing, slots)
    return Verify(combinations=tuple(keys[:end] for end in ends))


def _compatible(queue: Sequence[Car]) -> list[Car]:
    """Those who go with all who are ahead of them."""
    found: list[Car] = []
    keys: set[str] = set()
    for car in queue:
        if car.apart.isdisjoint(keys):
            found.append(car)
            keys.add(car.key)
    return found


def cuts(chances: Sequence[float], passing: int, failing: int | None, slots: int) -> tuple[int, ...]:
    """The lengths of the prefixes to ask for, at most `slots`, ascending. The first `passing` are known to
    pass; the first `failing` (more than one longer) not to, None where nothing is known to fail."""
    if failing is not None and failing - passing <= _ONE_BY_ONE:
        return tuple(range(passing + 1, failing))[:slots]
    first_bad, survive = [], 1.0
    for chance in chances[passing:failing]:
        first_bad.append(survive * (1 - chance))
        survive *= chance
    if failing is not None:
        ends = _quantiles(first_bad[:-1], sum(first_bad), passing, slots)
    elif survive >= _HOPEFUL:
        more = _quantiles(first_bad[:-1], 1.0 - survive, passing, slots - 1) if survive < _EVEN else ()
        ends = (*more, len(chances))
    else:
        ends = _quantiles(first_bad[:-1], 1.0, passing, slots)
    return tuple(dict.fromkeys(ends))


def _quantiles(first_bad: Sequence[float], total: float, passing: int, count: int) -> tuple[int, ...]:
    """Prefix lengths that split the chances of being the first to fail into `count` + 1 parts, as equal as
    can be."""
    ends = []
    for part in range(1, count + 1):
        wanted, sum_, best, distance = total * part / (count + 1), 0.0, 0, total
        for index, chance in enumerate(first_bad):
            sum_ += chance
            if abs(sum_ - wanted) < distance:
                best, distance = index, abs(sum_ - wanted)
        ends.append(passing + best + 1)
    return tuple(ends)


def _refused(key: str, answer: Answer) -> Step:
    if answer.outcome is Outcome.UNSURE:
        return PutOff(key=key, why=answer.why)
    return Evict(key=key, why=answer.why)
