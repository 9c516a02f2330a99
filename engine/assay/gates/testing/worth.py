"""Whether a traced run of the base saves the candidates of a run more than it costs.

Promises: pure. The constants are what `python -m bench selection` measured on real projects, on the careful
side: a map that would have paid is missed rather than one made that does not.
"""

from __future__ import annotations

from assay.gates.testing.reads import ReadMap
from assay.gates.testing.suite import Suite
from assay.model.outcome import ResourceUse

TRACED = 3.0
"""The bodies of the tests take so many times as long in a traced run; what a run takes besides does not."""

LOOKED = 0.005
"""Processor seconds for looking at what a test leaves behind: somewhat less than
`readmap.looks` allows short ones."""

STARTED = 0.5
"""Processor seconds for taking its report in, besides."""

SPARED = 0.5
"""The share of the tests' time that a selection leaves out, in the mean."""

SOONER = 0.3
"""The share that runs before the first failure of a candidate which fails, and need not where the tests that
its changes can affect are run ahead."""

REACHED = 0.5
"""The share of a run's candidates that get as far as running the whole of what is chosen for them, where some
are rejected before, some at the first test that fails; and about the share that a test rejects."""

MARGIN = 1.5
"""A map that is expected to save less than so many times its cost is not made."""


def pays(
    candidates: int,
    suite: Suite,
    use: ResourceUse,
    latest: ReadMap | None = None,
    *,
    spared: float = SPARED,
    lasting: bool = True,
) -> bool:
    """Whether a map is worth making for so many candidates of a base whose `suite` took `use`. `spared` is
    the share of the tests' time that it is expected to save those that it saves anything. `latest` is the map
    of an earlier base, if there is one: tests of which nothing is known are not spared. `lasting`: it is to
    be known as well what tests leave behind."""
    wall = sum(case.seconds for case in suite.cases)
    # On a busy machine tests mostly wait: what counts is their share of the run.
    bodies = use.cpu_seconds * min(1.0, wall / use.seconds) if use.seconds else wall
    saving = candidates * REACHED * bodies * min(spared, _known(latest))
    looking = LOOKED * len(suite.cases) if lasting else 0.0
    traced = max(0.0, use.cpu_seconds - bodies) + TRACED * bodies + looking
    return saving >= MARGIN * (traced + STARTED)


def _known(latest: ReadMap | None) -> float:
    """The share of the tests' time that is that of tests of which enough is known."""
    if latest is None:
        return 1.0
    if latest.blind:
        return 0.0
    pairs = zip(latest.tests, latest.seconds, strict=True)
    known = sum(seconds for test, seconds in pairs if test not in latest.always)
    return known / max(1e-9, sum(latest.seconds))
