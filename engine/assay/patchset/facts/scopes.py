"""Where a piece of source stands: in which definition, beside which names, and what is looked out for there.

Promises: pure; a scope does not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.patchset.facts.records import Path


class Scope:
    """Where a piece of source stands."""

    __slots__ = ("catches", "cls", "guarded", "names", "qualified")

    def __init__(
        self,
        qualified: str = "",
        names: Mapping[str, Path] | None = None,
        cls: str = "",
        guarded: bool = False,
        catches: tuple[str, ...] = (),
    ) -> None:
        self.qualified = qualified
        self.names: Mapping[str, Path] = names if names is not None else {}
        self.cls = cls
        self.guarded = guarded
        self.catches = catches

    def within(self, names: Mapping[str, Path]) -> Scope:
        """The same with more names of its own."""
        return Scope(self.qualified, {**self.names, **names}, self.cls, self.guarded, self.catches)

    def guard(self, guarded: bool, catches: Iterable[str] = ()) -> Scope:
        """The same where something is looked out for, or these exceptions are caught."""
        every = (*self.catches, *catches)
        return Scope(self.qualified, self.names, self.cls, self.guarded or guarded, every)
