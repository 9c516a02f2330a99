"""The report: the one document behind every rendering, and the JSON contract (DESIGN.md section 7).

Promises: fields are added within a schema version, never renamed or removed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from assay.model.candidate import Base, Record
from assay.model.delta import Delta
from assay.model.excerpt import Excerpt
from assay.model.outcome import Finding
from assay.model.profile import Profile
from assay.model.risk import Risk
from assay.model.tool import Isolation
from assay.model.verdict import Decision, Repeats

SCHEMA_VERSION = 1


class EqualUpTo(StrEnum):
    """In what a candidate may differ from the one that stands for it."""

    TREE = "tree"
    """In nothing: the trees are equal."""
    FORMATTING = "formatting"


class Alike(StrEnum):
    """In what the members of a cluster are the same, strongest first."""

    TREE = "tree"
    FORMATTING = "formatting"
    ORDER = "order"
    """They differ in comments, formatting and the order of definitions, where order cannot matter."""
    PROBES = "probes"
    """The tests say the same of them, and so do calls of what they change."""
    TESTS = "tests"

    @property
    def words(self) -> str:
        """The same as a clause."""
        return _ALIKE[self]


_ALIKE = {
    Alike.TREE: "they have the same tree",
    Alike.FORMATTING: "they differ in comments and formatting only",
    Alike.ORDER: "they differ in comments, formatting and orders that cannot matter only",
    Alike.PROBES: "tests and probes answer the same of them",
    Alike.TESTS: "tests answer the same of them",
}


class Cluster(Record, frozen=True, kw_only=True):
    """Attempts at one task that behave alike: `size` of `attempts`. `representative` is the one to choose
    among them; `why` says in what they are the same, and why it is that one."""

    size: int
    attempts: int
    members: tuple[str, ...]
    how: Alike
    representative: str
    why: str


class GateReport(Record, frozen=True, kw_only=True):
    """One gate of one candidate, as reported."""

    gate: str
    outcome: str
    reason: str
    seconds: float
    cpu_seconds: float
    cached: bool
    resource: str | None
    skip: str | None
    findings: tuple[Finding, ...]
    evidence: dict[str, int]
    detail: dict[str, Any]
    equivalent_to: str | None = None
    """The candidate, of this run or an earlier one, that was run in this one's place."""


class CandidateReport(Record, frozen=True, kw_only=True):
    """One candidate, as reported."""

    id: str
    name: str
    source: str
    tree: str | None
    ref: str | None
    verdict: Decision
    reason: str
    rejected_by: str | None
    equivalent_to: str | None
    cached: bool
    seconds: float
    cpu_seconds: float
    gates: tuple[GateReport, ...]
    risk: Risk | None
    needs_review: bool = False
    """Accepted, and a person is asked to look at findings whose severity is `review`."""
    repeats: Repeats | None = None
    equal_up_to: EqualUpTo | None = None
    """In what it may differ from `equivalent_to`; None where there is none."""
    votes: int = 1
    """How many candidates came to this, itself included; 0 where another stands for it."""
    cluster: Cluster | None = None
    """The attempts at its task that behave like it; None where it is the only attempt."""


class ConflictKind(StrEnum):
    """Why two candidates cannot land together."""

    TEXTUAL = "textual"
    STRUCTURAL = "structural"
    SEMANTIC = "semantic"
    BEHAVIOURAL = "behavioural"


class Confidence(StrEnum):
    """How sure a conflict is."""

    PROVEN = "proven"
    """The two do not land together."""
    SUSPECTED = "suspected"
    """Only a run can tell: the two may land together, and whether they can is asked early."""


class Witness(Record, frozen=True, kw_only=True):
    """What one side of a conflict does, and where: `line` counts from 1 in that side's own file, and is 0
    where no line is meant or, for something that it takes away, in the base's file."""

    path: str
    line: int
    does: str


class Conflict(Record, frozen=True, kw_only=True):
    """An incompatibility of two candidates, with its witness. `where` is `path`, `path:line` or
    `path:symbol`."""

    a: str
    b: str
    kind: ConflictKind
    where: str
    why: str
    confidence: Confidence = Confidence.PROVEN
    symbols: tuple[str, ...] = ()
    """What the two disagree about, as `module:name`, the one of `where` first; empty if no name is at
    issue."""
    witness: tuple[Witness, ...] = ()
    """What `a` does, then what `b` does; empty where `why` says all there is."""
    followed: bool = True
    """Whether each use was followed to what it is a use of; a suspicion that was not is a weak one."""


class Clearance(StrEnum):
    """Why two candidates are held to be compatible."""

    DISJOINT = "disjoint"
    """They share no file, and neither uses a name that the other touches."""
    NAMES = "names"
    """Each name that they share is used as it is once both are in."""
    ORDER = "order"
    """They share files, and merge to the same text in both orders."""


class Cleared(Record, frozen=True, kw_only=True):
    """Two candidates that were looked at and found compatible; `shared` are paths and `module:name`s, of
    which at most a few are listed."""

    a: str
    b: str
    kind: Clearance
    shared: tuple[str, ...]
    why: str


class LeftOut(Record, frozen=True, kw_only=True):
    """An accepted candidate that is not in the set, and why."""

    id: str
    why: str


class MergedFile(Record, frozen=True, kw_only=True):
    """A file of a patch set that conflicts as text and was merged by syntax: `candidate` met those in
    `others` there. `added` names the entries that it adds, and `beside` those of the others, where both add
    to one of `groups`; all three are empty where only changes met."""

    path: str
    format: str
    candidate: str
    others: tuple[str, ...]
    groups: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class FailingGroup(Record, frozen=True, kw_only=True):
    """The fewest accepted candidates that were found to fail together: `where` is a test's id, `path:line` or
    `path:symbol`, or a gate. `tests` are those that fail on just these together, `symbols` (`module:name`)
    what they have to do with it as far as names tell, `call` the call that shows it where no test does.
    `chance` is how likely it is that just these are behind it, by all that was run."""

    members: tuple[str, ...]
    gate: str
    where: str
    why: str
    tests: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    call: str = ""
    chance: float = 1.0


class PatchSet(Record, frozen=True, kw_only=True):
    """The candidates chosen to land together, and the combined tree's own verdict."""

    members: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    conflicts: tuple[Conflict, ...]
    tree: str | None
    verdict: Decision | None
    reason: str = ""
    gates: tuple[GateReport, ...] = ()
    merged: tuple[MergedFile, ...] = ()
    """What of it was merged by syntax."""
    suspected: tuple[Conflict, ...] = ()
    """Pairs that may not go together, which only a run can tell; `conflicts` holds what is proven."""
    cleared: tuple[Cleared, ...] = ()
    """Pairs of members that share files or names, and why they are compatible. All other pairs share none."""
    failing: tuple[FailingGroup, ...] = ()
    """Groups that were run together and failed, each member of which passes without the others."""
    runs: int = 0
    """How many combinations were graded to find the set, those that were answered from the cache included."""


class PolicyStamp(Record, frozen=True, kw_only=True):
    """Which policy a report was made under."""

    name: str
    digest: str
    overrides: tuple[str, ...] = ()
    """Options of the command line that changed the policy for this run, such as `--trust-tests`."""


class Landed(Record, frozen=True, kw_only=True):
    """A publication that happened."""

    ref: str
    old: str
    new: str
    notes: tuple[str, ...] = ()
    """What was left as it is in the work tree, one sentence each."""


class Report(Record, frozen=True, kw_only=True):
    """Everything one transaction found out."""

    transaction: str
    command: str
    base: Base
    policy: PolicyStamp
    isolation: Isolation
    candidates: tuple[CandidateReport, ...]
    patch_set: PatchSet | None = None
    delta: Delta | None = None
    landed: Landed | None = None
    landing: str = ""
    """For `land`: one sentence on what was, would be, or could not be published."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    profile: Profile | None = None
    """Where the time went; None where nothing was run."""
    excerpts: tuple[Excerpt, ...] = ()
    """Diffs of candidates, where the rendering that was asked for shows them beside what was found out."""
    schema_version: int = SCHEMA_VERSION
