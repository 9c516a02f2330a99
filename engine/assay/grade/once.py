"""Do something once, however many tasks ask at the same time.

Promises: `make` runs in the task that asks first; the others wait for its value or its error. When that
task is cancelled, the next waiter starts over, so that one lost candidate cannot starve its siblings.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import anyio

from assay.grade.attribution import on_behalf, on_whose_behalf

T = TypeVar("T")


class _Slot:
    """One key's state: pending until `done` is set; then a value or an error, or neither if abandoned."""

    __slots__ = ("done", "error", "has_value", "value")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.has_value = False
        self.value: Any = None
        self.error: Exception | None = None


class OnceMap:
    """Values by key, each made at most once at a time and kept for the life of the map."""

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`; errors of `make` reach every task that asked for it, and stay."""
        while True:
            slot = self._slots.get(key)
            if slot is None:
                return await self._make(key, make)
            await slot.done.wait()
            if slot.error is not None:
                raise slot.error
            if slot.has_value:
                return cast(T, slot.value)

    def forget(self, key: str) -> None:
        """Make `key` anew the next time it is asked for. A value still in the making is not disturbed."""
        slot = self._slots.get(key)
        if slot is not None and slot.done.is_set():
            del self._slots[key]

    async def _make(self, key: str, make: Callable[[], Awaitable[T]]) -> T:
        slot = self._slots[key] = _Slot()
        try:
            with on_behalf(gate=on_whose_behalf().gate):
                slot.value = await make()
            slot.has_value = True
        except Exception as error:
            slot.error = error
            raise
        except BaseException:
            del self._slots[key]
            raise
        finally:
            slot.done.set()
        return cast(T, slot.value)
