from __future__ import annotations

import sys
from pathlib import Path

from bench.suite import Suite
from tests.patchset.support import Lab

GOOD = b"def test_good():\n    assert True\n"
BAD = b"def test_bad():\n    assert False\n"


def suite(lab: Lab, place: Path, words: tuple[str, ...] = ("tests",)) -> Suite:
    tree = place / "tree"
    tree.mkdir(exist_ok=True)
    return Suite(lab.repo, Path(sys.executable), words, tree, place / "answers.jsonl")


def test_a_tree_is_run_once_and_its_answer_outlives_the_process(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "repo", {"tests/test_a.py": GOOD})
    tree = lab.tree(lab.base.tree, {"tests/test_b.py": BAD, "tests/test_a.py": GOOD})
    first = suite(lab, tmp_path)
    answer = first.of(tree)
    assert answer.passed == ("tests/test_a.py::test_good",)
    assert answer.failed == ("tests/test_b.py::test_bad",)
    assert first.of(lab.base.tree).failed == (), "what is gone is gone from the checkout"
    kept = tmp_path / "answers.jsonl"
    kept.write_bytes(kept.read_bytes()[:-5])
    again = suite(lab, tmp_path)
    assert again.knows(tree) and not again.knows(lab.base.tree)
    assert (again.of(tree), again.runs) == (answer, 0)
    again.of(lab.base.tree)
    assert suite(lab, tmp_path).knows(lab.base.tree)


def test_tests_that_cannot_be_run_at_all_do_not_pass(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "repo", {"tests/test_a.py": GOOD})
    assert suite(lab, tmp_path, ("nowhere",)).of(lab.base.tree).failed
