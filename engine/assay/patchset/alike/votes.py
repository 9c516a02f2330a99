"""Who competes with whom for a task, and what the votes of a cluster are worth.

Promises: pure. Votes decide between attempts at one task, and never how many candidates land.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from assay.gates.examining import TASKS
from assay.model.candidate import Candidate
from assay.model.report import Cluster
from assay.patchset.select import Worth


def tasks(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """The attempts at each task that has several. What is for several tasks at once is no attempt at one."""
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.instance and TASKS not in candidate.instance and candidate.tree is not None:
            found.setdefault(candidate.instance, []).append(candidate)
    return {task: attempts for task, attempts in found.items() if len(attempts) > 1}


def with_votes(worths: Mapping[str, Worth], found: Mapping[str, Cluster]) -> dict[str, Worth]:
    """The same with the votes of clusters on top: less than one candidate's value in all, so that the most
    still land, and among attempts at one task one of the largest cluster before risk is looked at."""
    most = min((worth.value for worth in worths.values()), default=1.0)
    unit = most / (2 * len(worths) + 2)
    return {
        identity: replace(
            worth,
            value=worth.value + unit * found[identity].size / found[identity].attempts,
            because=f"behaves like {found[identity].size} of {found[identity].attempts} attempts",
        )
        if identity in found
        else worth
        for identity, worth in worths.items()
    }
