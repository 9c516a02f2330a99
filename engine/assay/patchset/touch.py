"""What one candidate does to names: which definitions go, come and change, and what its new lines use.

Promises: in proportion to the diff, but for one listing of the base's paths; a use is new exactly when it
stands on a line that the candidate wrote, for all other lines of a merge are the base's or somebody else's.
Files that cannot be parsed on either side have no facts, and are listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.model.candidate import Candidate, Change, Oid
from assay.patchset.edits import Edits, Hunk
from assay.patchset.facts.data import EntryPoint, is_data
from assay.patchset.facts.library import Library, Lines, Span, is_python, newly
from assay.patchset.facts.modules import Modules
from assay.patchset.facts.records import (
    EMPTY,
    IMPORTED,
    NOTHING,
    Definition,
    Fixture,
    Module,
    Named,
    Path,
    Request,
    Use,
    Uses,
)
from assay.patchset.merging.file import MergedFile
from assay.patchset.merging.trees import merged_file
from assay.patchset.together import disputed, merged
from assay.patchset.view import View
from assay.repo.merge import merge_text
from assay.repo.repository import Repository

_REGULAR = 0o100000
_FORMAT = 0o170000
_MOST_LINES = 1 << 40
_MOST_READ = 500
"""So many merged files are read in one run, some hundredths of a second each."""


class FileTouch(NamedTuple):
    """One Python file that a candidate touches: both versions of what it binds, and what its lines use."""

    path: str
    old_path: str
    module: str
    old_module: str
    old: Module
    new: Module
    uses: Uses
    """Of the lines that are new."""
    fresh: tuple[Use, ...]
    """Those uses that are new, not only near something new."""
    gone: Uses
    """Of the lines that are gone."""
    hunks: tuple[Hunk, ...]
    """What it replaces, where both versions are there."""
    old_blob: str


class DataTouch(NamedTuple):
    """One data file: values by dotted key before and after."""

    path: str
    old: Mapping[str, str]
    new: Mapping[str, str]
    old_entries: tuple[EntryPoint, ...]
    new_entries: tuple[EntryPoint, ...]


class Place(NamedTuple):
    """A use, and where it stands: `module` is empty in a file that is none."""

    path: str
    module: str
    use: Use


class Changed(NamedTuple):
    """A definition that differs."""

    old: Definition
    new: Definition


class Touch:
    """One candidate: its files, its view, and by symbol (`module:name`) what it removes, adds and changes."""

    def __init__(
        self, candidate: Candidate, files: tuple[FileTouch, ...], data: tuple[DataTouch, ...], view: View
    ) -> None:
        self.candidate = candidate
        self.files = files
        self.data = data
        self.view = view
        self.by_path = {path: file for file in files for path in (file.old_path, file.path)}
        self.removed: dict[str, Definition] = {}
        self.added: dict[str, Definition] = {}
        self.changed: dict[str, Changed] = {}
        self.unlisted: set[str] = set()
        """Names that `__all__` no longer lists, or a star import no longer brings."""
        self.unread: tuple[str, ...] = ()
        for file in files:
            self._compare(file)

    def _compare(self, file: FileTouch) -> None:
        if file.module != file.old_module:
            self.removed.update(_labelled(file.old_module, file.old.definitions))
            self.added.update(_labelled(file.module, file.new.definitions))
            return
        label = file.module
        for name, old in file.old.definitions.items():
            new = file.new.definitions.get(name)
            if new is None:
                self.removed[f"{label}:{name}"] = old
            elif (old.digest, old.kind, old.open) != (new.digest, new.kind, new.open):
                self.changed[f"{label}:{name}"] = Changed(old, new)
        for name, new in file.new.definitions.items():
            if name not in file.old.definitions:
                self.added[f"{label}:{name}"] = new
        self.unlisted.update(f"{label}:{name}" for name in _starred(file.old) - _starred(file.new))

    @property
    def symbols(self) -> set[str]:
        """Every symbol on which something of another may rest that this candidate touches: also the classes
        of members, and the modules that come and go."""
        found = {*self.removed, *self.changed, *self.unlisted}
        for label in (*self.removed, *self.changed, *self.added):
            if "." in label.partition(":")[2]:
                found.add(label.rpartition(".")[0])
        for file in self.files:
            if file.module != file.old_module:
                found.add(f"{file.old_module}:")
            if set(file.old.stars) - set(file.new.stars):
                found.add(f"{file.module}:")
        return found

    def fresh(self) -> Iterator[Place]:
        """Every new use: of the code, of texts that name something of the code, of entry points."""
        for file in self.files:
            for use in file.fresh:
                yield Place(file.path, file.module, use)
            for text, line, imports in file.uses.dotted:
                if (path := self._spelled(text)) is not None:
                    use = Use(scope="", path=path, line=line, end=line, guarded=not imports)
                    yield Place(file.path, file.module, use)
        for data in self.data:
            for entry in data.new_entries:
                if entry not in data.old_entries and (path := self._spelled(entry.target)) is not None:
                    yield Place(data.path, "", Use(scope="", path=path, line=0, end=0))

    def _spelled(self, text: str) -> Path | None:
        """The path of a text like `pkg.module.Name` or `pkg.module:name`, if the module is the project's."""
        module, _, rest = text.partition(":")
        parts = module.split(".")
        for end in range(len(parts), 0, -1):
            name = ".".join(parts[:end])
            if name in self.view.modules.path_of:
                steps = [*parts[end:], *filter(None, rest.split("."))]
                return (f"{IMPORTED}{name}:{steps[0] if steps else ''}", *steps[1:])
        return None

    def requests(self) -> Iterator[tuple[FileTouch, Request]]:
        """Every new request of a fixture."""
        for file in self.files:
            for request in file.uses.requests:
                yield file, request

    def fixtures_gone(self) -> dict[str, tuple[str, Fixture]]:
        """Fixtures that their file no longer defines, by name, with that file."""
        found = {}
        for file in self.files:
            for name, fixture in file.old.fixtures.items():
                if name not in file.new.fixtures or file.path != file.old_path:
                    found[name] = (file.old_path, fixture)
        return found

    def named(self, *, gone: bool) -> Iterator[tuple[FileTouch, Named]]:
        """Names spoken of on new lines, or on lines that are gone."""
        for file in self.files:
            for one in (file.gone if gone else file.uses).named:
                yield file, one


def _starred(module: Module) -> set[str]:
    """The names that `import *` brings of a module, as far as it binds them itself."""
    if module.exports is not None:
        return set(module.exports)
    return {name for name in module.definitions if "." not in name and not name.startswith("_")}


def _labelled(module: str, definitions: Mapping[str, Definition]) -> dict[str, Definition]:
    return {f"{module}:{name}": definition for name, definition in definitions.items()} if module else {}


class Touches:
    """Makes the touches of candidates on one base."""

    def __init__(self, repo: Repository, tree: str, edits: Edits, library: Library | None = None) -> None:
        self._repo = repo
        self._edits = edits
        self.library = library or Library(repo.blob)
        self.blobs = {e.path: str(e.blob) for e in repo.files(tree) if e.mode & _FORMAT == _REGULAR}
        self.modules = Modules(self.blobs)
        self.base = View(self.library, self.modules, self.blobs, {})
        self._read: dict[tuple[frozenset[str], str], Module | None] = {}

    def of(self, candidate: Candidate) -> Touch:
        """What one candidate does."""
        changed: dict[str, str] = {}
        for change in candidate.changes:
            if change.old_path != change.path:
                changed.setdefault(change.old_path, "")
            regular = change.new_mode & _FORMAT == _REGULAR
            changed[change.path] = change.new_blob if regular else ""
        modules = self._modules(changed)
        view = View(self.library, modules, self.blobs, changed)
        files: list[FileTouch] = []
        data: list[DataTouch] = []
        unread: list[str] = []
        for change in candidate.changes:
            if change.binary or _FORMAT & (change.old_mode | change.new_mode) not in (_REGULAR, 0):
                continue
            if is_python(change.path) and is_python(change.old_path):
                file = self._file(change, modules)
                if file is None:
                    unread.append(change.path)
                else:
                    files.append(file)
            elif is_data(change.path):
                data.append(self._data(change))
        touch = Touch(candidate, tuple(files), tuple(data), view)
        touch.unread = tuple(unread)
        return touch

    def both(self, ours: Touch, theirs: Touch) -> View:
        """The tree with both candidates in it, as far as names go. Where both changed one definition, and
        text does not say what that comes to, ours."""
        changed: dict[str, str] = {}
        for touch in (theirs, ours):
            for change in touch.candidate.changes:
                changed[change.path] = change.new_blob
        for touch in (theirs, ours):
            for change in touch.candidate.changes:
                if change.old_path != change.path:
                    changed[change.old_path] = ""
                if not change.new_blob:
                    changed[change.path] = ""
        told = {}
        for path in ours.by_path.keys() & theirs.by_path.keys():
            mine, other = ours.by_path[path], theirs.by_path[path]
            if changed.get(mine.path) and mine.path == other.path:
                told[mine.path] = self._together(ours, theirs, mine, other)
        return View(self.library, self._modules(changed), self.blobs, changed, told)

    def _together(self, ours: Touch, theirs: Touch, mine: FileTouch, other: FileTouch) -> Module:
        """One file with both edits in it; its text is read only where names alone do not tell."""
        if disputed(mine.old, mine.new, other.new):
            key = frozenset((ours.candidate.id, theirs.candidate.id)), mine.path
            if key not in self._read:
                blobs = mine.old_blob, ours.view.blob(mine.path), theirs.view.blob(mine.path)
                can = len(self._read) < _MOST_READ and all(blobs)
                self._read[key] = self._text(blobs, mine.path) if can else None
            if (found := self._read[key]) is not None:
                return found
        return merged(mine.old, mine.new, other.new)

    def _text(self, blobs: Sequence[str], path: str) -> Module | None:
        """The module that three versions of a file make as text, or else by syntax."""
        text = merge_text(self._repo, *map(self.library.source, blobs))
        if text is None:
            found = merged_file(self._repo, path, *map(Oid, blobs))
            text = found.data if isinstance(found, MergedFile) else None
        return None if text is None else self.library.module_in(text)

    def _modules(self, changed: Mapping[str, str]) -> Modules:
        gone = [path for path, blob in changed.items() if not blob]
        return self.modules.changed(gone, [path for path, blob in changed.items() if blob])

    def _file(self, change: Change, modules: Modules) -> FileTouch | None:
        old = self.library.module(change.old_blob) if change.old_blob else EMPTY
        if change.old_blob == change.new_blob:
            hunks: tuple[Hunk, ...] = ()
        else:
            hunks = (
                self._edits.of(change.old_blob, change.new_blob)
                if change.old_blob and change.new_blob
                else ()
            )
        new = self.library.module(change.new_blob) if change.new_blob else EMPTY
        if old is None or new is None:
            return None
        fresh_lines = written(hunks) if change.old_blob else [Span(1, _MOST_LINES)]
        lost_lines = replaced(hunks) if change.new_blob else [Span(1, _MOST_LINES)]
        uses = self.library.uses(change.new_blob, fresh_lines) if change.new_blob else NOTHING
        before = self.library.keys(change.old_blob) if _partly(uses, fresh_lines) else None
        return FileTouch(
            path=change.path,
            old_path=change.old_path,
            module=modules.name_of(change.path) if change.new_blob else "",
            old_module=self.modules.name_of(change.old_path) if change.old_blob else "",
            old=old,
            new=new,
            uses=uses,
            fresh=tuple(newly(uses.uses, before, fresh_lines)) if before is not None else uses.uses,
            gone=self.library.uses(change.old_blob, lost_lines) if change.old_blob else NOTHING,
            hunks=hunks,
            old_blob=change.old_blob,
        )

    def _data(self, change: Change) -> DataTouch:
        old = self.library.data(change.old_path, change.old_blob)
        new = self.library.data(change.path, change.new_blob)
        return DataTouch(change.path, old.values, new.values, old.entries, new.entries)


def written(hunks: tuple[Hunk, ...]) -> list[Span]:
    """The lines of the new file that an edit wrote."""
    found = []
    shift = 0
    for hunk in hunks:
        count = hunk.text.count(b"\n") + (bool(hunk.text) and not hunk.text.endswith(b"\n"))
        if count:
            found.append(Span(hunk.start + shift, hunk.start + shift + count - 1))
        shift += count - (hunk.end - hunk.start)
    return found


def replaced(hunks: tuple[Hunk, ...]) -> list[Span]:
    """The lines of the old file that an edit took away."""
    return [Span(hunk.start, hunk.end - 1) for hunk in hunks if hunk.end > hunk.start]


def origin(hunks: tuple[Hunk, ...], line: int) -> int:
    """The line of the old file in whose place a line of the new one stands."""
    shift = 0
    for hunk in hunks:
        count = hunk.text.count(b"\n") + (bool(hunk.text) and not hunk.text.endswith(b"\n"))
        if line < hunk.start + shift:
            break
        if line < hunk.start + shift + count:
            return min(line - shift, max(hunk.start, hunk.end - 1))
        shift += count - (hunk.end - hunk.start)
    return line - shift


def _partly(uses: Uses, spans: list[Span]) -> bool:
    """Whether some use only has new lines in its arguments."""
    lines = Lines(spans)
    return any(not lines.meets(use.line, use.line) for use in uses.uses)
