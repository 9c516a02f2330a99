"""Whether a traced run of the base saves the candidates of a run more than it costs.

Promises: pure. The constants are what `python -m bench selection` measured on real projects, on the careful
side: a map that would have paid is missed rather than one made that does not.
"""

from __future__ import annotations

from assay.gates.testing.reads import ReadMap
from assay.gates.testing.suite import Suite

TRACED = 3.0
"""A traced run costs so many usual ones: 1.1 to 2.9 on five projects under Python 3.11."""

STARTED = 0.5
"""Processor seconds for taking its report in, besides."""

SPARED = 0.5
"""The share of the tests' time that a selection leaves out, in the mean."""

REACHED = 0.5
"""The share of a run's candidates that get as far as running the whole of what is chosen for them: some are
rejected before, some at the first test that fails."""

MARGIN = 1.5
"""A map that is expected to save less than so many times its cost is not made."""


def pays(candidates: int, suite: Suite, cpu_seconds: float, latest: ReadMap | None = None) -> bool:
    """Whether a map is worth making for so many candidates of a base whose `suite` takes `cpu_seconds` in
    all. `latest` is the map of an earlier base, if there is one: tests of which nothing is known are not
    spared."""
    bodies = sum(case.seconds for case in suite.cases)
    saving = candidates * REACHED * bodies * min(SPARED, _known(latest))
    return saving >= MARGIN * (TRACED * cpu_seconds + STARTED)


def _known(latest: ReadMap | None) -> float:
    """The share of the tests' time that is that of tests of which enough is known."""
    if latest is None:
        return 1.0
    if latest.blind:
        return 0.0
    pairs = zip(latest.tests, latest.seconds, strict=True)
    known = sum(seconds for test, seconds in pairs if test not in latest.always)
    return known / max(1e-9, sum(latest.seconds))
