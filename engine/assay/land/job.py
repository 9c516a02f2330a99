"""A run's fixed inputs, read and checked before anything is run: repository, base, policy, gates, candidates.

Promises: everything that can be wrong with the user's input is found here, as `BadInput`; nothing here runs
a candidate, writes the ledger or changes a ref.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.gates.examining import GATE
from assay.gates.protocol import Gate
from assay.gates.registry import gates_for
from assay.land.request import Request
from assay.model.candidate import Base, Candidate, Proposal, Record
from assay.model.errors import BadInput
from assay.policy.load import load
from assay.policy.overrides import ACCEPTANCE, REQUIRE, accept, allow, trust_tests
from assay.policy.schema import Equivalence, Policy
from assay.repo import sources
from assay.repo.apply import apply, identify
from assay.repo.repository import Repository, open_repository
from assay.risk.chosen import Models, named


class Job(Record, frozen=True, kw_only=True):
    """What one run works on."""

    command: str
    request: Request
    repo: Repository
    base: Base
    policy: Policy
    gates: tuple[Gate, ...]
    candidates: tuple[Candidate, ...] = ()
    models: Models | None = None
    """The risk models that the policy names; None: the usual ones."""


def prepare(
    command: str, request: Request, *, default_pack: str, at: tuple[Repository, Base] | None = None
) -> Job:
    """Settle repository, base, policy and gates. Candidates are added by `with_candidates`.

    `at` is the repository and base where the caller has them already; else the request says.
    """
    repo, base = at or _place(request)
    tree = base.tree
    policy = load(request.policy, default_pack=default_pack, base_reader=lambda path: repo.read(tree, path))
    policy = _overridden(policy, request)
    return Job(
        command=command,
        request=request,
        repo=repo,
        base=base,
        policy=policy,
        gates=gates_for(policy),
        models=named(policy, repo, tree),
    )


def _overridden(policy: Policy, request: Request) -> Policy:
    """The policy with what the request says besides it."""
    if request.trust_tests:
        policy = trust_tests(policy)
    if request.allow:
        policy = allow(policy, request.allow)
    if _examined(request):
        return accept(policy, ACCEPTANCE if request.acceptance is not None else REQUIRE)
    if GATE in policy.gates:
        raise BadInput(
            "this policy wants acceptance tests",
            where=f"policy {policy.name}",
            fix=f"give them with {ACCEPTANCE} or {REQUIRE}",
        )
    return policy


def _examined(request: Request) -> bool:
    """Whether the request gives acceptance tests or lists."""
    return request.acceptance is not None or request.require is not None


def _place(request: Request) -> tuple[Repository, Base]:
    repo = open_repository(request.repo, request.environ)
    return repo, repo.resolve(request.base) if request.base else repo.head()


def collect(job: Job) -> list[Proposal]:
    """The proposals of the request's sources. Raises `BadInput` if they hold none."""
    request = job.request
    proposals = sources.collect(
        job.repo, request.sources, job.base, squash=request.squash, stdin=request.stdin
    )
    if not proposals:
        where = ", ".join(request.sources) or "no source"
        raise BadInput("there is no candidate in it", where=where, fix="see `assay grade --help` for sources")
    return proposals


def with_candidates(job: Job, proposals: Sequence[Proposal]) -> Job:
    """The job with each proposal applied to the base, and equal trees known as such. Raises `BadInput` if
    the request gives acceptance tests that do not fit the base and the candidates."""
    candidates = identify([apply(job.repo, job.base, proposal) for proposal in proposals])
    gates = job.gates
    if _examined(job.request):
        from assay.land import acceptance

        gate, candidates = acceptance.fit(job.request, job.repo, job.base, candidates)
        gates = acceptance.with_gate(gates, gate)
    if job.request.full or job.policy.grade.equivalence is Equivalence.OFF:
        candidates = tuple(replace(candidate, equivalent_to=None) for candidate in candidates)
    return replace(job, candidates=candidates, gates=gates)
