"""The list of denied calls: complete for both architectures, and what becomes of it."""

from __future__ import annotations

import re

import pytest

from assay.policy import packs
from assay.sandbox.seccomp import policy, unknown

X86_ONLY = {
    *("modify_ldt", "uselib", "sysfs", "ustat", "sysctl", "iopl", "ioperm", "create_module"),
    *("get_kernel_syms", "query_module", "mknod"),
}
"""Of the calls in the list, those that arm64 never had: Kafel refuses a name that it does not know."""


def blocks(machine: str = "x86_64") -> dict[str, list[str]]:
    """The rules of each action block, by the error they give."""
    found: dict[str, list[str]] = {}
    for number, body in re.findall(r"ERRNO\((\d+)\) \{((?:[^{}]|\{[^{}]*\})*)\}", policy(machine)):
        rules = re.split(r",(?![^{]*\})", body)
        found.setdefault(number, []).extend(rule.strip() for rule in rules)
    return found


def names(machine: str = "x86_64") -> set[str]:
    return {rule.split()[0] for rules in blocks(machine).values() for rule in rules}


@pytest.mark.parametrize(
    "call",
    [
        *("mount", "umount", "pivot_root", "open_tree", "move_mount", "fsopen", "mount_setattr"),
        *("unshare", "setns", "clone", "clone3", "ptrace", "process_vm_readv", "process_vm_writev"),
        *("bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key"),
        *("io_uring_setup", "io_uring_enter", "io_uring_register", "kexec_load", "finit_module"),
        *("settimeofday", "clock_settime", "adjtimex", "ioctl", "socket", "socketpair", "personality"),
        *("open_by_handle_at", "name_to_handle_at", "kcmp", "pidfd_getfd", "syslog", "mknodat"),
    ],
)
def test_the_list_names(call: str) -> None:
    assert call in names()


def test_what_arm64_never_had_is_asked_for_on_x86_64_only() -> None:
    guarded = {rule.split()[0] for rules in blocks().values() for rule in rules if " ON x86_64" in rule}
    assert guarded == X86_ONLY


def test_every_call_has_a_reason_beside_it() -> None:
    text = (packs.directory() / "jail" / "seccomp.kafel").read_text("ascii")
    groups = re.findall(r"^(.*)\nPOLICY (\w+) \{", text, re.MULTILINE)
    assert len(groups) == text.count("POLICY ")
    assert all(before.startswith("//") for before, name in groups if name != "denied")
    used = re.findall(r"USE (\w+)", text)
    assert [name for _, name in groups if name != "denied"] == used


def test_newer_calls_and_the_other_numbering_of_x86_64_are_denied_by_number() -> None:
    by_number = {rule for rule in blocks()["38"] if rule.startswith("SYSCALL")}
    assert by_number == {f"SYSCALL[{number}]" for number in unknown("x86_64")}
    assert {470, 0x40000000 | 101, 0x40000000 | 521} <= set(unknown("x86_64"))
    assert max(unknown("aarch64")) < 0x40000000


def test_the_policy_is_one_line_of_plain_text() -> None:
    assert policy().isascii()
    assert not set(policy()) & set('\n"\\')
    assert policy().endswith("DEFAULT ALLOW")
