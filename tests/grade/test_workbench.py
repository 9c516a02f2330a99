"""Stacks of trees: whose files are seen, and which prepare steps run how often."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.grade.projects import Benches, Project

from assay.gates.testing import health
from assay.grade.cascade import run_cascade
from assay.grade.slots import Slots
from assay.grade.workbench import Workbench
from assay.model.candidate import Candidate
from assay.model.outcome import Outcome, Resource, passed
from assay.model.tool import Ending, ToolCall
from assay.policy.pace import Pace
from assay.policy.schema import Environment, GitView, Policy, Prepare
from assay.sandbox.plain import copy_layers
from assay.sandbox.spec import JailCommand

STEPS = Policy(name="test", prepare=(Prepare(run=("build",), inputs=("setup.cfg",)),))
FILES = {"setup.cfg": b"1", "a.py": b"a", "b.py": b"b", "pkg/c.py": b"c"}


@pytest.fixture
def benches(tmp_path: Path) -> Benches:
    return Benches(tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", FILES)


def build(_command: JailCommand, tree: Path) -> None:
    """Writes beside the tree's files, and on them, all that it sees."""
    seen = "".join(path.read_text() for path in sorted(tree.rglob("*.py")))
    (tree / "pkg" / "built").write_text((tree / "setup.cfg").read_text() + seen)
    (tree / "a.py").write_text("changed by the step")


def shown(*trees: str):
    """A function that tells the files of each tree, one after the other."""

    async def work(bench: Workbench) -> list[dict[str, str]]:
        found = []
        for number, tree in enumerate(trees):
            with bench.lease():
                stack = await bench.stack(tree)
                target = Path(bench.sandbox.scratch) / f"shown{number}"
                target.mkdir()
                copy_layers(stack.layers, target)
                files = [path for path in target.rglob("*") if path.is_file() and ".git" not in path.parts]
                found.append({str(path.relative_to(target)): path.read_text() for path in files})
        return found

    return work


def counted(step=build):
    ran = []

    def counting(command: JailCommand, tree: Path):
        ran.append(command)
        return step(command, tree)

    return ran, counting


def test_a_steps_output_is_shared_by_whom_it_concerns_alike(benches: Benches, project: Project) -> None:
    ran, step = counted()
    tree = project.tree({"b.py": b"B"})
    seen = benches.pretend(project, STEPS, step, shown(project.base.tree, tree))
    assert seen[0] == {"setup.cfg": "1", "a.py": "a", "b.py": "b", "pkg/c.py": "c", "pkg/built": "1abc"}
    assert seen[1] == {**seen[0], "b.py": "B"}
    # And cached for the second run.
    benches.pretend(project, STEPS, step, shown(tree))
    assert len(ran) == 1


def test_a_run_that_saves_nothing_takes_no_prepared_layer_of_another_run(
    benches: Benches, project: Project
) -> None:
    ran, step = counted()
    trees = (project.base.tree, project.tree({"b.py": b"B"}))

    async def fully(bench: Workbench) -> list[dict[str, str]]:
        return await shown(*trees)(bench.at(Pace.FULL))

    usual = benches.pretend(project, STEPS, step, shown(*trees))
    assert benches.pretend(project, STEPS, step, fully) == usual
    assert benches.pretend(project, STEPS, step, fully) == usual
    assert len(ran) == 3


def test_a_run_that_saves_nothing_knows_what_failed_by_chance_and_no_answer(
    benches: Benches, project: Project
) -> None:
    async def remembered(bench: Workbench) -> None:
        await bench.remember("gate:1", b"passed")
        await health.record(bench, {"t": (1, 3)})

    async def fully(bench: Workbench) -> object:
        full = bench.at(Pace.FULL)
        await health.record(full, {"u": (1, 2)})
        return await full.recall("gate:1"), await health.recorded(full)

    benches.pretend(project, STEPS, build, remembered)
    assert benches.pretend(project, STEPS, build, fully) == (None, {"t": (1, 3), "u": (1, 2)})


def test_a_candidate_that_changes_an_input_gets_its_own(benches: Benches, project: Project) -> None:
    ran, step = counted()
    tree = project.tree({"setup.cfg": b"2", "b.py": b"B"})
    seen = benches.pretend(project, STEPS, step, shown(tree, project.base.tree))
    assert [files["pkg/built"] for files in seen] == ["2aBc", "1abc"]
    assert seen[0]["a.py"] == "a"
    assert len(ran) == 2


def test_equal_inputs_do_not_make_equal_candidates(benches: Benches, project: Project) -> None:
    first = project.tree({"setup.cfg": b"2", "b.py": b"first"})
    second = project.tree({"setup.cfg": b"2", "b.py": b"second", "a.py": b"second"})
    ran, step = counted()
    seen = benches.pretend(project, STEPS, step, shown(first, second))
    assert [files["b.py"] for files in seen] == ["first", "second"]
    assert [files["a.py"] for files in seen] == ["a", "second"]
    assert len(ran) == 1


def test_a_steps_output_hides_no_file_of_a_tree(benches: Benches, project: Project) -> None:
    own = {"pkg/built": b"the candidate's own"}
    below = project.tree(own)
    above = project.tree({**own, "setup.cfg": b"2"})
    ran, step = counted(lambda command, tree: (tree / "pkg" / "built").write_text("of the step") and None)
    # The output for setup.cfg = 2 is made for a tree without that file first.
    seen = benches.pretend(project, STEPS, step, shown(project.tree({"setup.cfg": b"2"}), above, below))
    assert [files["pkg/built"] for files in seen] == [
        "of the step",
        "the candidate's own",
        "the candidate's own",
    ]
    assert len(ran) == 3
    # A later base that has the file of its own is not shown the output of an earlier one.
    project.base = project.commit(own)
    (files,) = benches.pretend(project, STEPS, step, shown(project.base.tree))
    assert files["pkg/built"] == "the candidate's own"


def test_later_steps_see_earlier_ones_and_run_again_with_them(benches: Benches, project: Project) -> None:
    def step(command: JailCommand, tree: Path) -> None:
        if command.argv == ("one",):
            (tree / "one").write_text((tree / "setup.cfg").read_text())
        else:
            (tree / "two").write_text((tree / "one").read_text() + (tree / "a.py").read_text())

    one, two = Prepare(run=("one",), inputs=("setup.cfg",)), Prepare(run=("two",), inputs=("a.py",))
    policy = Policy(name="test", prepare=(one, two))
    ran, counting = counted(step)
    trees = (project.tree({"setup.cfg": b"2"}), project.tree({"a.py": b"A"}), project.base.tree)
    seen = benches.pretend(project, policy, counting, shown(*trees))
    assert [(files["one"], files["two"]) for files in seen] == [("2", "2a"), ("1", "1A"), ("1", "1a")]
    assert [command.argv[0] for command in ran] == ["one", "two", "one", "two", "two"]


class StackGate:
    """Passes any candidate whose stack can be made."""

    name = "stack"

    async def version(self, _toolbox) -> str:
        return "1"

    async def run(self, toolbox, candidate):
        await toolbox.stack(candidate.tree)
        return passed(self.name, evidence={"stacks": 1})


def verdict(benches: Benches, project: Project, step, changes):
    tree = project.tree(changes)
    candidate = Candidate(id="c", name="c", source="test", base=project.base, tree=tree)
    policy = Policy(name="test", gates=("stack",), prepare=STEPS.prepare)
    return benches.pretend(
        project, policy, step, lambda bench: run_cascade(bench, [StackGate()], candidate, Slots(1))
    )


def failing_on(content: str, answer=1):
    def step(_command: JailCommand, tree: Path):
        return answer if (tree / "setup.cfg").read_text() == content else 0

    return step


def test_a_step_that_fails_on_a_candidate_alone_is_its_failure(benches: Benches, project: Project) -> None:
    found = verdict(benches, project, failing_on("2"), {"setup.cfg": b"2"})
    assert found.gates[0].outcome is Outcome.FAILED
    assert found.reason == "the prepare step `build` exits with 1"
    assert found.gates[0].detail["output"] == "what it complains of"


def test_a_step_that_runs_out_of_something_says_of_what(benches: Benches, project: Project) -> None:
    call = ToolCall(
        label="prepare",
        argv=("build",),
        environment_digest="",
        ending=Ending.EXHAUSTED,
        resource=Resource.TIME,
        exit_code=None,
        started_at=0.0,
    )
    found = verdict(benches, project, failing_on("2", call), {"setup.cfg": b"2"})
    assert (found.gates[0].outcome, found.gates[0].resource) == (Outcome.EXHAUSTED, Resource.TIME)


@pytest.mark.parametrize("changes", [{"setup.cfg": b"2"}, {"a.py": b"A"}])
def test_invariant_6_a_step_that_fails_on_the_base_blames_nobody(
    benches: Benches, project: Project, changes: dict[str, bytes]
) -> None:
    found = verdict(benches, project, lambda command, tree: 1, changes)
    assert found.gates[0].outcome is Outcome.INFRA
    assert (
        "on the unpatched base; correct the step, or the base; its output ends: what it complains of"
        in found.reason
    )


def test_invariant_6_a_step_that_fails_by_chance_is_run_again(benches: Benches, project: Project) -> None:
    answers = [1, 0, 0]  # the candidate, the base in between, the candidate again
    found = verdict(benches, project, lambda command, tree: answers.pop(0), {"setup.cfg": b"2"})
    assert found.gates[0].outcome is Outcome.PASSED


def test_invariant_6_that_the_base_was_prepared_once_does_not_blame_a_candidate_now(
    benches: Benches, project: Project
) -> None:
    assert (
        verdict(benches, project, lambda command, tree: 0, {"a.py": b"A"}).gates[0].outcome is Outcome.PASSED
    )
    found = verdict(benches, project, lambda command, tree: 1, {"setup.cfg": b"2"})
    assert found.gates[0].outcome is Outcome.INFRA
    assert "on the unpatched base" in found.reason


def test_no_step_leaves_a_repository(benches: Benches, project: Project) -> None:
    def step(_command: JailCommand, tree: Path) -> None:
        (tree / ".git").mkdir(exist_ok=True)
        (tree / ".git" / "mine").write_text("x")
        (tree / "built").write_text("x")

    async def layers(bench: Workbench) -> list[bool]:
        stack = await bench.stack(project.base.tree)
        return [(layer / ".git" / "mine").exists() for layer in stack.layers]

    assert not any(benches.pretend(project, STEPS, step, layers))


def test_steps_see_the_repository_that_was_asked_for(benches: Benches, project: Project) -> None:
    policy = Policy(name="test", prepare=STEPS.prepare, environment=Environment(git=GitView.SYNTHETIC))
    seen = []

    def step(_command: JailCommand, tree: Path) -> None:
        seen.append((tree / ".git" / "HEAD").read_text())

    trees = (project.base.tree, project.tree({"setup.cfg": b"2"}))
    benches.pretend(project, policy, step, shown(*trees))
    assert seen == ["ref: refs/heads/main\n"] * 2


def test_invariant_8_the_tag_that_jails_see_is_part_of_every_key(benches: Benches, project: Project) -> None:
    policy = Policy(name="test", environment=Environment(git=GitView.SYNTHETIC))

    async def digest(bench: Workbench) -> str:
        return (await bench.environment()).digest

    def now(rules: Policy) -> str:
        return benches.pretend(project, rules, build, digest)

    plain, before = now(Policy(name="test")), now(policy)
    project.git.create_reference("refs/tags/v1", project.git.head.target)
    assert len({plain, before, now(policy)}) == 3
    assert now(Policy(name="test")) == plain


def test_without_isolation_import_paths_lead_to_the_copy(benches: Benches, project: Project) -> None:
    root = project.repo.root
    policy = Policy(name="test", environment=Environment(set={"PYTHONPATH": f"{root}/pkg:/opt/other"}))

    async def ask(bench: Workbench):
        environment = await bench.environment()
        return await bench.sandbox.run(
            JailCommand(
                label="test",
                argv=("sh", "-c", 'echo "$PYTHONPATH"; pwd'),
                root=root,
                stack=await bench.stack(project.base.tree),
                variables=environment.variables,
            )
        )

    call = benches.jailed(project, policy, ask, {"PATH": "/usr/bin:/bin"}, "none")
    path, here = call.stdout.decode().split()
    assert path == f"{here}/pkg:/opt/other"
    assert here != str(root)
