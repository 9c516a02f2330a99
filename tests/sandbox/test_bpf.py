"""The filter as a program: it decides as the list says, as nsjail's own does, and the kernel takes it."""

from __future__ import annotations

import ctypes
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import Unsound
from assay.model.tool import Ending, Tier
from assay.policy.schema import Limits
from assay.sandbox import seccomp, syscalls
from assay.sandbox.bpf import compiled, program
from assay.sandbox.kafel import (
    Both,
    Compare,
    Condition,
    Either,
    Masked,
    Name,
    Number,
    Policy,
    Rule,
    Value,
    parse,
)
from assay.sandbox.probe import Probe, probe
from assay.sandbox.spec import Stack
from bench import hostile_calls

from .conftest import Runner
from .test_hardened import BENIGN, PYTHON, TOOLS

ENTRIES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0
MAX = (1 << 64) - 1
MACHINES = pytest.mark.parametrize("machine", ENTRIES)


# --- two ways to decide --------------------------------------------------------------------------------


@cache
def steps_of(code: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("<HBBI", code))


def run_program(code: bytes, number: int, arguments: Sequence[int], entry: int) -> tuple[int, int]:
    """What classic BPF makes of one call, and in how many steps. No instruction may be out of order."""
    steps = steps_of(code)
    data = struct.pack("<IIQ6Q", number, entry, 0x7F0000001234, *arguments)
    at = taken = accumulator = 0
    while True:
        code_, yes, no, value = steps[at]
        at, taken = at + 1, taken + 1
        if code_ == 0x06:
            return value, taken
        if code_ == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code_ == 0x54:
            accumulator &= value
        elif code_ == 0x05:
            at += value
        else:
            tests = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: accumulator & value}
            at += yes if tests[code_] else no


def worth(value: Value, call: str, arguments: Sequence[int]) -> int:
    if isinstance(value, Number):
        return value.value
    if isinstance(value, Masked):
        return worth(value.left, call, arguments) & worth(value.right, call, arguments)
    argument = syscalls.arguments(call)[value.name]
    return arguments[argument.place] % (1 << argument.bits)


def holds(condition: Condition, call: str, arguments: Sequence[int]) -> bool:
    if isinstance(condition, Compare):
        left, right = (worth(side, call, arguments) for side in (condition.left, condition.right))
        return (left == right) is condition.equal
    left_, right_ = (holds(side, call, arguments) for side in (condition.left, condition.right))
    return (left_ and right_) if isinstance(condition, Both) else (left_ or right_)


def said(policy: Policy, machine: str, number: int, arguments: Sequence[int]) -> int:
    """What the policy says of one call, word for word."""
    error = policy.default
    for rule in policy.rules:
        if rule.machine not in ("", machine):
            continue
        known = rule.call if isinstance(rule.call, int) else syscalls.number(rule.call, machine)
        if known == number and (rule.condition is None or holds(rule.condition, str(rule.call), arguments)):
            error = rule.error
            break
    return ALLOW if error is None else ERROR | error


def numbers_in(policy: Policy, machine: str) -> list[int]:
    """The numbers at which something changes, and their neighbours."""
    named = [
        rule.call if isinstance(rule.call, int) else syscalls.number(rule.call, machine) or 0
        for rule in policy.rules
    ]
    near = {(number + by) % (1 << 32) for number in named for by in (-1, 0, 1)}
    return sorted(near | {0, (1 << 32) - 1, 1 << 31})


def numbers_of(part: Value | Condition | None) -> set[int]:
    """Every number that a condition names."""
    if part is None or isinstance(part, Name):
        return set()
    return {part.value} if isinstance(part, Number) else numbers_of(part.left) | numbers_of(part.right)


def conditional(policy: Policy, machine: str) -> dict[int, list[int]]:
    """The calls with conditions, by number, and values that these may tell apart."""
    found: dict[int, set[int]] = {}
    for rule in policy.rules:
        if isinstance(rule.call, str) and rule.condition is not None:
            number = syscalls.number(rule.call, machine)
            if number is not None:
                found.setdefault(number, {0, MAX}).update(numbers_of(rule.condition))
    flips = (0, 1, 2, 1 << 15, 1 << 31, 1 << 32, 1 << 63, (1 << 32) - 1, MAX)
    return {
        number: sorted({value ^ flip for value in values for flip in flips})
        for number, values in found.items()
    }


def some_calls(policy: Policy, machine: str, chance: Random, count: int) -> Iterator[tuple[int, list[int]]]:
    """Calls about which the policy may have something to say: numbers and arguments."""
    hard, numbers = conditional(policy, machine), numbers_in(policy, machine)
    for _ in range(count):
        number = chance.choice(sorted(hard)) if hard and chance.random() < 0.8 else chance.choice(numbers)
        values = hard.get(number, [0, 1, MAX])
        arguments = [chance.choice(values) for _ in range(6)]
        if chance.random() < 0.3:
            arguments = [each & chance.choice(values) | chance.choice(values) for each in arguments]
        yield number, arguments


SHIPPED = {machine: parse(seccomp.policy(machine)) for machine in ENTRIES}
chances = st.integers(0, 1 << 32).map(Random)


# --- it decides as the list says -----------------------------------------------------------------------


@MACHINES
@given(chance=chances)
def test_the_shipped_list_is_decided_as_it_says(machine: str, chance: Random) -> None:
    for number, arguments in some_calls(SHIPPED[machine], machine, chance, 60):
        verdict, _ = run_program(program(machine), number, arguments, ENTRIES[machine])
        assert verdict == said(SHIPPED[machine], machine, number, arguments), (number, arguments)


@MACHINES
def test_every_number_is_decided_as_the_list_says(machine: str) -> None:
    for number in numbers_in(SHIPPED[machine], machine):
        for arguments in ([0] * 6, [MAX] * 6):
            verdict, _ = run_program(program(machine), number, arguments, ENTRIES[machine])
            assert verdict == said(SHIPPED[machine], machine, number, arguments), number


@MACHINES
@pytest.mark.parametrize("entry", [0x40000003, 0x40000028, 0, (1 << 32) - 1])
def test_a_call_by_the_entry_of_another_architecture_kills(machine: str, entry: int) -> None:
    other = next(value for name, value in ENTRIES.items() if name != machine)
    for number in (0, 20, 470, 0x40000000):
        assert run_program(program(machine), number, [0] * 6, entry)[0] == KILL
        assert run_program(program(machine), number, [0] * 6, other)[0] == KILL


@MACHINES
def test_the_program_is_small_and_short_for_every_call(machine: str) -> None:
    code = program(machine)
    assert len(code) % 8 == 0
    assert len(code) // 8 < 4096
    free = [number for number in range(470) if said(SHIPPED[machine], machine, number, [0] * 6) == ALLOW]
    unconditional = set(free) - set(conditional(SHIPPED[machine], machine))
    assert len(unconditional) > 200
    steps = [run_program(code, number, [0] * 6, ENTRIES[machine])[1] for number in unconditional]
    assert max(steps) <= 14


@MACHINES
def test_the_kernel_can_foretell_every_instruction(machine: str) -> None:
    """Of these alone it finds out beforehand what becomes of a call whatever its arguments."""
    foretold = {0x20, 0x54, 0x05, 0x15, 0x35, 0x45, 0x06}
    assert {code for code, _, _, _ in steps_of(program(machine))} <= foretold


def test_a_machine_is_this_one_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert program("aarch64") != program("x86_64")
    program.cache_clear()
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert program() == program("aarch64")
    program.cache_clear()


# --- any policy ----------------------------------------------------------------------------------------

ARGUMENTS = {
    "clone": ("clone_flags",),
    "prlimit64": ("new_rlim", "pid"),
    "ioctl": ("cmd",),
    "socket": ("protocol", "family"),
    "mknodat": ("mode",),
}
FEW = (0, 1, 2, 3, 0xFF, 0xFFFF0000, 0x80000000, 0xFFFFFFFF)
MANY = (*FEW, 1 << 32, MAX, 0x1_0000_0001, 0xFF << 32)


def any_condition(chance: Random, call: str, depth: int = 0) -> Condition:
    if depth < 3 and chance.random() < 0.5:
        left, right = (any_condition(chance, call, depth + 1) for _ in range(2))
        return Both(left=left, right=right) if chance.random() < 0.5 else Either(left=left, right=right)
    name = chance.choice(ARGUMENTS[call])
    numbers = FEW if syscalls.arguments(call)[name].bits == 32 else MANY
    side: Value = Name(name=name)
    while chance.random() < 0.5:
        mask = Number(value=chance.choice(numbers))
        side = Masked(left=side, right=mask) if chance.random() < 0.5 else Masked(left=mask, right=side)
    left_, right_ = (side, Number(value=chance.choice(numbers)))
    if chance.random() < 0.3:
        return Compare(left=right_, right=left_, equal=chance.random() < 0.5)
    return Compare(left=left_, right=right_, equal=chance.random() < 0.5)


def any_rule(chance: Random) -> Rule:
    error = chance.choice((None, 0, 1, 38, 4095))
    if chance.random() < 0.3:
        numbers = (0, 1, 16, 17, 41, 56, 470, 0x40000000, 0xFFFFFFFE, 0xFFFFFFFF)
        return Rule(call=chance.choice(numbers), error=error)
    call = chance.choice(tuple(ARGUMENTS))
    condition = any_condition(chance, call) if chance.random() < 0.9 else None
    machine = chance.choice(("", "", "x86_64", "aarch64"))
    return Rule(call=call, error=error, machine=machine, condition=condition)


def any_policy(chance: Random) -> Policy:
    rules = tuple(any_rule(chance) for _ in range(chance.randrange(15)))
    return Policy(rules=rules, default=chance.choice((None, None, 1)))


@given(machine=st.sampled_from(sorted(ENTRIES)), chance=chances)
def test_any_policy_is_decided_as_it_says(machine: str, chance: Random) -> None:
    policy = any_policy(chance)
    code = compiled(policy, machine)
    for number, arguments in some_calls(policy, machine, chance, 30):
        verdict, _ = run_program(code, number, arguments, ENTRIES[machine])
        assert verdict == said(policy, machine, number, arguments), (policy, number, arguments)


def test_jumps_go_further_than_a_test_can_reach() -> None:
    """1,500 numbers that fare unlike their neighbours, among them calls with conditions."""
    shipped = SHIPPED["x86_64"].rules
    striped = tuple(Rule(call=1000 + number, error=1 + number % 7) for number in range(1500))
    policy = Policy(rules=(*shipped, *striped), default=None)
    code = compiled(policy, "x86_64")
    assert len(code) // 8 > 1500
    for number in (*range(0, 480, 3), *conditional(policy, "x86_64"), *range(990, 2510)):
        for arguments in ([0] * 6, [2, 2, 0xFFFF, 1, 1, 1]):
            verdict = run_program(code, number, arguments, ENTRIES["x86_64"])[0]
            assert verdict == said(policy, "x86_64", number, arguments), number


def test_a_jump_of_any_length_is_right() -> None:
    """Where the limit of what a test can reach falls differs from size to size."""
    for size in range(150, 400):
        striped = tuple(Rule(call=number, error=1 + number % 5) for number in range(size))
        code = compiled(Policy(rules=striped, default=None), "x86_64")
        for number in (0, size // 2, size - 1):
            verdict = run_program(code, number, [0] * 6, ENTRIES["x86_64"])[0]
            assert verdict == ERROR | (1 + number % 5), (size, number)


def test_neighbours_that_fare_alike_are_one_range() -> None:
    policy = Policy(rules=tuple(Rule(call=number, error=38) for number in range(1000)), default=None)
    assert len(compiled(policy, "x86_64")) // 8 < 10


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("frobnicate", "there is no number for the system call frobnicate on aarch64"),
        ("mknod", "there is no number for the system call mknod on aarch64"),
        ("socket { fd == 1 }", "asks for fd, which is in no table"),
        ("socket { family == type }", "is not of one argument and one number"),
        ("socket { 1 == 2 }", "is not of one argument and one number"),
        ("socket { family & type == 1 }", "combines two arguments"),
        ("socket { family == 0x100000000 }", "has a number that is wider than family"),
        ("socket { (family & 0x100000000) == 0 }", "has a number that is wider than family"),
        ("SYSCALL[3] { family == 1 }", "asks for family, which is in no table"),
    ],
)
def test_what_cannot_be_compiled_is_refused(text: str, what: str) -> None:
    with pytest.raises(Unsound, match=re.escape(what)):
        compiled(parse(f"ERRNO(1) {{ {text} }} DEFAULT ALLOW"), "aarch64")


def test_a_machine_without_a_table_is_refused() -> None:
    with pytest.raises(Unsound, match="no table of system calls for riscv64"):
        program("riscv64")


def test_more_than_the_kernel_takes_is_refused() -> None:
    striped = tuple(Rule(call=number, error=1 + number % 7) for number in range(5000))
    with pytest.raises(Unsound, match="the kernel takes 4096"):
        compiled(Policy(rules=striped, default=None), "x86_64")


# --- the tables ----------------------------------------------------------------------------------------

HEADERS = {
    "x86_64": ("x86_64-linux-gnu/asm/unistd_64.h", "asm/unistd_64.h"),
    "aarch64": ("asm-generic/unistd.h",),
}
OTHERWISE = {"umount": "umount2", "sysctl": "_sysctl"}


def test_every_call_of_the_list_is_in_the_table_and_no_other() -> None:
    listed = {str(rule.call) for rule in SHIPPED["x86_64"].rules if not isinstance(rule.call, int)}
    assert listed == set(syscalls.names())


@MACHINES
def test_the_numbers_are_those_of_this_hosts_headers(machine: str) -> None:
    places = [Path("/usr/include", name) for name in HEADERS[machine]]
    header = next((place for place in places if place.exists()), None)
    if header is None:
        pytest.skip("no headers of the kernel on this host")
    found = {
        name: int(number) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)\b", header.read_text())
    }
    ours = {OTHERWISE.get(name, name): syscalls.number(name, machine) for name in syscalls.names()}
    # Headers may be older than the list.
    expected = {name: found[name] for name in ours if name in found}
    assert {name: ours[name] for name in expected} == expected
    newest = max(found.values())
    missing = {name for name, number in ours.items() if number is not None and name not in found}
    assert all((ours[name] or 0) > newest for name in missing)


@MACHINES
def test_the_numbers_are_those_of_the_hostile_calls(machine: str) -> None:
    tried = {call.name: call.number for call in hostile_calls.calls(machine)}
    shared = set(tried) & set(syscalls.names())
    assert len(shared) > 50
    assert {name: syscalls.number(name, machine) for name in shared} == {name: tried[name] for name in shared}


# --- the kernel ----------------------------------------------------------------------------------------

LOAD = """
import ctypes, os, sys
steps = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(Program(len(steps) // 8, steps)), 0, 0)):
    if libc.prctl(*arguments):
        sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Loads the program in its first argument, then becomes the rest of them."""

PROBE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0), ctypes.get_errno(), len(os.listdir("/")) > 0)
"""


def test_the_kernel_takes_it() -> None:
    if ctypes.CDLL(None).prctl(21, 0, 0, 0, 0) < 0:
        pytest.skip("no filters on this host")
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, program().hex(), sys.executable, "-I", "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("-1 1 True\n", "")


@pytest.fixture
def _hardened(host: Probe) -> None:
    if host.tier is not Tier.HARDENED:
        pytest.skip("this host does not reach the tier hardened")
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON} on this host")


@pytest.fixture
def unfiltered(host: Probe) -> Runner:
    """Runs in jails like those of the tier hardened, but for nsjail's filter."""
    return Runner(probe("namespaced", environ={"ASSAY_CACHE_DIR": str(host.cache)}))


def filtered(*argv: str) -> tuple[str, ...]:
    return (PYTHON, "-I", "-c", LOAD, program().hex(), *argv)


@pytest.mark.jail
@pytest.mark.usefixtures("_hardened")
def test_every_hostile_call_fares_as_under_the_filter_of_nsjail(run: Runner, unfiltered: Runner) -> None:
    asked = hostile_calls.calls()
    attempt = (PYTHON, "-I", "-c", hostile_calls.program())
    theirs = run(*attempt, stdin=hostile_calls.request(asked))
    ours = unfiltered(*filtered(*attempt), stdin=hostile_calls.request(asked))
    outcomes = json.loads(ours.stdout)
    assert outcomes == json.loads(theirs.stdout)
    assert [each.name for each in asked if not each.denied(outcomes[each.name])] == []


@pytest.mark.jail
@pytest.mark.usefixtures("_hardened")
@pytest.mark.parametrize("name", BENIGN)
def test_what_tests_do_goes_on_working(unfiltered: Runner, name: str) -> None:
    script = 'cat >/tmp/script.py; exec "$@" /tmp/script.py'
    call = unfiltered("/bin/sh", "-c", script, "sh", *filtered(PYTHON), stdin=BENIGN[name].encode())
    assert call.exit_code == 0, call.stderr.decode()


@pytest.mark.jail
@pytest.mark.usefixtures("_hardened")
@pytest.mark.parametrize("tool", ["gcc", "git", "node"])
def test_tools_go_on_working(unfiltered: Runner, stack: Stack, tool: str) -> None:
    call = unfiltered(
        *filtered("/bin/sh", "-c", f"command -v {tool} >/dev/null || exit 99\n{TOOLS[tool]}"),
        stack=stack,
        limits=Limits(seconds=60),
    )
    if call.exit_code == 99:
        pytest.skip(f"no {tool} on this host")
    assert (call.ending, call.exit_code) == (Ending.EXITED, 0), call.stderr.decode()


# --- what nsjail really loads --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_nsjail(tmp_path_factory: pytest.TempPathFactory, host: Probe) -> bytes:
    """The program that nsjail made of the same text, as the kernel hands it out."""
    if host.binary is None or host.tier is not Tier.HARDENED or os.geteuid() != 0:
        pytest.skip("needs root, and nsjail")
    text = tmp_path_factory.mktemp("policy") / "policy"
    text.write_text(seccomp.policy())
    argv = (str(host.binary), "-Mo", "-Q", "--chroot", "/", "--seccomp_policy", str(text), "--", "/bin/cat")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as jail:
        assert jail.stdin is not None and jail.stdout is not None
        try:
            jail.stdin.write(b"there\n")
            jail.stdin.flush()
            if jail.stdout.readline() != b"there\n":
                pytest.skip("nsjail does not start by hand here")
            return _program_of(int(Path(f"/proc/{jail.pid}/task/{jail.pid}/children").read_text()))
        finally:
            jail.kill()


def _program_of(pid: int) -> bytes:
    attach, detach, get_filter = 16, 17, 0x420C
    libc = ctypes.CDLL(None, use_errno=True)
    trace = libc.ptrace
    trace.argtypes, trace.restype = (
        [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p],
        ctypes.c_long,
    )
    if trace(attach, pid, None, None) != 0:
        pytest.skip("nothing may be traced here")
    os.waitpid(pid, 0x40000000)
    room = ctypes.create_string_buffer(8 * 4096)
    length = trace(get_filter, pid, None, ctypes.addressof(room))
    trace(detach, pid, None, None)
    if length < 0:
        pytest.skip("this kernel does not hand filters out")
    return room.raw[: 8 * length]


@pytest.mark.jail
def test_it_decides_as_the_one_that_nsjail_loads(of_nsjail: bytes) -> None:
    machine = os.uname().machine

    chance = Random(4)
    for number, arguments in some_calls(SHIPPED[machine], machine, chance, 20_000):
        entry = chance.choice((*[ENTRIES[machine]] * 9, 0x40000003))
        verdicts = {run_program(each, number, arguments, entry)[0] for each in (program(), of_nsjail)}
        assert len(verdicts) == 1, (number, arguments, entry)
    assert len(program()) <= 1.1 * len(of_nsjail)
    for number in numbers_in(SHIPPED[machine], machine):
        verdicts = {
            run_program(each, number, [0] * 6, ENTRIES[machine])[0] for each in (program(), of_nsjail)
        }
        assert len(verdicts) == 1, number
