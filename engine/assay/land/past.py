"""What a run asks the repository's past for, and how long it may wait for that.

Promises: a run that somebody waits for gives little time, and profits from one that gave more.
"""

from __future__ import annotations

import os

from assay.land.job import Job
from assay.land.request import Lane
from assay.risk.background import Background, background
from assay.sandbox.places import likely_cache

_WAIT = {Lane.INTERACTIVE: 0.5, Lane.BULK: 20.0}
"""Seconds that the reading of the repository's past may take, once; what is not read by then is for the next
run."""


def past_of(job: Job) -> Background:
    """What is known of the past of the job's base, brought up to date in a bounded time."""
    # Where the policy goes by the place in the history, that place has to be known.
    placed = job.policy.risk.review_from < 1
    return background(
        job.repo,
        job.base,
        likely_cache(os.environ),
        seconds=_WAIT[Lane.BULK if placed else job.request.lane],
        models=job.models,
        compare=placed or job.request.lane is Lane.BULK,
    )
