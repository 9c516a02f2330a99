"""A run's fixed inputs, read and checked before anything is run: repository, base, policy, gates, candidates.

Promises: everything that can be wrong with the user's input is found here, as `BadInput`; nothing here runs
a candidate, writes the ledger or changes a ref.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from assay.gates.protocol import Gate
from assay.gates.registry import gates_for
from assay.land.request import Request
from assay.model.candidate import Base, Candidate, Proposal, Record
from assay.model.errors import BadInput
from assay.policy.load import load
from assay.policy.schema import Policy
from assay.repo import sources
from assay.repo.apply import apply, identify
from assay.repo.repository import Repository, open_repository


class Job(Record, frozen=True, kw_only=True):
    """What one run works on."""

    command: str
    request: Request
    repo: Repository
    base: Base
    policy: Policy
    gates: tuple[Gate, ...]
    candidates: tuple[Candidate, ...] = ()


def prepare(
    command: str, request: Request, *, default_pack: str, at: tuple[Repository, Base] | None = None
) -> Job:
    """Settle repository, base, policy and gates. Candidates are added by `with_candidates`.

    `at` is the repository and base where the caller has them already; else the request says.
    """
    repo, base = at or _place(request)
    tree = base.tree
    policy = load(request.policy, default_pack=default_pack, base_reader=lambda path: repo.read(tree, path))
    return Job(
        command=command,
        request=request,
        repo=repo,
        base=base,
        policy=policy,
        gates=gates_for(policy),
    )


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
    """The job with each proposal applied to the base, and equal trees known as such."""
    applied = [apply(job.repo, job.base, proposal) for proposal in proposals]
    return replace(job, candidates=identify(applied))
