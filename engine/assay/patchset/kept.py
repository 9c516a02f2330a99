"""The conflict graph of candidates that were compared before, and their combination, from run to run.

Promises: what is kept is found again by all that it depends on: the base, the candidates as their sentences
speak of them, in their order, and the very code that compares and merges them, with what it parses by. So a
kept graph or combination is the one that would be made now; one that is damaged, or whose trees are gone from
the repository, is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress

import pygit2

from assay.ledger.codec import decode, encode
from assay.ledger.keeping import Keeping, edition
from assay.model.candidate import Base, Candidate, Record
from assay.model.errors import BadInput
from assay.model.report import Conflict
from assay.patchset.combine import Combined, combine
from assay.patchset.edges import Graph
from assay.repo.repository import SUBMODULE, Repository
from assay.repo.trees import leaf_changes

_CODE = (
    "patchset",
    "repo",
    "gates/parsing.py",
    "gates/syntax.py",
    "model/candidate.py",
    "model/expressions.py",
    "model/report.py",
)
"""Where all is that the finding of conflicts, and merging, run through, within the package."""

Pairs = list[tuple[str, str, tuple[str, ...]]]


class _Kept(Record, frozen=True, kw_only=True):
    """A graph, plainly."""

    edges: tuple[Conflict, ...]
    files: Pairs
    names: Pairs
    unread: dict[str, tuple[str, ...]]


class _Outcome(Record, frozen=True, kw_only=True):
    """What came of combining: one of the two."""

    combined: Combined | None = None
    conflict: Conflict | None = None


def known_graph(repo: Repository, base: Base, candidates: Sequence[Candidate], keeping: Keeping) -> Graph:
    """What `graph` says of `candidates`, from what an earlier run kept if it compared the same ones.
    Raises `ValueError` as `graph` does."""
    key = _key("graph", base, candidates) if len(candidates) > 1 else ""
    if key and (found := _read(keeping.recall(key))) is not None:
        return found
    # Brings along all that reads sources; a second run is mostly start-up.
    from assay.patchset.graph import graph

    made = graph(repo, base, candidates)
    if key:
        keeping.remember(key, _written(made))
    return made


def known_combination(
    repo: Repository, base: Base, members: Sequence[Candidate], keeping: Keeping
) -> Combined | Conflict:
    """What `combine` makes of `members`, from what an earlier run kept if it combined the same ones. Raises
    `ValueError` as `combine` does."""
    if len(members) < 2:
        return combine(repo, base, members)
    key = _key("combination", base, members)
    if kept := keeping.recall(key):
        with suppress(ValueError):
            found = decode(kept, _Outcome)
            if found.conflict is not None:
                return found.conflict
            if found.combined is not None and _is_here(repo, base, found.combined):
                return found.combined
    made = combine(repo, base, members)
    one = _Outcome(combined=made) if isinstance(made, Combined) else _Outcome(conflict=made)
    keeping.remember(key, encode(one))
    return made


def _is_here(repo: Repository, base: Base, combined: Combined) -> bool:
    """Whether the repository still has what was made of the members: no ref holds on to it."""
    if not all(map(repo.has, combined.steps)):
        return False
    try:
        leaves = [change.new for change in leaf_changes(repo, base.tree, combined.tree)]
    except (BadInput, KeyError, pygit2.GitError):  # a directory is gone
        return False
    return all(repo.has(leaf[1]) for leaf in leaves if leaf is not None and leaf[0] != SUBMODULE)


def _key(what: str, base: Base, candidates: Iterable[Candidate]) -> str:
    people = [(each.id, each.name, each.tree, each.base.tree) for each in candidates]
    digest = hashlib.sha256(encode([edition(*_CODE), base.tree, people]))
    return f"patchset:{what}:{digest.hexdigest()}"


def _written(made: Graph) -> bytes:
    return encode(
        _Kept(edges=made.edges, files=_listed(made.files), names=_listed(made.names), unread=made.unread)
    )


def _read(data: bytes | None) -> Graph | None:
    if not data:
        return None
    try:
        kept = decode(data, _Kept)
    except ValueError:
        return None
    return Graph(kept.edges, _paired(kept.files), _paired(kept.names), kept.unread)


def _listed(pairs: dict[frozenset[str], tuple[str, ...]]) -> Pairs:
    return [(min(pair), max(pair), shared) for pair, shared in pairs.items()]


def _paired(listed: Pairs) -> dict[frozenset[str], tuple[str, ...]]:
    return {frozenset((a, b)): shared for a, b, shared in listed}
