"""Keeps secrets out of what a delta quotes: a page is pasted into comments and logs.

Promises: pure; errs on the side of hiding. A value is hidden if its name says that it is a secret, if it
looks like one (long, and no word), or the part of an address that names a user and a password.
"""

from __future__ import annotations

import re

from assay.model.expressions import expression

HIDDEN = "(hidden)"
_LONGEST = 300
"""Characters of a name that are looked at, from its end."""

_NAMED = expression(
    r"(?:^|[._\-\s\[/\"'])(?:\w*(?:passw(?:or)?d|passphrase|passwd|secret|credential|private[_-]?key|api[_-]?key"
    r"|access[_-]?key|auth[_-]?key|signing[_-]?key|encryption[_-]?key|client[_-]?key|bearer)\w*"
    r"|\w*(?:auth|access|refresh|session|id|api|bot|github|gitlab|npm|pypi|slack)[_-]?tokens?|tokens?|pwd|dsn)"
    r"(?:$|[._\-\s\]/\"'])",
    re.IGNORECASE,
)
_ADDRESS = expression(r"(://)[^/\s:@'\"]*:[^/\s@'\"]+@")
_KNOWN = expression(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{12,}"
    r"|sk-[\w-]{16,}|sk_live_\w{10,}|pypi-[\w-]{20,}|npm_\w{20,}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
)
_RANDOM = expression(
    r"(?<![\w/+.-])(?=[A-Za-z0-9+/_=-]*\d)(?=[A-Za-z0-9+/_=-]*[A-Za-z])[A-Za-z0-9+/_=-]{32,}"
)
_REFERENCE = expression(
    r"\$\{\{.*\}\}|\$\{?\w+\}?|(?:os\.)?environ\b.*|None|True|False|null|true|false"
    r"|read|write|none|inherit|\d{0,3}|['\"]{2}"
)
"""Values that only say where a secret is, or that there is none."""

_HEX_NAMES = expression(r"(?:[0-9a-f]{40}|[0-9a-f]{64})$")
"""Names of commits and digests of files: public, and what a reader wants to see."""


def hide(name: str, value: str) -> str:
    """`value`, or what may be shown of it; `name` is the key, parameter or constant that it belongs to."""
    if not value or _REFERENCE.fullmatch(value.strip()):
        return value
    if _NAMED.search(_spaced(name[-_LONGEST:])):
        return HIDDEN
    return scrub(value)


def scrub(text: str) -> str:
    """`text` without what looks like a secret in it, wherever it stands."""
    shown = _KNOWN.sub(HIDDEN, _ADDRESS.sub(rf"\1{HIDDEN}@", text))
    return _RANDOM.sub(lambda found: found[0] if _HEX_NAMES.match(found[0]) else _scrubbed(found[0]), shown)


def _scrubbed(word: str) -> str:
    """A long word is hidden where it mixes cases and digits as no name does."""
    digits = sum(char.isdigit() for char in word)
    upper = sum(char.isupper() for char in word)
    lower = sum(char.islower() for char in word)
    mixed = digits >= 4 and min(upper, lower) >= 4
    flat = digits >= len(word) // 4 and (upper == 0 or lower == 0) and "_" not in word and "-" not in word
    return HIDDEN if mixed or flat else word


def _spaced(name: str) -> str:
    """A name with its words apart: `clientSecret` as `client_Secret`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
