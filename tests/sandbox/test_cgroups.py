"""By which files a program enters its control groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.policy.schema import Limits
from assay.sandbox.cgroups import Hierarchies, RunGroups


def entrances(version: int, memory: Path, freezer: Path) -> list[Path]:
    """Those of a jail on a host with these, where version 2 is at `freezer`. Nothing here is the kernel's: a
    file that it would refuse to write is made instead."""
    groups = RunGroups(Hierarchies(version=version, memory=memory, freezer=freezer), "run")
    groups.make()
    jail = groups.jail("0", Limits())
    assert jail is not None
    (freezer / "assay-run" / "0" / "cgroup.freeze").write_text("0")
    return sorted(jail.entrances)


@pytest.fixture
def memory(tmp_path):
    (tmp_path / "memory").mkdir()
    return tmp_path / "memory"


@pytest.fixture
def unified(tmp_path):
    (tmp_path / "unified").mkdir()
    return tmp_path / "unified"


def test_below_the_topmost_group_threads_enter_for_which_the_kernel_waits_for_nobody(memory, unified):
    run = unified / "assay-run"
    assert entrances(1, memory, unified) == [memory / "assay-run/0/tasks", run / "0/cgroup.threads"]
    assert {(place / "cgroup.type").read_text() for place in (run, run / "0")} == {"threaded"}


def test_groups_of_others_are_not_changed_for_it(memory, unified):
    # Only the topmost group has no type: in any other, its other children would become unusable.
    (unified / "cgroup.type").write_text("domain")
    assert entrances(1, memory, unified)[-1] == unified / "assay-run/0/cgroup.procs"
    assert not (unified / "assay-run" / "cgroup.type").exists()


def test_where_memory_is_limited_in_the_same_group_whole_processes_enter(unified):
    assert entrances(2, unified, unified) == [unified / "assay-run/0/cgroup.procs"]
