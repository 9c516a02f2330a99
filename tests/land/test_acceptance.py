"""Hidden tests and required lists through the flows, in real jails; and what may be wrong with them."""

import json
import os
import subprocess
import sys

import anyio
import pytest
from tests.land.support import Yard, git

from assay.land import flow
from assay.land.request import Request
from assay.model.errors import BadInput, Exit
from assay.model.outcome import Outcome
from assay.model.verdict import Decision
from assay.repo.patching import blob_id

ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "VIRTUAL_ENV": sys.prefix,
}

SEARCH = '''

def search():
    """Every file within reach that holds the mark of the hidden tests."""
    from pathlib import Path
    mark = "-".join(["mark", "of", "the", "hidden"]).encode()
    found = []
    for top in (Path.cwd(), Path.home(), Path("/tmp"), Path({hidden!r}), Path({git!r})):
        for path in top.rglob("*") if top.is_dir() else ():
            if path.is_file() and mark in path.read_bytes():
                found.append(str(path))
    return found
'''
BROKEN = b"def add(a, b):\n    return a - b\n\n\ndef search():\n    return []\n"
FIXED = BROKEN.replace(b"a - b", b"a + b")
WRONG = BROKEN.replace(b"a - b", b"a * b")
OWN = (
    b"from calc import add, search\n\n\ndef test_zero():\n"
    b"    assert add(0, 0) == 0\n    assert search() == []\n"
)
HIDDEN = b"from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5  # mark-of-the-hidden\n"


@pytest.fixture
def yard(tmp_path):
    files = {
        "calc.py": BROKEN,
        "tests/test_calc.py": OWN,
        "assay.toml": b'extends = "agent"\ngates = ["apply", "scope", "tests"]\n[tests]\nperturb = false\n'
        b'[environment]\nset = { PYTEST_DISABLE_PLUGIN_AUTOLOAD = "1" }\n',
    }
    return Yard(tmp_path / "yard", files)


@pytest.fixture
def hidden(tmp_path):
    """A directory of hidden tests, outside the repository."""
    top = tmp_path / "hidden"
    (top / "tests").mkdir(parents=True)
    (top / "tests/test_hidden.py").write_bytes(HIDDEN)
    return top


def diff(yard, path, content):
    """The change of one file, as a patch."""
    kept = (yard.root / path).read_bytes() if (yard.root / path).exists() else None
    (yard.root / path).parent.mkdir(exist_ok=True)
    (yard.root / path).write_bytes(content)
    git(yard.root, "add", "-N", path)
    text = git(yard.root, "diff", "--", path)
    git(yard.root, "reset", "-q", "--", path)
    (yard.root / path).unlink()
    if kept is not None:
        (yard.root / path).write_bytes(kept)
    return text


def source(yard, name, path, content):
    target = yard.root.parent / f"{name}.patch"
    target.write_text(diff(yard, path, content))
    return str(target)


def request(yard, *sources, **options):
    return Request(repo=yard.root, sources=sources, environ=ENVIRON, **options)


def graded(yard, *sources, **options):
    return anyio.run(lambda: flow.grade(request(yard, *sources, **options)))


def gates(candidate):
    return {gate.gate: gate for gate in candidate.gates}


@pytest.mark.jail
def test_hidden_tests_decide_and_nobody_can_look_for_them(yard, hidden):
    searching = SEARCH.format(hidden=str(hidden), git=str(yard.root / ".git")).encode()
    found = b"def test_the_search_finds_it_here():\n    import calc\n    assert calc.search()\n"
    (hidden / "tests/test_hidden.py").write_bytes(HIDDEN + b"\n\n" + found)
    right = source(yard, "right", "calc.py", FIXED.split(b"\n\n\ndef search")[0] + b"\n" + searching)
    wrong = source(yard, "wrong", "calc.py", WRONG)
    report = graded(yard, right, wrong, acceptance=str(hidden))
    first, second = report.candidates
    assert (first.verdict, first.reason) == (Decision.ACCEPTED, "every required gate passed")
    assert gates(first)["tests"].outcome == Outcome.PASSED
    assert gates(first)["acceptance"].detail["fail_to_pass"]["passed"] == [
        "tests/test_hidden.py::test_add",
        "tests/test_hidden.py::test_the_search_finds_it_here",
    ]
    assert (second.verdict, second.rejected_by) == (Decision.REJECTED, "acceptance")
    assert gates(second)["tests"].outcome == Outcome.PASSED
    assert report.policy.overrides == ("--acceptance",)
    # Nothing of them is in the repository afterwards either.
    there = git(yard.root, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert blob_id((hidden / "tests/test_hidden.py").read_bytes()) not in there


@pytest.mark.jail
def test_a_benchmark_s_instances_from_the_command_line(yard, tmp_path):
    record = {
        "instance_id": "calc-1",
        "test_patch": diff(yard, "tests/test_hidden.py", HIDDEN),
        "FAIL_TO_PASS": json.dumps(["tests/test_hidden.py::test_add"]),
        "PASS_TO_PASS": ["tests/test_calc.py::test_zero"],
    }
    other = {**record, "instance_id": "calc-2", "test_patch": "does not apply here"}
    (tmp_path / "instances.jsonl").write_text("\n".join(map(json.dumps, (other, record))))
    predictions = [
        {"instance_id": "calc-1", "model_name_or_path": name, "model_patch": diff(yard, "calc.py", content)}
        for name, content in (("right", FIXED), ("wrong", WRONG))
    ]
    (tmp_path / "predictions.jsonl").write_text("\n".join(map(json.dumps, predictions)))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "assay", "grade", "predictions.jsonl", "-C", str(yard.root)),
            *("--acceptance", "instances.jsonl", "--format", "json", "--quiet"),
        ],
        cwd=tmp_path,
        env=ENVIRON,
        capture_output=True,
        check=False,
    )
    assert done.returncode == Exit.REJECTED, done.stderr
    right, wrong = json.loads(done.stdout)["candidates"]
    assert (right["verdict"], wrong["verdict"]) == ("accepted", "rejected")
    assert wrong["rejected_by"] == "acceptance"
    detail = wrong["gates"][-1]["detail"]
    assert detail["fail_to_pass"] == {"passed": [], "failed": ["tests/test_hidden.py::test_add"]}
    assert detail["pass_to_pass"] == {"passed": ["tests/test_calc.py::test_zero"], "failed": []}
    assert detail["instance"] == "calc-1"


@pytest.mark.jail
def test_a_set_is_verified_with_the_hidden_tests_before_it_lands(yard, hidden):
    right = source(yard, "right", "calc.py", FIXED)
    more = source(yard, "more", "README", b"words\n")
    (hidden / "tests/test_hidden.py").write_bytes(b"def test_there_is_calc():\n    import calc\n")
    landing = anyio.run(
        lambda: flow.land(request(yard, right, more, acceptance=str(hidden)), onto="main", dry_run=True)
    )
    assert landing.patch_set is not None
    assert len(landing.patch_set.members) == 2
    assert {gate.gate: gate.outcome for gate in landing.patch_set.gates}["acceptance"] == Outcome.PASSED


@pytest.mark.jail
def test_tests_that_are_not_to_be_shown_are_in_the_ledger_alone(yard, hidden, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text((yard.root / "assay.toml").read_text() + "[acceptance]\nshow = false\n")
    wrong = source(yard, "wrong", "calc.py", WRONG)
    report = graded(yard, wrong, acceptance=str(hidden), policy=str(policy))
    from assay.delta.render import FORMATS, render

    assert report.candidates[0].verdict is Decision.REJECTED
    for format_ in FORMATS:
        shown = render(report, format_)
        assert "1 of 1 acceptance tests fail" in shown
        assert "test_add" not in shown and "test_hidden" not in shown
    with yard.ledger() as ledger:
        (candidate,) = ledger.candidates(report.transaction)
        results = ledger.gate_results(report.transaction, candidate.kept.candidate.id)
    assert "test_add" in repr(results[-1])


@pytest.mark.jail
def test_only_allowed_paths_may_be_touched(yard):
    right = source(yard, "right", "calc.py", FIXED)
    (candidate,) = graded(yard, right, allow=("src/**", "docs/**")).candidates
    assert (candidate.verdict, candidate.rejected_by) == (Decision.REJECTED, "scope")
    (candidate,) = graded(yard, right, allow=("src/**", "calc.py")).candidates
    assert candidate.verdict is Decision.ACCEPTED


def nowhere(yard, tmp_path):
    return {"acceptance": str(tmp_path / "nowhere")}, "no such file"


def no_file(yard, tmp_path):
    (tmp_path / "empty").mkdir()
    return {"acceptance": str(tmp_path / "empty")}, "no file in it"


def no_test_file(yard, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x.json").write_text("{}")
    return {"acceptance": str(tmp_path / "data")}, "none of its files is a test file"


def not_for_this_base(yard, tmp_path):
    text = diff(yard, "calc.py", FIXED).replace("-    return a - b", "-    return a / b")
    (tmp_path / "x.patch").write_text(text)
    return {"acceptance": str(tmp_path / "x.patch")}, "cannot be applied to the base"


def lists_of_no_file(yard, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/test_x.py").write_text("")
    (tmp_path / "l.txt").write_text("tests/test_nowhere.py::test_x\n")
    return {"acceptance": str(tmp_path / "d"), "require": str(tmp_path / "l.txt")}, "neither the base nor"


def lists_twice(yard, tmp_path):
    (tmp_path / "i.json").write_text(json.dumps({"FAIL_TO_PASS": ["tests/test_calc.py::test_zero"]}))
    return {"acceptance": str(tmp_path / "i.json"), "require": str(tmp_path / "i.json")}, "lists of their own"


def which_instance(yard, tmp_path):
    records = [{"instance_id": name, "FAIL_TO_PASS": ["tests/test_calc.py::t"]} for name in "ab"]
    (tmp_path / "i.jsonl").write_text("\n".join(map(json.dumps, records)))
    return {"acceptance": str(tmp_path / "i.jsonl")}, "does not say which instance"


def malformed_lists(yard, tmp_path):
    (tmp_path / "l.txt").write_text("words\n")
    return {"require": str(tmp_path / "l.txt")}, "no pytest node id"


def no_path(yard, tmp_path):
    return {"acceptance": ""}, "--acceptance: the path is empty"


def no_path_of_lists(yard, tmp_path):
    return {"require": " "}, "--require: the path is empty"


def the_repository(yard, tmp_path):
    return {"acceptance": str(yard.root)}, "holds the repository itself"


def what_the_repository_is_in(yard, tmp_path):
    return {"acceptance": str(yard.root.parent)}, "holds the repository itself"


def prose(yard, tmp_path):
    (tmp_path / "x.patch").write_bytes(b"\x89 no diff\n")
    return {"acceptance": str(tmp_path / "x.patch")}, "there is no diff in it"


def a_glob_of_bytes(yard, tmp_path):
    return {"allow": (os.fsdecode(b"src/\xff"),)}, "is not UTF-8"


def a_glob_of_nothing(yard, tmp_path):
    return {"allow": ("/src/**",)}, "relative to the repository's root"


def nobody_to_check_it(yard, tmp_path):
    (tmp_path / "p.toml").write_text('gates = ["apply", "tests"]\n')
    return {"allow": ("src/**",), "policy": str(tmp_path / "p.toml")}, "no scope gate"


def none_given(yard, tmp_path):
    (tmp_path / "p.toml").write_text('gates = ["apply", "tests", "acceptance"]\n')
    return {"policy": str(tmp_path / "p.toml")}, "this policy wants acceptance tests"


@pytest.mark.parametrize(
    "wrong",
    [
        nowhere,
        no_file,
        no_test_file,
        not_for_this_base,
        lists_of_no_file,
        lists_twice,
        which_instance,
        malformed_lists,
        no_path,
        no_path_of_lists,
        the_repository,
        what_the_repository_is_in,
        prose,
        a_glob_of_bytes,
        a_glob_of_nothing,
        nobody_to_check_it,
        none_given,
    ],
)
def test_what_is_wrong_is_said_before_anything_is_run(yard, tmp_path, wrong):
    right = source(yard, "right", "calc.py", FIXED)
    options, words = wrong(yard, tmp_path)
    with pytest.raises(BadInput, match=words):
        graded(yard, right, **options)
    assert not (yard.root / ".git/assay").exists()


def test_a_prediction_for_another_task_is_bad_input(yard, tmp_path):
    prediction = {"instance_id": "b", "model_patch": diff(yard, "calc.py", FIXED)}
    (tmp_path / "p.jsonl").write_text(json.dumps(prediction))
    record = {"instance_id": "a", "FAIL_TO_PASS": ["tests/test_calc.py::test_zero"]}
    for records, words in (
        ([record], "the tests are for a"),
        ([record, {**record, "instance_id": "c"}], "no instance"),
    ):
        (tmp_path / "i.jsonl").write_text("\n".join(map(json.dumps, records)))
        with pytest.raises(BadInput, match=words):
            graded(yard, str(tmp_path / "p.jsonl"), acceptance=str(tmp_path / "i.jsonl"))


@pytest.mark.jail
def test_equal_changes_for_different_tasks_are_examined_apart(yard, tmp_path):
    patch = diff(yard, "calc.py", WRONG)
    predictions = [{"instance_id": name, "model_patch": patch} for name in ("kept", "mended", "kept")]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, predictions)))
    records = [
        {"instance_id": "kept", "PASS_TO_PASS": ["tests/test_calc.py::test_zero"]},
        {
            "instance_id": "mended",
            "test_patch": diff(yard, "tests/test_hidden.py", HIDDEN),
            "FAIL_TO_PASS": ["tests/test_hidden.py::test_add"],
        },
    ]
    (tmp_path / "i.jsonl").write_text("\n".join(map(json.dumps, records)))
    for _ in range(2):  # the second time from the cache
        report = graded(yard, str(tmp_path / "p.jsonl"), acceptance=str(tmp_path / "i.jsonl"))
        assert [candidate.verdict for candidate in report.candidates] == [
            Decision.ACCEPTED,
            Decision.REJECTED,
            Decision.ACCEPTED,
        ]
        assert report.candidates[2].equivalent_to == report.candidates[0].id


@pytest.mark.jail
def test_what_a_prepare_step_keeps_of_hidden_tests_no_other_gate_sees(yard, hidden, tmp_path):
    policy = tmp_path / "policy.toml"
    copying = '[[prepare]]\nrun = ["sh", "build.sh"]\ninputs = ["build.sh"]\n'
    policy.write_text((yard.root / "assay.toml").read_text() + copying)
    (yard.root / "build.sh").write_text("mkdir built\n")
    git(yard.root, "add", "-A")
    git(yard.root, "commit", "-q", "-m", "build")
    patch = diff(yard, "build.sh", b"mkdir built\nls tests > built/list\n") + diff(yard, "calc.py", FIXED)
    (tmp_path / "copying.patch").write_text(patch)
    only_acceptance = policy.read_text().replace('"scope", "tests"', '"scope"')
    (tmp_path / "only.toml").write_text(only_acceptance)
    options = {"acceptance": str(hidden), "policy": str(tmp_path / "only.toml")}
    (first,) = graded(yard, str(tmp_path / "copying.patch"), **options).candidates
    assert first.verdict is Decision.ACCEPTED
    looking = b"def test_list():\n    assert 'test_hidden' not in open('built/list').read()\n"
    (tmp_path / "looking.patch").write_text(patch + diff(yard, "tests/test_look.py", looking))
    loose = policy.read_text().replace('extends = "agent"', 'extends = "default"')
    policy.write_text(loose)
    (second,) = graded(yard, str(tmp_path / "looking.patch"), policy=str(policy)).candidates
    assert (second.verdict, second.reason) == (Decision.ACCEPTED, "every required gate passed")
