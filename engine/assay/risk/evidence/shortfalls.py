"""What evidence lacks of what a policy demands.

Promises: pure. Where the policy demands nothing, nothing is lacking; where it demands and there is no
evidence, that is a shortfall of its own: silence is no evidence (invariant 5). A diff without a line that can
run has none to show, and lacks none."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.evidence import Evidence, Fate
from assay.policy.stakes import EvidenceRules
from assay.risk.evidence.bound import false_green


def shortfalls(evidence: Evidence | None, rules: EvidenceRules) -> tuple[str, ...]:
    """Sentences, one for each demand that is not met."""
    if not demands(rules):
        return ()
    if evidence is None:
        return ("the policy demands evidence, and none was gathered",)
    if not (evidence.executed or evidence.missed):
        return (evidence.missing,) if evidence.missing else ()
    return tuple(_shortfalls(evidence, rules))


def demands(rules: EvidenceRules) -> bool:
    """Whether a policy demands anything of the evidence."""
    bounds = (rules.max_missed, rules.max_branches, rules.max_survivors)
    return any(bound is not None for bound in bounds) or rules.min_killed > 0 or rules.max_false_green < 1


def _shortfalls(evidence: Evidence, rules: EvidenceRules) -> Iterator[str]:
    if rules.max_missed is not None and evidence.unseen:
        yield f"whether tests run the changed lines of {evidence.unseen[0]} cannot be seen"
    survivors = evidence.fates(Fate.SURVIVED)
    for found, most, words in (
        (evidence.missed, rules.max_missed, "changed lines are run by no test"),
        (len(evidence.branches), rules.max_branches, "ways out of changed lines are taken by no test"),
        (len(survivors), rules.max_survivors, "mutants of changed lines are noticed by no test"),
    ):
        if most is not None and found > most:
            yield f"{found} {words}; the policy allows {most}"
    killed = len(evidence.fates(Fate.KILLED))
    decided = killed + len(survivors)
    if rules.min_killed and decided and killed < rules.min_killed * decided:
        yield f"tests notice {killed} of {decided} mutants; the policy demands {rules.min_killed:.0%}"
    if rules.min_killed and not decided and evidence.executed and evidence.unmade:
        yield f"no mutant was decided; the policy demands that tests notice {rules.min_killed:.0%}"
    bound = false_green(evidence)
    if bound is not None and bound > rules.max_false_green:
        allowed = f"the policy allows {rules.max_false_green:g}"
        yield f"green may be false with a chance of up to {bound:.2f}; {allowed}"
