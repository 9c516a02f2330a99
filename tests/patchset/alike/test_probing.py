"""Probes in real jails: what tells attempts apart, what means nothing, and what changes only together."""

import os
import sys
from pathlib import Path

import pytest
from tests.grade.projects import Benches, Project
from tests.patchset.alike.test_clusters import verdict

from assay.land.probed import Probed
from assay.model.candidate import Candidate, Oid
from assay.model.report import ConflictKind
from assay.patchset.alike.find import alike
from assay.patchset.alike.meeting import meetings
from assay.patchset.alike.pairs import witnesses
from assay.patchset.alike.plan import plan
from assay.patchset.alike.probing import counted, observe, read, reliable, telling
from assay.policy.schema import Clusters, Grade, Policy, SetRules
from assay.repo.diff import changes
from assay.repo.globs import compile_globs

pytestmark = pytest.mark.jail
TEST = b"from pkg.text import clip\n\ndef test_clip():\n    assert clip('hello', 3) == 'hel'\n"
CLIP = b"def clip(text, size):\n    return text\n"
FILES = {"pkg/__init__.py": b"", "pkg/text.py": CLIP, "tests/test_text.py": TEST}
POLICY = Policy(name="test", grade=Grade(clusters=Clusters.PROBES))
IS_TEST = compile_globs(POLICY.tests.paths)


@pytest.fixture
def environ():
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def benches(tmp_path):
    return Benches(tmp_path)


def candidate(project, name, edits, instance="task"):
    tree = Oid(project.tree(edits))
    return Candidate(
        id=name,
        name=name,
        source="",
        base=project.base,
        tree=tree,
        changes=changes(project.repo, project.base.tree, tree),
        instance=instance,
    )


def version(body):
    return {"pkg/text.py": b"def clip(text, size):\n" + body}


def test_invariant_4_attempts_are_told_apart_by_what_they_answer_in_jails(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", FILES)
    attempts = [
        candidate(project, "slice", version(b"    return text[:size]\n")),
        candidate(
            project, "join", version(b"    return ''.join([text[i] for i in range(len(text))][:size])\n")
        ),
        candidate(project, "fixed", version(b"    return text[:3]\n")),
    ]
    verdicts = [verdict(one.id) for one in attempts]

    async def work(bench):
        return await alike(bench, attempts, verdicts)

    found = benches.jailed(project, POLICY, work, environ)
    assert [found[one.id].size for one in attempts] == [2, 2, 1]
    assert found["slice"].how == "probes"
    assert found["slice"].members == ("slice", "join")
    assert {call.label for call in benches.calls} >= {"probes of slice", "probes of join", "probes of fixed"}


@pytest.mark.parametrize(("clusters", "sizes"), [(Clusters.TESTS, [3, 3, 3]), (Clusters.OFF, [])])
def test_nothing_is_run_unless_the_policy_wants_probes(tmp_path, benches, clusters, sizes):
    project = Project(tmp_path / "repo", FILES)
    attempts = [
        candidate(project, str(size), version(f"    return text[:{size}]\n".encode())) for size in (1, 2, 3)
    ]
    verdicts = [verdict(one.id) for one in attempts]

    async def work(bench):
        found = await alike(bench, attempts, verdicts)
        assert bench.sandbox.commands == []
        return found

    policy = Policy(name="test", grade=Grade(clusters=clusters))
    found = benches.pretend(project, policy, lambda _command, _tree: 0, work)
    assert [cluster.size for cluster in found.values()] == sizes


def test_accepted_attempts_of_which_tests_say_nothing_are_compared_by_text(tmp_path, benches):
    project = Project(tmp_path / "repo", FILES)
    more, less = b"def more(n):\n    return n\n", b"def less(n):\n    return -n\n"
    attempts = [
        candidate(project, "one", {"pkg/text.py": CLIP + more + less}),
        candidate(project, "two", {"pkg/text.py": less + b"# words\n" + more + CLIP}),
        candidate(project, "three", {"pkg/text.py": CLIP + more}),
    ]
    verdicts = [verdict(one.id, flaky=["t::x"]) for one in attempts]
    policy = Policy(name="test")

    async def work(bench):
        return await alike(bench, attempts, verdicts)

    found = benches.pretend(project, policy, lambda _command, _tree: 0, work)
    assert [found[one.id].size for one in attempts] == [2, 2, 1]
    assert found["one"].how == "order"


NOISY = b"""
import os, random, time
from collections import OrderedDict

class Box:
    def __init__(self, items):
        self.items = set(items)
    def size(self, scale=2):
        return len(self.items) * scale

def fails(n: int):
    return 1 // n
def mutates(items: list):
    items.append(1)
def writes(n: int):
    open('/tmp/x', 'w').close()
def prints(n: int):
    print(n)
def chance(n: int):
    return random.random()
def order(n: int):
    return list({'a', 'b', 'c', 'd', 'e', 'f', str(n)})
SEEN = []
def counts(n: int):
    SEEN.append(n)
    return len(SEEN)
def naps(n: int):
    while True:
        pass
def yields(n: int):
    yield n
    raise KeyError(n)
def exits(n: int):
    raise SystemExit(n)
def loads(n: int):
    import wave
    return wave.__name__
"""


def test_what_does_more_than_answer_has_no_answer(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", {"noisy.py": b""})
    one = candidate(project, "noisy", {"noisy.py": NOISY})
    calls = plan(project.repo, [one], IS_TEST)
    firsts = tuple({call.target.symbol: call for call in calls}.values())

    async def work(bench):
        return await observe(bench, str(one.tree), firsts, "noisy")

    answers = benches.jailed(project, POLICY, work, environ)
    said = {call.target.symbol: answer for call, answer in zip(firsts, answers, strict=True)}
    nothing = {symbol for symbol, answer in said.items() if answer is None}
    assert nothing == {"writes", "prints", "chance", "order", "counts", "naps"}
    assert said["exits"] == "raises builtins.SystemExit"
    assert "raises KeyError" in said["yields"]
    assert " leaving " in said["mutates"]
    assert said["loads"] == "value str:'wave'"


def test_a_process_that_dies_answers_nothing_more(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", {"dies.py": b""})
    source = b"import os\ndef dies(n: int):\n    os._exit(0)\n"
    one = candidate(project, "dies", {"dies.py": source})
    calls = plan(project.repo, [one], IS_TEST)

    async def work(bench):
        return await observe(bench, str(one.tree), calls, "dies")

    assert set(benches.jailed(project, POLICY, work, environ)) == {"missing"}


MATH = {
    "pkg/__init__.py": b"",
    "pkg/left.py": b"def rate(n):\n    return 2\n",
    "pkg/right.py": b"def bonus(n):\n    return 0\n",
    "pkg/pay.py": b"from pkg.left import rate\nfrom pkg.right import bonus\n\n\ndef pay(n: int):\n"
    b"    return n * rate(n) if not bonus(n) or rate(n) == 2 else 0\n",
    "tests/test_pay.py": b"from pkg.pay import pay\n\ndef test_pay():\n    assert pay(3) == 6\n",
}


def test_what_changes_only_together_is_witnessed(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", MATH)
    right = {"pkg/right.py": b"def bonus(n):\n    return 1\n"}
    left = {"pkg/left.py": b"from pkg import right\n\ndef rate(n):\n    return 2 + right.bonus(n)\n"}
    one, other = candidate(project, "one", left), candidate(project, "other", right)
    both = Oid(project.tree({**left, **right}))

    async def work(bench):
        with bench.lease():
            return await witnesses(bench, one, other, both)

    found = benches.jailed(project, POLICY, work, environ)
    assert {"pkg/pay.py:pay", "pkg/left.py:rate"} == {witness.where for witness in found}
    assert any(w.call == "pay(3)" and (w.alone, w.together) == ("value int:6", "value int:0") for w in found)


def pair(project):
    """Two that the suite lets through alone and together, and of which only calls tell."""
    right = {"pkg/right.py": b"def bonus(n):\n    return 1\n"}
    left = {"pkg/left.py": b"from pkg import right\n\ndef rate(n):\n    return 2 + right.bonus(n)\n"}
    docs = {"pkg/docs.py": b"def title():\n    return 'x'\n"}
    edits = {"one": left, "other": right, "docs": docs}
    return [candidate(project, name, each, instance="") for name, each in edits.items()]


def test_members_meet_where_the_changes_of_both_are_reached(tmp_path):
    project = Project(tmp_path / "repo", MATH)
    one, other, docs = pair(project)
    (meeting,) = meetings(project.repo, [docs, one, other], IS_TEST)
    assert (meeting.one.name, meeting.other.name) == ("one", "other")
    assert ("pkg/pay.py", "pay") in meeting.places
    assert meetings(project.repo, [docs, one], IS_TEST) == []


def test_probes_part_two_members_within_their_budget(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", MATH)
    members = pair(project)

    async def work(bench):
        probed = Probed(bench, SetRules(probes=1))
        first = await probed.look(members, ())
        return (
            first,
            await probed.look(members, ()),
            await Probed(bench, SetRules(probes=0)).look(members, ()),
        )

    first, again, none = benches.jailed(project, POLICY, work, environ)
    assert (again, none) == ((), ())
    (found,) = first
    assert (found.conflict.a, found.conflict.b) == (members[0].id, members[1].id)
    assert found.conflict.kind is ConflictKind.BEHAVIOURAL
    assert found.group.call and found.group.call in found.conflict.why
    assert found.group.symbols and found.group.symbols[0].startswith("pkg.")


def test_independent_changes_have_no_witness(tmp_path, benches, environ):
    project = Project(tmp_path / "repo", MATH)
    left = {"pkg/left.py": b"def rate(n):\n    return 1 + 1\n"}
    right = {"pkg/right.py": b"def bonus(n):\n    return 1\n"}
    one, other = candidate(project, "one", left), candidate(project, "other", right)
    both = Oid(project.tree({**left, **right}))

    async def work(bench):
        with bench.lease():
            return await witnesses(bench, one, other, both)

    assert benches.jailed(project, POLICY, work, environ) == ()


def test_answers_that_make_no_sense_say_nothing():
    report = b'[0,"value 1"]\n[9,"x"]\n[true,"x"]\nnonsense\n[1,2]\n[1]\n[[[\n[2,null]\n'
    assert read(report, 4, "missing") == ("value 1", "missing", None, "missing")


def test_one_attempt_cannot_silence_the_others():
    runs = {"a": ("1", "1", "2"), "b": ("1", "2", "2"), "c": (None, None, None)}
    assert set(reliable(runs)) == {"a", "b"}


def test_refusals_of_calls_that_are_made_up_tell_nothing_apart(tmp_path):
    project = Project(tmp_path / "repo", FILES)
    one = candidate(project, "slice", version(b"    return text[:size]\n"))
    calls = plan(project.repo, [one], IS_TEST)
    assert calls[0].text == "clip('hello', 3)"
    assert [call.arguments.made_up for call in calls[:2]] == [False, True]
    refused, answered = ("raises builtins.TypeError",) * 2, ("value 1", "value 1")
    runs = [counted(calls[:2], run) for run in (refused, answered)]
    assert telling(runs) == (0,)


def test_what_one_attempt_lacks_is_asked_of_none(tmp_path):
    project = Project(tmp_path / "repo", FILES)
    own = {"pkg/text.py": CLIP + b"def mine(n):\n    return n\n"}
    both = [candidate(project, "own", own), candidate(project, "other", version(b"    return text[:size]\n"))]
    assert {call.target.symbol for call in plan(project.repo, both, IS_TEST)} == {"clip"}
    assert {call.target.symbol for call in plan(project.repo, both[:1], IS_TEST)} == {"mine"}
