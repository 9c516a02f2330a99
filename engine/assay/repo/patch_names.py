"""The file names in patch headers, and which prefix (`a/`, `b/`, another, none) stands before them.

Promises: pure. A name is only ever taken one way: where two readings are possible the more specific evidence
(rename lines, both sides agreeing below their first component) decides, and contradictions are errors.
"""

from __future__ import annotations

import re

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.repo.paths import MAX_PATH, to_text, unquote
from assay.repo.problems import malformed

# What git writes before names: old/new, and with diff.mnemonicPrefix commit, index, work tree and object.
_PREFIXES = (b"a/", b"b/", b"c/", b"i/", b"o/", b"w/", b"1/", b"2/")
# The look-behind keeps a long run of spaces from being tried from each of them.
_STAMP = expression(rb"(?:\t.*|(?<! )[ ]+\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?.*)$", re.DOTALL)
# Two paths of the greatest length; beyond it, looking for where the first ends would only cost time.
_LONGEST = 2 * MAX_PATH + 100
_EPOCH = expression(rb"\t(?:1970-01-01|1969-12-31) \d\d:\d\d:\d\d")


class Names(Record, frozen=True, kw_only=True):
    """The names of one file's patch as its lines give them; None where a line is missing or /dev/null."""

    header: tuple[bytes, bytes] | None = None
    old: bytes | None = None
    new: bytes | None = None
    moved_from: bytes | None = None
    moved_to: bytes | None = None


def file_line(line: bytes, number: int) -> bytes | None:
    """The name on a `---` or `+++` line (without its first four bytes); None for /dev/null.

    A timestamp of the epoch means an absent file, as `diff -N` writes it.
    """
    if line.startswith(b'"'):
        return _unquoted(line, number)[0]
    name = _STAMP.sub(b"", line)
    return None if name == b"/dev/null" or _EPOCH.search(line) else name


def moved_line(line: bytes, number: int) -> bytes:
    """The name on a `rename from` line or its like."""
    return _unquoted(line, number)[0] if line.startswith(b'"') else line


def header_line(line: bytes, number: int) -> tuple[bytes, bytes] | None:
    """The two names after `diff --git`; None where spaces leave open where the first one ends."""
    if line.startswith(b'"'):
        first, rest = _unquoted(line, number)
        second = rest.removeprefix(b" ")
        return first, _unquoted(second, number)[0] if second.startswith(b'"') else second
    if line.endswith(b'"') and (start := line.find(b' "')) >= 0:
        return line[:start], _unquoted(line[start + 1 :], number)[0]
    if len(line) > _LONGEST:
        return None
    for at in (index for index, byte in enumerate(line) if byte == 0x20):
        first, second = line[:at], line[at + 1 :]
        if first == second or _depth(first, second) == 1:
            return first, second
    return None


def _unquoted(line: bytes, number: int) -> tuple[bytes, bytes]:
    try:
        return unquote(line)
    except ValueError as error:
        raise malformed(f"a quoted file name cannot be read ({error})", line=number) from error


def _depth(old: bytes, new: bytes) -> int | None:
    """How many leading components are prefixes, told from two names of one file; None: not one file."""
    if old == new:
        return 0
    return 1 if b"/" in old and b"/" in new and _below(old) == _below(new) else None


def _below(name: bytes) -> bytes:
    return name.partition(b"/")[2]


def vote(names: Names) -> int | None:
    """What this file says about the prefix depth of the whole patch, if both its sides speak."""
    if names.header is not None:
        return _depth(*names.header)
    if names.old is not None and names.new is not None:
        return _depth(names.old, names.new)
    return None


def resolve(names: Names, votes: set[int], number: int) -> tuple[str | None, str | None]:
    """The old and new path. None on a side means that the file's own lines say it is absent there."""
    if names.moved_from is not None and names.moved_to is not None:
        for given, moved in ((names.old, names.moved_from), (names.new, names.moved_to)):
            if given is not None and given != moved and _below(given) != moved:
                raise malformed("the names in this header contradict each other", line=number)
        return to_text(names.moved_from), to_text(names.moved_to)
    if names.header is not None:
        return _from_header(names, number)
    if names.old is not None and names.new is not None:
        path = to_text(_one_file(names.old, names.new, number))
        return path, path
    one = names.old if names.old is not None else names.new
    if one is None:
        raise malformed("this header names no file", line=number)
    path = to_text(one if votes == {0} or not one.startswith(_PREFIXES) else _below(one))
    return (path, None) if names.old is not None else (None, path)


def _from_header(names: Names, number: int) -> tuple[str | None, str | None]:
    assert names.header is not None
    depth = _depth(*names.header)
    if depth is None:
        raise malformed("this header names two files without saying that one is renamed", line=number)
    wanted = _below(names.header[0]) if depth else names.header[0]
    for given in (names.old, names.new):
        if given is not None and (_below(given) if depth else given) != wanted:
            raise malformed("the names in this header contradict each other", line=number)
    path = to_text(wanted)
    return path, path


def _one_file(old: bytes, new: bytes, number: int) -> bytes:
    depth = _depth(old, new)
    if depth is not None:
        return _below(new) if depth else new
    if old.startswith(_PREFIXES) and new.startswith(_PREFIXES):
        old, new = _below(old), _below(new)
    # `diff x.py.orig x.py` and its likes: a backup's suffix on either side.
    shorter, longer = sorted((old, new), key=len)
    if longer.startswith(shorter):
        return shorter
    raise malformed("this header names two files without saying that one is renamed", line=number)
