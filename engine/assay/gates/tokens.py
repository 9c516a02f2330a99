"""Python text as tokens, without a parser.

Promises: never runs, compiles or parses to a tree what a candidate wrote (a deeply nested source can crash
the interpreter that parses it, and this is Assay's own process); what does not tokenize gives None.
"""

from __future__ import annotations

import io
import tokenize

Token = tokenize.TokenInfo

MAX_BYTES = 512 * 1024
"""Larger sources are generated, and would hold up everything else that waits."""


def tokens_of(content: bytes) -> list[Token] | None:
    """The tokens of a Python source, or None if it is none that this interpreter can split, or too big."""
    if len(content) > MAX_BYTES:
        return None
    try:
        return list(tokenize.tokenize(io.BytesIO(content).readline))
    except (tokenize.TokenError, SyntaxError, ValueError, LookupError):
        return None
