"""Which tests a change can affect: from what each was seen to execute and read on the base.

Promises: pure, but for reading blobs. A test that is left out behaves as on the base, if it is deterministic:
nothing it executes, imports, reads or finds left over from other tests differs. What cannot be told affects
everything, and `why` says what it was.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from assay.gates.testing import reach
from assay.gates.testing.effects import Around, harmless, loads_nothing
from assay.gates.testing.names import mentions
from assay.gates.testing.reads import FileReads, ReadMap
from assay.gates.testing.settings import FILES
from assay.gates.testing.units import MODULE, Outline, changed, outline
from assay.gates.testing.writes import WORLD, Writes, changes_itself
from assay.model.candidate import Change, ChangeKind, Record
from assay.repo.repository import Repository

Blobs = Callable[[str], bytes]
"""Reads a blob by its name."""

_FILE = 0o100000
_KIND = 0o170000

_RULES = (
    *FILES,
    "conftest.py",
    "setup.py",
    "noxfile.py",
    "*requirements*.txt",
    "*requirements*.in",
    "*constraints*.txt",
    "*.lock",
    "Pipfile*",
    "*.pth",
    "*.so",
    "*.pyc",
    "*.pyx",
    "*.pxd",
    "sitecustomize.py",
    "usercustomize.py",
    "pylock*.toml",
    "environment*.y*ml",
)
"""Names of files that decide what tests there are, how they are run and with what."""

_WORDS = ("*.md", "*.rst", "*.txt")
_NO_MATTER = frozenset(
    {
        ".editorconfig", ".git-blame-ignore-revs", ".gitignore", ".pre-commit-config.yaml",
        ".readthedocs.yaml", ".readthedocs.yml", "AUTHORS", "CHANGELOG", "CHANGES", "CODEOWNERS", "COPYING",
        "LICENSE", "NEWS", "NOTICE", "README",
    }
)  # fmt: skip

_FELT = frozenset(
    {
        "__del__",
        "__subclasshook__",
        "__instancecheck__",
        "__subclasscheck__",
        "__init_subclass__",
        "__set_name__",
    }
)
"""Methods that Python calls at moments, or remembers the answers of, that no test decides."""


class Impact(Record, frozen=True, kw_only=True):
    """`tests` are ids, None for everything; `files` are those (as ids name them) of which every test is
    meant, also one that the base does not have. `why` is a sentence."""

    tests: frozenset[str] | None
    files: frozenset[str] = frozenset()
    why: str = ""


class _EverythingError(Exception):
    """Says why no selection can be made."""


def affected(read_map: ReadMap, changes: Sequence[Change], repo: Repository, tree: str) -> Impact:
    """The tests of the base `tree` that `changes` of it can affect."""
    if read_map.tree != tree:
        return Impact(tests=None, why="every test is run: what is known is of another tree")
    return impact(read_map, changes, repo.blob)


def impact(read_map: ReadMap, changes: Sequence[Change], blob: Blobs) -> Impact:
    """The tests of the map's tree that `changes` of it can affect."""
    if read_map.blind:
        return Impact(tests=None, why=f"every test is run: {read_map.blind}")
    found = _Affected(read_map, blob)
    try:
        for change in changes:
            found.add(change)
        found.spread()
    except _EverythingError as error:
        return Impact(tests=None, why=f"every test is run: {error}")
    tests = frozenset(read_map.tests[index] for index in found.tests)
    why = f"{len(tests)} of {len(read_map.tests)} tests can be affected by {_listed(changes)}"
    return Impact(tests=tests, files=frozenset(found.files), why=why)


class _Affected:
    """Gathers the places in `ReadMap.tests` of affected tests."""

    def __init__(self, read_map: ReadMap, blob: Blobs) -> None:
        self._map = read_map
        self._blob = blob
        self._index = {test: index for index, test in enumerate(read_map.tests)}
        self.tests = {self._index[test] for test in read_map.always}
        self.files: set[str] = set()
        self._test_files = frozenset(read_map.files)
        self._by_name = {name: path for path, file in read_map.modules.items() for name in file.names}
        self._tops = frozenset(name.split(".", 1)[0] for name in self._by_name)
        self._indirect = reach.indirect(read_map.modules)
        self._reached: set[str] = set()

    def add(self, change: Change) -> None:
        """Take one changed path into account."""
        name = posixpath.basename(change.path)
        if any(mode and mode & _KIND != _FILE for mode in (change.old_mode, change.new_mode)):
            raise _EverythingError(f"{change.path} is no plain file")
        if any(fnmatchcase(name, pattern) for pattern in _RULES):
            raise _EverythingError(f"{change.path} may decide how tests are run")
        if self._words(change.path) and self._words(change.old_path):
            for place in {*_above(change.path), *_above(change.old_path)}:
                self.tests.update(self._map.listed.get(place, ()))
        elif change.kind is not ChangeKind.MODIFIED or change.old_mode != change.new_mode:
            raise _EverythingError(f"{change.path} is {change.kind}")
        elif name.endswith(".py"):
            self._python(change)
        else:
            self._data(change)

    def spread(self) -> None:
        """Add the tests that see what affected tests leave behind."""
        todo = list(self.tests)
        while todo:
            for place in self._map.changed.get(self._map.tests[todo.pop()], ()):
                before = set(self.tests)
                self._reach(place, "a test that is affected leaves behind what it changes in the process")
                todo += self.tests - before

    def _words(self, path: str) -> bool:
        """Whether a path is for people: nothing of the run opened it."""
        name = posixpath.basename(path)
        suffix = posixpath.splitext(name)[1]
        if name.startswith("test") or any(file.endswith(suffix) for file in self._test_files if suffix):
            return False
        plain = name in _NO_MATTER or path.startswith(".github/")
        if not plain and not any(fnmatchcase(name, pattern) for pattern in _WORDS):
            return False
        return not any(path in each for each in (self._map.read, self._map.outside, self._map.importing))

    def _data(self, change: Change) -> None:
        seen = (self._map.read, self._map.outside, self._map.importing)
        if not any(change.path in each for each in seen):
            raise _EverythingError(f"nothing is known of who reads {change.path}")
        self._read(change.path)

    def _read(self, path: str) -> None:
        """Those who open a file as such, whatever of it they look at, or list where it is."""
        if path in self._map.outside:
            raise _EverythingError(f"{path} is read outside of tests")
        for each in (path, posixpath.dirname(path) or "."):
            for file in self._map.importing.get(each, ()):
                self._reach(file, "")
        self.tests.update(self._map.read.get(path, ()))
        self.tests.update(self._map.listed.get(posixpath.dirname(path) or ".", ()))

    def _python(self, change: Change) -> None:
        path = change.path
        self._read(path)
        file = self._map.modules.get(path)
        if file is None:
            self._never_loaded(path)
            return
        if posixpath.basename(path) == "__init__.py" and self._of_tests(path):
            raise _EverythingError(f"{path} makes a package of tests")
        old, new = self._blob(change.old_blob), self._blob(change.new_blob)
        names, before, after = changed(old, new), outline(old), outline(new)
        if names is None or before is None or after is None:
            raise _EverythingError(f"{path} cannot be parsed")
        self._look_deeply(path)
        around = self._around(path)
        for unit in sorted(names - {MODULE}):
            self._unit(path, unit, file, (before, after), around)
        if MODULE in names:
            self._module(path, file, before, after, around)
        if path in self._test_files:
            self._whole_file(path)

    def _never_loaded(self, path: str) -> None:
        stem = posixpath.basename(path.removesuffix("/__init__.py")).removesuffix(".py")
        if path in self._test_files or any(name.rpartition(".")[2] == stem for name in self._map.attempted):
            raise _EverythingError(f"{path} was not loaded, but may have been looked for")

    def _look_deeply(self, path: str) -> None:
        """Tests that see line numbers, or the text or the code of functions, of a file they get at."""
        if self._map.deep:
            self.tests |= set(self._map.deep) & self._getting_at(path)

    def _unit(
        self, path: str, unit: str, file: FileReads, sides: tuple[Outline, Outline], around: Around
    ) -> None:
        key = f"{path}::{unit}"
        word = unit.rpartition(".")[2].split("#", 1)[0]
        if key in self._map.outside:
            raise _EverythingError(f"{unit} of {path} runs outside of tests")
        if word in _FELT:
            raise _EverythingError(f"nobody decides when {unit} of {path} is called")
        self.tests.update(self._map.executed.get(key, ()))
        if files := self._map.importing.get(key):
            # What it makes there is used by those who get at the importing file, or at the unit's own.
            for each in (path, *files):
                self._reach(each, "")
        before, after = (next((e.node for e in side.units if e.name == unit), None) for side in sides)
        if after is not None and not loads_nothing(after, around, before):
            raise _EverythingError(f"{unit} of {path} imports what was not loaded before")
        for side, node in zip(sides, (before, after), strict=True):
            if node is None:
                continue
            where = set(reach.places(Writes(side).of(node), path, file.names, self._by_name))
            if changes_itself(node):
                where.update(self._map.held.get(f"{path}::{unit.rpartition('.')[0]}", ()))
            words = mentions(node)
            for place in where | {each for word in words for each in self._indirect.get(word, ())}:
                self._reach(place, f"{unit} of {path} may change what lasts")

    def _module(self, path: str, file: FileReads, before: Outline, after: Outline, around: Around) -> None:
        if file.late:
            raise _EverythingError(f"{path} is loaded by a test that is running")
        if not harmless(before, after, around):
            raise _EverythingError(f"what {path} does when it is imported may be felt elsewhere")
        self._reach(path, "")

    def _whole_file(self, path: str) -> None:
        self._reach(path, "")
        for index, file in enumerate(self._map.files):
            if file == path:
                self.files.add(self._map.tests[index].split("::", 1)[0])

    def _reach(self, place: str, why: str) -> None:
        """All tests that get at a file."""
        if place == WORLD:
            raise _EverythingError(why)
        if place not in self._reached:
            self._reached.add(place)
            self.tests |= self._getting_at(place)

    def _getting_at(self, path: str) -> set[int]:
        files = reach.reaching(self._map, path)
        return {*self._map.loose, *(index for each in files for index in self._map.starts.get(each, ()))}

    def _of_tests(self, path: str) -> bool:
        directory = posixpath.dirname(path) + "/"
        return any(file.startswith(directory) for file in self._test_files)

    def _around(self, path: str) -> Around:
        return Around(
            path=path,
            loaded=self._map.loaded,
            tops=self._tops,
            unloaded=self._map.unloaded,
            plain=self._map.plain,
        )


def _above(path: str) -> Iterable[str]:
    """The directories that a path is in, the root as `.`."""
    while path:
        path = posixpath.dirname(path)
        yield path or "."


def _listed(changes: Sequence[Change]) -> str:
    first = changes[0].path if changes else "nothing"
    return first if len(changes) < 2 else f"{first} and {len(changes) - 1} more"
