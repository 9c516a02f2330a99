"""Differential probes: the same calls on several trees, each in a jail of its own, and what they answer.

Promises: nothing of a tree runs outside of a jail (invariant 4). A tree is run twice, under different hash
seeds; a call whose two answers differ, or that does anything besides answering, has none. What a tree
answers is its own claim: code made to deceive can answer anything. No verdict rests on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from msgspec import structs

from assay.gates.protocol import Toolbox
from assay.model.candidate import Record
from assay.model.tool import Ending
from assay.patchset.alike.inputs import Arguments
from assay.patchset.alike.targets import Target
from assay.sandbox.spec import JailCommand

SECONDS = 20.0
"""One run of a tree's calls at most."""
MISSING = "missing"
"""The answer to a call that a tree's process did not live to make, both times."""
_LONGEST = 1000
_SEEDS = ("1", "2")
_BOOT = (
    "import sys;sys.path[:]=[p for p in sys.path if p];"
    "exec(compile(sys.stdin.buffer.read(int(sys.argv.pop())),'<probe>','exec'),{'__name__':'__main__'})"
)
_MISUSE = ("raises builtins.TypeError", "raises builtins.AttributeError")


class Call(Record, frozen=True, kw_only=True):
    """One call of a target; `init` are the arguments of its receiver's class."""

    target: Target
    arguments: Arguments
    init: Arguments | None = None

    @property
    def text(self) -> str:
        """The call as it would be written."""
        owner, _, name = self.target.symbol.rpartition(".")
        made = f"{owner}({_written(self.init)})" if self.init is not None else owner
        return (
            f"{made}.{name}({_written(self.arguments)})" if owner else f"{name}({_written(self.arguments)})"
        )


Answers = tuple[str | None, ...]
"""For each call: what it came to, `MISSING`, or None where that means nothing."""


async def observe(toolbox: Toolbox, tree: str, calls: Sequence[Call], name: str) -> Answers | None:
    """What `calls` answer on a tree; None where the machine is the reason for there being no answers."""
    runs = []
    for seed in _SEEDS:
        answers = await _run(toolbox, tree, calls, f"probes of {name}", seed)
        if answers is None:
            return None
        runs.append(answers)
    return tuple(a if a == b else None for a, b in zip(*runs, strict=True))


async def _run(toolbox: Toolbox, tree: str, calls: Sequence[Call], label: str, seed: str) -> Answers | None:
    environment = await toolbox.environment()
    roots = sorted({call.target.root for call in calls})
    text = program()
    call = await toolbox.sandbox.run(
        JailCommand(
            label=label,
            argv=(str(environment.python), "-c", _BOOT, str(len(text))),
            root=toolbox.repo.root,
            stack=await toolbox.stack(tree),
            binds=environment.mounts,
            variables={**environment.variables, "PYTHONHASHSEED": seed},
            limits=structs.replace(toolbox.policy.limits, seconds=SECONDS),
            stdin=text + json.dumps([roots, [_sent(one) for one in calls]]).encode("ascii"),
            report=True,
        )
    )
    if call.ending in (Ending.INFRA, Ending.CANCELLED):
        return None
    # What was not reached in time might have been on a quicker machine.
    rest = None if call.ending is Ending.EXHAUSTED else MISSING
    return read(call.report, len(calls), rest)


def read(report: bytes, count: int, rest: str | None) -> Answers:
    """The answers in a report; `rest` for those that are not in it. Lines that make no sense say nothing."""
    found: list[str | None] = [rest] * count
    for line in report.splitlines():
        try:
            index, answer = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            continue
        if type(index) is int and 0 <= index < count and (answer is None or isinstance(answer, str)):
            found[index] = answer and answer[:_LONGEST]
    return tuple(found)


def reliable(runs: Mapping[str, Answers]) -> dict[str, Answers]:
    """The runs without those that leave open more than half of what most others answer: one attempt must not
    make all the others look alike by answering nothing."""
    columns = list(zip(*runs.values(), strict=True))
    usual = [place for place, column in enumerate(columns) if column.count(None) * 2 < len(column)]
    return {tree: run for tree, run in runs.items() if sum(run[p] is None for p in usual) * 2 <= len(usual)}


def counted(calls: Sequence[Call], run: Answers) -> Answers:
    """The answers that count. A call that no test makes and that is refused as wrongly typed is likely to be
    outside of what the function is for, where attempts that are equally right differ."""
    return tuple(
        None if call.arguments.made_up and answer in _MISUSE else answer
        for call, answer in zip(calls, run, strict=True)
    )


def telling(runs: Sequence[Answers]) -> tuple[int, ...]:
    """The places of calls that tell trees apart: every tree answers, and not all in the same way."""
    columns = enumerate(zip(*runs, strict=True))
    return tuple(place for place, column in columns if None not in column and len(set(column)) > 1)


@cache
def program() -> bytes:
    """The text of the program that makes the calls."""
    return (resources.files("assay.patchset.alike") / "program.py").read_bytes()


def _sent(call: Call) -> dict[str, object]:
    init = call.init
    return {
        "module": call.target.module,
        "symbol": call.target.symbol,
        "init": None if init is None else [init.positional, init.named],
        "arguments": [call.arguments.positional, call.arguments.named],
    }


def _written(given: Arguments | None) -> str:
    if given is None:
        return ""
    return ", ".join([*given.positional, *(f"{name}={text}" for name, text in given.named)])
