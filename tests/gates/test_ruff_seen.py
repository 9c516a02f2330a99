"""Warm and cold ruff, held against each other, and what is remembered of either."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio
import msgspec
import pytest
from tests.gates.static_fakes import LINK, PROGRAM, Content

from assay.gates.lint import LintGate
from assay.model.candidate import Candidate
from assay.model.outcome import GateResult, Outcome, ResourceUse
from assay.sandbox.spec import JailCommand

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench

RULES = 'lint.select = ["ALL"]\nlint.preview = true\nextend-exclude = ["gen"]\nsrc = [".", "lib"]\n'
BASE: dict[str, Content] = {
    "pkg/ruff.toml": RULES,
    "pkg/__init__.py": "",
    "pkg/one.py": "import os\nimport pkg.two\nimport json, lonely\n\nx = 1\n",
    "pkg/two.py": "from . import one\nfrom pkg.deep import three\nimport os\n",
    "pkg/deep/three.py": "import sys\n\n\ndef f(a, b=[]):\n    return sys, c\n",
    "pkg/gen/made.py": "import os\n",
    "pkg/run": (PROGRAM, "#!/usr/bin/env python3\nimport os\n"),
    "lib/lonely.py": "import os\n",
    "free.py": "import os\n\nprint(nowhere)\n",
    "pkg/notes.txt": "x",
    "also/free.py": "if x is 1:\n    pass\n",
}
LINES = ("import os\n", "import lonely\n", "import pkg.deep.three\n", "from .. import x\n", "def f(:\n")
PLACES = ("pkg/new.py", "pkg/deep/__init__.py", "pkg/fresh/a.py", "pkg/gen/new.py", "lonely/a.py", "new.py")


def mutant(chance: random.Random) -> dict[str, Content]:
    """A tree near the base's: edits mostly, now and then another name, mode, kind or configuration."""
    tree = dict(BASE)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(sorted(path for path in tree if path.endswith(".py")))
        match chance.randint(0, 9):
            case 0:
                tree[chance.choice(PLACES)] = chance.choice(LINES)
            case 1:
                del tree[path]
            case 2:
                tree[f"moved/{path}"] = tree.pop(path)
            case 3:
                content = tree[path]
                tree[path] = (PROGRAM, content[1] if isinstance(content, tuple) else content)
            case 4:
                tree[path] = (LINK, "free.py")
            case 5:
                tree["pkg/pyproject.toml"] = "[tool.ruff]\nlint.select = ['E9']\n"
            case _:
                content = tree[path]
                text = content[1] if isinstance(content, tuple) else content
                tree[path] = chance.choice(LINES) + str(text)
    return tree


def graded(bench: Bench, candidates: list[Candidate]) -> list[GateResult]:
    """All of them at the same time, without what a run costs."""

    async def main() -> list[GateResult]:
        toolbox = bench.toolbox(candidates[0].base)
        results: dict[str, GateResult] = {}

        async def one(candidate: Candidate) -> None:
            results[candidate.id] = await LintGate().run(toolbox, candidate)

        try:
            async with anyio.create_task_group() as group:
                for candidate in candidates:
                    group.start_soon(one, candidate)
        finally:
            await toolbox.close()
        return [results[candidate.id] for candidate in candidates]

    return [msgspec.structs.replace(result, use=ResourceUse()) for result in anyio.run(main)]


@pytest.mark.parametrize("seed", range(4))
def test_waves_of_random_candidates_hear_what_each_would_hear_alone(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    candidates = [
        msgspec.structs.replace(bench.scratch.candidate(BASE, tree), id=str(number))
        for number, tree in enumerate(mutant(chance) for _ in range(12))
        if tree != BASE
    ]
    warm = graded(bench, candidates)
    again = graded(bench, candidates)
    asked_cold = len(bench.calls)
    bench.kept.clear()
    bench.refused.add("ruff worker")
    cold = graded(bench, candidates)
    assert warm == cold
    assert again == cold, "what is remembered is what was said"
    assert len(bench.calls) - asked_cold > asked_cold, "the worker answered most of it"


def test_a_candidates_findings_are_remembered_for_the_next_with_the_same_file(bench: Bench) -> None:
    edit = {**BASE, "pkg/one.py": "import sys\n\nprint(elsewhere)\n"}
    first = bench.run(LintGate(), BASE, edit)
    kept = dict(bench.kept)
    bench.refused.add("ruff worker")
    second = bench.run(LintGate(), BASE, {**edit, "pkg/notes.txt": "y"})
    assert (second.findings, second.outcome) == (first.findings, Outcome.FAILED)
    assert (bench.kept, bench.calls) == (kept, [])


def test_what_hangs_on_other_names_is_not_remembered(bench: Bench) -> None:
    text = "import os\n\nimport lonely\n\nprint(os, lonely)\n"
    bench.with_section("lint", config="pkg/ruff.toml")
    bench.run(LintGate(), BASE, {**BASE, "pkg/one.py": text, "stranger.py": "x = 1\n"})
    new = [key for key in bench.kept if b"pkg/one.py" in bench.kept[key]]
    bench.kept.clear()
    bench.run(LintGate(), BASE, {**BASE, "pkg/one.py": text})
    assert len([key for key in bench.kept if b"pkg/one.py" in bench.kept[key]]) > len(new)


def saying(reply: str) -> str:
    """A program that says this to its first request, and ends."""
    return (
        "import os, sys; sys.stdin.buffer.read(4)\n"
        f"reply = {reply!r}.encode()\n"
        "os.write(int(os.environ['ASSAY_REPORT_FD']), len(reply).to_bytes(4, 'big') + reply)\n"
    )


@pytest.mark.parametrize(
    "program",
    [
        "import os; os._exit(3)",
        saying("[]"),
        saying('{"units": [{"id": 0, "problem": "x"}]}'),
        saying('{"units": [{"id": 0, "root": "/", "calls": []}]}'),
        saying('{"units": [{"id": 0, "root": "/", "calls": [{"code": 0, "out": "[{}]"}, {}]}]}'),
    ],
    ids=["dies", "babbles", "refuses", "says nothing", "contradicts itself"],
)
def test_invariant_6_a_worker_that_is_none_is_nobodys_failure(bench: Bench, program: str) -> None:
    def alter(command: JailCommand) -> JailCommand:
        return msgspec.structs.replace(command, argv=(command.argv[0], "-c", program))

    bench.alter_worker = alter
    good = bench.run(LintGate(), BASE, {**BASE, "free.py": "x = 1\n"})
    assert good.outcome is Outcome.PASSED
    bad = bench.run(LintGate(), BASE, {**BASE, "free.py": "print(nowhere, elsewhere)\n"})
    assert [finding.message for finding in bad.findings] == ["Undefined name `elsewhere`"]
    assert bench.calls, "each was asked in a jail of its own"
