"""Find and load the policy of a run.

Promises: the user's choice (`--policy`) wins, then `assay.toml` of the base commit, then the command's pack;
never anything of a candidate or of the work tree that the user did not name (invariant 3). A malformed
policy is one `BadInput` that says where, what, and what is allowed.
"""

from __future__ import annotations

from pathlib import PurePath

from assay.model.errors import BadInput
from assay.policy import packs
from assay.policy.assemble import assemble
from assay.policy.layers import BASE_FILE, BaseReader, Kind, Ref, chain, named
from assay.policy.problem import allowed, refuse
from assay.policy.schema import Policy


def load(name_or_file: str | None, *, default_pack: str, base_reader: BaseReader) -> Policy:
    """The effective policy.

    `name_or_file` is a pack's name or the path of a file (relative to the current directory); None looks for
    `assay.toml` through `base_reader` and falls back to `default_pack`. A file that says no `extends` is
    laid over `default_pack`. Raises `BadInput`.
    """
    start = _start(name_or_file, default_pack, base_reader)
    layers = chain(start, default_pack, base_reader)
    if layers.problems:
        raise refuse(layers.problems)
    result = assemble(layers.documents, PurePath(start.name).name)
    if result.policy is None:
        raise refuse(result.problems)
    return result.policy


def nothing_on_the_base(_path: str) -> None:
    """The base reader for where there is no base."""


def _start(name_or_file: str | None, default_pack: str, read_base: BaseReader) -> Ref:
    if name_or_file is None:
        if read_base(BASE_FILE) is not None:
            return Ref(kind=Kind.BASE, name=BASE_FILE)
        return Ref(kind=Kind.PACK, name=default_pack)
    ref = named(name_or_file)
    if ref is None:
        raise BadInput(
            f"{name_or_file!r} is neither a shipped policy pack nor a file",
            where="--policy",
            fix=allowed(name_or_file, packs.names()),
        )
    return ref
