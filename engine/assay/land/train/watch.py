"""Run a train: look for arrivals, ride as far as the branch's tip takes them, look again.

Promises: there is one train on a branch at a time, held to it by a lock that dies with its holder; whatever
instant it is killed at, the next one goes on from what the ledger and the branch say; cancelled, it rolls
back the leg that it is on and keeps what has landed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from assay.land import plan
from assay.land.job import prepare
from assay.land.publish import check_target
from assay.land.recover import recover
from assay.land.request import Request
from assay.land.train.arrivals import look
from assay.land.train.leg import Way, ride
from assay.land.train.line import Line
from assay.land.train.memory import recall
from assay.land.train.told import Summary, Teller
from assay.ledger.ledger import Ledger
from assay.model.errors import BadInput, Unsound
from assay.model.event import Observer, nobody
from assay.policy.schema import Policy
from assay.policy.stakes import Collect
from assay.repo.repository import Repository, open_repository
from assay.risk.evidence.shortfalls import demands

_AHEAD = 16
"""So many candidates are aboard a leg at most: who comes later waits, instead of holding up who is there."""
_POLL = 0.5
"""Seconds between two looks at the sources while there is nothing to do."""


async def watch(
    request: Request,
    *,
    onto: str,
    tell: Teller,
    every_commit: bool = True,
    linear: bool = False,
    until_idle: bool = False,
    observer: Observer = nobody,
) -> Summary:
    """Land what arrives in the request's sources on `onto` until cancelled, or, with `until_idle`, until
    nothing is left to do. `tell` hears of everything as it happens.

    Candidates that pass become one commit each, every one verified as it stands; without `every_commit` they
    land in batches of which only the tip is verified, as merges unless `linear`. Raises `BadInput` for what
    is wrong with the request or the branch, and `Unsound` where this machine cannot verify or publish.
    """
    _check(request)
    repo = open_repository(request.repo, request.environ)
    ref = plan.branch_ref(repo, onto)
    check_target(repo, ref)
    way = Way(ref=ref, every_commit=every_commit, linear=linear)
    with _only_train(repo, ref):
        with Ledger.open(repo.common_dir / "assay") as ledger:
            recover(repo, ledger)
            line = Line(recall(ledger, ref), tell)
        while True:
            busy = await _round(request, way, line, observer)
            if busy is None and until_idle:
                return Summary(landed=line.landed, evicted=line.evicted, undecided=line.undecided)
            if not busy:
                await anyio.sleep(_POLL)


async def _round(request: Request, way: Way, line: Line, observer: Observer) -> bool | None:
    """One look, and one leg if somebody waits. True: look again at once; False: later; None: idle."""
    # Opened anew, so that nothing that others have changed is remembered.
    repo = open_repository(request.repo, request.environ)
    base = repo.resolve(plan.tip(repo, way.ref))
    line.at(base.commit or "")
    seen = look(repo, request.sources, base, onto=way.ref, squash=request.squash)
    line.undecided = sum(not line.memory.left(one.key) for one in seen.arrivals)
    queue = [one for one in seen.arrivals if line.waits(one.key, base)][:_AHEAD]
    in_the_way = _in_the_way(repo, way) if queue else ()
    line.problems((*seen.problems, *in_the_way))
    if in_the_way:
        return None  # nothing is verified that could not be published
    if not queue:
        return False if seen.unsettled else None
    job = prepare("land", request, default_pack="agent", at=(repo, base))
    _answerable(job.policy)
    return await ride(job, way, line, queue, observer)


def _answerable(policy: Policy) -> None:
    """Refuse a policy that demands evidence and has none gathered: nothing could ever land by it."""
    if demands(policy.evidence) and policy.evidence.collect is Collect.NEVER:
        raise BadInput(
            f"the policy {policy.name} lets land only what meets its `evidence`, and has none gathered",
            where="--watch",
            fix='set `evidence.collect = "mutants"`, or name a policy without such demands',
        )


def _in_the_way(repo: Repository, way: Way) -> tuple[str, ...]:
    """Why nothing could be published now, as far as the work tree is concerned."""
    try:
        check_target(repo, way.ref)
    except BadInput as error:
        return (error.sentence,)
    return ()


def _check(request: Request) -> None:
    if not request.sources or "-" in request.sources:
        raise BadInput("standard input cannot be watched", where="-", fix="name directories, files or refs")
    if request.acceptance is not None or request.require is not None:
        raise BadInput(
            "acceptance tests go with candidates that are known", where="--watch", fix="land those without it"
        )


@contextmanager
def _only_train(repo: Repository, ref: str) -> Iterator[None]:
    """Be the only train on this branch."""
    name = hashlib.sha256(ref.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    place = repo.common_dir / "assay" / f"train-{name}.lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unsound(f"the train's lock cannot be taken ({error.strerror})", where=str(place)) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput("a train is running on this branch already", where=ref) from error
        yield
    finally:
        os.close(descriptor)
