"""Grading the hostile corpus on this host: which walls hold.

Promises: works on a sample repository in a scratch directory, through the same flow as everything else, with
two policies: one in which nothing but `apply` and `tests` can stop an attack, so that no static rule stands
in for a wall, and `agent` for what is to be stopped by the scope gate.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from assay.front import options
from assay.model.candidate import Record
from assay.model.report import CandidateReport, GateReport, Report
from assay.model.verdict import Decision

if TYPE_CHECKING:
    from assay.land.request import Request
    from assay_fixtures import Attack

SECRET = "ASSAY_HOST_SECRET_TOKEN"  # noqa: S105 -- the name of a variable that no jail may show
_BARE = """
extends = "agent"
gates = ["apply", "tests"]

[tests]
grace = "8s"

[limits]
memory = "512MiB"
pids = 128
disk = "512MiB"
"""
_STATIC = """
extends = "agent"
gates = ["apply", "scope"]
"""


class Wall(StrEnum):
    """What became of one attack."""

    HELD = "held"
    FELL = "fell"
    UNDECIDED = "undecided"


class Assault(Record, frozen=True, kw_only=True):
    """One attack, and what became of it. `said` is the verdict's reason."""

    name: str
    family: str
    what: str
    why: str
    wall: Wall
    verdict: Decision
    outcome: str
    said: str


def assault(
    attacks: Sequence[Attack],
    perform: Callable[[Request], Report],
    *,
    jobs: int = 0,
    isolation: options.Wanted = options.Wanted.AUTO,
) -> tuple[Assault, ...]:
    """Grade `attacks` through `perform`, which runs `flow.grade` on a request; in their order."""
    from assay_fixtures import build_sample

    done: dict[str, Assault] = {}
    with tempfile.TemporaryDirectory(prefix="assay-attack-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve()
        root = build_sample(scratch / "sample")
        for label, text, chosen in (
            ("tests", _BARE, [attack for attack in attacks if attack.gate != "scope"]),
            ("scope", _STATIC, [attack for attack in attacks if attack.gate == "scope"]),
        ):
            if not chosen:
                continue
            policy = scratch / f"{label}.toml"
            policy.write_text(text, encoding="utf-8")
            request = options.make_request(
                repo=root,
                sources=_write(chosen, scratch / label),
                policy=str(policy),
                jobs=jobs,
                isolation=isolation,
                environ=_environment(),
            )
            report = perform(request)
            for attack, candidate in zip(chosen, report.candidates, strict=True):
                done[attack.name] = judge(attack, candidate)
    return tuple(done[attack.name] for attack in attacks)


def judge(attack: Attack, candidate: CandidateReport) -> Assault:
    """What became of `attack`, which was graded as `candidate`. Pure."""
    gate = next((gate for gate in candidate.gates if gate.gate == attack.gate), None)
    return Assault(
        name=attack.name,
        family=attack.family,
        what=attack.what,
        why=attack.why,
        wall=_wall(attack, candidate, gate),
        verdict=candidate.verdict,
        outcome=gate.outcome if gate is not None else "",
        said=candidate.reason,
    )


def _wall(attack: Attack, candidate: CandidateReport, gate: GateReport | None) -> Wall:
    if candidate.rejected_by not in (None, attack.gate):
        return Wall.HELD  # something before it stopped the attack already
    if gate is None:
        return Wall.UNDECIDED
    if gate.outcome not in attack.outcomes:
        return Wall.UNDECIDED if candidate.verdict is Decision.INCONCLUSIVE else Wall.FELL
    shown = {finding.rule for finding in gate.findings}
    return Wall.HELD if shown.issuperset(attack.rules) else Wall.FELL


def _write(attacks: Sequence[Attack], directory: Path) -> tuple[str, ...]:
    directory.mkdir()
    for attack in attacks:
        (directory / f"{attack.name}.patch").write_bytes(attack.patch)
    return tuple(str(directory / f"{attack.name}.patch") for attack in attacks)


def _environment() -> Mapping[str, str]:
    """This process's environment, with Assay's own interpreter for the sample's tests, and a secret that no
    jail may show."""
    return {**os.environ, "VIRTUAL_ENV": sys.prefix, SECRET: "visible"}
