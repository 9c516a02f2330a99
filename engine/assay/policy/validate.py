"""Everything that is wrong with a policy file, at once.

Promises: no problem hides another of the same kind; an unreadable file is a problem, not an exception.
"""

from __future__ import annotations

from os import PathLike, fspath

from assay.policy.assemble import assemble
from assay.policy.layers import Kind, Ref, chain
from assay.policy.load import nothing_on_the_base
from assay.policy.problem import Problem


def validate(file: str | PathLike[str], *, default_pack: str = "default") -> tuple[Problem, ...]:
    """The problems of `file` and of what it extends; empty when `--policy FILE` would work."""
    layers = chain(Ref(kind=Kind.FILE, name=fspath(file)), default_pack, nothing_on_the_base)
    result = assemble(layers.documents, fspath(file))
    return (*layers.problems, *result.problems)
