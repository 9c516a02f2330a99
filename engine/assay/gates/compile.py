"""The compile gate: changed Python files compile with the project's own interpreter.

Promises: nothing is executed, in a jail all the same. A file whose version on the base does not compile
either (a template, test data, Python 2) is the base's business (invariant 6); a new file that does not
compile fails unless the policy excludes it. Stubs (`.pyi`) are left out: no interpreter ever compiles them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from assay.gates import memo
from assay.gates.batch import Reply, ask
from assay.gates.files import (
    PYTHON,
    Side,
    changed_content,
    display,
    is_script,
    new_side,
    old_side,
    python_scripts,
    shown,
)
from assay.gates.fingerprint import fingerprint
from assay.gates.frames import BadReply, Unit
from assay.gates.protocol import Toolbox
from assay.model.candidate import Candidate, Change
from assay.model.outcome import Finding, GateResult, Severity, Skip, failed, infra, passed, skipped
from assay.repo.globs import compile_globs
from assay.sandbox.spec import Bind, JailCommand

VERSION = "compile/1"
WORKER = Path(__file__).with_name("workers") / "compile_worker.py"
RULE = "compile/error"


class CompileGate:
    """One request for all changed files of a candidate; a second one only for files that fail."""

    name = "compile"

    async def version(self, toolbox: Toolbox) -> str:
        """This module, its worker, the policy's section, and the interpreter."""
        environment = await toolbox.environment()
        own = hashlib.sha256(WORKER.read_bytes() + msgspec.json.encode(toolbox.policy.compile))
        return f"{VERSION};{own.hexdigest()[:16]};{environment.digest}"

    async def run(self, toolbox: Toolbox, candidate: Candidate) -> GateResult:
        """Check one candidate."""
        excluded = compile_globs(toolbox.policy.compile.exclude)
        changes = (*changed_content(candidate, PYTHON), *python_scripts(toolbox.repo, candidate))
        wanted = [change for change in changes if not excluded(change.path)]
        if not wanted:
            return skipped(self.name, Skip.NOT_APPLICABLE, "no Python file changes")
        try:
            return await self._check(toolbox, wanted)
        except BadReply as problem:
            return infra(self.name, f"the compile worker failed: {problem}")

    async def _check(self, toolbox: Toolbox, changes: Sequence[Change]) -> GateResult:
        sides = [new_side(change) for change in changes]
        verdicts = await _compile(toolbox, [side for side in sides if side is not None])
        broken = [
            (change, problem)
            for change, problem in zip(changes, verdicts, strict=True)
            if problem is not None
        ]
        before = await self._broken_before(toolbox, [change for change, _ in broken])
        new = [(change, problem) for change, problem in broken if change.path not in before]
        detail = {"pre_existing": sorted(before)} if before else {}
        evidence = {"files": len(changes)}
        if not new:
            return passed(self.name, evidence=evidence, detail=detail)
        findings = tuple(_finding(change, problem) for change, problem in new)
        return failed(self.name, _sentence(findings), findings=findings, evidence=evidence, detail=detail)

    async def _broken_before(self, toolbox: Toolbox, changes: Sequence[Change]) -> set[str]:
        """The paths whose base version was a Python file that did not compile either."""
        pairs = [(change, side) for change in changes if (side := _python_before(toolbox, change))]
        verdicts = await _compile(toolbox, [side for _change, side in pairs])
        return {
            change.path
            for (change, _side), problem in zip(pairs, verdicts, strict=True)
            if problem is not None
        }


def _python_before(toolbox: Toolbox, change: Change) -> Side | None:
    side = old_side(change)
    if side is None:
        return None
    if Path(side.path).suffix in PYTHON or is_script(side.path, toolbox.repo.blob(side.blob)):
        return side
    return None


async def _compile(toolbox: Toolbox, sides: Sequence[Side]) -> list[Reply | None]:
    """For each file None, or its problem: `line`, `column`, `message`."""
    keys = [await _key(toolbox, side) for side in sides]
    fine = [await toolbox.recall(key) is not None for key in keys]
    asked = [number for number, known in enumerate(fine) if not known]
    problems: list[Reply | None] = [None] * len(sides)
    for number, problem in zip(asked, await _ask(toolbox, [sides[n] for n in asked]), strict=True):
        problems[number] = problem
        # Only that it compiles: a compiler that gives up may find more memory the next time.
        if problem is None:
            await toolbox.remember(keys[number], b"fine")
    return problems


async def _ask(toolbox: Toolbox, sides: Sequence[Side]) -> list[Reply | None]:
    units = [
        Unit(id=number, content=toolbox.repo.blob(side.blob), meta={"path": display(side.path)})
        for number, side in enumerate(sides)
    ]

    async def start() -> JailCommand:
        return await _command(toolbox)

    answers = await ask(toolbox, "compile", start, units, {})
    return [_problem(answer) for answer in answers]


async def _key(toolbox: Toolbox, side: Side) -> str:
    environment = await toolbox.environment()
    return memo.key(VERSION, _worker_digest(), environment.digest, side.blob)


@cache
def _worker_digest() -> str:
    return hashlib.sha256(WORKER.read_bytes()).hexdigest()


def _problem(reply: Reply | None) -> Reply | None:
    if reply is None:
        return {"line": 0, "column": 0, "message": "this file crashes the compiler"}
    problem = reply.get("problem", reply)
    if problem is None:
        return None
    if not isinstance(problem, dict) or not isinstance(problem.get("message"), str):
        raise BadReply("a unit's reply has no verdict")
    line, column = problem.get("line"), problem.get("column")
    return {
        "line": max(line, 0) if isinstance(line, int) else 0,
        "column": max(column, 0) if isinstance(column, int) else 0,
        "message": problem["message"],
    }


async def _command(toolbox: Toolbox) -> JailCommand:
    environment = await toolbox.environment()
    # A warm worker lives as long as the run: time is limited per request, not here.
    limits = msgspec.structs.replace(toolbox.policy.limits, seconds=0.0, cpu_seconds=0.0)
    return JailCommand(
        label="compile worker",
        argv=(str(environment.python), "-I", "-S", "-W", "ignore", str(WORKER)),
        root=toolbox.repo.root,
        cwd=Path("/"),  # there is no tree in this jail
        binds=(*environment.mounts, Bind(source=WORKER)),
        variables=environment.variables,
        limits=limits,
        report=True,
    )


def _finding(change: Change, problem: Reply) -> Finding:
    return Finding(
        rule=RULE,
        path=change.path,
        line=problem["line"],
        message=problem["message"],
        severity=Severity.ERROR,
        fingerprint=fingerprint(RULE, change.path, problem["message"]),
        column=problem["column"],
    )


def _sentence(findings: Sequence[Finding]) -> str:
    if len(findings) > 1:
        return f"{len(findings)} files do not compile: {shown(finding.path for finding in findings)}"
    only = findings[0]
    place = f"{display(only.path)}:{only.line}" if only.line else display(only.path)
    return f"{place}: {only.message}"
