"""What several candidates want to know of ruff, in as few runs of it as their changes allow.

Promises: pure. Questions share a run only if none of them could tell: no two of them give a file different
contents, none looks at a file that another changed and it did not, and no question whose rules look at the
tree around a file shares one with a question that adds, removes or renames something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from assay.model.candidate import Record
from assay.repo.trees import TreeWrite

_CHUNK_BYTES = 48 * 1024
"""Of paths on one command line: far below what any kernel allows."""

Options = tuple[str, ...]


class Question(Record, frozen=True, kw_only=True):
    """One tree, as its difference to the base's, and the files asked about, by the options for ruff.

    `unknown` are those of them of which is not known whether ruff looks at them at all. `alters` says that
    the tree has other names, or other modes, than the base's; `looks_around` that answers may depend on that.
    """

    writes: tuple[TreeWrite, ...]
    deletions: tuple[str, ...]
    asked: dict[Options, tuple[str, ...]]
    unknown: frozenset[str] = frozenset()
    alters: bool
    looks_around: bool

    def about(self, paths: Collection[str], unknown: frozenset[str]) -> Question:
        """The same question about some of its files only."""
        asked = {options: tuple(p for p in listed if p in paths) for options, listed in self.asked.items()}
        return msgspec.structs.replace(
            self, asked={options: some for options, some in asked.items() if some}, unknown=unknown
        )

    @property
    def paths(self) -> frozenset[str]:
        """All files asked about."""
        return frozenset(path for paths in self.asked.values() for path in paths)


class Call(Record, frozen=True, kw_only=True):
    """One run of ruff: `listing` asks which files it looks at, else it is asked what is wrong with them."""

    options: Options
    paths: tuple[str, ...]
    listing: bool


class Group:
    """Questions that share their runs."""

    def __init__(self) -> None:
        self.members: list[int] = []
        self.writes: dict[str, TreeWrite] = {}
        self.deletions: tuple[str, ...] = ()
        self._asked: set[str] = set()
        self._unknown: set[str] = set()
        self._by_options: dict[Options, set[str]] = {}
        self._alters = False
        self._looks_around = False

    def takes(self, question: Question) -> bool:
        """Whether this question may join."""
        if not self.members:
            return True
        if self.deletions or question.deletions:
            return False
        if (question.alters and self._looks_around) or (self._alters and question.looks_around):
            return False
        own = {write.path for write in question.writes}
        return all(self._agrees(write) for write in question.writes) and not any(
            path in self.writes and path not in own for path in question.paths
        )

    def add(self, number: int, question: Question) -> None:
        """Let it join."""
        self.members.append(number)
        self.deletions += question.deletions
        self.writes.update((write.path, write) for write in question.writes)
        for options, paths in question.asked.items():
            self._by_options.setdefault(options, set()).update(paths)
        self._asked |= question.paths
        self._unknown |= question.unknown
        self._alters = self._alters or question.alters
        self._looks_around = self._looks_around or question.looks_around

    def calls(self) -> Iterator[Call]:
        """The runs that answer everybody."""
        for options, paths in sorted(self._by_options.items()):
            for listing in (False, True):
                wanted = paths & self._unknown if listing else paths
                for chunk in chunks(sorted(wanted)):
                    yield Call(options=options, paths=tuple(chunk), listing=listing)

    def _agrees(self, write: TreeWrite) -> bool:
        there = self.writes.get(write.path)
        return write == there if there is not None else write.path not in self._asked


def grouped(questions: Sequence[Question]) -> list[Group]:
    """Each question in the first group that takes it."""
    groups: list[Group] = []
    for number, question in enumerate(questions):
        group = next((each for each in groups if each.takes(question)), None)
        if group is None:
            groups.append(group := Group())
        group.add(number, question)
    return groups


def chunks(paths: Sequence[str]) -> Iterator[list[str]]:
    """Paths in portions that a command line can hold."""
    chunk: list[str] = []
    size = 0
    for path in paths:
        if chunk and size + len(path) > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += len(path) + 1
    if chunk:
        yield chunk
