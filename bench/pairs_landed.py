"""What Assay says of a pair: `assay land --dry-run` itself, or its planner.

Promises: nothing is landed; branches are made in the clone under `pairs/`, named by their commits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.model.candidate import Base, Candidate
from assay.model.report import Cleared, Confidence, ConflictKind
from assay.patchset.graph import graph
from assay.repo.repository import Repository
from bench.pairs_places import Place
from bench.pairs_truth import Pair

_POLICY = """
extends = "default"
gates = ["apply", "compile", "tests"]
[set]
suspected = "apart"
probes = {probes}
[tests]
args = {args}
"""
"""People change tests that exist, which the policy `agent` forbids; what it says of sets is as there."""


@dataclass(frozen=True)
class Answer:
    """Whether two are one set; None where one of them, or the set, got no verdict of its own."""

    admitted: bool | None
    why: str


@dataclass(frozen=True)
class _Set:
    """Ids of the set that would land; None where something got no verdict."""

    members: frozenset[str] | None
    why: str


def planned(repo: Repository, pair: Pair) -> Answer:
    """What the planner says, before any test: a suspicion of meaning that was followed parts the two."""
    a, b = pair.candidates
    found = graph(repo, pair.base, pair.candidates).between(a.id, b.id)
    if isinstance(found, Cleared):
        return Answer(True, f"[{found.kind}]")
    apart = found.confidence is Confidence.PROVEN or (found.kind is ConflictKind.SEMANTIC and found.followed)
    return Answer(not apart, f"[{found.confidence} {found.kind}] {found.why}")


def landed(place: Place, pairs: Sequence[Pair], probes: int) -> Iterator[Answer]:
    """What `assay land --dry-run` says of pairs on one base: who is in the set that it makes of all of them
    is admitted together; each pair that is not is asked about alone."""
    base = pairs[0].base
    everybody = list({one.id: one for pair in pairs for one in pair.candidates}.values())
    found = _land(place, base, everybody, probes) if len(everybody) > 2 else _Set(None, "")
    for pair in pairs:
        ids = {one.id for one in pair.candidates}
        if found.members is not None and ids <= found.members:
            yield Answer(True, "in one set")
        else:
            alone = _land(place, base, pair.candidates, probes)
            yield Answer(None if alone.members is None else ids <= alone.members, alone.why)


def _land(place: Place, base: Base, candidates: Sequence[Candidate], probes: int) -> _Set:
    names = [_branch(place.repo, commit) for commit in (str(base.commit), *(one.id for one in candidates))]
    with tempfile.TemporaryDirectory(prefix="assay-pairs-") as scratch:
        policy, out = Path(scratch) / "policy.toml", Path(scratch) / "report.json"
        policy.write_text(_POLICY.format(args=json.dumps(place.args), probes=probes))
        words = ["land", *names[1:], "--onto", names[0], "--dry-run", "--repo", str(place.repo.root)]
        words += ["--policy", str(policy), "--jobs", "1", "--format", "json", "-q", "-o", str(out)]
        done = subprocess.run(
            [sys.executable, "-m", "assay", *words], capture_output=True, text=True, check=False
        )
        if not out.exists():
            return _Set(None, f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
        return _read(json.loads(out.read_bytes()), candidates)


def _branch(repo: Repository, commit: str) -> str:
    name = f"pairs/{commit[:16]}"
    repo.git.references.create(f"refs/heads/{name}", commit, force=True)
    return name


def _read(report: dict[str, Any], asked: Sequence[Candidate]) -> _Set:
    """The report's own ids are turned into those of the candidates, which have the same trees."""
    refused = [one for one in report["candidates"] if one["verdict"] != "accepted"]
    made = report["patch_set"]
    if refused and len(asked) == 2:
        return _Set(None, "; ".join(f"{one['name']} alone: {one['reason']}" for one in refused))
    if made is None or made["verdict"] != "accepted":
        return _Set(None, (made or {}).get("reason") or "no set")
    trees = {one["tree"] for one in report["candidates"] if one["id"] in made["members"]}
    found = [f"[{c['confidence']} {c['kind']}] {c['why']}" for c in (*made["conflicts"], *made["suspected"])]
    return _Set(frozenset(one.id for one in asked if one.tree in trees), "; ".join(found))
