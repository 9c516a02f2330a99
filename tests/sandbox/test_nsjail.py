"""The configuration text: complete, exact and safe against any string."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from assay.policy.schema import MIB, Limits
from assay.sandbox.identity import Identity
from assay.sandbox.nsjail import Allowance, Own, quote, render, rlimits
from assay.sandbox.view import Mount, MountKind


def config(
    limits: Limits = Limits(), *, memory_group: bool = True, pids_group: bool = True, seccomp: str = ""
) -> list[str]:
    text = render(
        identity=Identity(uid=7, gid=8),
        mounts=(
            Mount(kind=MountKind.BIND, source="/usr", target="/usr"),
            Mount(kind=MountKind.SYMLINK, source="usr/lib", target="/lib"),
            Mount(kind=MountKind.TMPFS, target="/tmp", options="size=1", writable=True),
            Mount(kind=MountKind.PTS, target="/dev/pts", mandatory=False),
        ),
        argv=("/bin/sh", "-c", 'say "x"'),
        variables={"B": "2", "A": "one two"},
        limits=limits,
        allowance=Allowance(
            memory_group=memory_group, pids_group=pids_group, hard={"nofile": 4096, "fsize": -1, "nproc": 100}
        ),
        passed=(4, 5),
        log=6,
        seccomp=seccomp,
    )
    return text.decode().splitlines()


def test_the_whole_configuration() -> None:
    assert config(Limits(seconds=1.5, file_size=3 * MIB, open_files=64, cpu_seconds=2.5)) == [
        "mode: ONCE",
        'hostname: "assay"',
        'cwd: "/"',
        "time_limit: 0",
        "log_fd: 6",
        "log_level: WARNING",
        "nice_level: 0",
        "keep_env: false",
        "keep_caps: false",
        "clone_newnet: true",
        "clone_newuser: true",
        "clone_newns: true",
        "clone_newpid: true",
        "clone_newipc: true",
        "clone_newuts: true",
        "clone_newcgroup: true",
        "iface_no_lo: false",
        "mount_proc: false",
        'uidmap { inside_id: "1000" outside_id: "7" count: 1 }',
        'gidmap { inside_id: "1000" outside_id: "8" count: 1 }',
        "rlimit_core: 0 rlimit_core_type: VALUE",
        "rlimit_cpu: 3 rlimit_cpu_type: VALUE",
        "rlimit_fsize: 3 rlimit_fsize_type: VALUE",
        "rlimit_nofile: 64 rlimit_nofile_type: VALUE",
        "rlimit_stack_type: SOFT",
        "rlimit_memlock_type: SOFT",
        "rlimit_rtprio_type: SOFT",
        "rlimit_msgqueue_type: SOFT",
        "rlimit_as_type: HARD",
        "rlimit_nproc_type: HARD",
        "pass_fd: 4",
        "pass_fd: 5",
        'envar: "A=one two"',
        'envar: "B=2"',
        'mount { dst: "/usr" src: "/usr" is_bind: true nosuid: true is_dir: true }',
        'mount { dst: "/lib" src: "usr/lib" is_symlink: true }',
        'mount { dst: "/tmp" fstype: "tmpfs" nosuid: true nodev: true options: "size=1" rw: true }',
        'mount { dst: "/dev/pts" fstype: "devpts" nosuid: true mandatory: false }',
        'exec_bin { path: "/bin/sh" arg: "-c" arg: "say \\"x\\"" }',
    ]


def test_a_filter_is_there_exactly_when_given() -> None:
    assert 'seccomp_string: "DEFAULT ALLOW"' in config(seccomp="DEFAULT ALLOW")
    assert not [line for line in config() if line.startswith("seccomp")]


def test_no_limit_is_more_than_the_engine_has() -> None:
    assert "rlimit_nofile_type: HARD" in config(Limits(open_files=5000))


def test_rlimits_stand_in_for_missing_control_groups() -> None:
    lines = config(Limits(memory=100 * MIB, pids=50), memory_group=False, pids_group=False)
    assert "rlimit_nproc: 52 rlimit_nproc_type: VALUE" in lines


def test_address_space_is_never_limited() -> None:
    assert "rlimit_as_type: HARD" in config(Limits(memory=100 * MIB), memory_group=False)


def test_no_limit_means_no_limit() -> None:
    lines = config(Limits(seconds=0, memory=0, pids=0, file_size=0, open_files=0), memory_group=False)
    assert "time_limit: 0" in lines
    assert {f"rlimit_{name}_type: HARD" for name in ("as", "cpu", "fsize", "nofile", "nproc")} <= set(lines)


@given(st.text(st.characters(blacklist_categories=())).filter(lambda text: "\0" not in text))
def test_any_string_survives_quoting_on_one_line(text: str) -> None:
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return
    quoted = quote(text)
    assert quoted.isascii()
    assert b"\n" not in quoted
    inner = re.sub(
        rb"\\([0-7]{3}|.)",
        lambda match: bytes((int(match[1], 8),)) if len(match[1]) == 3 else match[1],
        quoted[1:-1],
    )
    assert inner == raw
    assert not re.search(rb'(?<!\\)(\\\\)*"', quoted[1:-1])


def test_limits_are_the_same_whoever_sets_them() -> None:
    allowance = Allowance(memory_group=False, pids_group=False, hard={"nofile": 100, "fsize": -1})
    limits = Limits(pids=5, file_size=MIB + 1, open_files=101, cpu_seconds=1.5)
    found = {each.name: (each.value, each.own) for each in rlimits(limits, allowance, ours=2)}
    assert found["nproc"] == (8, Own.HARD)
    assert found["fsize"] == (2 * MIB, Own.HARD)
    assert found["nofile"] == (None, Own.HARD)
    assert found["cpu"] == (2, Own.HARD)
    assert found["stack"] == (None, Own.SOFT)
