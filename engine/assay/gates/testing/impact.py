"""Which tests a change can affect: from what each was seen to execute and read on the base.

Promises: pure, but for reading blobs. A test that is left out behaves as on the base, if it is deterministic:
nothing it executes, imports, reads or finds left over from other tests differs. What cannot be told affects
everything, and `why` says what it was.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from assay.gates.testing import arrivals, kinds, reach
from assay.gates.testing.effects import Around, harmless, loads_nothing
from assay.gates.testing.names import defined, imported, mentions, pauses, wanted
from assay.gates.testing.reads import FileReads, ReadMap, looking
from assay.gates.testing.selection import matches
from assay.gates.testing.units import MODULE, Function, Outline, changed, complaints, outline
from assay.gates.testing.writes import WORLD, Writes, changes_itself
from assay.model.candidate import Change, ChangeKind, Record
from assay.repo.repository import Repository

Blobs = Callable[[str], bytes]
"""Reads a blob by its name."""

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
    found = _Affected(read_map, blob, arrivals.taken_apart(changes))
    try:
        found.look()
        found.spread()
    except _EverythingError as error:
        return Impact(tests=None, why=f"every test is run: {error}")
    tests = frozenset(read_map.tests[index] for index in found.tests)
    why = f"{len(tests)} of {len(read_map.tests)} tests can be affected by {_listed(changes)}"
    return Impact(tests=tests, files=frozenset(found.files), why=why)


class _Affected:
    """Gathers the places in `ReadMap.tests` of affected tests."""

    def __init__(self, read_map: ReadMap, blob: Blobs, changes: Sequence[Change]) -> None:
        self._map = read_map
        self._blob = blob
        self._changes = changes
        self._index = {test: index for index, test in enumerate(read_map.tests)}
        self.tests = {self._index[test] for test in read_map.always}
        self.files: set[str] = set()
        named = zip(read_map.files, read_map.tests, strict=True)
        self._named = {file: test.split("::", 1)[0] for file, test in named}
        self._test_files = frozenset(read_map.files)
        self._by_name = {name: path for path, file in read_map.modules.items() for name in file.names}
        self._tops = frozenset(name.split(".", 1)[0] for name in self._by_name)
        self._indirect = reach.indirect(read_map.modules)
        self._reached: set[str] = set()
        self._differing: set[str] = set()
        self._gone = arrivals.gone(changes, read_map.directories)
        come = [change.path for change in changes if change.kind is ChangeKind.ADDED]
        self._come = {path: arrivals.come(path, read_map.directories) for path in come}
        self._fresh = frozenset().union(*(arrivals.names(*each) for each in self._come.items()))

    def look(self) -> None:
        """Take all changes into account."""
        for change in self._changes:
            self.add(change)
        for path in sorted(self._differing):
            self._some_test_of(path)

    def add(self, change: Change) -> None:
        """Take one changed path into account."""
        if any(mode and not kinds.plain(mode) for mode in (change.old_mode, change.new_mode)):
            raise _EverythingError(f"{change.path} is no plain file")
        if kinds.decides(change.path, change.kind):
            raise _EverythingError(f"{change.path} may decide how tests are run")
        if change.path in self._map.strange:
            raise _EverythingError(f"nothing is known of who gets at {change.path}")
        if change.kind is ChangeKind.ADDED:
            self._add_new(change)
        elif change.kind is ChangeKind.DELETED:
            self._add_gone(change)
        elif change.kind is not ChangeKind.MODIFIED or change.old_mode != change.new_mode:
            raise _EverythingError(f"{change.path} is {change.kind}")
        elif self._words(change.path):
            for place in arrivals.above(change.path):
                self.tests.update(self._map.listed.get(place, ()))
        elif change.path.endswith(".py"):
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
        suffix = posixpath.splitext(path)[1]
        if suffix and any(file.endswith(suffix) for file in self._test_files):
            return False
        if not kinds.for_people(path):
            return False
        return not any(path in each for each in (self._map.read, self._map.outside, self._map.importing))

    def _add_new(self, change: Change) -> None:
        """A file that comes: nobody has opened it, but others may have looked for it, or will find it."""
        path, places = change.path, self._come[change.path]
        self._found_by_looking(path, places)
        if any(fnmatchcase(posixpath.basename(path), pattern) for pattern in self._map.texts):
            raise _EverythingError(f"doctests are looked for in {path}")
        if self._known(arrivals.names(path, places)):
            raise _EverythingError(f"a module of the name of {path} was looked for")
        if not path.endswith(".py"):
            return
        directory = posixpath.dirname(path) or "."
        if posixpath.basename(path) == "__init__.py" and directory in self._map.directories:
            raise _EverythingError(f"{path} makes a package of what was none")
        is_test = matches(path, self._map.patterns)
        if is_test and directory not in self._map.collected:
            raise _EverythingError(f"whether {path} is one of the tests is not known")
        if is_test:
            self._whole(self._id(path))
        if is_test or self._wanted(path):
            self._new_module(change)

    def _new_module(self, change: Change) -> None:
        path, new = change.path, outline(self._blob(change.new_blob))
        if new is None:
            raise _EverythingError(f"{path} cannot be parsed")
        around = self._around(path)
        if not harmless(None, new, around):
            raise _EverythingError(f"what {path} does when it is imported may be felt elsewhere")
        self._hides_nothing(path)
        names = tuple(sorted(arrivals.names(path, self._come[path])))
        file = FileReads(blob=change.new_blob, names=names)
        for unit in new.units:
            self._unit(path, unit.name, file, (None, new), around)

    def _hides_nothing(self, path: str) -> None:
        """A module takes the place of what its package has under the same name, as soon as it is loaded."""
        package = self._map.modules.get(posixpath.join(posixpath.dirname(path), "__init__.py"))
        if package is None:
            return
        found = outline(self._blob(package.blob))
        word = _stem(path)
        if found is None or word in defined(found) or word in imported(found.module):
            raise _EverythingError(f"{path} may hide what its package has under that name")

    def _add_gone(self, change: Change) -> None:
        """A file that goes: those who read it, found it or imported it are concerned."""
        path = change.path
        self._found_by_looking(path, self._gone[path])
        if path in self._test_files or matches(path, self._map.patterns):
            raise _EverythingError(f"{path}, which has tests, is deleted")
        if posixpath.basename(path) == "__init__.py":
            raise _EverythingError(f"{path} made a package of its directory")
        if path in self._map.modules:
            self._python(change)
            self._reach(path, "")
        elif path.endswith(".py"):
            self._read(path)
            self._never_loaded(path)
        elif not self._words(path):
            self._data(change)

    def _found_by_looking(self, path: str, places: Iterable[str]) -> None:
        """Those who would find that something is there now, or no longer."""
        if self._map.deaf:
            raise _EverythingError(f"who looked for {path} is not known")
        if any("::pytest_collect" in each for each in self._map.outside):
            raise _EverythingError(f"the project itself says whether there are tests in {path}")
        for place in places:
            directory = posixpath.dirname(place) or "."
            if {looking(place), directory} & self._map.outside:
                raise _EverythingError(f"{place} was looked for outside of tests")
            for key in (looking(place), directory):
                for file in self._map.importing.get(key, ()):
                    self._reach(file, "")
            self.tests.update(self._map.read.get(looking(place), ()))
            self.tests.update(self._map.listed.get(directory, ()))

    def _known(self, names: Iterable[str]) -> bool:
        """Whether modules of one of these names are there already, or were looked for."""
        return any(name in self._map.loaded or name in self._map.attempted for name in names)

    def _wanted(self, path: str) -> bool:
        """Whether another file of the same difference names a module that comes with it."""
        word = _stem(path)
        for change in self._changes:
            if change.path == path or not change.path.endswith(".py") or not change.new_blob:
                continue
            found = outline(self._blob(change.new_blob))
            if found is None or word in wanted(found.module):
                return True
        return False

    def _id(self, path: str) -> str:
        """How ids name a test file: as they name another one of its directory."""
        directory = posixpath.dirname(path)
        for test, file in zip(self._map.tests, self._map.files, strict=True):
            if posixpath.dirname(file) == directory and file:
                return posixpath.join(posixpath.dirname(test.split("::", 1)[0]), posixpath.basename(path))
        raise _EverythingError(f"nothing is known of the tests beside {path}")

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
        if not path.endswith(".py"):
            self.tests.update(self._map.read.get(looking(path), ()))
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
        old, new = (self._blob(blob) if blob else b"" for blob in (change.old_blob, change.new_blob))
        names, before, after = changed(old, new), outline(old), outline(new, old)
        if names is None or before is None or after is None:
            raise _EverythingError(f"{path} cannot be parsed")
        if complaints(new, old):
            raise _EverythingError(f"compiling {path} gives a warning, which settings can make an error")
        self._look_deeply(path)
        if names:
            self._differing.add(path)
        around = self._around(path)
        for unit in sorted(names - {MODULE}):
            self._unit(path, unit, file, (before, after), around)
        if MODULE in names:
            self._module(path, file, before, after, around)
        if path in self._test_files:
            self._reach(path, "")

    def _never_loaded(self, path: str) -> None:
        stem = _stem(path)
        if path in self._test_files or any(name.rpartition(".")[2] == stem for name in self._map.attempted):
            raise _EverythingError(f"{path} was not loaded, but may have been looked for")

    def _look_deeply(self, path: str) -> None:
        """Tests that see line numbers, or the text or the code of functions, of a file they get at."""
        if self._map.deep:
            self.tests |= set(self._map.deep) & self._getting_at(path)

    def _unit(
        self,
        path: str,
        unit: str,
        file: FileReads,
        sides: tuple[Outline | None, Outline],
        around: Around,
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
        before, after = (_body(side, unit) for side in sides)
        if before is not None and after is not None and pauses(before) != pauses(after):
            self._reach(path, "")  # others than its callers can tell a generator from a function
        if after is not None and not loads_nothing(after, around, before):
            raise _EverythingError(f"{unit} of {path} imports what was not loaded before")
        for side, node in zip(sides, (before, after), strict=True):
            if node is None or side is None:
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
        self.tests.update(self._map.executed.get(f"{path}::{MODULE}", ()))
        self._reach(path, "")

    def _some_test_of(self, path: str) -> None:
        """Whether a file can be compiled and loaded at all is seen by any test that gets at it; so one has to
        run, also if none executes what differs."""
        getting = set(self._map.starts.get(path, ())) or self._getting_at(path)
        if getting and not getting & self.tests:
            self.tests.add(min(getting, key=lambda index: (self._map.seconds[index], index)))

    def _whole(self, file: str) -> None:
        """All tests of a file, named as ids name it."""
        self.files.add(file)

    def _reach(self, place: str, why: str) -> None:
        """All tests that get at a file."""
        if place == WORLD:
            raise _EverythingError(why)
        if place not in self._reached:
            self._reached.add(place)
            self.tests |= self._getting_at(place)
            # What is made at import may be what tests are made of: there can be more of them, or others.
            for file in reach.reaching(self._map, place) & self._test_files:
                self._whole(self._named[file])

    def _getting_at(self, path: str) -> set[int]:
        files = reach.reaching(self._map, path)
        return {*self._map.loose, *(index for each in files for index in self._map.starts.get(each, ()))}

    def _of_tests(self, path: str) -> bool:
        directory = posixpath.dirname(path) + "/"
        return any(file.startswith(directory) for file in self._test_files)

    def _around(self, path: str) -> Around:
        return Around(
            path=path,
            loaded=self._map.loaded | self._fresh,
            tops=self._tops,
            unloaded=self._map.unloaded,
            plain=self._map.plain,
        )


def _stem(path: str) -> str:
    """The last word of the name of a module."""
    return posixpath.basename(path.removesuffix("/__init__.py")).removesuffix(".py")


def _body(side: Outline | None, unit: str) -> Function | None:
    return next((each.node for each in side.units if each.name == unit), None) if side is not None else None


def _listed(changes: Sequence[Change]) -> str:
    first = changes[0].path if changes else "nothing"
    return first if len(changes) < 2 else f"{first} and {len(changes) - 1} more"
