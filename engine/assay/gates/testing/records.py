"""The records that the injected pytest plugin writes to its pipe, and their decoding.

Promises: pure. Only lines that carry the run's seal and the next running number are taken; decoding stops at
the first that does not, and says so. The records are claims of a process that runs a candidate's code:
whoever uses them compares them with the exit status that the jail saw.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from assay.model.candidate import Record

_SEAL = 16


class Hello(Record, frozen=True, kw_only=True, tag_field="k", tag="hello"):
    """The interpreter runs: its version, and the directory it was started in."""

    n: int
    cwd: str
    python: str


class NoPytest(Record, frozen=True, kw_only=True, tag_field="k", tag="no-pytest"):
    """`import pytest` raised `message`."""

    n: int
    message: str


class Session(Record, frozen=True, kw_only=True, tag_field="k", tag="session"):
    """pytest is configured. `root` is its root directory, `parallel` whether workers run the tests."""

    n: int
    pytest: str
    root: str
    parallel: bool


class Collected(Record, frozen=True, kw_only=True, tag_field="k", tag="collected"):
    """Collection is over and `count` tests will run."""

    n: int
    count: int


class Collect(Record, frozen=True, kw_only=True, tag_field="k", tag="collect"):
    """A file or package could not be collected (`failed`), or asked to be left out (`skipped`)."""

    n: int
    id: str
    outcome: str
    message: str
    path: str
    line: int


class Start(Record, frozen=True, kw_only=True, tag_field="k", tag="start"):
    """Test `id` begins, and is number `i` from here on."""

    n: int
    i: int
    id: str


class Phase(Record, frozen=True, kw_only=True, tag_field="k", tag="phase"):
    """How set-up, call or tear-down of test `i` ended; set-up and tear-down only if not passed. `sub` marks
    a subtest of it, `xfail` that it was expected to fail."""

    n: int
    i: int
    when: str
    outcome: str
    xfail: bool = False
    sub: bool = False
    message: str = ""
    path: str = ""
    line: int = 0


class Finish(Record, frozen=True, kw_only=True, tag_field="k", tag="finish"):
    """Test `i` is over; its phases took `seconds` of wall time together. The rest is what was seen of its
    call
    without pytest's report: whether it `raised`; the trusted function that it is (`path::qualname`), whether
    `plain`, that is undecorated; and whether that function's body was `none`, `entered`, `cut` or `left`
    normally."""

    n: int
    i: int
    seconds: float = 0.0
    raised: bool = False
    origin: str = ""
    plain: bool = False
    body: str = ""


class Internal(Record, frozen=True, kw_only=True, tag_field="k", tag="internal"):
    """pytest itself, or a plugin, broke."""

    n: int
    message: str


class End(Record, frozen=True, kw_only=True, tag_field="k", tag="end"):
    """The session is over with this exit status; `phases` counts the phase records before this one.
    `stopped` says why it ended early, or is empty."""

    n: int
    status: int
    phases: int
    stopped: str


class Exit(Record, frozen=True, kw_only=True, tag_field="k", tag="exit"):
    """pytest has returned, and the interpreter is about to leave with this status. `token` is the run's."""

    n: int
    status: int
    token: str = ""


class Altered(Record, frozen=True, kw_only=True, tag_field="k", tag="altered"):
    """Something that decides outcomes is not what it was: `what`, and the file whose code took its place (may
    be empty; `trusted` if it is a test file as it should be)."""

    n: int
    what: str
    path: str
    trusted: bool = False


class File(Record, frozen=True, kw_only=True, tag_field="k", tag="file"):
    """A trusted test file is `rewritten` on disk, or was loaded `unseen`, from elsewhere."""

    n: int
    path: str
    state: str


class Loaded(Record, frozen=True, kw_only=True, tag_field="k", tag="loaded"):
    """The trusted Python files that were loaded as they are in the tree, by the end of the session."""

    n: int
    paths: tuple[str, ...]


class Learned(Record, frozen=True, kw_only=True, tag_field="k", tag="learned"):
    """What spares later runs their start, once everything is collected: trusted files whose assertions were
    `rewritten`, the `others` of the tree, the `installed` modules in order, and the `patterns` of names of
    tests."""

    n: int
    rewritten: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class Equal(Record, frozen=True, kw_only=True, tag_field="k", tag="equal"):
    """In test `i`, an object of `type`, defined in `path`, was equal to whatever it was compared with."""

    n: int
    i: int
    type: str
    path: str


class Planned(Record, frozen=True, kw_only=True, tag_field="k", tag="planned"):
    """So many canaries will run."""

    n: int
    count: int


class Canary(Record, frozen=True, kw_only=True, tag_field="k", tag="canary"):
    """Number `i` is no test but a canary, which should end as `expected` (`passed`, `failed`)."""

    n: int
    i: int
    id: str
    expected: str


class Watched(Record, frozen=True, kw_only=True, tag_field="k", tag="watched"):
    """A file of which it is told what ran. Its marks are numbered from `first`; `places` are what they stand
    for: kind, first and last line of the statement, the first that changed, and where a way leads (see
    `inject/planted`). One that was loaded too `early` to be watched has none."""

    n: int
    path: str
    first: int
    places: tuple[tuple[str, int, int, int, int], ...]
    early: bool = False


class Ran(Record, frozen=True, kw_only=True, tag_field="k", tag="ran"):
    """These marks were come past in test `i` (-1: outside of all). `left`: it started processes, in which
    nothing is seen. `loaded`, told at the end: the watched files that were."""

    n: int
    i: int
    marks: tuple[int, ...] = ()
    left: bool = False
    loaded: tuple[str, ...] = ()


AnyRecord = (
    Hello
    | NoPytest
    | Session
    | Collected
    | Collect
    | Start
    | Phase
    | Finish
    | Internal
    | End
    | Exit
    | Altered
    | File
    | Loaded
    | Learned
    | Equal
    | Planned
    | Canary
    | Watched
    | Ran
)


class Stream(Record, frozen=True, kw_only=True):
    """What was read, in order, and what is wrong with the rest (empty: nothing)."""

    records: tuple[AnyRecord, ...]
    flaw: str = ""


def decode(data: bytes, secret: str) -> Stream:
    """The records in `data`, sealed with `secret` (hexadecimal)."""
    key = bytes.fromhex(secret)
    decoder = msgspec.json.Decoder(AnyRecord)
    records: list[AnyRecord] = []
    *lines, rest = data.split(b"\n")
    for line in lines:
        seal, space, body = line[:_SEAL], line[_SEAL : _SEAL + 1], line[_SEAL + 1 :]
        expected = hashlib.blake2b(body, key=key, digest_size=_SEAL // 2).hexdigest().encode("ascii")
        if space != b" " or not hmac.compare_digest(seal, expected):
            return Stream(records=tuple(records), flaw=f"line {len(records) + 1} of the report is not sealed")
        try:
            record = decoder.decode(body)
        except msgspec.DecodeError as error:
            return Stream(records=tuple(records), flaw=f"line {len(records) + 1} of the report: {error}")
        if record.n != len(records):
            return Stream(records=tuple(records), flaw=f"record {len(records)} of the report is missing")
        records.append(record)
    return Stream(records=tuple(records), flaw="the report ends inside a line" if rest else "")
