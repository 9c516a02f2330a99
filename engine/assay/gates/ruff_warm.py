"""Ask a warm ruff worker: one jail with the base's tree, in which waves of candidates are linted.

Promises: an answer is what ruff would say over a checkout of the question's own tree, or there is none
(None), and the caller asks in a jail of the question's own; a worker that dies, stalls or babbles is nobody's
failure (invariant 6). Only what ruff said with an exit code of 0 or 1 and a whole report is an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from assay.gates.batch import Reply
from assay.gates.desk import Desk
from assay.gates.fingerprint import RawFinding
from assay.gates.frames import BadReply, Unit, replies, request
from assay.gates.protocol import Toolbox
from assay.gates.ruff_config import RuffRules, unpinned
from assay.gates.ruff_run import Unreadable, base_command, names, options_for, parse, relative
from assay.gates.ruff_wave import Call, Group, Options, Question, grouped
from assay.gates.tools import own_interpreter, own_interpreter_binds
from assay.model.candidate import Record
from assay.model.errors import Unsound
from assay.repo import trees
from assay.repo.repository import EXECUTABLE, FILE, TREE
from assay.sandbox.spec import JailCommand
from assay.sandbox.worker import WorkerDied

WORKER = Path(__file__).with_name("workers") / "ruff_worker.py"

_PATIENCE = 30.0
"""Seconds for one wave, however small: a loaded machine is no stall."""
_PATIENCE_PER_RUN = 5.0
_MOST_DEATHS = 3
"""After so many workers that died, this run does without."""
_MODES = {FILE: 0o644, EXECUTABLE: 0o755}
_REPORT = ("--output-format", "json")
_LISTING = ("--show-files",)


class Told(Record, frozen=True, kw_only=True):
    """What ruff said to one question. `looked_at`: those of its `unknown` files that ruff does not leave
    out."""

    findings: tuple[RawFinding, ...]
    looked_at: frozenset[str]
    cpu_seconds: float


class _Ran(Record, frozen=True, kw_only=True):
    """One run of ruff that came to its end."""

    call: Call
    code: int
    out: str


class _Said(Record, frozen=True, kw_only=True):
    """What the runs of one group printed, in which tree, and one question's share of what they cost."""

    root: str
    runs: tuple[_Ran, ...]
    cpu_seconds: float


def question(toolbox: Toolbox, rules: RuffRules, tree: str, paths: Collection[str]) -> Question | None:
    """The question about these files of `tree`, or None where only a jail of its own will do: for what is no
    plain file, and where prepare steps make more of a tree than git has."""
    if toolbox.policy.prepare or not toolbox.policy.lint.warm:
        return None
    repo, base = toolbox.repo, toolbox.base.tree
    change = trees.delta(repo, base, tree)
    before = {write.path: repo.entry(base, write.path) for write in change.writes}
    modes = {write.mode for write in change.writes} | {old.mode for old in before.values() if old is not None}
    gone = {old.mode for path in change.deletions if (old := repo.entry(base, path)) is not None}
    if not modes <= _MODES.keys() or not gone <= {TREE, *_MODES}:
        return None
    if not all(map(_is_text, (*paths, *(write.path for write in change.writes), *change.deletions))):
        return None
    asked: dict[Options, list[str]] = {}
    for path in sorted(paths):
        asked.setdefault(options_for(rules, governed=rules.governs(path)), []).append(path)
    same = all((old := before[write.path]) is not None and old.mode == write.mode for write in change.writes)
    return Question(
        writes=change.writes,
        deletions=change.deletions,
        asked={options: tuple(listed) for options, listed in asked.items()},
        alters=bool(change.deletions) or not same,
        looks_around=any(rules.governs(path) for listed in asked.values() for path in listed),
    )


def _is_text(path: str) -> bool:
    """Whether ruff prints this path as it is, on one line."""
    return path.isprintable()


async def ask_warm(
    toolbox: Toolbox, rules: RuffRules, asked: Question, contents: Mapping[str, bytes]
) -> Told | None:
    """The answer to one question; `contents` are those of the files asked about. None: ask elsewhere."""

    async def make() -> Desk[Question, _Said | None]:
        return Desk(_Warm(toolbox, rules).exchange)

    desk = await toolbox.once("lint/warm", make)
    said = await desk.ask(asked)
    if said is None:
        return None
    try:
        return _told(asked, contents, said)
    except Unreadable:
        return None


class _Warm:
    """The worker of one run, and whether there is still hope for it."""

    def __init__(self, toolbox: Toolbox, rules: RuffRules) -> None:
        self._toolbox = toolbox
        self._rules = rules
        self._deaths = 0

    async def exchange(self, questions: Sequence[Question]) -> list[_Said | None]:
        """What was said to each question; None for those of which the worker knew no answer."""
        answers: list[_Said | None] = [None] * len(questions)
        if self._deaths >= _MOST_DEATHS:
            return answers
        groups = grouped(questions)
        calls = [tuple(group.calls()) for group in groups]
        units = [
            self._unit(number, group, runs)
            for number, (group, runs) in enumerate(zip(groups, calls, strict=True))
        ]
        try:
            worker = await self._toolbox.worker("ruff", self._command)
            patience = _PATIENCE + _PATIENCE_PER_RUN * sum(map(len, calls))
            found = replies(await worker.ask(request(units, {}), patience), units)
        except (WorkerDied, BadReply, Unsound):
            self._deaths += 1
            return answers
        for group, runs, reply in zip(groups, calls, found, strict=True):
            said = _said(runs, reply, len(group.members))
            for member in group.members:
                answers[member] = said
        return answers

    def _unit(self, number: int, group: Group, calls: Sequence[Call]) -> Unit:
        files: list[list[object]] = [[path, None, 0] for path in group.deletions]
        parts = []
        for path, write in sorted(group.writes.items()):
            parts.append(self._toolbox.repo.blob(write.blob))
            files.append([path, _MODES[write.mode], len(parts[-1])])
        argv = base_command(self._toolbox).argv
        runs = [
            [*argv, *call.options, *(_LISTING if call.listing else _REPORT), "--", *call.paths]
            for call in calls
        ]
        return Unit(id=number, content=b"".join(parts), meta={"files": files, "calls": runs})

    async def _command(self) -> JailCommand:
        toolbox = self._toolbox
        ruff = base_command(toolbox)
        return msgspec.structs.replace(
            ruff,
            label="ruff worker",
            # As text: a path of Assay's own may lie inside the tree, where nothing can be shown over a file.
            argv=(str(own_interpreter()), "-I", "-S", "-X", "utf8", "-c", WORKER.read_text("utf-8")),
            stack=await toolbox.stack(unpinned(toolbox, self._rules, toolbox.base.tree)),
            binds=(*ruff.binds, *own_interpreter_binds()),
            # It lives as long as the run: time is limited per request, not here.
            limits=msgspec.structs.replace(toolbox.policy.limits, seconds=0.0, cpu_seconds=0.0),
            report=True,
        )


def _said(calls: Sequence[Call], reply: Reply, askers: int) -> _Said | None:
    """The reply to one group, if every run came to its end; None for anything else."""
    results, root = reply.get("calls"), reply.get("root")
    if not isinstance(root, str) or not isinstance(results, list) or len(results) != len(calls):
        return None
    runs, cost = [], 0.0
    for call, result in zip(calls, results, strict=True):
        if not isinstance(result, dict) or not isinstance(result.get("out"), str):
            return None
        if result.get("code") not in ((0,) if call.listing else (0, 1)):
            return None
        runs.append(_Ran(call=call, code=result["code"], out=result["out"]))
        cost += float(result.get("cpu") or 0.0)
    return _Said(root=root, runs=tuple(runs), cpu_seconds=cost / askers)


def _told(asked: Question, contents: Mapping[str, bytes], said: _Said) -> Told:
    """What of it is about this question's files. Raises `Unreadable`."""
    findings: list[RawFinding] = []
    looked_at: set[str] = set()
    for run in said.runs:
        if run.call.listing:
            shown = names(run.call.paths)
            looked_at.update(relative(line, shown, said.root) for line in run.out.splitlines())
        else:
            others = set(run.call.paths) - contents.keys()
            mine = {path: contents[path] for path in run.call.paths if path in contents}
            findings += parse(run.out, run.code, mine, said.root, others)
    return Told(
        findings=tuple(findings),
        looked_at=frozenset(looked_at & asked.unknown),
        cpu_seconds=said.cpu_seconds,
    )
