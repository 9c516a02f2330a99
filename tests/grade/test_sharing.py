"""Candidates equal up to comments and formatting: who is run, who waits, and what is never shared."""

import anyio
import pytest
from msgspec.structs import replace
from tests.grade.fakes import FakeBench, FakeGate

from assay.grade.engine import grade
from assay.grade.votes import standings
from assay.model.candidate import Base, Candidate
from assay.model.outcome import Finding, Outcome, Resource, Severity, exhausted, failed, infra, passed
from assay.model.report import EqualUpTo
from assay.model.verdict import Decision
from assay.policy.schema import Equivalence, Grade
from assay.repo.diff import changes
from assay.repo.repository import open_repository

FILES = {"pkg.py": b"x = 1\n", "tests/test_pkg.py": b"def test_x():\n    assert True\n"}
GATES = ("lint", "compile", "tests")
PLAIN, SPACED, COMMENTED, OTHER = b"x = 2\n", b"x  =  2\n", b"x = 2  # two\n", b"x = 3\n"


class Scene:
    """A repository, a bench over it, and gradings of versions of `pkg.py`."""

    def __init__(self, path, gates=GATES, rule=Equivalence.FORMATTING):
        import pygit2

        self.git = pygit2.init_repository(str(path), bare=True)
        self.bench = FakeBench(gates)
        self.bench.repo = open_repository(path)
        self.bench.policy = replace(self.bench.policy, grade=Grade(equivalence=rule))
        self.base = Base(commit=None, tree=self.tree({}))

    def tree(self, files):
        import pygit2

        index = pygit2.Index()
        for path, data in {**FILES, **files}.items():
            index.add(pygit2.IndexEntry(path, self.git.create_blob(data), 0o100644))
        return str(index.write_tree(self.git))

    def candidate(self, name, text):
        tree = self.tree({"pkg.py": text})
        return Candidate(
            id=name,
            name=name,
            source=name,
            base=self.base,
            tree=tree,
            changes=changes(self.bench.repo, self.base.tree, tree),
        )

    def grade(self, gates, jobs=2, **versions):
        candidates = [self.candidate(name, text) for name, text in versions.items()]

        async def record(_verdict):
            pass

        async def scenario():
            with anyio.fail_after(20):
                return await grade(self.bench, gates, candidates, jobs=jobs, record=record)

        verdicts = anyio.run(scenario)
        return {v.candidate: v for v in verdicts}, standings(candidates, verdicts)


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def gates_with(tests, **lint):
    return [FakeGate("lint", **lint), FakeGate("compile"), tests]


def ran(gates):
    return {gate.name: sorted(gate.ran) for gate in gates}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_class_is_run_once_at_the_tests_gate_and_each_is_linted(scene, jobs):
    gates = gates_with(FakeGate("tests"))
    verdicts, standing = scene.grade(gates, jobs, a=PLAIN, b=SPACED, c=COMMENTED, d=OTHER)
    assert ran(gates) == {"lint": list("abcd"), "compile": list("abcd"), "tests": ["a", "d"]}
    assert {v.decision for v in verdicts.values()} == {Decision.ACCEPTED}
    shared = verdicts["b"].gates[2]
    assert shared.equivalent_to == "a"
    assert "comments and formatting" in shared.reason
    assert shared.evidence == {"n": 1}
    assert {name: each.votes for name, each in standing.items()} == {"a": 3, "b": 0, "c": 0, "d": 1}
    assert standing["c"].equivalent_to == "a"
    assert standing["c"].up_to is EqualUpTo.FORMATTING


def test_a_failure_is_shared_without_its_lines(scene):
    found = Finding(
        rule="r", path="pkg.py", line=7, message="m", severity=Severity.ERROR, fingerprint="f", end_line=9
    )
    gate = FakeGate("tests", a=failed("tests", "1 test fails", findings=(found,)))
    verdicts, _ = scene.grade(gates_with(gate), a=PLAIN, b=SPACED)
    assert verdicts["b"].decision is Decision.REJECTED
    assert verdicts["b"].rejected_by == "tests"
    assert verdicts["b"].reason.startswith("1 test fails (as of a")
    assert [(f.line, f.end_line) for f in verdicts["b"].gates[2].findings] == [(0, 0)]


@pytest.mark.parametrize(
    "answer",
    [
        exhausted("tests", Resource.TIME, "too slow"),
        passed("tests", evidence={"n": 1}, detail={"flaky": ["t"]}),
    ],
)
def test_what_chance_or_the_machine_had_a_hand_in_is_asked_of_the_next(scene, answer):
    gate = FakeGate("tests", a=answer)
    verdicts, standing = scene.grade(gates_with(gate), a=PLAIN, b=SPACED, c=COMMENTED)
    assert gate.ran == ["a", "b"]
    assert verdicts["b"].gates[2].equivalent_to is None
    assert verdicts["c"].gates[2].equivalent_to == "b"
    assert standing["a"].votes == 1


def test_a_run_that_the_machine_spoilt_is_not_shared(scene):
    gate = FakeGate("tests", a=infra("tests", "no space"))
    verdicts, _ = scene.grade(gates_with(gate), a=PLAIN, b=SPACED)
    assert verdicts["a"].decision is Decision.INCONCLUSIVE
    assert verdicts["b"].decision is Decision.ACCEPTED
    assert gate.ran == ["a", "a", "b"]


def test_one_rejected_for_its_layout_stands_for_nobody(scene):
    gate = FakeGate("tests")
    verdicts, standing = scene.grade(gates_with(gate, a=Outcome.FAILED), a=PLAIN, b=SPACED, c=COMMENTED)
    assert gate.ran == ["b"]
    assert verdicts["a"].rejected_by == "lint"
    assert (standing["a"].votes, standing["b"].votes, standing["c"].equivalent_to) == (1, 2, "b")


def test_a_shared_answer_is_remembered_as_such(scene):
    gate = FakeGate("tests")
    scene.grade(gates_with(gate), a=PLAIN, b=SPACED)
    verdicts, standing = scene.grade(gates_with(gate), a=PLAIN, b=SPACED)
    assert gate.ran == ["a"]
    assert all(verdict.cached for verdict in verdicts.values())
    assert standing["a"].votes == 2
    alone, standing = scene.grade(gates_with(gate), b=SPACED)
    assert alone["b"].gates[2].equivalent_to == "a"
    assert (standing["b"].equivalent_to, standing["b"].votes) == (None, 1)


def test_tests_that_read_source_are_run_for_each(tmp_path):
    scene = Scene(tmp_path)
    text = b"def test_x():\n    assert 'two' not in open('pkg.py').read()\n"
    scene.base = Base(commit=None, tree=scene.tree({"tests/test_pkg.py": text}))
    FILES_NOW = {"tests/test_pkg.py": text}
    scene.tree = lambda files, tree=scene.tree: tree({**FILES_NOW, **files})
    gate = FakeGate("tests")
    scene.grade(gates_with(gate), a=PLAIN, b=COMMENTED)
    assert sorted(gate.ran) == ["a", "b"]


@pytest.mark.parametrize("rule", [Equivalence.TEXT, Equivalence.OFF])
def test_a_policy_can_have_each_run(tmp_path, rule):
    gate = FakeGate("tests")
    Scene(tmp_path, rule=rule).grade(gates_with(gate), a=PLAIN, b=SPACED)
    assert sorted(gate.ran) == ["a", "b"]


def test_without_the_project_compiling_each_file_nothing_is_shared(tmp_path):
    gates = [FakeGate("lint"), FakeGate("tests")]
    Scene(tmp_path, gates=("lint", "tests")).grade(gates, a=PLAIN, b=SPACED)
    assert sorted(gates[1].ran) == ["a", "b"]


def test_a_leader_that_is_cancelled_leaves_the_class_to_the_next(scene):
    from assay.grade.sharing import Classes

    async def scenario():
        classes, gate = Classes(scene.bench), FakeGate("tests")
        one, other = scene.candidate("a", PLAIN), scene.candidate("b", SPACED)
        async with anyio.create_task_group() as group:
            scope = anyio.CancelScope()

            async def lead():
                with scope:
                    await classes.answer(gate, one, anyio.sleep_forever)

            group.start_soon(lead)
            await anyio.wait_all_tasks_blocked()

            async def follow():
                result = await classes.answer(gate, other, lambda: gate.run(None, other))
                assert result.equivalent_to is None

            group.start_soon(follow)
            await anyio.wait_all_tasks_blocked()
            assert gate.ran == []
            scope.cancel()
        assert gate.ran == ["b"]

    anyio.run(scenario)
