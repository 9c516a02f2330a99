"""Tests and assertions counted by tokens: for versions of a file that no parser here can read.

Promises: pure. Neither strings nor comments count, and no hostile nesting reaches a parser.
"""

from __future__ import annotations

import tokenize
from itertools import pairwise

from assay.gates.tokens import Token, tokens_of
from assay.model.candidate import Record

_CHECKS = frozenset({"raises", "warns", "deprecated_call", "approx"})


class Tally(Record, frozen=True, kw_only=True):
    """The test functions of one file by name, and how many assertions it makes."""

    tests: tuple[str, ...] = ()
    assertions: int = 0


def tally(content: bytes | None) -> Tally:
    """Count one Python file's tests and assertions; nothing where it cannot be split into tokens."""
    tokens = tokens_of(content) if content else None
    if tokens is None:
        return Tally()
    code = [token for token in tokens if token.type in (tokenize.NAME, tokenize.OP)]
    names = [
        after.string
        for token, after in pairwise(code)
        if token.string == "def" and after.string.startswith("test")
    ]
    return Tally(tests=tuple(names), assertions=sum(map(_is_assertion, code, [*code[1:], *code[-1:]])))


def _is_assertion(token: Token, after: Token) -> bool:
    if token.type != tokenize.NAME:
        return False
    if token.string == "assert":
        return True
    called = after.string == "("
    return called and (token.string in _CHECKS or token.string.startswith(("assert", "fail_")))
