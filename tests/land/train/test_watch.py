"""Whole trains, in real jails, on a small repository and the fast policy."""

from __future__ import annotations

import json
import os
import sys

import anyio
import pytest
from tests.land.support import Yard, git

from assay.land.request import Request
from assay.land.train import leg
from assay.land.train.told import What
from assay.land.train.watch import watch
from assay.ledger.ledger import Ledger
from assay.model.errors import BadInput, Exit

pytestmark = pytest.mark.jail

FILES = {"app.py": b"A = 1\n", "list.txt": b"first\nlast\n"}


class Line:
    """A repository, a directory of patches beside it, and trains that run until they are idle."""

    def __init__(self, root):
        self.yard = Yard(root / "yard", FILES)
        self.sources = root / "in"
        self.sources.mkdir()
        self.told = []

    def put(self, name, text):
        path = self.sources / f"{name}.patch"
        path.write_text(text)
        os.utime(path, (1_700_000_000, 1_700_000_000))

    def add(self, name, line):
        """A candidate that adds a file of one line."""
        head = f"diff --git a/{name}.py b/{name}.py\nnew file mode 100644\n--- /dev/null\n+++ b/{name}.py\n"
        self.put(name, f"{head}@@ -0,0 +1 @@\n+{line}\n")

    def run(self, *sources, tell=None, **options):
        """One train; what it came to."""
        request = Request(
            repo=self.yard.root,
            sources=sources or (str(self.sources),),
            policy=options.pop("policy", "fast"),
            environ={**os.environ, "VIRTUAL_ENV": sys.prefix},
            **options.pop("request", {}),
        )
        keep = tell or self.told.append
        return anyio.run(lambda: watch(request, onto="main", tell=keep, until_idle=True, **options))

    def landed(self):
        return git(self.yard.root, "log", "--first-parent", "--reverse", "--format=%s", "HEAD").split()[1:]

    def why(self, name):
        (why,) = {one.why for one in self.told if one.what is What.EVICTED and one.name == f"{name}.patch"}
        return why


@pytest.fixture
def line(tmp_path):
    return Line(tmp_path)


def test_what_passes_lands_in_order_and_what_does_not_leaves_with_a_reason(line):
    line.add("a", "ONE = 1")
    line.add("b", "def broken(:")
    line.add("c", "THREE = 3")
    line.put("d", "--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-x\n+y\n")
    summary = line.run()
    assert (summary.landed, summary.evicted, summary.undecided) == (2, 2, 0)
    assert summary.exit_code is Exit.REJECTED
    assert line.landed() == ["a.patch", "c.patch"]
    assert "b.py" in line.why("b")
    assert "does not go onto the branch" in line.why("d")
    assert git(line.yard.root, "status", "--porcelain") == ""


def test_the_next_train_knows_what_the_last_one_did_and_takes_what_is_new(line):
    line.add("a", "ONE = 1")
    line.add("b", "def broken(:")
    line.run()
    line.told.clear()
    line.add("c", "THREE = 3")
    assert line.run().landed == 1
    assert [one.name for one in line.told] == ["c.patch"]
    git(line.yard.root, "revert", "--no-edit", "HEAD~1")
    assert line.run().landed == 0, "what somebody took back stays taken back"


def test_of_two_that_do_not_merge_the_first_lands_and_the_other_leaves(line):
    both = "--- a/list.txt\n+++ b/list.txt\n@@ -1,2 +1,3 @@\n first\n+{}\n last\n"
    line.put("a", both.format("apple"))
    line.put("b", both.format("pear"))
    line.run()
    assert line.landed() == ["a.patch"]
    assert "list.txt" in line.why("b")


def test_everything_is_done_again_where_somebody_else_moves_the_branch(line, monkeypatch):
    line.add("a", "ONE = 1")
    line.add("b", "TWO = 2")
    publish, moved = leg.publish, []

    def overtaken(*arguments):
        if not moved:
            moved.append(True)
            (line.yard.root / "other.py").write_text("OTHER = 1\n")
            git(line.yard.root, "add", "-A")
            git(line.yard.root, "commit", "-q", "-m", "another")
        return publish(*arguments)

    monkeypatch.setattr(leg, "publish", overtaken)
    assert line.run().landed == 2
    assert line.landed() == ["another", "a.patch", "b.patch"]
    assert What.MOVED in [one.what for one in line.told]


TARGET = "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-A = 1\n+{}\n"


def push(line, name, text):
    """Somebody else's commit on the branch."""
    (line.yard.root / name).write_text(text)
    git(line.yard.root, "add", "-A")
    git(line.yard.root, "commit", "-q", "-m", "another")


def graded_alone(line):
    """How often each candidate was graded by itself, by name."""
    with Ledger.open(line.yard.root / ".git/assay") as ledger:
        runs = [one.id for one in ledger.transactions(command="land")]
        names = [
            one.kept.candidate.name
            for run in runs
            for one in ledger.candidates(run)
            if one.decision and not one.kept.candidate.id.startswith("set-")
        ]
    return {name: names.count(name) for name in names}


def overtaken_once(monkeypatch, line, name, text):
    publish, moved = leg.publish, []

    def first_pushed(*arguments):
        if not moved:
            moved.append(True)
            push(line, name, text)
        return publish(*arguments)

    monkeypatch.setattr(leg, "publish", first_pushed)


def test_after_a_move_only_those_are_graded_alone_anew_that_it_has_to_do_with(line, monkeypatch):
    line.add("a", "ONE = 1")
    line.add("b", "import app; B = app.A")
    overtaken_once(monkeypatch, line, "app.py", "A = 2\n")
    assert line.run().landed == 2
    assert graded_alone(line) == {"a.patch": 1, "b.patch": 2}
    (touched,) = [one for one in line.told if one.what is What.TOUCHED]
    assert touched.name == "b.patch" and "A" in touched.why


def test_who_uses_what_somebody_has_taken_away_is_evicted_without_a_run(line, monkeypatch):
    line.add("a", "ONE = 1")
    line.add("b", "import app; B = app.A")
    overtaken_once(monkeypatch, line, "app.py", "C = 1\n")
    line.run()
    assert line.landed() == ["another", "a.patch"]
    assert "`app:A`" in line.why("b") and "what has landed since" in line.why("b")


def test_who_passed_alone_is_not_graded_again_by_the_next_train(line, monkeypatch):
    line.add("a", "ONE = 1")
    line.add("b", "TWO = 2")

    def killed(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(leg, "publish", killed)
    with pytest.raises(BaseException):  # noqa: B017
        line.run()
    monkeypatch.undo()
    push(line, "other.py", "OTHER = 1\n")
    assert line.run().landed == 2
    assert graded_alone(line) == {"a.patch": 1, "b.patch": 1}


def test_of_two_known_not_to_go_together_no_run_is_asked(line):
    line.put("a", TARGET.format("C = 1"))
    line.add("b", "import app; B = app.A")
    line.run()
    assert line.landed() == ["a.patch"]
    assert "`app:A`" in line.why("b")
    with Ledger.open(line.yard.root / ".git/assay") as ledger:
        sets = [
            one.kept.candidate.name
            for run in ledger.transactions(command="land")
            for one in ledger.candidates(run.id)
            if one.kept.candidate.id.startswith("set-")
        ]
    assert not [name for name in sets if "+" in name]


def test_one_lets_two_go_first_with_which_it_does_not_go_together(line):
    line.put("a", "--- a/list.txt\n+++ b/list.txt\n@@ -1,2 +1,2 @@\n-first\n-last\n+FIRST\n+LAST\n")
    line.put("b", "--- a/list.txt\n+++ b/list.txt\n@@ -1 +1 @@\n-first\n+1st\n")
    line.put("c", "--- a/list.txt\n+++ b/list.txt\n@@ -2 +2 @@\n-last\n+end\n")
    line.run(every_commit=False)
    waits = [one.name for one in line.told if one.what is What.WAITS]
    assert (waits, line.landed()) in ((["a.patch"], ["b.patch", "c.patch"]), ([], ["a.patch"]))


def test_one_attempt_at_a_task_lands(line):
    record = '{{"instance_id": "task", "model_name_or_path": "m{0}", "model_patch": {1}}}\n'
    head = "diff --git a/{0}.py b/{0}.py\nnew file mode 100644\n--- /dev/null\n+++ b/{0}.py\n"
    patch = head + "@@ -0,0 +1 @@\n+X = 1\n"
    lines = [record.format(name, json.dumps(patch.format(name))) for name in ("one", "two")]
    (line.sources / "p.jsonl").write_text("".join(lines))
    summary = line.run()
    assert (summary.landed, summary.evicted) == (1, 1)
    assert any("another attempt at task, has landed" in one.why for one in line.told)


def test_every_commit_has_an_accepted_verdict_of_its_own(line):
    for name in "abcd":
        line.add(name, f"NAME = {name!r}")
    start = line.yard.tip()
    line.run()
    trees = git(line.yard.root, "log", "--format=%T", f"{start}..HEAD").split()
    with Ledger.open(line.yard.root / ".git/assay") as ledger:
        accepted = {
            one.kept.candidate.tree
            for run in ledger.transactions()
            for one in ledger.candidates(run.id)
            if one.decision == "accepted"
        }
        assert ledger.verify() == []
    assert len(trees) == 4
    assert set(trees) <= accepted


def test_with_only_the_tip_verified_a_batch_lands_as_one_merge(line):
    for name in "abc":
        line.add(name, f"NAME = {name!r}")
    assert line.run(every_commit=False).landed == 3
    assert git(line.yard.root, "rev-list", "--count", "--first-parent", "HEAD").strip() == "2"


def test_equal_candidates_land_once(line):
    line.add("a", "ONE = 1")
    (line.sources / "b.patch").write_bytes((line.sources / "a.patch").read_bytes())
    os.utime(line.sources / "b.patch", (1_700_000_000, 1_700_000_000))
    assert line.run().landed == 1
    assert line.landed() == ["a.patch"]


def test_a_work_tree_in_the_way_holds_the_train_up_and_loses_nothing(line):
    line.add("a", "ONE = 1")
    line.add("b", "TWO = 2")
    edited = line.yard.root / "app.py"

    def edit(told):
        line.told.append(told)
        edited.write_text("edited\n")

    held = line.run(tell=edit)
    assert (held.landed, held.undecided, held.exit_code) == (1, 1, Exit.INCONCLUSIVE)
    assert line.told[-1].what is What.PROBLEM
    assert "app.py" in line.told[-1].why
    assert edited.read_text() == "edited\n"
    git(line.yard.root, "checkout", "-q", "app.py")
    assert line.run().landed == 1


def test_there_is_one_train_on_a_branch(line):
    line.add("a", "ONE = 1")

    def another(_told):
        with pytest.raises(BadInput, match="running on this branch already"):
            _second(line)
        seen.append(True)

    seen: list[bool] = []
    line.run(tell=another)
    assert seen


def _second(line):
    from assay.land.train.watch import _only_train

    with _only_train(line.yard.repo, "refs/heads/main"):
        raise AssertionError("two at once")


@pytest.mark.parametrize(
    "request_", [{"stdin": b"", "sources_": ("-",)}, {"acceptance": "x"}, {"require": "x"}]
)
def test_what_a_train_cannot_do_is_refused_before_anything_runs(line, request_):
    sources = request_.pop("sources_", ())
    with pytest.raises(BadInput):
        line.run(*sources, request=request_)
    assert not (line.yard.root / ".git/assay").exists()


def test_what_lacks_the_evidence_that_the_policy_demands_does_not_board(line, tmp_path):
    """One change that its own test runs, and one that none does."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        'extends = "fast"\ngates = ["apply", "compile", "tests"]\n'
        '[evidence]\ncollect = "coverage"\nmax_missed = 0\nseverity = "error"\n'
    )
    line.add("dark", "def f(): return 1")
    body = ["import lit_one", "", "", "def test_it():", "    assert lit_one.ONE == 1"]
    line.put(
        "lit",
        "--- /dev/null\n+++ b/lit_one.py\n@@ -0,0 +1 @@\n+ONE = 1\n"
        f"--- /dev/null\n+++ b/test_lit.py\n@@ -0,0 +1,{len(body)} @@\n"
        + "".join(f"+{each}\n" for each in body),
    )
    line.run(policy=str(rules))
    assert line.landed() == ["lit.patch"]
    assert "changed line" in line.why("dark")
