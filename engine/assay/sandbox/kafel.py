"""A reader of Kafel, the language in which the jails' list of denied system calls is written.

Promises: pure. Reads the part of the language that the list uses: named policies and their USE, blocks of
ERRNO and ALLOW, calls by name and by number, ON, conditions of `==`, `!=`, `&&`, `||` and `&`, line comments,
DEFAULT. What it does not know it refuses, saying where; it never skips anything.

As in Kafel, `&` binds tighter than `==`, a policy is known from its definition on, and the first rule whose
condition holds decides.
"""

from __future__ import annotations

import re
from typing import Final

from assay.model.candidate import Record
from assay.model.errors import Unsound

_TOKEN = re.compile(
    r"(?P<skip>\s+|//[^\n]*)|(?P<number>0x[0-9a-fA-F]+|0|[1-9][0-9]*)(?![0-9A-Za-z_])"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>==|!=|&&|\|\||[&(){}\[\],])"
)
_KEYWORDS = frozenset(("POLICY", "USE", "DEFAULT", "ERRNO", "ALLOW", "SYSCALL", "ON"))
_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_MAX_ERROR = 4095
"""The greatest error that a filter can give: the kernel cuts off what is above."""
_MAX_NUMBER = (1 << 64) - 1
_MAX_DEPTH = 100


class Number(Record, frozen=True, kw_only=True):
    """A number of 64 bits, without a sign."""

    value: int


class Name(Record, frozen=True, kw_only=True):
    """An argument of the call, by its name."""

    name: str


class Masked(Record, frozen=True, kw_only=True):
    """`left & right`."""

    left: Value
    right: Value


class Compare(Record, frozen=True, kw_only=True):
    """`left == right`, or `left != right` where not `equal`."""

    left: Value
    right: Value
    equal: bool


class Both(Record, frozen=True, kw_only=True):
    """`left && right`."""

    left: Condition
    right: Condition


class Either(Record, frozen=True, kw_only=True):
    """`left || right`."""

    left: Condition
    right: Condition


Value = Number | Name | Masked
Condition = Compare | Both | Either
_Expression = Value | Condition


class Rule(Record, frozen=True, kw_only=True):
    """What becomes of one call: it gives `error` (None: it is let through). `call` is a name or a number;
    `machine` the only one it is meant for, as in uname(2) (empty: all); without a condition it always
    holds."""

    call: str | int
    error: int | None
    machine: str = ""
    condition: Condition | None = None


class Policy(Record, frozen=True, kw_only=True):
    """All rules in the order in which they are tried; the rest gives `default`, as `Rule.error`."""

    rules: tuple[Rule, ...]
    default: int | None


def parse(text: str) -> Policy:
    """The policy that `text` says. Raises Unsound, with line and column, for what is not understood."""
    return _Reader(text).policy()


class _Token(Record, frozen=True, kw_only=True):
    kind: str
    text: str
    place: int


class _Reader:
    """One pass over the text: each method reads what it is named after."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._at = 0
        self._depth = 0
        self._known: dict[str, tuple[Rule, ...]] = {}

    def policy(self) -> Policy:
        rules: tuple[Rule, ...] = ()
        defaults: list[int | None] = []
        while self._peek().kind != "end":
            if self._took("POLICY"):
                self._named()
            elif self._peek().text == "DEFAULT":
                if defaults:
                    raise self._error("a second DEFAULT", self._peek())
                self._next()
                defaults.append(self._action())
            else:
                rules += self._statements()
        if not defaults:
            # Kafel's own would be to kill; nobody should get that by leaving something out.
            raise self._error("there is no DEFAULT", self._peek())
        return Policy(rules=rules, default=defaults[0])

    def _named(self) -> None:
        name = self._word()
        if name.text in self._known:
            raise self._error("a second policy of this name", name)
        self._need("{")
        rules = () if self._peek().text == "}" else self._statements()
        self._need("}")
        self._known[name.text] = rules

    def _statements(self) -> tuple[Rule, ...]:
        rules = self._statement()
        while self._took(","):
            rules += self._statement()
        return rules

    def _statement(self) -> tuple[Rule, ...]:
        if self._took("USE"):
            name = self._word()
            if name.text not in self._known:
                raise self._error("no policy of this name so far", name)
            return self._known[name.text]
        error = self._action()
        self._need("{")
        rules = [] if self._peek().text == "}" else [self._rule(error)]
        while rules and self._took(","):
            rules.append(self._rule(error))
        self._need("}")
        return tuple(rules)

    def _action(self) -> int | None:
        if self._took("ALLOW"):
            return None
        if not self._took("ERRNO"):
            raise self._error("not an action that is known here (ERRNO, ALLOW)", self._peek())
        self._need("(")
        token = self._peek()
        error = self._number()
        if error > _MAX_ERROR:
            raise self._error("not the number of an error", token)
        self._need(")")
        return error

    def _rule(self, error: int | None) -> Rule:
        call: str | int
        if self._took("SYSCALL"):
            self._need("[")
            token = self._peek()
            call = self._number()
            if call >> 32:
                raise self._error("not the number of a call", token)
            self._need("]")
        else:
            call = self._word().text
        machine = self._machine() if self._took("ON") else ""
        condition = self._braced_condition() if self._took("{") else None
        return Rule(call=call, error=error, machine=machine, condition=condition)

    def _machine(self) -> str:
        name = self._word()
        if name.text not in _MACHINES:
            raise self._error(f"not a machine that is known here ({', '.join(_MACHINES)})", name)
        return _MACHINES[name.text]

    def _braced_condition(self) -> Condition:
        start = self._peek()
        condition = self._as_condition(self._joined_by_or(), start)
        self._need("}")
        return condition

    def _joined_by_or(self) -> _Expression:
        start = self._peek()
        left = self._joined_by_and()
        while self._took("||"):
            right = self._peek()
            left = Either(
                left=self._as_condition(left, start), right=self._as_condition(self._joined_by_and(), right)
            )
        return left

    def _joined_by_and(self) -> _Expression:
        start = self._peek()
        left = self._compared()
        while self._took("&&"):
            right = self._peek()
            left = Both(
                left=self._as_condition(left, start), right=self._as_condition(self._compared(), right)
            )
        return left

    def _compared(self) -> _Expression:
        start = self._peek()
        left = self._masked()
        sign = self._peek().text
        if sign not in ("==", "!="):
            return left
        self._next()
        right = self._peek()
        return Compare(
            left=self._as_value(left, start),
            right=self._as_value(self._masked(), right),
            equal=sign == "==",
        )

    def _masked(self) -> _Expression:
        start = self._peek()
        left = self._single()
        while self._took("&"):
            right = self._peek()
            left = Masked(left=self._as_value(left, start), right=self._as_value(self._single(), right))
        return left

    def _single(self) -> _Expression:
        token = self._peek()
        if token.kind == "number":
            return Number(value=self._number())
        if not self._took("("):
            return Name(name=self._word().text)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("parentheses too deep", token)
        inner = self._joined_by_or()
        self._need(")")
        self._depth -= 1
        return inner

    def _as_value(self, found: _Expression, token: _Token) -> Value:
        if isinstance(found, Value):
            return found
        raise self._error("a condition where a value belongs", token)

    def _as_condition(self, found: _Expression, token: _Token) -> Condition:
        if isinstance(found, Condition):
            return found
        raise self._error("a value where a condition belongs", token)

    def _number(self) -> int:
        token = self._next()
        if token.kind != "number":
            raise self._error("not a number", token)
        value = int(token.text, 0)
        if value > _MAX_NUMBER:
            raise self._error("a number of more than 64 bits", token)
        return value

    def _word(self) -> _Token:
        token = self._next()
        if token.kind != "word" or token.text in _KEYWORDS:
            raise self._error("not a name", token)
        return token

    def _took(self, text: str) -> bool:
        if self._peek().text != text:
            return False
        self._at += 1
        return True

    def _need(self, text: str) -> None:
        if not self._took(text):
            raise self._error(f"not the {text} that belongs here", self._peek())

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _split(self) -> list[_Token]:
        tokens, place = [], 0
        while place < len(self._text):
            found = _TOKEN.match(self._text, place)
            if found is None:
                raise self._error(
                    "not of the language that is known here",
                    _Token(kind="sign", text=self._text[place : place + 9], place=place),
                )
            if (kind := found.lastgroup) and kind != "skip":
                tokens.append(_Token(kind=kind, text=found.group(), place=place))
            place = found.end()
        tokens.append(_Token(kind="end", text="", place=place))
        return tokens

    def _error(self, what: str, token: _Token) -> Unsound:
        before = self._text[: token.place]
        line, column = before.count("\n") + 1, token.place - (before.rfind("\n") + 1) + 1
        return Unsound(f"{what}: {token.text!r}" if token.text else what, where=f"{line}:{column}")
