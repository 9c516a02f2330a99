"""Trains killed at random instants on a branch that others move: it holds verified trees only, each once.

ASSAY_STORM sets how many trains are killed in each long storm (30); ASSAY_STORM_SEED makes it repeatable:

    ASSAY_STORM=1000 python -m pytest -m slow tests/land/train/test_storm.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.sandbox.probe import probe

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("ASSAY_STORM", "30"))
SEED = int(os.environ.get("ASSAY_STORM_SEED", "1"))

pytestmark = pytest.mark.jail


def storm(root: Path, times: int, seed: int, policy: str = "fast") -> str:
    """What was wrong after so many kills."""
    if probe(environ={"ASSAY_CACHE_DIR": str(root / "probed")}).tier is None:
        pytest.skip("no jail on this host")
    path = os.pathsep.join(str(part) for part in (ROOT, ROOT / "engine", ROOT / "fixtures"))
    environ = {
        **os.environ,
        "VIRTUAL_ENV": sys.prefix,
        "PYTHONPATH": path,
        "ASSAY_CACHE_DIR": str(root / "cache"),
        "HOME": str(root),
    }
    argv = [sys.executable, "-m", "tests.land.train.storm", str(root), str(times), str(seed), policy]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_train_that_is_killed_and_overtaken_lands_all_that_is_good_once(tmp_path: Path) -> None:
    assert storm(tmp_path, 3, SEED) == ""


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["fast", "agent"])
def test_a_long_storm(tmp_path: Path, policy: str) -> None:
    for number in range(max(1, KILLS // 6)):
        place = tmp_path / str(number)
        place.mkdir()
        assert storm(place, 6, SEED * 1000 + number, policy) == ""
