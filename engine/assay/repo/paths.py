"""Paths as they stand in trees and patches: text and bytes, C-style quoting, and which paths are hostile.

Promises: pure. Every byte sequence survives the way to text and back. A path that `refusal` lets through
names a place below the root of a checkout, and no git metadata, on every common file system.
"""

from __future__ import annotations

import re

from assay.model.expressions import expression

MAX_COMPONENT = 255
MAX_PATH = 4000

# Code points that HFS+ ignores when it compares names, so that `.g\u200cit` opens `.git` there.
_IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF], None
)
# Tabs and line ends are legal and found in real repositories; what else steers terminals is not.
_CONTROL = expression(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ABSOLUTE = expression(r"/|[A-Za-z]:[\\/]")
_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_LETTERS = {value: letter.decode() for letter, value in _ESCAPES.items()}
_NEEDS_QUOTES = expression(rb'[\x00-\x1f"\\\x7f]')


def to_text(path: bytes) -> str:
    """A path as text; bytes that are no UTF-8 become lone surrogates."""
    return path.decode("utf-8", "surrogateescape")


def to_bytes(path: str) -> bytes:
    """The bytes of a path that `to_text` gave (a lone surrogate from elsewhere keeps its own encoding)."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def refusal(path: str, *, symlink: bool = False) -> str | None:
    """Why nothing may be written at `path`, as the end of a sentence; None when it may.

    `symlink`: what is written is a symbolic link, which is further forbidden for `.gitmodules`.
    """
    if not path:
        return "is empty"
    if found := _CONTROL.search(path):
        return "contains a NUL byte" if found.group() == "\0" else "contains control characters"
    if _ABSOLUTE.match(path):
        return "is absolute"
    if len(to_bytes(path)) > MAX_PATH:
        return "is longer than file systems allow"
    whys = (_component_refusal(component, symlink) for component in path.split("/"))
    return next((why for why in whys if why), None)


def _component_refusal(component: str, symlink: bool) -> str | None:
    if not component:
        return "has an empty component"
    if len(to_bytes(component)) > MAX_COMPONENT:
        return "has a component longer than file systems allow"
    # Windows splits at backslashes too; a plain backslash is a legal name elsewhere and does no harm.
    for part in component.split("\\"):
        if part in (".", ".."):
            return f"has a {part!r} component"
        if _disguise_of(part, ".git", "git~1"):
            return "names git's own metadata"
        if symlink and _disguise_of(part, ".gitmodules", "gitmod~1"):
            return "makes .gitmodules a symbolic link"
    return None


def _disguise_of(part: str, name: str, short_name: str) -> bool:
    """Whether some file system takes `part` for `name`: NTFS with streams and trailing dots, HFS+."""
    ntfs = part.split(":", 1)[0].rstrip(" .").lower()
    return ntfs in (name, short_name) or part.translate(_IGNORED_BY_HFS).lower() == name


def unquote(quoted: bytes) -> tuple[bytes, bytes]:
    """The content of the C-style quoted string that `quoted` starts with, and what follows it.

    Raises ValueError when it is not one.
    """
    if quoted[:1] != b'"':
        raise ValueError("no opening quote")
    out = bytearray()
    at = 1
    while at < len(quoted):
        char = quoted[at : at + 1]
        if char == b'"':
            return bytes(out), quoted[at + 1 :]
        if char != b"\\":
            out += char
            at += 1
            continue
        escape = quoted[at + 1 : at + 2]
        if escape in _ESCAPES:
            out.append(_ESCAPES[escape])
            at += 2
            continue
        octal = re.match(rb"[0-3][0-7]{2}", quoted[at + 1 : at + 4])
        if octal is None:
            raise ValueError("unknown escape")
        out.append(int(octal.group(), 8))
        at += 4
    raise ValueError("no closing quote")


def quote(path: bytes) -> bytes:
    """`path` as a patch header spells it: in quotes only where it must be."""
    if not _NEEDS_QUOTES.search(path):
        return path
    return b'"' + b"".join(_escaped(byte) for byte in path) + b'"'


def _escaped(byte: int) -> bytes:
    if byte in _LETTERS:
        return b"\\" + _LETTERS[byte].encode()
    if byte < 0x20 or byte == 0x7F:
        return b"\\%03o" % byte
    return bytes([byte])


def shown(path: str) -> str:
    """`path` fit for a message: control characters and broken bytes escaped."""
    return path.encode("utf-8", "backslashreplace").decode() if path.isprintable() else ascii(path)[1:-1]
