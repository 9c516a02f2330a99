"""What a user pays before anything happens: CPU of a bare Python start, `--version` and `--help`.

python -m bench startup
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

_RUNS = 15


def main(_argv: list[str]) -> int:
    """Print medians and ratios."""
    bare = _cpu([sys.executable, "-c", "pass"])
    print(f"{'python -c pass':<24}{1000 * bare:>7.1f} ms CPU")
    for words in (["--version"], ["--help"]):
        cost = _cpu([sys.executable, "-m", "assay", *words])
        print(f"{'assay ' + ' '.join(words):<24}{1000 * cost:>7.1f} ms CPU{cost / bare:>7.1f}x")
    return 0


def _cpu(argv: list[str]) -> float:
    """Median CPU seconds of a command."""
    costs = []
    for _ in range(_RUNS):
        before = os.times()
        subprocess.run(argv, check=True, capture_output=True)
        after = os.times()
        spent = after.children_user - before.children_user + after.children_system - before.children_system
        costs.append(spent)
    return statistics.median(costs)
