"""A container's accounts out of control groups; directories stand in for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.sandbox import oci_accounts
from assay.sandbox.oci_accounts import Accounts

ID = "0123456789abcdef" * 4


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes the groups of one container, of files by hierarchy; the accounts that find them."""
    monkeypatch.setattr(oci_accounts, "_known", {})

    def make(version: int, files: dict[str, str], where: str = f"a.slice/docker-{ID}.scope") -> Accounts:
        table = tmp_path / "mounts"
        tops = [""] if version == 2 else ["memory", "pids", "cpuacct"]
        kinds = [("cgroup2", "rw"), *(("cgroup", f"rw,{top}") for top in tops)]
        lines = []
        for top, (kind, options) in zip(tops, kinds[:1] if version == 2 else kinds[1:], strict=True):
            place = tmp_path / f"top{top}" / where
            place.mkdir(parents=True)
            lines.append(f"none {tmp_path}/top{top} {kind} {options} 0 0")
            for name, text in files.items():
                (place / name).write_text(text)
        table.write_text("\n".join(lines))
        monkeypatch.setattr(oci_accounts, "_MOUNTS", table)
        (tmp_path / "id").write_text(ID)
        return Accounts(tmp_path / "id", tmp_path / "killed")

    return make


def test_version_2(groups) -> None:
    accounts = groups(
        2,
        {
            "memory.events": "low 0\noom 1\noom_kill 2\n",
            "memory.peak": "4096\n",
            "pids.events": "max 3\n",
            "cpu.stat": "usage_usec 1500000\n",
            "cgroup.procs": "7\n8\n0\n",
        },
    )
    accounts.look()
    assert (accounts.oom_kills(), accounts.oom_kills_elsewhere()) == (2, 0)
    assert (accounts.peak_memory(), accounts.refused_forks(), accounts.cpu_seconds()) == (4096, 3, 1.5)
    assert accounts.pids() == ["7", "8"]


def test_version_1(groups) -> None:
    accounts = groups(
        1,
        {
            "memory.oom_control": "under_oom 0\noom_kill 1\n",
            "memory.max_usage_in_bytes": str(100 << 20),
            "memory.limit_in_bytes": str(100 << 20),
            "pids.events": "max 0\n",
            "cpuacct.usage": "2000000000\n",
        },
        where=f"docker/{ID}",
    )
    accounts.look()
    assert (accounts.oom_kills(), accounts.cpu_seconds()) == (1, 2.0)


def test_a_kill_below_the_containers_own_limit_is_somebody_elses(groups) -> None:
    accounts = groups(2, {"memory.events": "oom 0\noom_kill 1\n"})
    accounts.look()
    assert (accounts.oom_kills(), accounts.oom_kills_elsewhere()) == (0, 1)


def test_what_was_seen_last_counts_when_the_groups_are_gone(groups, tmp_path: Path) -> None:
    accounts = groups(2, {"pids.events": "max 3\n"})
    accounts.look()
    next(tmp_path.glob("top/*/*/pids.events")).unlink()
    accounts.look()
    assert accounts.refused_forks() == 3


def test_where_nothing_can_be_seen_nothing_is_claimed(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "id", tmp_path / "killed")
    accounts.look()
    assert accounts.cpu_seconds() is None
    assert (accounts.oom_kills(), accounts.refused_forks(), accounts.peak_memory()) == (0, 0, 0)
    assert accounts.pids() == []


@pytest.mark.parametrize("early", ["", "0123", "*"])
def test_a_container_that_is_being_made_is_found_later(groups, tmp_path: Path, early: str) -> None:
    accounts = groups(2, {"pids.events": "max 3\n"})
    accounts.look()
    late = Accounts(tmp_path / "id", tmp_path / "killed")
    (tmp_path / "id").write_text(early)
    late.look()
    assert late.refused_forks() == 0
    (tmp_path / "id").write_text(ID)
    late.look()
    assert late.refused_forks() == 3


@pytest.mark.parametrize(("text", "kills"), [("true\n", 1), ("false\n", 0), ("", 0)])
def test_the_engines_own_record_of_a_kill_counts(tmp_path: Path, text: str, kills: int) -> None:
    (tmp_path / "killed").write_text(text)
    assert Accounts(tmp_path / "id", tmp_path / "killed").oom_kills() == kills
