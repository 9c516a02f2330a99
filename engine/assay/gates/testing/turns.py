"""How many turns a hearing takes: fewer for tests that have been seen to pass time and again.

Promises: chance finds it no easier. For a test that fails by itself at any rate p, a failures and b passes in
a row have the chance p^a (1 - p)^b, which is greatest at p = a / (a + b). The turns that a policy wants,
beside the base's own two runs, set a bound to that; passes of the same test in runs of other candidates count
as the base's do, and where these are many, fewer turns are within the same bound. One turn there always is:
each of the two sides is asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from assay.gates.protocol import Toolbox
from assay.gates.testing.suite import Suite

OF_BASE = 2
"""Runs of the base in which a test passed before anybody is suspected: the usual one, and one in another
order."""


def chance(failures: int, passes: int) -> float:
    """The greatest chance, whatever its rate, of a test that fails by itself to do so in just these runs."""
    runs = failures + passes
    return float(failures**failures * passes**passes / runs**runs)


def turns(wanted: int, passes: int) -> int:
    """How many of the turns that are `wanted` it takes for tests that passed in so many other runs. Pure."""
    bound = chance(1 + wanted, wanted + OF_BASE)
    enough = (n for n in range(1, wanted) if chance(1 + n, n + OF_BASE + passes) <= bound)
    return next(enough, wanted)


async def note(toolbox: Toolbox, tree: str, suite: Suite) -> None:
    """Count what passed in a candidate's run, for other candidates of the base `tree`."""
    (await _tally(toolbox, tree)).update(case.id for case in suite.cases if case.result.good)


async def passes(toolbox: Toolbox, tree: str, tests: Iterable[str]) -> int:
    """In how many runs of candidates of this transaction each one of `tests` passed, at least."""
    tally = await _tally(toolbox, tree)
    return min((tally[test] for test in tests), default=0)


async def _tally(toolbox: Toolbox, tree: str) -> Counter[str]:
    async def nothing() -> Counter[str]:
        return Counter()

    return await toolbox.once(f"tests:passes:{tree}", nothing)
