"""The jails' list of denied system calls as a program for the kernel, for whoever loads it without nsjail.

Promises: pure, but for reading the list. The program decides as the one that nsjail makes of the same text:
each call as the first of its rules that holds says, a call by another architecture's entry ends the thread.
It is a search by number (halving, with neighbours that fare alike joined), made only of instructions that the
kernel can foretell: of a call that is let through whatever its arguments, Linux 5.11 and later remember that
and do not run the program at all.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import and_
from typing import Final

from assay.model.errors import Unsound
from assay.sandbox import seccomp, syscalls
from assay.sandbox.kafel import Both, Compare, Condition, Masked, Number, Policy, Rule, Value, parse

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""How the kernel names the entry of a call (AUDIT_ARCH_*), by machine. All are little-endian."""
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Where struct seccomp_data has them: six arguments of 64 bits."""
_LOAD, _AND, _JUMP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL_THREAD = 0x7FFF0000, 0x00050000, 0
_STEP: Final = struct.Struct("<HBBI")
"""struct sock_filter."""
_REACH = 255
_LONGEST = 4096
_WORD = 0xFFFFFFFF


@cache
def program(machine: str = "") -> bytes:
    """An array of struct sock_filter, for prctl(PR_SET_SECCOMP) or seccomp(2), that does what
    `seccomp.policy` says. `machine` as in uname(2), this host's by default. Raises Unsound for a machine
    without a table of calls, and if this installation lost its list."""
    name = machine or platform.machine()
    return compiled(parse(seccomp.policy(name)), name)


def compiled(policy: Policy, machine: str) -> bytes:
    """`policy` as a program for `machine`. Raises Unsound for calls and arguments that are in no table, for
    conditions that no call could be told apart by, and for a program that the kernel would refuse."""
    if machine not in _ARCHITECTURES:
        raise Unsound(f"there is no table of system calls for {machine}", fix="ask for the tier namespaced")
    code = _Code()
    default = code.answer(policy.default)
    kill = code.give(_KILL_THREAD)
    outcomes = {
        number: _outcome(code, rules, default) for number, rules in _by_number(policy, machine).items()
    }
    search = code.fall(_LOAD, _NUMBER, _search(code, _ranges(outcomes, default)))
    code.branch(_EQUAL, _ARCHITECTURES[machine], search, kill, load=_ARCHITECTURE)
    return code.packed()


def _by_number(policy: Policy, machine: str) -> Mapping[int, Sequence[Rule]]:
    """The rules of each call, in their order."""
    found: dict[int, list[Rule]] = {}
    for rule in policy.rules:
        if rule.machine in ("", machine):
            found.setdefault(_number(rule.call, machine), []).append(rule)
    return found


def _number(call: str | int, machine: str) -> int:
    if isinstance(call, int):
        return call
    number = syscalls.number(call, machine) if call in syscalls.names() else None
    if number is None:
        raise Unsound(f"there is no number for the system call {call} on {machine}")
    return number


def _outcome(code: _Code, rules: Sequence[Rule], default: int) -> int:
    """The place that decides about one call."""
    place = default
    for rule in reversed(rules):
        answer = code.answer(rule.error)
        place = answer if rule.condition is None else _when(code, rule, rule.condition, answer, place)
    return place


def _when(code: _Code, rule: Rule, condition: Condition, yes: int, no: int) -> int:
    """The place that goes on at `yes` where `condition` holds, else at `no`."""
    if isinstance(condition, Compare):
        return _compared(code, rule, condition, yes, no)
    if isinstance(condition, Both):
        return _when(code, rule, condition.left, _when(code, rule, condition.right, yes, no), no)
    return _when(code, rule, condition.left, yes, _when(code, rule, condition.right, yes, no))


def _compared(code: _Code, rule: Rule, compare: Compare, yes: int, no: int) -> int:
    name, mask = _argument(rule, compare.left)
    other, wanted = _argument(rule, compare.right)
    if not name:
        name, mask, other, wanted = other, wanted, name, mask
    if other or not name:
        raise _odd(rule, "is not of one argument and one number")
    found = syscalls.arguments(str(rule.call)).get(name)
    if found is None:
        raise _odd(rule, f"asks for {name}, which is in no table")
    if mask is None:
        mask = (1 << found.bits) - 1
    if wanted is None or max(mask, wanted) >> found.bits:
        raise _odd(rule, f"has a number that is wider than {name}")
    if not compare.equal:
        yes, no = no, yes
    # The upper half of an int is whatever the caller left there: the kernel does not look, nor do we.
    for half in range(found.bits // 32):
        at = _ARGUMENTS + found.place * 8 + half * 4
        yes = _word(code, at, mask >> 32 * half & _WORD, wanted >> 32 * half & _WORD, yes, no)
    return yes


def _word(code: _Code, at: int, mask: int, wanted: int, yes: int, no: int) -> int:
    """The place that goes on at `yes` where the word at `at`, under `mask`, is what is `wanted`."""
    if not mask:
        return yes if not wanted else no
    if not wanted:
        return code.branch(_ANY_BIT, mask, no, yes, load=at)
    return code.branch(_EQUAL, wanted, yes, no, load=at, mask=mask)


def _argument(rule: Rule, value: Value) -> tuple[str, int | None]:
    """The argument that a value is, and what of it (None: all); no argument: the number that it is."""
    if isinstance(value, Number):
        return "", value.value
    if isinstance(value, Masked):
        (name, left), (other, right) = _argument(rule, value.left), _argument(rule, value.right)
        if name and other:
            raise _odd(rule, "combines two arguments")
        both = [each for each in (left, right) if each is not None]
        return name or other, reduce(and_, both)
    return value.name, None


def _odd(rule: Rule, what: str) -> Unsound:
    return Unsound(f"a condition of the system call {rule.call} {what}")


def _ranges(outcomes: Mapping[int, int], default: int) -> list[tuple[int, int]]:
    """All numbers from 0: where each range of them begins and the place that decides about it."""
    ranges = [(0, default)]
    for number in sorted(outcomes):
        for first, place in ((number, outcomes[number]), (number + 1, default)):
            if ranges[-1][0] == first:
                ranges.pop()
            if first > _WORD or (ranges and ranges[-1][1] == place):
                continue
            ranges.append((first, place))
    return ranges


def _search(code: _Code, ranges: Sequence[tuple[int, int]]) -> int:
    """The place that finds the range of the number at hand, and goes on at its place."""
    if len(ranges) == 1:
        return ranges[0][1]
    half = len(ranges) // 2
    return code.branch(_AT_LEAST, ranges[half][0], _search(code, ranges[half:]), _search(code, ranges[:half]))


class _Code:
    """A program that is written from its end, so that all that a jump leads to is known when it is written.

    A place is a number of instructions from the end. What was written already is not written again.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[int, int, int, int]] = []
        self._written: dict[tuple[int | None, ...], int] = {}
        self._nearer: dict[int, int] = {}

    def answer(self, error: int | None) -> int:
        """The place that gives `error`, or lets through."""
        return self.give(_ALLOW if error is None else _ERROR | error)

    def give(self, value: int) -> int:
        """The place that ends with `value`."""
        return self._once((_RETURN, value), lambda: self._put(_RETURN, value))

    def fall(self, code: int, value: int, after: int) -> int:
        """The place that does one thing, then goes on at `after`."""
        if after != len(self._steps) - 1:
            self._put(_JUMP, len(self._steps) - 1 - after)
        return self._put(code, value)

    def branch(
        self, test: int, value: int, yes: int, no: int, *, load: int | None = None, mask: int = _WORD
    ) -> int:
        """The place that tests the word at `load` (None: the one at hand) under `mask`, then goes on."""
        if yes == no:
            return yes

        def write() -> int:
            near_yes, near_no = self._near(yes), self._near(no)
            here = len(self._steps)
            place = self._put(test, value, here - near_yes - 1, here - near_no - 1)
            if mask != _WORD:
                place = self._put(_AND, mask)
            return place if load is None else self._put(_LOAD, load)

        return self._once((test, value, yes, no, load, mask), write)

    def packed(self) -> bytes:
        """The program."""
        if len(self._steps) > _LONGEST:
            raise Unsound(f"the program has {len(self._steps)} instructions, the kernel takes {_LONGEST}")
        return b"".join(_STEP.pack(code, yes, no, value) for code, value, yes, no in reversed(self._steps))

    def _once(self, key: tuple[int | None, ...], write: Callable[[], int]) -> int:
        if key not in self._written:
            self._written[key] = write()
        return self._written[key]

    def _near(self, place: int) -> int:
        """A place within a test's reach that leads to `place`. Up to two may be made before the test."""
        last = self._nearer.get(place, place)
        if len(self._steps) + 1 - last <= _REACH:
            return last
        code, value, _, _ = self._steps[place]
        if code != _RETURN:
            value = len(self._steps) - 1 - place
            code = _JUMP
        self._nearer[place] = self._put(code, value)
        return self._nearer[place]

    def _put(self, code: int, value: int, yes: int = 0, no: int = 0) -> int:
        self._steps.append((code, value, yes, no))
        return len(self._steps) - 1
