"""Evidence of a run's candidates, and what comes of a policy that demands some.

Promises: within the run's budget; evidence of a candidate says why there is none of it, rather than be left
out; a verdict that the demand changes is in the ledger before it counts (invariant 9).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial

from assay.land.session import Session
from assay.model.candidate import Candidate
from assay.model.evidence import Evidence
from assay.model.verdict import Verdict
from assay.policy.pace import Pace
from assay.policy.stakes import EvidenceRules
from assay.risk.evidence.demand import demanded, with_demanded

_SPENT = "the budget of the run was spent before it was gathered"


async def gathered(
    opened: Session,
    candidates: Sequence[Candidate],
    rules: EvidenceRules,
    *,
    count: int,
    until: float = math.inf,
) -> dict[str, Evidence]:
    """Evidence by candidate id. `count` candidates are graded in all; none is begun after `until`, of the
    steady clock."""
    from assay.risk.evidence.gather import gather  # a hook never comes here

    request = opened.request
    bench = opened.bench if request.full else opened.bench.at(Pace.TOGETHER, count)
    found: dict[str, Evidence] = {}
    for candidate in candidates:
        if candidate.tree is not None:
            left = until - time.monotonic()
            one = partial(gather, bench, candidate, rules, seconds=left, jobs=request.jobs)
            # Wanted, and of a tree, it is None only where nothing was left to pay for it.
            found[candidate.id] = await opened.affordable(one) or Evidence(missing=_SPENT)
    return found


def judged(
    opened: Session, verdicts: Sequence[Verdict], evidence: Mapping[str, Evidence], rules: EvidenceRules
) -> tuple[Verdict, ...]:
    """The verdicts after what `rules` demand of the evidence, which is by candidate id. The ledger's last
    word on a candidate is the one that counts."""
    after = tuple(
        with_demanded(verdict, demanded(evidence.get(verdict.candidate), rules)) for verdict in verdicts
    )
    for old, new in zip(verdicts, after, strict=True):
        if new != old:
            opened.run.ledger.verdict(opened.run.id, new)
    return after
