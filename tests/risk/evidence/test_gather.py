"""Evidence from real jails: which changed lines tests run, and which mutants they notice."""

import hashlib
import sys

import anyio
import pytest
from msgspec import structs
from tests.grade.projects import Benches, Project

from assay.gates.testing import readmap
from assay.model.candidate import Candidate, Oid
from assay.model.errors import Unsound
from assay.model.evidence import Fate
from assay.policy.schema import Environment, Policy, Select, Tests
from assay.policy.stakes import Collect, EvidenceRules
from assay.repo.diff import changes
from assay.risk.evidence.gather import gather
from assay.risk.evidence.mutation.runs import Trials

pytestmark = pytest.mark.jail

BASE = b"""def grade(points):
    return points
"""
NEW = b"""LIMIT = 100

def grade(points, bonus=0):
    if points + bonus >= LIMIT:
        return "full"
    if points < 0:
        raise ValueError(points)
    total = points
    if total > LIMIT:
        total -= 1
    notes.append(total)
    return total

notes = []

def never(points):
    return points - 1
"""
TEST = b"""from marks import grade

def test_numbers():
    assert grade(7) == 7

def test_full():
    assert grade(100) in (100, "full")

def test_other():
    assert True
"""
OWN = b"""from marks import grade, notes
import pytest

def test_bonus():
    assert grade(99, 1) == "full"

def test_bad():
    with pytest.raises(ValueError):
        grade(-1)
"""
FILES = {"marks.py": BASE, "tests/test_marks.py": TEST}
MUTANTS = EvidenceRules(collect=Collect.MUTANTS, seconds=300.0)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project") / "repo", FILES)


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    return Benches(tmp_path_factory.mktemp("benches"))


def found(project, benches, rules, edits, *, tests=Tests(), before=None, variables=None, **more):
    tree = Oid(project.tree(edits))
    candidate = Candidate(
        id="c",
        name="c",
        source="",
        base=project.base,
        tree=tree,
        changes=changes(project.repo, project.base.tree, tree),
    )

    async def work(bench):
        if before is not None:
            await before(bench, project.base.tree)
        return await gather(bench, candidate, rules, **more)

    environment = Environment(python=sys.executable, set=variables or {})
    policy = Policy(name="test", environment=environment, tests=tests)
    return benches.jailed(project, policy, work, {})


@pytest.fixture(scope="module")
def evidence(project, benches):
    return found(project, benches, MUTANTS, {"marks.py": NEW, "tests/test_own.py": OWN})


def test_lines_and_ways_are_told_apart(evidence):
    (seen,) = evidence.files
    assert seen.path == "marks.py"
    assert seen.missed == (10, 16, 17)
    assert set(seen.executed) >= {1, 3, 4, 5, 6, 7, 8, 9, 11}
    assert [(branch.line, branch.target) for branch in evidence.branches] == [(9, 10)]
    assert evidence.branches_taken == 5
    assert evidence.missing == ""
    assert evidence.cpu_seconds > 0


def fates(evidence):
    return {(mutant.line, mutant.operator): mutant for mutant in evidence.mutants}


def test_mutants_that_tests_notice_are_killed_by_name(evidence):
    made = fates(evidence)
    raised = made[7, "removed raise"]
    assert (raised.fate, raised.by) == (Fate.KILLED, "tests/test_own.py::test_bad")
    assert made[5, "return value"].fate is Fate.KILLED
    assert made[12, "return value"].by == "tests/test_marks.py::test_numbers"


def test_what_no_test_notices_survives_and_what_none_runs_is_unreached(evidence):
    made = fates(evidence)
    assert made[11, "removed call"].fate is Fate.SURVIVED
    assert made[11, "removed call"].tests == 1
    assert made[10, "arithmetic"].fate is Fate.UNREACHED
    assert evidence.mutants[0].fate is Fate.SURVIVED
    assert not evidence.fates(Fate.UNDECIDED)
    assert evidence.unmade == 0


def test_it_is_gathered_once(project, benches, evidence):
    runs = len(benches.calls)
    again = found(project, benches, MUTANTS, {"marks.py": NEW, "tests/test_own.py": OWN})
    assert again == evidence
    assert len(benches.calls) == runs


def test_mutants_run_in_jails_under_the_candidates_name_and_leave_no_object_behind(
    project, benches, evidence
):
    labels = [call.label for call in benches.calls]
    assert labels.count("changed lines of c") == 1
    assert labels.count("mutants of c") > len(evidence.fates(Fate.KILLED))
    mutant = NEW.replace(b"    notes.append(total)", b"    pass")
    import pygit2

    assert str(pygit2.hash(mutant)) not in project.git


@pytest.mark.slow
def test_a_hanging_mutant_is_killed_by_the_time_limit(project, benches):
    looping = b"def grade(points):\n    while points > 7:\n        points -= 1\n    return points\n"
    edits = {"marks.py": looping, "tests/test_marks.py": TEST.replace(b"(100,", b"(7,")}
    made = fates(found(project, benches, MUTANTS, edits))
    assert made[3, "arithmetic"].fate is Fate.KILLED
    assert made[3, "arithmetic"].by in {"the time limit", "tests/test_marks.py::test_full"}


def test_a_test_of_the_text_itself_kills_nothing(project, benches):
    """It fails over every mutant, and over the control too."""
    new = b"def grade(points):\n    kept.append(points)\n    return 0 + points\n\nkept = []\n"
    digest = b"import hashlib\nfrom pathlib import Path\nimport marks\n\ndef test_digest():\n"
    digest += b"    marks.grade(1)\n"
    digest += b"    found = hashlib.sha256(Path(marks.__file__).read_bytes()).hexdigest()\n"
    digest += f"    assert found == {hashlib.sha256(new).hexdigest()!r}\n".encode()
    made = fates(found(project, benches, MUTANTS, {"marks.py": new, "tests/test_digest.py": digest}))
    assert made[2, "removed call"].fate is Fate.SURVIVED
    others = [mutant for mutant in made.values() if mutant.line == 3]
    assert {(mutant.fate, mutant.by.split("::")[0]) for mutant in others} == {
        (Fate.KILLED, "tests/test_marks.py")
    }


def test_the_budget_leaves_mutants_out_and_says_how_many(project, benches):
    rules = structs.replace(MUTANTS, mutants=2)
    made = found(project, benches, rules, {"marks.py": NEW})
    decided = [mutant for mutant in made.mutants if mutant.fate is not Fate.UNREACHED]
    assert len(decided) == 2
    assert made.unmade > 0
    assert found(project, benches, MUTANTS, {"marks.py": NEW}, seconds=0.0).missing != ""


def test_a_diff_without_code_and_rules_without_wishes_have_no_evidence(project, benches):
    assert found(project, benches, EvidenceRules(), {"marks.py": NEW}) is None
    nothing = found(project, benches, MUTANTS, {"README": b"x", "tests/test_more.py": OWN})
    assert (nothing.files, nothing.mutants, nothing.missing) == ((), (), "")
    comment = found(project, benches, MUTANTS, {"marks.py": b"# points\n" + BASE})
    assert (comment.files, comment.missing) == ((), "")


def test_tests_that_do_not_run_to_their_end_say_nothing(project, benches):
    edits = {"marks.py": NEW, "tests/test_own.py": b"import os\ndef test_it(): os._exit(3)\n"}
    made = found(project, benches, MUTANTS, edits)
    assert (made.files, made.mutants) == ((), ())
    assert "exited with 3" in made.missing


def test_a_test_that_needs_others_to_pass_kills_nothing(project, benches):
    """It passes among all, after the one that it needs, and fails in a run of those alone that come by."""
    needy = b"""import marks
seen = []
def test_first():
    seen.append(1)
def test_second():
    assert marks.grade(7) == 7 and seen
"""
    text = b"def grade(points):\n    kept.append(points)\n    return points\n\nkept = []\n"
    made = fates(found(project, benches, MUTANTS, {"marks.py": text, "tests/test_marks.py": needy}))
    assert made[2, "removed call"].fate is Fate.UNDECIDED


def test_where_it_is_known_who_reads_what_only_those_tests_are_asked(project, benches):
    rules = structs.replace(MUTANTS, collect=Collect.COVERAGE)
    new = {"marks.py": b"def grade(points):\n    total = points\n    return total\n"}
    made = found(project, benches, rules, new, tests=Tests(select=Select.ALWAYS), before=readmap.learn)
    assert [(seen.executed, seen.missed) for seen in made.files] == [((2, 3), ())]
    (call,) = [call for call in benches.calls if call.label == "changed lines of c"][-1:]
    assert b"test_numbers" in call.report
    assert b"test_other" not in call.report


def test_trouble_of_the_machine_is_a_sentence_and_is_not_remembered(project, benches, monkeypatch):
    class Full(Trials):
        async def run(self, *_arguments, **_options):
            async def fail():
                raise Unsound("the disk is full", where="cache", fix="make room")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(fail)

    new = {"marks.py": b"def grade(points):\n    return points + 0\n"}
    with monkeypatch.context() as patched:
        patched.setattr("assay.risk.evidence.mutation.runs.Trials", Full)
        assert "the disk is full" in found(project, benches, MUTANTS, new).missing
    assert found(project, benches, MUTANTS, new).missing == ""


def test_a_file_that_is_loaded_before_tests_are_watched_is_not_told_as_run_by_none(tmp_path, benches):
    files = {"src/marks.py": BASE, "src/other.py": BASE, "src/sitecustomize.py": b"import marks\n"}
    project = Project(tmp_path / "repo", {**files, "tests/test_marks.py": TEST})
    edits = {"src/marks.py": NEW, "src/other.py": NEW}
    variables = {"PYTHONPATH": f"{project.repo.root}/src"}
    evidence = found(project, benches, MUTANTS, edits, variables=variables)
    assert evidence.unseen == ("src/marks.py",)
    assert evidence.missing.startswith("src/marks.py is loaded before pytest can watch it")
    assert [seen.path for seen in evidence.files] == ["src/other.py"], "which no test loads at all"
    assert {mutant.path for mutant in evidence.mutants} == {"src/other.py"}
