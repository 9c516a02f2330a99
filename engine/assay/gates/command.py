"""The command gate: any program as a gate, so that a project in any language can be graded.

Promises: the program runs in a jail at the repository's root, over the candidate's tree with the files that
the policy trusts taken from the base. Its result is compared with the same program's result on the base,
run once and remembered: findings and failing test cases that the base shares blame nobody, and a program
that fails on the base as well is trouble of the set-up (`infra`, invariant 6). An exit code that the policy
does not list, and a report that cannot be read, fail closed (invariant 5).
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from assay.gates import command_compare
from assay.gates.command_compare import Ran
from assay.gates.endings import how_it_ended, machine_trouble, tail, unfinished
from assay.gates.files import display
from assay.gates.memo import key as digest_of
from assay.gates.protocol import Toolbox
from assay.model.candidate import Candidate
from assay.model.errors import BadInput
from assay.model.outcome import GateResult, Skip, failed, infra, skipped
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import Command, ReportKind
from assay.repo import trees
from assay.repo.globs import compile_globs
from assay.sandbox.spec import JailCommand

VERSION = "command/1"


def check_command(command: Command, where: str) -> None:
    """Raise `BadInput` for an entry that cannot mean anything."""
    if not command.run:
        raise BadInput(f"the command gate {command.name!r} runs nothing", where=where, fix="set `run`")
    if command.report is not ReportKind.REGEX:
        return
    try:
        groups = re.compile(command.pattern, re.MULTILINE).groupindex
    except re.error as error:
        raise BadInput(
            f"the pattern of the command gate {command.name!r} is no regular expression ({error})",
            where=where,
            fix="correct `pattern`",
        ) from None
    if not {"path", "message"} <= groups.keys():
        raise BadInput(
            f"the pattern of the command gate {command.name!r} lacks the groups path and message",
            where=where,
            fix="write (?P<path>…) and (?P<message>…)",
        )


class CommandGate:
    """One entry of the policy's `command` list."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.name = command.name

    async def version(self, toolbox: Toolbox) -> str:
        """This module, the entry as written, and the environment it runs in."""
        environment = await toolbox.environment()
        return f"{VERSION};{self._digest(toolbox)};{environment.digest}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        concerns = compile_globs(self.command.paths)
        if not any(concerns(path) for change in candidate.changes for path in (change.path, change.old_path)):
            return skipped(self.name, Skip.NOT_APPLICABLE, f"no changed path concerns {self.name}")
        tree = candidate.tree or candidate.base.tree
        now = await self._run_on(toolbox, tree, self.name)
        if trouble := machine_trouble(self.name, now.call):
            return trouble
        plainly_fine = self._plainly_fine(now)
        if plainly_fine and now.cases is None:
            return command_compare.fine(self.name, now)
        # Test cases are compared even then: those that do not run any more are missing in a clean report.
        before = await self._base(toolbox, candidate)
        if trouble := machine_trouble(self.name, before.call):
            return trouble
        if plainly_fine and before.problem:
            return command_compare.fine(self.name, now)
        return self._judge(toolbox, candidate, before, now)

    def _plainly_fine(self, now: Ran) -> bool:
        """Whether there is nothing to compare: the program is content and its report, if any, is clean."""
        return not now.problem and now.call.exit_code in self.command.ok and now.clean

    def _judge(self, toolbox: Toolbox, candidate: Candidate, before: Ran, now: Ran) -> GateResult:
        if before.problem:
            reason = (
                f"{before.problem} on the unpatched base as well"
                if now.problem
                else (f"{before.problem} on the unpatched base, so that there is nothing to compare with")
            )
            return infra(self.name, reason, use=now.call.use, detail={"output": _output(before.call)})
        if now.problem:
            forced = unfinished(self.name, now.call)
            detail = {"output": _output(now.call)}
            return forced or failed(self.name, now.problem, use=now.call.use, detail=detail)
        if self.command.report is ReportKind.EXIT:
            return self._judge_exit(before, now)
        rests = not self._touches_tests(toolbox, candidate)
        return command_compare.judge(toolbox.repo, candidate, self.command, before, now, tests_rest=rests)

    def _touches_tests(self, toolbox: Toolbox, candidate: Candidate) -> bool:
        """Whether the candidate changes a test file that is not taken from the base anyway."""
        is_test, trusted = compile_globs(toolbox.policy.tests.paths), compile_globs(self.command.trusted)
        paths = {path for change in candidate.changes for path in (change.path, change.old_path)}
        return any(is_test(path) and not trusted(path) for path in paths)

    def _judge_exit(self, before: Ran, now: Ran) -> GateResult:
        detail = {"output": _output(now.call)}
        what = f"{display(self.command.run[0])} {how_it_ended(now.call)}"
        if before.call.exit_code not in self.command.ok:
            return infra(self.name, f"{what} on the unpatched base as well", use=now.call.use, detail=detail)
        return failed(self.name, f"{what}, and not on the base", use=now.call.use, detail=detail)

    async def _base(self, toolbox: Toolbox, candidate: Candidate) -> Ran:
        tree = candidate.base.tree
        environment = await toolbox.environment()
        key = digest_of(VERSION, self._digest(toolbox), tree, toolbox.base.tree, environment.digest)

        async def make() -> Ran:
            stored = await toolbox.recall(key)
            if stored is not None:
                return self._read(toolbox, tree, msgspec.msgpack.decode(stored, type=ToolCall))
            ran = await self._run_on(toolbox, tree, f"{self.name} on the base")
            if ran.call.ending is Ending.EXITED and not ran.problem:
                await toolbox.remember(key, msgspec.msgpack.encode(ran.call))
            return ran

        ran = await toolbox.once(f"command/{key}", make)
        # Trouble of the machine may have passed: it is not handed on to every candidate.
        return await make() if machine_trouble(self.name, ran.call) else ran

    async def _run_on(self, toolbox: Toolbox, tree: str, label: str) -> Ran:
        if self.command.trusted:
            tree = trees.restore(toolbox.repo, tree, toolbox.base.tree, self.command.trusted)
        environment = await toolbox.environment()
        call = await toolbox.sandbox.run(
            JailCommand(
                label=label,
                argv=self.command.run,
                root=toolbox.repo.root,
                stack=await toolbox.stack(tree),
                binds=environment.mounts,
                variables=environment.variables,
                limits=self.command.limits or toolbox.policy.limits,
                outputs=(self.command.file,) if self.command.file else (),
            )
        )
        return self._read(toolbox, tree, call)

    def _read(self, toolbox: Toolbox, tree: str, call: ToolCall) -> Ran:
        return command_compare.read(toolbox.repo, toolbox.repo.root, tree, self.command, call)

    def _digest(self, toolbox: Toolbox) -> str:
        limits = self.command.limits or toolbox.policy.limits
        return hashlib.sha256(msgspec.json.encode((self.command, limits))).hexdigest()[:16]


def _output(call: ToolCall) -> str:
    return tail(call.stdout + b"\n" + call.stderr)
