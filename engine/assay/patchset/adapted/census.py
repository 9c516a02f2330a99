"""All places of a tree that speak of a name.

Promises: pure but for reading blobs; sources without the name are not parsed. Asked only where two candidates
meet, and answered once for each name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.patchset.facts.records import Definition, Kind, Use
from assay.patchset.touch import Touch
from assay.patchset.view import Symbol, View


class Census:
    """The places of the tree of one candidate."""

    def __init__(self, touch: Touch) -> None:
        self._touch = touch
        self._uses: dict[str, tuple[Use, ...]] = {}
        self._mentioning: dict[tuple[str, ...], tuple[str, ...]] = {}

    @property
    def view(self) -> View:
        """The tree itself."""
        return self._touch.view

    def mentioning(self, *words: str) -> tuple[str, ...]:
        """The Python files whose text has all of these words in it."""
        if words not in self._mentioning:
            library, sought = self.view.library, [word.encode() for word in words]
            blobs = ((path, self.view.blob(path)) for path in sorted({*self.view.modules.path_of.values()}))
            sources = ((path, library.source(blob)) for path, blob in blobs if blob)
            found = (path for path, source in sources if all(word in source for word in sought))
            self._mentioning[words] = tuple(found)
        return self._mentioning[words]

    def old_uses(self, label: str) -> Iterator[tuple[str, str, Use]]:
        """(path, module, use) of a symbol wherever it is used by its name, in what the candidate did not
        write."""
        name = label.partition(":")[2].rpartition(".")[2]
        for path in self.mentioning(name):
            module = self.view.modules.name_of(path)
            for use in self._of(path):
                if use.path[-1].rpartition(":")[2] == name and not self._is_fresh(path, use):
                    target = self.view.resolve(module, use.path, set())
                    if isinstance(target, Symbol) and target.label == label:
                        yield path, module, use

    def definitions(self, kind: Kind, *words: str) -> Iterator[tuple[str, Symbol]]:
        """(path, definition) of a kind in the sources that have these words; those of tests aside, whose
        stand-ins are nobody's to adapt."""
        for path in self.mentioning(*words):
            module = self.view.at(path)
            if module is not None and "test" not in path:
                for definition in module.definitions.values():
                    if definition.kind is kind:
                        yield path, Symbol(self.view.modules.name_of(path), definition.name, definition)

    def tree(self, path: str) -> ast.Module | None:
        """The syntax of a file."""
        blob = self.view.blob(path)
        return self.view.library.tree(blob) if blob else None

    def _of(self, path: str) -> tuple[Use, ...]:
        if path not in self._uses:
            self._uses[path] = self.view.library.every(self.view.blob(path)).uses
        return self._uses[path]

    def _is_fresh(self, path: str, use: Use) -> bool:
        """Whether the candidate wrote a use, or all of the function that it is in: which of two lines that
        look alike is the new one is a guess of the diff."""
        file = self._touch.by_path.get(path)
        if file is None:
            return False
        return use in file.fresh or (use.scope in file.new.locals and use.scope not in file.old.locals)


def methods(view: View, cls: Symbol) -> dict[str, Definition]:
    """The methods that a class has of itself, by bare name; those of every object aside."""
    module = view.module(cls.module)
    prefix = f"{cls.name}."
    return {
        name[len(prefix) :]: definition
        for name, definition in (module.definitions if module is not None else {}).items()
        if definition.kind is Kind.FUNCTION
        and name.startswith(prefix)
        and "." not in name[len(prefix) :]
        and not name[len(prefix) :].startswith("__")
    }
