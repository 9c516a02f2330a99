"""The rule of the scope gate on Assay's own policy: what would stop every later run does not get in.

Promises: reads git objects only; the candidate's policy is looked at and never obeyed (invariant 3).
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.gates.scope_types import Hit
from assay.model.candidate import Candidate
from assay.policy.layers import BASE_FILE
from assay.policy.problem import ON_THE_BASE, Problem
from assay.policy.validate import validate_base
from assay.repo.repository import Repository


def broken_policy(repo: Repository, candidate: Candidate) -> Iterator[Hit]:
    """A hit for a repository's policy that works on the base and would not after this change."""
    if candidate.tree is None or not any(change.path.endswith(".toml") for change in candidate.changes):
        return
    problems = _problems(repo, candidate.tree)
    if problems and not _problems(repo, candidate.base.tree):
        first = problems[0]
        what = f"{first.key}: {first.message}" if first.key else first.message
        yield Hit(
            rule="scope/policy",
            path=first.origin.removesuffix(ON_THE_BASE) or BASE_FILE,
            line=first.line,
            message=f"the policy would stop every later run: {what}",
        )


def _problems(repo: Repository, tree: str) -> tuple[Problem, ...]:
    return validate_base(lambda path: repo.read(tree, path))
