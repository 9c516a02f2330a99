"""Everything that is wrong with a policy file, at once.

Promises: no problem hides another of the same kind; an unreadable file is a problem, not an exception.
"""

from __future__ import annotations

from os import PathLike, fspath

from assay.policy.assemble import assemble
from assay.policy.layers import BASE_FILE, BaseReader, Kind, Ref, chain
from assay.policy.load import nothing_on_the_base
from assay.policy.problem import Problem


def validate_base(read_base: BaseReader, *, default_pack: str = "default") -> tuple[Problem, ...]:
    """The problems of the `assay.toml` that `read_base` reads, were its tree the base; empty without one."""
    if read_base(BASE_FILE) is None:
        return ()
    layers = chain(Ref(kind=Kind.BASE, name=BASE_FILE), default_pack, read_base)
    return (*layers.problems, *assemble(layers.documents, BASE_FILE).problems)


def validate(file: str | PathLike[str], *, default_pack: str = "default") -> tuple[Problem, ...]:
    """The problems of `file` and of what it extends; empty when `--policy FILE` would work."""
    layers = chain(Ref(kind=Kind.FILE, name=fspath(file)), default_pack, nothing_on_the_base)
    result = assemble(layers.documents, fspath(file))
    return (*layers.problems, *result.problems)
