"""Where a run's time went, folded from its events, its tool calls and its verdicts.

Promises: `profile` is pure; a tally grows with the candidates under way, not with calls or events. What was
saved is counted once: an answer that was shared is not counted as cached as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from assay.model.candidate import Candidate
from assay.model.event import Decided, Event, GateEnded, GateStarted
from assay.model.outcome import GateResult, ResourceUse, Skip
from assay.model.profile import BruteForce, ColdStarts, LeftOut, Profile, Share
from assay.model.tool import ToolCall
from assay.model.verdict import Verdict
from assay.sandbox.backend import Standing
from assay.sandbox.jail import Warming

TESTS = "tests"
BASE = "the base's tests"
PREPARING = "preparing"
WAITING = "waiting for slots"
ENGINE = "the engine"
WARM = "warm interpreters"

_NOT_RUN = (Skip.NOT_REACHED, Skip.CANCELLED)


class Tally:
    """What a run did so far. Times are any steady clock's seconds."""

    def __init__(self) -> None:
        self.calls: dict[str, Share] = {}
        self.warm = 0
        self.waiting = Share(what=WAITING, seconds=0.0, cpu_seconds=0.0, count=0)
        self._since: dict[str, float] = {}

    def take(self, event: Event, now: float) -> None:
        """Fold in an event: a candidate waits from the end of one gate to the start of the next."""
        if isinstance(event, GateStarted):
            since = self._since.pop(event.candidate, None)
            if since is not None:
                self.waiting = _more(self.waiting, now - since, 0.0)
        elif isinstance(event, GateEnded):
            self._since[event.candidate] = now
        elif isinstance(event, Decided):
            self._since.pop(event.verdict.candidate, None)

    def ran(self, call: ToolCall, candidate: str, gate: str) -> None:
        """Fold in a finished call, and on whose behalf it was made (see `attribution`)."""
        seconds = call.use.seconds
        if call.label == "prepare":
            what = PREPARING
        elif gate == TESTS and not candidate and _of_the_press(call):
            # It is there until the run is over, and mostly waits to be asked.
            what, seconds = call.label, call.use.cpu_seconds
        elif gate == TESTS and not candidate:
            what = BASE
        else:
            what = gate or call.label
        share = self.calls.get(what, Share(what=what, seconds=0.0, cpu_seconds=0.0, count=0))
        self.calls[what] = _more(share, seconds, call.use.cpu_seconds)
        self.warm += call.warm


def profile(
    tally: Tally,
    candidates: Sequence[Candidate],
    verdicts: Sequence[Verdict],
    *,
    seconds: float,
    engine_cpu: float,
    warming: Warming | None = None,
) -> Profile:
    """The profile of a run that took `seconds`, in which the engine itself used `engine_cpu`. `warming`: what
    came of starting programs warm."""
    warming = warming or Warming()
    standing = warming.standing
    verdicts = [verdict for verdict in verdicts if verdict.gates]
    costs = _Costs(verdicts)
    return Profile(
        seconds=round(seconds, 4),
        cpu_seconds=round(
            engine_cpu + standing.cpu_seconds + sum(share.cpu_seconds for share in tally.calls.values()), 4
        ),
        candidates=len(candidates),
        per_minute=round(60 * len(candidates) / seconds, 1) if seconds else 0.0,
        spent=tuple(_shown(_spent(tally, verdicts, standing, engine_cpu))),
        saved=tuple(_shown(_saved(tally, candidates, verdicts, costs))),
        brute_force=_brute_force(candidates, costs),
        cold_starts=tuple(ColdStarts(why=why, count=count) for why, count in warming.cold),
        left_out=tuple(LeftOut(module=module, why=why) for module, why in warming.left_out),
    )


class _Costs:
    """What each gate costs: its mean over the candidates for which it was run, now or when it was cached."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        uses: dict[str, list[ResourceUse]] = defaultdict(list)
        self.suite: ResourceUse | None = None
        self.start: ResourceUse | None = None
        warm_starts = []
        for result in (result for verdict in verdicts for result in verdict.gates):
            if result.skip not in _NOT_RUN and result.equivalent_to is None:
                uses[result.gate].append(result.use)
            base = result.detail.get("base_cost") if result.gate == TESTS else None
            if base is not None:
                self.suite, cold = _use(base), _beyond(base)
                run = result.detail.get("run_cost")
                if run is not None and result.detail.get("quick"):
                    warm_starts.append((cold, _beyond(run)))
        self.mean = {gate: _mean(each) for gate, each in uses.items()}
        if warm_starts:
            self.start = ResourceUse(
                seconds=max(0.0, _average(cold.seconds - warm.seconds for cold, warm in warm_starts)),
                cpu_seconds=max(
                    0.0, _average(cold.cpu_seconds - warm.cpu_seconds for cold, warm in warm_starts)
                ),
            )

    def of(self, gate: str) -> ResourceUse:
        """What running this gate for a candidate takes without any saving."""
        if gate == TESTS and self.suite is not None:
            return self.suite
        return self.mean.get(gate, ResourceUse())


def _of_the_press(call: ToolCall) -> bool:
    from assay.gates.testing.pressing import LABEL  # there already where tests ran, and not wanted elsewhere

    return call.label == LABEL


def _spent(
    tally: Tally, verdicts: Sequence[Verdict], standing: Standing, engine_cpu: float
) -> Iterator[Share]:
    ran: dict[str, Share] = {}
    for result in _results(verdicts):
        if not result.cached and result.skip not in _NOT_RUN and result.equivalent_to is None:
            share = ran.get(result.gate, Share(what=result.gate, seconds=0.0, cpu_seconds=0.0, count=0))
            ran[result.gate] = _more(share, result.use.seconds, 0.0)
    for what in (PREPARING, BASE):
        if what in tally.calls:
            yield tally.calls[what]
    for gate, share in ran.items():
        called = tally.calls.get(gate)
        yield structs.replace(share, cpu_seconds=called.cpu_seconds if called else 0.0)
    for what, share in tally.calls.items():
        if what not in ran and what not in (PREPARING, BASE):
            yield share
    yield Share(what=WARM, seconds=standing.seconds, cpu_seconds=standing.cpu_seconds, count=standing.count)
    yield tally.waiting
    yield Share(what=ENGINE, seconds=0.0, cpu_seconds=engine_cpu, count=1)


def _saved(
    tally: Tally, candidates: Sequence[Candidate], verdicts: Sequence[Verdict], costs: _Costs
) -> Iterator[Share]:
    by_candidate = {verdict.candidate: verdict for verdict in verdicts}
    twins = {c.id: c.equivalent_to for c in candidates if c.equivalent_to is not None}
    own = [verdict for verdict in verdicts if verdict.candidate not in twins]
    yield _sum("cache", (r.use for r in _results(own) if r.cached and r.equivalent_to is None))
    whole = (
        _total(r.use for r in by_candidate[twin].gates if r.equivalent_to is None)
        for twin in twins.values()
        if twin in by_candidate
    )
    parts = (costs.mean.get(r.gate, ResourceUse()) for r in _results(own) if r.equivalent_to is not None)
    yield _sum("equivalence", [*whole, *parts])
    yield _sum("selection", (use for r in _results(own) if (use := _left_out(r)) is not None))
    start = costs.start or ResourceUse()
    yield _sum("warmth", (start for _ in range(tally.warm)))
    yield _sum("early stop", (costs.of(r.gate) for r in _results(own) if r.skip in _NOT_RUN))


def _left_out(result: GateResult) -> ResourceUse | None:
    """What the tests that were left out would have taken, by their share of all: None if all ran."""
    chosen, base = result.detail.get("selected"), result.detail.get("base_cost")
    if result.equivalent_to is not None or result.cached or not chosen or not base:
        return None
    ran, of = chosen.get("ran", 0), chosen.get("of", 0)
    if ran >= of:
        return None
    share, beyond = 1 - ran / of, _beyond(base)
    return ResourceUse(
        seconds=share * (base["seconds"] - beyond.seconds),
        cpu_seconds=share * (base["cpu_seconds"] - beyond.cpu_seconds),
    )


def _brute_force(candidates: Sequence[Candidate], costs: _Costs) -> BruteForce | None:
    if costs.suite is None:
        return None
    number = sum(candidate.tree is not None for candidate in candidates)
    others = _total(use for gate, use in costs.mean.items() if gate != TESTS)
    return BruteForce(
        seconds=round(number * (costs.suite.seconds + others.seconds), 4),
        cpu_seconds=round(number * (costs.suite.cpu_seconds + others.cpu_seconds), 4),
        how=f"{number} candidates that apply, each by one cold run of the base's suite "
        f"({costs.suite.seconds:.2f} s) and every other gate at its mean ({others.seconds:.2f} s)",
    )


def _results(verdicts: Iterable[Verdict]) -> Iterator[GateResult]:
    return (result for verdict in verdicts for result in verdict.gates)


def _use(cost: Mapping[str, Any]) -> ResourceUse:
    return ResourceUse(seconds=cost["seconds"], cpu_seconds=cost["cpu_seconds"])


def _beyond(cost: Mapping[str, Any]) -> ResourceUse:
    """What a run takes beyond the bodies of its tests. Of these wall time is known, which on a busy machine
    is mostly waiting: CPU is divided as wall time is."""
    seconds = max(0.0, cost["seconds"] - cost["bodies"])
    share = seconds / cost["seconds"] if cost["seconds"] else 0.0
    return ResourceUse(seconds=seconds, cpu_seconds=share * cost["cpu_seconds"])


def _more(share: Share, seconds: float, cpu_seconds: float) -> Share:
    return structs.replace(
        share,
        seconds=share.seconds + seconds,
        cpu_seconds=share.cpu_seconds + cpu_seconds,
        count=share.count + 1,
    )


def _sum(what: str, uses: Iterable[ResourceUse]) -> Share:
    share = Share(what=what, seconds=0.0, cpu_seconds=0.0, count=0)
    for use in uses:
        share = _more(share, use.seconds, use.cpu_seconds)
    return share


def _total(uses: Iterable[ResourceUse]) -> ResourceUse:
    listed = list(uses)
    return ResourceUse(
        seconds=sum(use.seconds for use in listed), cpu_seconds=sum(use.cpu_seconds for use in listed)
    )


def _mean(uses: Sequence[ResourceUse]) -> ResourceUse:
    whole = _total(uses)
    return ResourceUse(seconds=whole.seconds / len(uses), cpu_seconds=whole.cpu_seconds / len(uses))


def _shown(shares: Iterable[Share]) -> Iterator[Share]:
    """What there is something to say of, rounded."""
    for share in shares:
        if share.count:
            yield structs.replace(
                share, seconds=round(share.seconds, 4), cpu_seconds=round(share.cpu_seconds, 4)
            )


def _average(numbers: Iterable[float]) -> float:
    """The library's own imports for longer than a profile takes."""
    listed = list(numbers)
    return sum(listed) / len(listed)
