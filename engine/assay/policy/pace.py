"""How thorough one run is: what a policy leaves open, settled by what the run is for.

Promises: pure. The settled policy has a digest of its own, so that no result of a quick run is ever taken for
one of a thorough run (invariant 8); nothing but speed differs between them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import structs

from assay.policy.assemble import seal
from assay.policy.schema import Equivalence, Policy, Select

FULL = "--full"


class Pace(StrEnum):
    """What a run is for."""

    TOGETHER = "together"
    """Several candidates side by side: each verdict is about that candidate, and nothing lands by it."""
    CHOSEN = "chosen"
    """Several candidates, of which the first that is accepted is taken (`--first`)."""
    ALONE = "alone"
    """One change, or two: too few to pay for what candidates can share."""
    LANDING = "landing"
    """The tree is about to land: everything runs, and nothing of it in a process that was there before."""
    FULL = "full"
    """`--full`: as for landing, and nothing is taken from a cache either."""

    @property
    def thorough(self) -> bool:
        """Whether nothing is left out, shared, or run in a process that was there before."""
        return self in (Pace.LANDING, Pace.FULL)


def paced(policy: Policy, pace: Pace) -> Policy:
    """`policy` with `tests.select`, `tests.warm` and `lint.warm` settled: `select` is `always` or `never`
    afterwards. What is about to land is run itself, whatever it is equal to."""
    tests = policy.tests
    together = pace is Pace.TOGETHER
    several = pace in (Pace.TOGETHER, Pace.CHOSEN)
    always = tests.select is Select.ALWAYS or (tests.select is Select.MANY and together)
    select = Select.ALWAYS if always and pace is not Pace.FULL else Select.NEVER
    settled = structs.replace(tests, select=select, warm=tests.warm and several)
    origin = (*policy.origin, FULL) if pace is Pace.FULL else policy.origin
    grade = structs.replace(policy.grade, equivalence=Equivalence.OFF) if pace.thorough else policy.grade
    lint = structs.replace(policy.lint, warm=policy.lint.warm and several)
    return seal(structs.replace(policy, lint=lint, tests=settled, grade=grade, origin=origin))
