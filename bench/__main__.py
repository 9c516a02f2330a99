"""`python -m bench [NAME [OPTIONS]]`: one benchmark, or all of them at their defaults."""

from __future__ import annotations

import sys
from importlib import import_module

_NAMES = ("startup", "static", "workspace", "grading", "forging", "hardening", "selection", "lanes", "memory",
          "silent")  # fmt: skip

_PAGE = "performance"
"""Runs benchmarks itself, and writes docs/reference/performance.md: never part of all of them."""
_GIVEN = ("evidence", "inducing", "landing", "merging", "pairs", "risk", "together", "years")
"""Take their repositories as arguments: not part of all of them either."""


def main(argv: list[str]) -> int:
    """Run what was asked for; the worst exit code of it."""
    if argv and argv[0] not in (*_NAMES, *_GIVEN, _PAGE):
        print(f"usage: python -m bench [{' | '.join((*_NAMES, *_GIVEN, _PAGE))}] [options]", file=sys.stderr)
        return 2
    wanted = argv[:1] or list(_NAMES)
    worst = 0
    for name in wanted:
        print(f"== {name}", flush=True)
        worst = max(worst, import_module(f"bench.{name}").main(argv[1:]))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
