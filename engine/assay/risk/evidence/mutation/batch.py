"""The mutants of one candidate: what is planned from its sources, and how it is carried out.

Promises: `planned` reads git objects and is otherwise pure; it makes no more mutants than the rules allow,
and says how many there could have been. Where no test comes by nothing is run. Import of this module loads
libcst."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import field

from assay.gates.testing.choice import Speed
from assay.gates.testing.suite import Case, Mark
from assay.grade.workbench import Workbench
from assay.model.candidate import Candidate, Record
from assay.model.evidence import Fate, Mutant
from assay.policy.stakes import EvidenceRules
from assay.repo.repository import Repository
from assay.risk.evidence.changed import Changed
from assay.risk.evidence.mutation import runs
from assay.risk.evidence.mutation.draw import Drawn, drawn
from assay.risk.evidence.mutation.propose import Judge, Proposal, Unreadable, propose
from assay.risk.evidence.mutation.text import Text, read

MOST_BYTES = 1 << 20
"""A larger source has no mutants: to take it apart costs more than it tells."""
_SHARE = 0.25
"""Of the budget of time, what the tests of one mutant may take."""


class Plan(Record, frozen=True, kw_only=True):
    """Mutants to run, those that no test comes by, and how many are left out for their number. `missing` says
    which file could not be taken apart."""

    drawn: tuple[Drawn, ...] = ()
    unreached: tuple[Mutant, ...] = ()
    unmade: int = 0
    missing: str = ""
    texts: dict[str, Text] = field(default_factory=dict)


def planned(
    repo: Repository,
    files: Changed,
    statements: Sequence[Mark],
    asked: Mapping[str, Case],
    rules: EvidenceRules,
) -> Plan:
    """The mutants of changed lines; `asked` are the tests that may speak against them."""
    texts: dict[str, Text] = {}
    proposals: dict[str, Sequence[Proposal]] = {}
    missing = []
    for path, (blob, lines) in files.files.items():
        try:
            if len(data := repo.blob(blob)) > MOST_BYTES:
                missing.append(f"{path} is too large to have mutants")
                continue
            texts[path] = read(data)
            proposals[path] = propose(texts[path].source, lines)
        except (Unreadable, SyntaxError, UnicodeDecodeError, LookupError):
            missing.append(f"{path} cannot be taken apart, so that it has no mutants")
    judges = {path: Judge(text.source) for path, text in texts.items()}
    reached: list[Drawn] = []
    unreached: list[Drawn] = []

    def full() -> bool:
        return len(reached) >= rules.mutants

    def fit(path: str, proposal: Proposal) -> bool:
        # What will not be made is only counted.
        return full() or judges[path].tells(proposal)

    unmade = 0
    limit = rules.seconds * _SHARE
    for each in drawn(proposals, statements, asked, fit, per_line=rules.per_line, seconds=limit):
        if not each.reached:
            unreached.append(each)
        elif full():
            unmade += 1
        else:
            reached.append(each)
    return Plan(
        drawn=tuple(reached),
        unreached=tuple(runs.mutant_of(each, Fate.UNREACHED) for each in unreached[: rules.mutants]),
        unmade=unmade,
        missing="; ".join(missing[:1]),
        texts=texts,
    )


async def tried(
    bench: Workbench,
    candidate: Candidate,
    plan: Plan,
    *,
    speed: Speed,
    until: float,
    jobs: int,
    told: Callable[[int], None],
) -> runs.Made:
    """The fates of what is planned; see `Trials.run`."""

    trials = runs.Trials(bench, candidate, plan.texts, speed)
    return await trials.run(plan.drawn, until=until, jobs=jobs, told=told)
