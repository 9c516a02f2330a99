"""Run ruff in a jail over some files of a tree, and read what it says.

Promises: a run counts only if ruff exited 0 or 1 and its whole report was understood (invariant 5);
anything else is a `problem`, told apart from findings. Whose fault a problem is, is not decided here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from assay.gates.endings import how_it_ended, last_line, total
from assay.gates.files import line_at, split_lines
from assay.gates.fingerprint import RawFinding, fold_space
from assay.gates.protocol import Toolbox
from assay.gates.ruff_config import RuffRules, unpinned
from assay.gates.ruff_wave import chunks
from assay.gates.tools import ruff_binary
from assay.model.candidate import Record
from assay.model.outcome import ResourceUse
from assay.model.tool import Ending, ToolCall
from assay.sandbox.spec import Bind, JailCommand

REAL_ERRORS = "E9,F63,F7,F82"
"""What is asked of files that no configuration speaks for: syntax, broken comparisons and control flow,
undefined names. Nobody who never chose ruff is held to its style rules."""

_NOTHING = b"No Python files found"


class RuffRun(Record, frozen=True, kw_only=True):
    """What one or more calls of ruff said. `problem`, if any, is about `call`."""

    findings: tuple[RawFinding, ...] = ()
    problem: str = ""
    call: ToolCall | None = None
    use: ResourceUse = ResourceUse()
    looked_at_none: bool = False
    """Whether ruff's own configuration left every file out."""


class Unreadable(Exception):
    """A report that is not one."""


async def run_ruff(
    toolbox: Toolbox, rules: RuffRules, tree: str, contents: Mapping[str, bytes], label: str
) -> RuffRun:
    """Lint the files `contents` (path to bytes) of `tree`; stops at the first problem."""
    stack = await toolbox.stack(unpinned(toolbox, rules, tree))
    findings: list[RawFinding] = []
    uses: list[ResourceUse] = []
    nothing = True
    for options, paths in _calls(rules, contents):
        command = msgspec.structs.replace(
            _command(toolbox, label, (*options, "--output-format", "json", "--", *paths)), stack=stack
        )
        async with await toolbox.once("lint/jails", _room):
            call = await toolbox.sandbox.run(command)
        uses.append(call.use)
        problem = tool_problem(call)
        try:
            listed = [] if problem else parse(call.stdout, call.exit_code, contents, str(toolbox.repo.root))
        except Unreadable as error:
            problem = str(error)
        if problem:
            return RuffRun(problem=problem, call=call, use=total(*uses))
        findings += listed
        nothing = nothing and not listed and _NOTHING in call.stderr
    return RuffRun(findings=tuple(findings), use=total(*uses), looked_at_none=nothing)


async def control(toolbox: Toolbox, rules: RuffRules, tree: str, path: str) -> str:
    """Whether ruff works at all on the base: an empty file under this path's rules. The problem, or ''."""
    options = options_for(rules, governed=rules.governs(path))
    command = _command(toolbox, "ruff on the base", (*options, "--stdin-filename", path, "-"))
    stack = await toolbox.stack(unpinned(toolbox, rules, tree))
    call = await toolbox.sandbox.run(msgspec.structs.replace(command, stack=stack))
    return tool_problem(call)


def tool_problem(call: ToolCall) -> str:
    """Why this call is no answer, or '' if ruff ran to its end."""
    if call.ending is Ending.EXITED and call.exit_code in (0, 1):
        return "ruff's report was cut off" if call.truncated else ""
    said = last_line(call.stderr)
    return f"ruff {how_it_ended(call)}" + (f": {said.removeprefix('Cause: ')}" if said else "")


def parse(
    said: bytes | str,
    exit_code: int | None,
    contents: Mapping[str, bytes],
    root: str,
    others: Iterable[str] = (),
) -> list[RawFinding]:
    """The findings in the files `contents` that a call at `root` reported. `others` were asked about in the
    same call and are left out. Raises `Unreadable` unless the report is whole and consistent."""
    try:
        report = json.loads(said)
    except ValueError:
        raise Unreadable("ruff's report is no JSON") from None
    if not isinstance(report, list) or (exit_code == 1) != bool(report):
        raise Unreadable("ruff's report does not agree with its exit code")
    shown = names((*others, *contents))
    lines = {path: split_lines(contents[path]) for path in contents} if report else {}
    try:
        found = ((item, relative(str(item["filename"]), shown, root)) for item in report)
        return [_finding(item, path, lines[path]) for item, path in found if path in contents]
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"ruff's report has an entry that is not understood ({error!r})") from None


def names(paths: Iterable[str]) -> dict[str, str]:
    """Paths by how ruff prints them: what is no UTF-8 in replacement characters."""
    return {path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"): path for path in paths}


def _finding(item: Any, path: str, lines: list[str]) -> RawFinding:
    place, end = item["location"], item["end_location"]
    row, column = int(place["row"]), int(place["column"])
    whole_file = (row, column) == (1, 1) == (int(end["row"]), int(end["column"]))
    return RawFinding(
        rule=str(item["code"] or "invalid-syntax"),
        path=path,
        line=row,
        message=str(item["message"]),
        text="" if whole_file else fold_space(line_at(lines, row)),
        end_line=int(end["row"]),
        column=column,
    )


def relative(filename: str, shown: Mapping[str, str], root: str) -> str:
    """The path asked about that ruff's absolute one means: below `root`, else its longest known ending.
    Raises `Unreadable` for one that nobody asked about."""
    below = shown.get(filename.removeprefix(f"{root}/")) if filename.startswith(f"{root}/") else None
    if below is not None:
        return below
    parts = filename.split("/")
    for start in range(len(parts)):
        known = shown.get("/".join(parts[start:]))
        if known is not None:
            return known
    raise Unreadable(f"ruff reports on {filename}, which nobody asked about")


async def _room() -> anyio.CapacityLimiter:
    """So many jails of ruff's own at a time: candidates are let in here in numbers, for the worker's sake."""
    return anyio.CapacityLimiter(len(os.sched_getaffinity(0)))


def _calls(rules: RuffRules, paths: Iterable[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Options and paths of each call: one group under the base's rules, one without any, in chunks."""
    ordered = sorted(paths)
    for governed in (True, False):
        for chunk in chunks([path for path in ordered if rules.governs(path) is governed]):
            yield options_for(rules, governed=governed), chunk


def options_for(rules: RuffRules, *, governed: bool) -> tuple[str, ...]:
    """What ruff is told about the rules for files of one kind."""
    if not governed:
        return ("--isolated", "--select", REAL_ERRORS)
    return ("--config", rules.named) if rules.named else ()


def _command(toolbox: Toolbox, label: str, arguments: Sequence[str]) -> JailCommand:
    command = base_command(toolbox)
    return msgspec.structs.replace(command, label=label, argv=(*command.argv, *arguments))


def base_command(toolbox: Toolbox) -> JailCommand:
    """Ruff in a jail at the repository's root, not yet told what to look at."""
    ruff = ruff_binary()
    return JailCommand(
        label="ruff",
        argv=(str(ruff), "check", "--no-cache", "--no-fix", "--force-exclude"),
        root=toolbox.repo.root,
        binds=(Bind(source=ruff),),
        # A user's own configuration must not leak in where a jail shows the host's home.
        variables={"XDG_CONFIG_HOME": "/nonexistent", "NO_COLOR": "1"},
        limits=toolbox.policy.limits,
    )
