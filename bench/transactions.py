"""Many transactions in one process: what the engine holds after each tenth of them.

    python -m bench.transactions DIRECTORY COUNT

A part of `python -m bench memory`, which runs it in a process of its own. DIRECTORY holds `repo`, `cache` and
`source-N.jsonl`, the candidates of each transaction. Prints a line of JSON for each tenth.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import anyio

from assay.land import flow
from assay.land.request import Request


def main(argv: list[str]) -> int:
    """Run them, one after another."""
    directory, count = Path(argv[0]), int(argv[1])
    for number in range(count):
        source = directory / f"source-{number}.jsonl"
        request = Request(repo=directory / "repo", sources=(str(source),), environ=dict(os.environ), jobs=2)
        report = anyio.run(flow.grade, request)
        if any(candidate.verdict == "inconclusive" for candidate in report.candidates):
            raise SystemExit(f"a candidate is inconclusive: {[c.reason for c in report.candidates]}")
        del report
        if (number + 1) * 10 % count == 0:
            gc.collect()
            print(json.dumps({"done": number + 1, "objects": len(gc.get_objects()), **_held()}), flush=True)
    return 0


def _held() -> dict[str, int]:
    """Bytes of memory, descriptors and threads of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "descriptors": _count("/proc/self/fd"),
        "threads": _count("/proc/self/task"),
    }


def _count(directory: str) -> int:
    return sum(1 for _ in Path(directory).iterdir())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
