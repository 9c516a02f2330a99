"""Whole trains, in real jails, on a small repository and the fast policy."""

from __future__ import annotations

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
