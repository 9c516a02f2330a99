"""Running a test suite once in a jail, and telling how the run as a whole ended.

Promises: nothing is read from the program's output; what is quoted from it only explains a result that the
exit status, the jail and the report already gave. The plugin's report, its end record and the exit status
have to agree: a run that looks green without a complete report is not green (invariant 5).
"""

from __future__ import annotations

import marshal
import secrets
import signal
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

from msgspec import field, structs

from assay.gates.endings import last_line, tail
from assay.gates.inject.held import source
from assay.gates.inject.texts import ID_LIMIT
from assay.gates.protocol import Toolbox
from assay.gates.testing.conditions import USUAL, Conditions
from assay.gates.testing.manifest import trusted_files
from assay.gates.testing.records import decode
from assay.gates.testing.suite import COLLECTION, Suite, fold
from assay.model.candidate import Record
from assay.model.outcome import Resource, ResourceUse
from assay.model.tool import Ending, Tier, ToolCall
from assay.sandbox import landlock
from assay.sandbox.spec import JailCommand, Warmth

OURS = ("--continue-on-collection-errors", "--maxfail=0")
"""Every test counts, whatever the ones before it did: said last, so that it overrides the project's `-x`."""

BRIEF = ("--tb=line",)
"""For the excerpts that nobody reads, pytest would parse the whole file of each test that fails."""

_INJECTED = (
    "constants",
    "texts",
    "equal",
    "hooks",
    "channel",
    "vault",
    "marks",
    "patches",
    "compiling",
    "planted",
    "ran",
    "sources",
    "learning",
    "machinery",
    "deciders",
    "groups",
    "hooking",
    "watch",
    "canary",
    "reporter",
    "leaving",
    "assay_pytest",
    "assay_steady",
    "assay_haste",
)
"""The modules of the program that runs pytest, each after those it imports."""

BOOT = (
    "import sys;sys.path[:]=[p for p in sys.path if p];source=open(0,'rb',closefd=False);"
    "exec(compile(source.read(int(sys.argv.pop(1))),'<string>','exec'),"
    "{'__name__':'<string>','source':source,'held':sys.__dict__.pop('assay_held',None)})"
)
"""Runs a program from standard input, with the current directory (the candidate's) off the module path. What
a warm interpreter holds for it is `held`, and in no other place any more."""


_START = """
import marshal, sys
if held is None:
    exec(compile(source.read({boot}), "<string>", "exec"))
    held = hold(source.read({size}), False, {{}}, ())
else:
    source.seek({boot} + {size}, 1)
rest, run, nested, parts, callers, standing, files, patterns = held
callers += nested(sys._getframe().f_code)
call = marshal.loads(source.read({call}))
call[0]["ahead"] = ({{**files, **call[3]}}, patterns or call[4])
if call[2]:
    parts["landlock"].confine(call[2])
steady, travel = parts["assay_steady"].hold_still, parts["assay_steady"].traveller(call[1])
hurry = parts["assay_haste"].hurry
session = parts["assay_pytest"].prepare(
    rest(source),
    callers,
    standing,
    call[0],
    lambda pytest: steady(pytest, call[1], travel),
    lambda pytest: hurry(pytest, call[0]),
)
del source, held, parts, callers, standing, files, steady, travel, hurry
run(session)
"""
"""Leaves nothing in reach of the project's code that writes to the report, nor what it is keyed with."""

_PRELUDE = """
held = hold(*given)
del given
"""
"""What a warm interpreter does of it before it forks."""

_REPORT_BYTES = 64 << 20
"""What a run may report, which is held in memory. A test takes some 500 bytes: of limits.output, which is for
what the project prints, 30,000 tests would leave nothing."""

_PLAIN = 2
"""The format that every Python reads."""


class Made(Record, frozen=True, kw_only=True):
    """Code that was made ahead of time; see `inject/compiling.py`. `modules` is that of the program itself;
    `files` maps (path, kind) to (git blob, code), `patterns` are the names of tests it was made with."""

    modules: bytes = b""
    files: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    patterns: tuple[str, ...] = ()


NOTHING = Made()

Watch = Mapping[str, tuple[str, Sequence[int]]]
"""Files of the product by path: the git blob, and the lines that changed."""


def warmth(modules: Sequence[str], made: Made = NOTHING) -> Warmth:
    """An interpreter that has done all of a run that no tree has a part in: `modules` imported, the program
    loaded, and the code there that was `made`."""
    given = (made.modules or texts(), bool(made.modules), made.files, list(made.patterns))
    prelude = f"{source('boot')}\n{_PRELUDE}"
    return Warmth(modules=tuple(modules), prelude=prelude, given=marshal.dumps(given, _PLAIN))


class Ended(StrEnum):
    """How a run as a whole ended. Only after `complete` does the lack of a test mean anything."""

    COMPLETE = "complete"
    NO_PYTEST = "no-pytest"
    REFUSED = "refused"
    BROKE = "broke"
    INTERRUPTED = "interrupted"
    CRASHED = "crashed"
    SILENT = "silent"
    CONTRADICTED = "contradicted"
    EXHAUSTED = "exhausted"
    INFRA = "infra"
    CANCELLED = "cancelled"

    @property
    def machine(self) -> bool:
        """Whether the machine or the user ended it, so that nobody is to blame."""
        return self in (Ended.INFRA, Ended.CANCELLED)


class Haste(Record, frozen=True, kw_only=True):
    """What makes a run come to its point sooner: after how many failing tests it has seen `enough` (0:
    never), those `forgiven` not counted; `order` are tests that come in this order, the file of the first one
    first."""

    enough: int = 0
    forgiven: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


UNHURRIED = Haste()


class Run(Record, frozen=True, kw_only=True):
    """One run. `why` is the rest of a sentence that begins with `pytest`; empty if complete."""

    suite: Suite
    ended: Ended
    why: str = ""
    status: int | None = None
    resource: Resource | None = None
    use: ResourceUse = ResourceUse()
    killed: bool = False
    """By the signal that anybody may have sent, from inside of the jail or from outside."""


async def execute(
    toolbox: Toolbox,
    tree: str,
    *,
    label: str,
    seconds: float,
    select: Sequence[str] | None = None,
    serial: bool = False,
    conditions: Conditions = USUAL,
    trial: bool = False,
    haste: Haste = UNHURRIED,
    warm: Warmth | None = None,
    made: Made = NOTHING,
    watch: Watch | None = None,
) -> Run:
    """Run the suite of `tree`, or only the tests `select` of it, within `seconds` of wall time.

    `serial` turns the project's own workers off (pytest-xdist does not hand them a selection). `conditions`
    are what results must not depend on. `trial`: a verdict may rest on this run even if it is of a selection.
    `warm` asks for a fork of a warm interpreter, which need not be had; `made` spares it compiling that; of
    the files in `watch` it is told which lines ran.
    """
    environment = await toolbox.environment()
    secret = secrets.token_hex(16)
    manifest = await trusted_files(toolbox, tree)
    options = {
        "select": None if select is None else list(select),
        "known": trial,
        "narrow": warm is not None and not trial and _by_name(select),
        "manifest": manifest,
        "serial": serial or toolbox.policy.tests.tests_of_base,
        "enough": haste.enough,
        "forgiven": list(haste.forgiven),
        "order": list(haste.order),
        "brisk": warm is not None,
        "learn": warm is None and select is None and not watch,
        "watch": {path: (blob, list(lines)) for path, (blob, lines) in (watch or {}).items()},
    }
    steady = {
        "seed": toolbox.policy.tests.seed,
        "order": conditions.order,
        "cpus": environment.cpus,
        "clock": toolbox.policy.tests.instant,
    }
    apart = toolbox.sandbox.isolation.tier is not Tier.NONE
    places = landlock.writable(toolbox.repo.root, environment.mounts) if apart else ()
    program, behind = _program((options, steady, list(places), made.files, list(made.patterns)))
    token = secrets.token_hex(16)
    # Re-runs of a few tests show what they show; canaries belong to the run that a verdict rests on.
    seed = secrets.token_hex(16) if select is None or trial else ""
    call = await toolbox.sandbox.run(
        JailCommand(
            label=label,
            argv=(
                str(environment.python),
                "-c",
                BOOT,
                str(len(program)),
                *toolbox.policy.tests.args,
                *OURS,
                *(BRIEF if warm is not None else ()),
            ),
            root=toolbox.repo.root,
            stack=await toolbox.stack(tree),
            binds=environment.mounts,
            variables={**environment.variables, **conditions.variables},
            limits=structs.replace(toolbox.policy.limits, seconds=seconds),
            stdin=program + behind,
            nonce=f"{secret} {token} {seed}".encode(),
            report=True,
            report_bytes=_REPORT_BYTES,
            warm=warm,
        )
    )
    return told(call, secret, token)


def _by_name(select: Sequence[str] | None) -> bool:
    """Whether each entry is a test that is known by its whole id, so that its file, whose collection it may
    be about, need not be collected as a whole."""
    return select is not None and all(
        "::" in test and not test.endswith(COLLECTION) and len(test) < ID_LIMIT - 20 for test in select
    )


def injected() -> list[tuple[str, str]]:
    """The modules of the program: names and texts, each after those it imports."""
    return [*((name, source(name)) for name in _INJECTED), ("landlock", landlock.source())]


def _program(call: tuple[Any, ...]) -> tuple[bytes, bytes]:
    """The program, and what it reads behind itself: its parts, unless it is a fork that has them, and its
    arguments."""
    boot, modules, arguments = source("boot").encode(), texts(), marshal.dumps(call, _PLAIN)
    start = _START.format(boot=len(boot), size=len(modules), call=len(arguments))
    return start.encode(), boot + modules + arguments


@cache
def texts() -> bytes:
    """The same, as the program reads them."""
    return ascii(injected()).encode()


def told(call: ToolCall, secret: str, token: str = "") -> Run:
    """What a finished call says: the folded suite, and how the run ended. With the wrong `token` at the end,
    the last record says nothing."""
    suite = fold(decode(call.report, secret))
    if suite.token != token:
        suite = structs.replace(suite, exit_status=None)
    ended, why = _classify(call, suite)
    return Run(
        suite=suite,
        ended=ended,
        why=why,
        status=call.exit_code,
        resource=call.resource,
        use=call.use,
        killed=ended is Ended.CRASHED and call.signal == signal.SIGKILL,
    )


_NOT_RUN = {
    Ending.INFRA: (Ended.INFRA, "could not be run"),
    Ending.CANCELLED: (Ended.CANCELLED, "was cancelled"),
    Ending.REFUSED: (Ended.REFUSED, "cannot be run over this tree"),
}


def _classify(call: ToolCall, suite: Suite) -> tuple[Ended, str]:
    running = f" while {suite.running[-1]} was running" if suite.running else ""
    if (not_run := _NOT_RUN.get(call.ending)) is not None:
        ended, words = not_run
        return ended, f"{words}: {call.reason}" if call.reason else words
    if call.ending is Ending.EXHAUSTED:
        return Ended.EXHAUSTED, f"ran out of {call.resource or Resource.TIME}{running}"
    if suite.no_pytest:
        return Ended.NO_PYTEST, f"cannot be imported: {suite.no_pytest}"
    if call.exit_code is None:
        return Ended.CRASHED, f"was killed by signal {call.signal}{running}"
    return _compare_status(call, suite, call.exit_code, running)


def _compare_status(call: ToolCall, suite: Suite, code: int, running: str) -> tuple[Ended, str]:
    """What the exit status and the report say of each other."""
    status = suite.end_status if suite.exit_status is None else suite.exit_status
    if status is None or suite.flaw:
        flaw = f" ({suite.flaw})" if suite.flaw else ""
        ended = Ended.CRASHED if code else Ended.SILENT
        said = f": {words}" if code and (words := _complaint(call.stderr)) else ""
        return ended, f"exited with {code} before its report was complete{flaw}{running}{said}"
    if code != status or not suite.whole:
        ended = Ended.CONTRADICTED if code in (0, status) else Ended.CRASHED
        return ended, f"exited with {code}, which its own report (status {status}) contradicts"
    return _by_status(call, suite, status)


def _by_status(call: ToolCall, suite: Suite, status: int) -> tuple[Ended, str]:
    """pytest's documented exit statuses; others are a plugin's own and left to the comparison."""
    said = suite.internal or suite.stopped or _complaint(call.stderr) or last_line(call.stdout)
    if status == 2:
        return Ended.INTERRUPTED, f"was interrupted: {said}"
    if status == 3:
        return Ended.BROKE, f"broke with an internal error: {said}"
    if status == 4 or suite.end_status is None:
        return Ended.REFUSED, f"refused to start (exit {status}): {said}"
    return Ended.COMPLETE, ""


def _complaint(output: bytes) -> str:
    """The line to quote from what a program complained of: the last that names an error, or the last."""
    naming = [line.strip() for line in tail(output).splitlines() if "error:" in line.lower()]
    return naming[-1] if naming else last_line(output)
