"""The mutants of one candidate: what is planned from its sources, and how it is carried out.

Promises: `planned` reads git objects and is otherwise pure; it makes no more mutants than the rules allow,
and says how many there could have been. Where no test comes by nothing is run. Import of this module loads
libcst."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Mapping, Sequence

from msgspec import field

from assay.gates.testing.choice import Speed
from assay.gates.testing.suite import Case, Mark
from assay.grade.workbench import Workbench
from assay.model.candidate import Candidate, Record
from assay.model.evidence import Fate, Mutant
from assay.policy.schema import EvidenceRules
from assay.repo.repository import Repository
from assay.risk.evidence.changed import Changed
from assay.risk.evidence.mutation import runs
from assay.risk.evidence.mutation.draw import Drawn, drawn
from assay.risk.evidence.mutation.propose import Proposal, Unreadable, propose


class Text(Record, frozen=True, kw_only=True):
    """A source, and how its bytes are read."""

    source: str
    encoding: str


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
            texts[path] = read(repo.blob(blob))
            proposals[path] = propose(texts[path].source, lines)
        except (Unreadable, SyntaxError, UnicodeDecodeError, LookupError):
            missing.append(f"{path} cannot be taken apart, so that it has no mutants")
    every = drawn(proposals, statements, asked, per_line=rules.per_line)
    reached = [each for each in every if each.reached]
    return Plan(
        drawn=tuple(reached[: rules.mutants]),
        unreached=tuple(runs.mutant_of(each, Fate.UNREACHED) for each in every if not each.reached)[
            : rules.mutants
        ],
        unmade=max(0, len(reached) - rules.mutants),
        missing="; ".join(missing[:1]),
        texts=texts,
    )


async def tried(
    bench: Workbench,
    candidate: Candidate,
    plan: Plan,
    *,
    speed: Speed,
    seconds: float,
    jobs: int,
    told: Callable[[int], None],
) -> runs.Made:
    """The fates of what is planned."""

    def encoded(each: Drawn) -> bytes:
        text = plan.texts[each.path]
        return each.proposal.of(text.source).encode(text.encoding)

    trials = runs.Trials(bench, candidate, speed)
    return await trials.run(plan.drawn, encoded, seconds=seconds, jobs=jobs, told=told)


def read(data: bytes) -> Text:
    """A source as Python reads it, its line ends as they are. Raises SyntaxError, LookupError or
    UnicodeDecodeError for what is none."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return Text(source=data.decode(encoding), encoding=encoding)
