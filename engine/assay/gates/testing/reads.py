"""What the tests of one base executed, read and changed: the record that selection is made from.

Promises: pure data. Tests are told by their ids, or by their places in `tests` where there are many;
functions as `path::unit`; paths are the repository's.
"""

from __future__ import annotations

from msgspec import field

from assay.model.candidate import Record

Tests = tuple[int, ...]

_LOOK = "? "


def looking(path: str) -> str:
    """How `read`, `outside` and `importing` call that somebody looked whether, and what, a path is."""
    return _LOOK + path


WORLD = "*"


class FileReads(Record, frozen=True, kw_only=True):
    """One Python file of the tree that the run loaded: its blob, the names it was loaded by, and the files
    it gets at (`imports`). `late`: it was loaded by a running test. Of its units, `deep` are those that look
    at the text, the place or the code of functions, `loose` those that may get at any module, and `writers`
    those that may write to what lasts, with the files that is in (or WORLD). `wild`: its import is loose.
    """

    blob: str
    names: tuple[str, ...]
    imports: tuple[str, ...] = ()
    wild: bool = False
    late: bool = False
    deep: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    writers: dict[str, tuple[str, ...]] = field(default_factory=dict)


class ReadMap(Record, frozen=True, kw_only=True):
    """What is known of the tests of `tree`. With `blind`, nothing that could be relied on, and why.

    `files` are the tests' files. `executed` functions, `read` files (and what was looked for, see `looking`),
    `listed` directories, and files from which a test begins (`starts`: its own, conftest.py, those it
    executed) lead to the tests concerned.
    `always` are tests of which not enough is known, with the reason; `deep` and `loose` those that executed
    such units; `changed` what a test left changed: files in whose modules (or WORLD). `held` are classes
    (`path::qualname`) with the files in whose modules there are instances of them. `outside` is what
    happened outside of tests and so concerns all: functions, files, directories and looks; `importing` what
    happened when files of the tree were imported, with these files. `loaded` and `attempted` are names of
    modules, the latter also of such as were not found; `deaf` that not all of them are known. `directories`
    are the tree's, with how many files are in them and below; of these `collected` are those in which every
    file that matches `patterns` was found to be one of tests; in names that match `texts`, doctests are.
    `strange` are files of which nothing is known but that those whom they concern are among `always`.
    `plain` classes that come to be without code of the project, `unloaded` the last words of the names of
    the tree's other modules. `seconds` is what each test takes, usually.
    """

    tree: str
    blind: str = ""
    tests: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    executed: dict[str, Tests] = field(default_factory=dict)
    read: dict[str, Tests] = field(default_factory=dict)
    listed: dict[str, Tests] = field(default_factory=dict)
    starts: dict[str, Tests] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)
    deep: Tests = ()
    loose: Tests = ()
    changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    importing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    modules: dict[str, FileReads] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    attempted: frozenset[str] = frozenset()
    deaf: bool = True
    directories: dict[str, int] = field(default_factory=dict)
    collected: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    strange: frozenset[str] = frozenset()
    unloaded: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
