"""Whole engines, killed and stopped at random instants: each run wholly old or wholly new, and nothing left.

ASSAY_STORM sets how many runs are killed in all (30); ASSAY_STORM_SEED makes the instants repeatable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.sandbox.probe import probe

KILLS = int(os.environ.get("ASSAY_STORM", "30"))
SEED = os.environ.get("ASSAY_STORM_SEED", "1")
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.jail]


def storm(root: Path, kind: str, signal: str, times: int) -> list[dict[str, object]]:
    """What was wrong after each of so many runs, those without a fault left out."""
    if probe(environ={"ASSAY_CACHE_DIR": str(root / "probed")}).tier is None:
        pytest.skip("no jail on this host")
    path = os.pathsep.join(str(part) for part in (ROOT, ROOT / "engine", ROOT / "fixtures"))
    argv = [sys.executable, "-m", "tests.land.storm", str(root / "yard"), kind, signal, str(times), SEED]
    done = subprocess.run(
        argv, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(turns) == times
    return [turn for turn in turns if turn["wrong"]]


@pytest.mark.parametrize("kind", ["grade", "land", "bare"])
def test_invariants_1_9_10_a_run_killed_at_any_instant_leaves_nothing_half_done(
    tmp_path: Path, kind: str
) -> None:
    assert storm(tmp_path, kind, "KILL", max(1, KILLS // 3)) == []


@pytest.mark.parametrize(("kind", "signal"), [("grade", "INT"), ("land", "TERM")])
def test_invariant_10_a_run_stopped_at_any_instant_rolls_itself_back(
    tmp_path: Path, kind: str, signal: str
) -> None:
    assert storm(tmp_path, kind, signal, max(1, KILLS // 6)) == []
