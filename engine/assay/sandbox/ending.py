"""How a program ended, concluded from what was observed and from nothing the program printed.

Promises: pure. A jail that did not start is `infra`; one that did is `infra` only for what comes from
outside of it: its supervisor or its first process was killed, the machine ran out of memory or disk without
the jail being at its own limit. A program that ends well has ended well, whatever became of its children.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum

from assay.model.candidate import Record
from assay.model.outcome import Resource
from assay.model.tool import Ending
from assay.policy.schema import Limits


class Stop(StrEnum):
    """Why the engine ended a program before its time."""

    TIME = "time"
    CPU = "cpu"
    OUTPUT = "output"
    MEMORY = "memory"
    PIDS = "pids"
    DISK = "disk"
    FILES = "files"
    NO_MEMORY = "no memory"
    """The machine is about to run out, and this program's end helps most."""
    NO_DISK = "no disk"
    CANCELLED = "cancelled"
    START = "start"


class Observed(Record, frozen=True, kw_only=True):
    """What was seen of one run.

    `started`: the jail was built and its first process spoke. `code`: the exit status that this process
    gave for the program, None if it could not. `by_signal`: it said that the program was ended by a signal.
    `wait_status`: the supervisor's, as from wait(2). `stop`: what the engine itself did, and why.
    `oom_kills`: processes that the kernel killed at the jail's own memory limit; `oom_kills_elsewhere`: those
    it killed because memory ran out somewhere else. `refused_forks`: how often the limit on processes was
    met.
    """

    started: bool
    code: int | None
    by_signal: bool
    wait_status: int
    stop: Stop | None = None
    oom_kills: int = 0
    oom_kills_elsewhere: int = 0
    refused_forks: int = 0
    cpu_seconds: float = 0.0
    log: str = ""


class Conclusion(Record, frozen=True, kw_only=True):
    """The fields of a tool call that say how it ended."""

    ending: Ending
    exit_code: int | None = None
    signal: int | None = None
    resource: Resource | None = None
    reason: str = ""


def conclude(seen: Observed, limits: Limits) -> Conclusion:
    """Fold what was observed into one ending."""
    if seen.stop is Stop.CANCELLED:
        return Conclusion(ending=Ending.CANCELLED, reason="cancelled")
    if not seen.started:
        return Conclusion(ending=Ending.INFRA, reason=_not_started(seen))
    if seen.stop is not None and (seen.code is None or seen.stop is Stop.OUTPUT):
        # Whether a program that printed too much got to its end before it was stopped is a matter of luck.
        return _stopped(seen.stop, limits)
    if seen.code is not None and seen.code != _outside(seen):
        return _disagreeing(seen, limits)
    if seen.code == 0:
        return Conclusion(ending=Ending.EXITED, exit_code=0)
    return _ended_badly(seen, limits)


def _ended_badly(seen: Observed, limits: Limits) -> Conclusion:
    if seen.oom_kills:
        return _exhausted(Resource.MEMORY, f"more than {limits.memory} bytes of memory")
    if seen.oom_kills_elsewhere:
        return _infra("the machine ran out of memory, and the kernel killed a process of this jail")
    if seen.refused_forks:
        return _exhausted(Resource.PIDS, f"more than {limits.pids} processes")
    if seen.code is None:
        return _unspoken(seen)
    if seen.by_signal and seen.code > 128:
        return _signalled(seen.code - 128, seen, limits)
    return Conclusion(ending=Ending.EXITED, exit_code=seen.code)


def _signalled(number: int, seen: Observed, limits: Limits) -> Conclusion:
    if number == signal.SIGXFSZ:
        return _exhausted(Resource.DISK, f"a file larger than {limits.file_size} bytes")
    # The kernel kills at a hard CPU limit; the same signal at less CPU time is the program's own affair.
    if limits.cpu_seconds and number in (signal.SIGKILL, signal.SIGXCPU) and _spent(seen, limits):
        return _stopped(Stop.CPU, limits)
    return Conclusion(ending=Ending.SIGNALLED, signal=number, reason=f"killed by signal {number}")


def _spent(seen: Observed, limits: Limits) -> bool:
    return seen.cpu_seconds >= 0.9 * limits.cpu_seconds


def _stopped(stop: Stop, limits: Limits) -> Conclusion:
    if stop is Stop.TIME:
        return _exhausted(Resource.TIME, f"more than {limits.seconds:g} s")
    if stop is Stop.CPU:
        return _exhausted(Resource.CPU, f"more than {limits.cpu_seconds:g} s of CPU time")
    if stop is Stop.OUTPUT:
        return _exhausted(Resource.OUTPUT, f"more than {limits.output} bytes of output")
    return _pressed(stop, limits)


def _pressed(stop: Stop, limits: Limits) -> Conclusion:
    """It was ended for the sake of the machine."""
    if stop is Stop.MEMORY:
        return _exhausted(Resource.MEMORY, f"more than {limits.memory} bytes of memory")
    if stop is Stop.PIDS:
        return _exhausted(Resource.PIDS, f"more than {limits.pids} processes")
    if stop is Stop.DISK:
        return _exhausted(Resource.DISK, f"more than its share of the disk ({limits.disk} bytes at most)")
    if stop is Stop.FILES:
        return _exhausted(Resource.DISK, f"more than {limits.files} files")
    what = "memory" if stop is Stop.NO_MEMORY else "space on the disk of the cache"
    return _infra(f"the machine was running out of {what}")


def _exhausted(resource: Resource, reason: str) -> Conclusion:
    return Conclusion(ending=Ending.EXHAUSTED, resource=resource, reason=reason)


def _outside(seen: Observed) -> int | None:
    """The status that the supervisor handed on, out of the jail's reach; None if it was killed."""
    if os.WIFSIGNALED(seen.wait_status):
        return None
    return os.waitstatus_to_exitcode(seen.wait_status)


def _disagreeing(seen: Observed, limits: Limits) -> Conclusion:
    """The first process said one status, and the supervisor handed on another or none: never a success."""
    if seen.stop is not None:
        return _stopped(seen.stop, limits)
    if (outside := _outside(seen)) is None:
        return _unspoken(seen)
    return Conclusion(
        ending=Ending.EXITED,
        exit_code=outside or 1,
        reason=f"the program is said to have ended with {seen.code}, the jail ended with {outside}",
    )


def _infra(reason: str) -> Conclusion:
    return Conclusion(ending=Ending.INFRA, reason=reason)


def _unspoken(seen: Observed) -> Conclusion:
    """The jail's first process ended without a word on the program."""
    if os.WIFSIGNALED(seen.wait_status):
        return _infra(f"the jail's supervisor was killed by signal {os.WTERMSIG(seen.wait_status)}")
    code = os.waitstatus_to_exitcode(seen.wait_status)
    if code == 128 + signal.SIGKILL:
        # From inside, the kernel keeps the first process of a pid namespace from this signal.
        return _infra("the jail's first process was killed from outside")
    if code > 128:
        return Conclusion(ending=Ending.SIGNALLED, signal=code - 128, reason=f"killed by signal {code - 128}")
    # Only interference with the first process leads here: never a success.
    return Conclusion(ending=Ending.EXITED, exit_code=code or 1, reason="the jail's first process was ended")


def _not_started(seen: Observed) -> str:
    why = " ".join(seen.log.split())[-500:] or f"wait status {seen.wait_status}"
    if seen.stop is Stop.START:
        return f"the jail took too long to start ({why})"
    return f"the jail did not start ({why})"
