"""How many hostile calls are denied: bare, by nsjail and bubblewrap as they come, by each of our tiers.

    python -m bench hardening [--through]

The calls are those of `hostile_calls`, harmless where nothing denies them. `--through` names, for each way,
those that got through. The last columns are counts of one run; the cost of the filter is the CPU time of a
jail that only starts `true`, as a ratio of the same without it.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio

from assay.model.tool import Tier
from assay.sandbox.jail import open_sandbox
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import JailCommand
from bench import hostile_calls

_PYTHON = "/usr/bin/python3"
_ARGV = (_PYTHON, "-I", "-c", hostile_calls.program())
_ROOT = Path("/srv/project")
_STARTS = 20


def main(argv: list[str]) -> int:
    """Print the table; exit 1 if a call gets through the tier `hardened`."""
    parser = argparse.ArgumentParser(prog="python -m bench hardening")
    parser.add_argument("--through", action="store_true", help="name the calls that got through")
    options = parser.parse_args(argv)
    asked = hostile_calls.calls()
    left = -1
    for name, outcomes in _ways(asked):
        if not outcomes:
            print(f"{name:<34} could not be run here")
            continue
        through = [each.name for each in asked if not each.denied(outcomes.get(each.name, ""))]
        print(f"{name:<34}{len(asked) - len(through):>5} of {len(asked)} denied", flush=True)
        if options.through and through:
            print("    " + ", ".join(through))
        if name == _ours(Tier.HARDENED):
            left = len(through)
    costs = [_start_cost(found) for tier in (Tier.NAMESPACED, Tier.HARDENED) if (found := _tier(tier))]
    if len(costs) == 2:
        print(f"{'CPU of a start, with the filter':<34}{costs[1] / costs[0]:>8.2f}x without")
    return int(left != 0)


def _ways(asked: tuple[hostile_calls.Call, ...]) -> list[tuple[str, dict[str, str]]]:
    request = hostile_calls.request(asked)
    ways = [("bare", _plain(_ARGV, request))]
    tier = _tier(Tier.NAMESPACED)
    if tier is not None and tier.binary is not None:
        nsjail = (
            str(tier.binary),
            "-Mo",
            "-Q",
            "-t",
            "60",
            "-u",
            "1000",
            "-g",
            "1000",
            "-R",
            "/usr",
            "-R",
            "/lib",
        )
        more = ("-R", "/lib64") if Path("/lib64").exists() else ()
        limits = ("--rlimit_as", "hard", "--rlimit_nofile", "hard")
        ways.append(("nsjail, no policy", _plain((*nsjail, *more, *limits, "--", *_ARGV), request)))
    if (bwrap := shutil.which("bwrap")) is not None:
        view = ("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp")
        ways.append(("bubblewrap", _plain((bwrap, "--unshare-all", *view, *_ARGV), request)))
    for each in (Tier.NAMESPACED, Tier.HARDENED):
        found = _tier(each)
        if found is not None:
            ways.append((_ours(each), anyio.run(_jailed, found, request)))
    return ways


def _ours(tier: Tier) -> str:
    return f"assay, tier {tier}"


def _tier(tier: Tier) -> Probe | None:
    found = probe(str(tier))
    return found if found.tier is tier else None


def _plain(argv: Sequence[str], request: bytes) -> dict[str, str]:
    done = subprocess.run(argv, input=request, capture_output=True, check=False)
    if done.returncode:
        print(f"{argv[0]} failed: {done.stderr.decode()[-200:]}", file=sys.stderr)
        return {}
    return dict(json.loads(done.stdout))


async def _jailed(found: Probe, request: bytes) -> dict[str, str]:
    async with open_sandbox(found, lambda call: None) as sandbox:
        call = await sandbox.run(JailCommand(label="calls", argv=_ARGV, root=_ROOT, stdin=request))
    return dict(json.loads(call.stdout))


def _start_cost(found: Probe) -> float:
    """CPU seconds of everything that a jail takes, the engine's part included."""

    async def start() -> float:
        async with open_sandbox(found, lambda call: None) as sandbox:
            command = JailCommand(label="true", argv=("/bin/true",), root=_ROOT)
            await sandbox.run(command)
            before = _cpu()
            for _ in range(_STARTS):
                await sandbox.run(command)
            return (_cpu() - before) / _STARTS

    return anyio.run(start)


def _cpu() -> float:
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)
