"""What Assay says of a pair: `assay land --dry-run` itself, or its planner.

Promises: nothing is landed; branches are made in the clone under `pairs/`, named by their commits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
[tests]
args = {args}
"""
"""People change tests that exist, which the policy `agent` forbids; what it says of sets is as there."""


@dataclass(frozen=True)
class Answer:
    """Whether the two are one set; None where one of them, or the set, got no verdict of its own."""

    admitted: bool | None
    why: str


def planned(repo: Repository, pair: Pair) -> Answer:
    """What the planner says, before any test: a suspicion of meaning that was followed parts the two."""
    a, b = pair.candidates
    found = graph(repo, pair.base, pair.candidates).between(a.id, b.id)
    if isinstance(found, Cleared):
        return Answer(True, f"[{found.kind}]")
    apart = found.confidence is Confidence.PROVEN or (found.kind is ConflictKind.SEMANTIC and found.followed)
    return Answer(not apart, f"[{found.confidence} {found.kind}] {found.why}")


def landed(place: Place, pair: Pair) -> Answer:
    """What `assay land --dry-run` says."""
    names = [
        _branch(place.repo, commit) for commit in (str(pair.base.commit), *(c.id for c in pair.candidates))
    ]
    with tempfile.TemporaryDirectory(prefix="assay-pairs-") as scratch:
        policy, out = Path(scratch) / "policy.toml", Path(scratch) / "report.json"
        policy.write_text(_POLICY.format(args=json.dumps(place.args)))
        words = ["land", *names[1:], "--onto", names[0], "--dry-run", "--repo", str(place.repo.root)]
        words += ["--policy", str(policy), "--jobs", "1", "--format", "json", "-q", "-o", str(out)]
        done = subprocess.run(
            [sys.executable, "-m", "assay", *words], capture_output=True, text=True, check=False
        )
        if not out.exists():
            return Answer(None, f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
        return _read(json.loads(out.read_bytes()))


def _branch(repo: Repository, commit: str) -> str:
    name = f"pairs/{commit[:16]}"
    repo.git.references.create(f"refs/heads/{name}", commit, force=True)
    return name


def _read(report: dict[str, Any]) -> Answer:
    refused = [one for one in report["candidates"] if one["verdict"] != "accepted"]
    if refused:
        return Answer(None, "; ".join(f"{one['name']} alone: {one['reason']}" for one in refused))
    made = report["patch_set"]
    if made is None or made["verdict"] != "accepted":
        return Answer(None, (made or {}).get("reason") or "no set")
    found = [f"[{c['confidence']} {c['kind']}] {c['why']}" for c in (*made["conflicts"], *made["suspected"])]
    return Answer(len(made["members"]) == 2, "; ".join(found))
