"""What the sources of a train hold while others write to them."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.land.support import git

from assay.land.train.arrivals import SETTLED, look

NOW = 1_700_000_000.0
MAIN = "refs/heads/main"
PATCH = b"--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-bee\n+bees\n"


@pytest.fixture
def seen(yard):
    def look_at(*specs, now=NOW, **options):
        repo = yard.repo
        return look(repo, [str(spec) for spec in specs], repo.head(), onto=MAIN, now=now, **options)

    return look_at


def put(path, data, *, age=60.0):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def line(name, patch=PATCH):
    return json.dumps({"instance_id": name, "model_patch": patch.decode()}).encode() + b"\n"


def test_a_patch_is_taken_once_it_has_rested(seen, tmp_path):
    put(tmp_path / "in/old.patch", PATCH)
    put(tmp_path / "in/new.patch", PATCH, age=SETTLED / 2)
    found = seen(tmp_path / "in")
    assert [one.proposal.name for one in found.arrivals] == ["old.patch"]
    assert found.unsettled
    later = seen(tmp_path / "in", now=NOW + SETTLED)
    assert [one.proposal.name for one in later.arrivals] == ["new.patch", "old.patch"]
    assert not later.unsettled


def test_the_same_content_at_the_same_place_has_the_same_key_and_other_content_another(seen, tmp_path):
    path = put(tmp_path / "in/a.patch", PATCH)
    (one,) = seen(tmp_path / "in").arrivals
    assert seen(tmp_path / "in").arrivals == (one,)
    put(path, PATCH.replace(b"bees", b"beetle"))
    (other,) = seen(tmp_path / "in").arrivals
    assert other.key != one.key


@given(st.integers(0, len(line("one") + line("two"))))
def test_lines_are_taken_as_they_are_finished_wherever_the_writer_is(seen_lines, cut):
    whole = line("one") + line("two")
    found = seen_lines(whole[:cut])
    assert [one.proposal.instance for one in found.arrivals] == [
        name for name, end in (("one", len(line("one")) - 1), ("two", len(whole) - 1)) if cut >= end
    ]
    assert found.problems == ()


@pytest.fixture(scope="module")
def seen_lines(tmp_path_factory):
    from tests.land.support import Yard

    root = tmp_path_factory.mktemp("lines")
    repo = Yard(root / "yard", {"b.txt": b"bee\n"}).repo

    def look_at(data):
        (root / "all.jsonl").write_bytes(data)
        return look(repo, [str(root / "all.jsonl")], repo.head(), onto=MAIN)

    return look_at


def test_a_bad_line_or_source_is_told_and_stops_nobody_else(seen, tmp_path):
    put(tmp_path / "all.jsonl", b"{}\n" + line("good"))
    found = seen(tmp_path / "all.jsonl", tmp_path / "absent.patch")
    assert [one.proposal.instance for one in found.arrivals] == ["good"]
    assert len(found.problems) == 2


def test_a_pattern_means_branches_that_come_and_never_the_one_that_is_landed_on(seen, yard):
    assert seen("agent/*", "ma*").arrivals == ()
    git(yard.root, "branch", "agent/one")
    git(yard.root, "branch", "agent/two")
    found = seen("agent/*")
    assert [one.proposal.name for one in found.arrivals] == ["refs/heads/agent/one", "refs/heads/agent/two"]
    assert found == seen("refs/heads/agent/*")


def test_a_checkout_is_not_watched(seen, yard, tmp_path):
    git(yard.root, "worktree", "add", "-q", str(tmp_path / "copy"), "HEAD")
    found = seen(tmp_path / "copy")
    assert found.arrivals == ()
    assert "watch its branch" in found.problems[0]
