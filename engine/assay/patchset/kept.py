"""The conflict graph of candidates that were compared before, from one run to the next.

Promises: what is kept is found again by all that it depends on: the base, the candidates as their sentences
speak of them, in their order, and the very code that compares them, with what it parses and merges by. So a
kept graph is the one that would be made now; a damaged one is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from assay.ledger.codec import decode, encode
from assay.ledger.keeping import Keeping, edition
from assay.model.candidate import Base, Candidate, Record
from assay.model.report import Conflict
from assay.patchset.graph import Graph, graph
from assay.repo.repository import Repository

_CODE = ("patchset", "repo", "gates/syntax.py", "model/candidate.py", "model/report.py")
"""Where all is that the finding of conflicts runs through, within the package."""

Pairs = list[tuple[str, str, tuple[str, ...]]]


class _Kept(Record, frozen=True, kw_only=True):
    """A graph, plainly."""

    edges: tuple[Conflict, ...]
    files: Pairs
    names: Pairs
    unread: dict[str, tuple[str, ...]]


def known_graph(repo: Repository, base: Base, candidates: Sequence[Candidate], keeping: Keeping) -> Graph:
    """What `graph` says of `candidates`, from what an earlier run kept if it compared the same ones.
    Raises `ValueError` as `graph` does."""
    if len(candidates) < 2:
        return graph(repo, base, candidates)
    key = _key(base, candidates)
    if (found := _read(keeping.recall(key))) is not None:
        return found
    made = graph(repo, base, candidates)
    keeping.remember(key, _written(made))
    return made


def _key(base: Base, candidates: Iterable[Candidate]) -> str:
    people = [(each.id, each.name, each.tree, each.base.tree) for each in candidates]
    digest = hashlib.sha256(encode([edition(*_CODE), base.tree, people]))
    return f"patchset:graph:{digest.hexdigest()}"


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
