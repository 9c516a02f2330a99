"""The decision: which action has the lowest expected loss, and what would change it.

Promises: pure; every action's cost is shown, not only the cheapest's. Costs are the policy's, in its unit.

With p the probability of a defect, D what one costs where this change is, c the share of defects that a
review finds, R what this review costs, V what doing without the change costs, and E what more evidence costs:

    land            p D
    review          R + (1 - c) p D
    reject          V
    more evidence   E + the expected cost of the best action once the evidence is there

The last is Raiffa and Schlaifer's preposterior analysis (Applied Statistical Decision Theory, 1961): each
level of evidence comes with its predictive probability and leads to a posterior of its own. Evidence that
could not change the action is never worth its cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.candidate import Record
from assay.model.risk import Action, Advice, Option, Place
from assay.policy.stakes import Costs, Hold
from assay.risk.likelihood import SHARES, Level, update

_ORDER = (Action.LAND, Action.MORE, Action.REVIEW, Action.REJECT)
"""Of equal costs, the one that asks less of people."""


class Stake(Record, frozen=True, kw_only=True):
    """What a change can cost: `defect` in the policy's unit, with `why` where it is more than elsewhere, and
    its size in changed lines, which is what a review has to read."""

    defect: float
    lines: int
    why: str = ""


class Other(Record, frozen=True, kw_only=True):
    """A change that might have been: in words, and the probability that it would have had."""

    words: str
    probability: float


def advise(
    probability: float,
    stake: Stake,
    costs: Costs,
    wanted: Sequence[str] = (),
    others: Sequence[Other] = (),
    places: Sequence[Place] = (),
    top: tuple[float | None, float] | None = None,
) -> Advice:
    """What to do with a change that has passed its gates.

    `wanted` names the evidence that could still be collected, and is empty where it was. `top` is the
    change's place in its repository's own history and the place from which a person reads (both 0..1): at
    or above it nothing lands unread, whatever it costs, and neither does what has no known place.
    """
    options = [_land(probability, stake), _review(probability, stake, costs), _reject(costs)]
    if wanted:
        options.append(_more(probability, stake, costs))
    options.sort(key=lambda option: (round(option.cost, 9), _ORDER.index(option.action)))
    action, why = _choose(options, costs, stake, top)
    line = threshold(stake, costs)
    return Advice(
        action=action,
        why=why,
        options=tuple(options),
        evidence=tuple(wanted) if action is Action.MORE else (),
        places=tuple(places),
        unless=_unless(probability, line, others) if action is not Action.LAND else (),
    )


def threshold(stake: Stake, costs: Costs) -> float:
    """The probability above which a review, or doing without, costs less than landing unread; at most 1."""
    lines = [costs.reject / stake.defect]
    if costs.catches:
        lines.append(_reading(stake, costs) / (costs.catches * stake.defect))
    return min(1.0, *lines)


def actions_held(hold: Hold) -> frozenset[Action]:
    """The actions that keep a change from landing by itself: what the policy names, and what is stronger."""
    held = (Action.MORE, Action.REVIEW, Action.REJECT)
    names = [action.value for action in held]
    return frozenset(held[names.index(hold.value) :]) if hold is not Hold.NEVER else frozenset()


def _land(probability: float, stake: Stake) -> Option:
    cost = probability * stake.defect
    where = f", {stake.why}" if stake.why else ""
    return Option(action=Action.LAND, cost=cost, words=f"{probability:.1%} of {stake.defect:g}{where}")


def _review(probability: float, stake: Stake, costs: Costs) -> Option:
    reading = _reading(stake, costs)
    cost = reading + (1 - costs.catches) * probability * stake.defect
    return Option(
        action=Action.REVIEW,
        cost=cost,
        words=f"{reading:g} to read it, and what reading misses ({1 - costs.catches:.0%} of defects)",
    )


def _reject(costs: Costs) -> Option:
    return Option(action=Action.REJECT, cost=costs.reject, words="doing without the change")


def _more(probability: float, stake: Stake, costs: Costs) -> Option:
    expected = costs.evidence
    for level in Level:
        shares = SHARES[level]
        chance = probability * shares.buggy + (1 - probability) * shares.clean
        after = update(probability, shares)
        then = (_land(after, stake), _review(after, stake, costs), _reject(costs))
        expected += chance * min(option.cost for option in then)
    words = f"{costs.evidence:g} to collect it, and the best action for each answer"
    return Option(action=Action.MORE, cost=expected, words=words)


def _reading(stake: Stake, costs: Costs) -> float:
    return round(costs.review + costs.review_line * stake.lines, 6)


def _choose(
    options: Sequence[Option], costs: Costs, stake: Stake, top: tuple[float | None, float] | None
) -> tuple[Action, str]:
    best = options[0]
    unread = top is not None and best.action in (Action.LAND, Action.MORE)
    if top is not None and unread and top[0] is None:
        return Action.REVIEW, (
            "its place among this repository's past changes is not known, and the policy goes by it"
        )
    if top is not None and unread and top[0] is not None and top[0] >= top[1]:
        why = (
            f"riskier than {top[0]:.0%} of this repository's past changes; "
            f"from {top[1]:.0%} on a person reads"
        )
        return Action.REVIEW, why
    line = threshold(stake, costs)
    land = next(option for option in options if option.action is Action.LAND)
    if best.action is Action.LAND:
        under = (
            f"under the line at {line:.1%}" if line < 1 else "less than reading it costs, whatever its risk"
        )
        return best.action, f"expected loss {land.cost:.1f} {costs.unit}, {under}"
    return best.action, (
        f"{best.cost:.1f} {costs.unit} expected, against {land.cost:.1f} for landing it; "
        f"the line is at {line:.1%}"
    )


def _unless(probability: float, line: float, others: Sequence[Other]) -> tuple[str, ...]:
    """Those of `others` that are less risky, lowest first, and whether they come under the line."""
    better = sorted(
        (o for o in others if o.probability < probability), key=lambda o: (o.probability, o.words)
    )
    return tuple(
        f"{other.words}: {other.probability:.1%}, "
        f"{'under' if other.probability <= line else 'still over'} the line of {line:.1%}"
        for other in better
    )
