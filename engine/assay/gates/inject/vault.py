"""Where everything is that the report rests on: behind an audit hook. Injected: see `boot.py`.

Promises:

- The interpreter hands its audit hooks to nobody. What pytest and the tests are handed (`hooks`, `equal`, the
  marks) keeps nothing and encloses nothing: it raises audit events, and the hook here listens. So there is no
  way from there to what is written, nor to what it is written with, but by searching the heap, which is an
  audit event of its own.
- An event counts only if it was raised by the code that raises it by right, and some of them only if no code
  of the product is among what called that: who calls a hook of ours himself is told of.
- Nothing of the project is called here: no attribute of an object that it may have made is read but by the
  functions in C that Python itself reads it with.
- What changes the code or the defaults of a function of ours is told of before it happens.
"""

from __future__ import annotations

from _thread import get_ident as thread_of
from collections.abc import Callable
from sys import _getframe as frame_of
from sys import addaudithook
from typing import Any

_WALKS = 12
"""After so many, more than one test has run."""
REPORT = "the report"
CALLER = "what calls the hooks of the report"


class Vault:
    """Listens from `lock` on. `codes` are the code objects of all that is injected, `product` tells a file's
    path in the project if it may be the candidate's, `tell(what, path)` hears what is amiss."""

    def __init__(
        self, codes: list[Any], product: Callable[[str], str], tell: Callable[[str, str], None]
    ) -> None:
        self._codes = {id(code): code for code in codes}  # kept, so that their ids stay theirs
        self._raising: dict[str, list[Any]] = {}
        for code in self._codes.values():
            for word in {constant for constant in code.co_consts if type(constant) is str}:
                self._raising.setdefault(word, []).append(code)
        self._product = product
        self._tell = tell
        self._handlers: dict[str, Callable[[Any], None]] = {}
        self._paths: dict[str, str] = {}
        self._below: dict[Any, None] = {}
        """Frames that stay while tests run, since they were there for several: looked at no more."""
        self._walks = 0
        self._started: list[Any] = []
        self._busy = 0
        """The thread that is in here."""
        self.heard("sys._getframe", self._looked)

    def heard(self, event: str, handler: Callable[[Any], None]) -> None:
        """Call `handler(arguments)` at each audit event of this name, whoever raised it: two frames below."""
        self._handlers[event] = handler

    def ours(self, code: Any) -> bool:
        """Whether a code object is of what is injected."""
        return id(code) in self._codes

    def serve(self, event: str, handler: Callable[..., None], *, apart: bool = False) -> None:
        """Call `handler(*arguments)` when code of ours raises `event`. With `apart` it is told of if product
        code called that, however far away."""
        known = self._raising.get(event, ())

        def enter(arguments: Any) -> None:
            frame = frame_of(2)  # hook, then who raised it
            code = frame.f_code
            for ours in known:
                if ours is code:
                    break
            else:
                self._tell(REPORT, self._product(code.co_filename))
                return
            if apart:
                self._chain(frame.f_back)
            busy, self._busy = self._busy, thread_of()
            try:
                handler(*arguments)
            finally:
                self._busy = busy

        self._handlers[event] = enter

    def lock(self) -> None:
        """Install the hook; what was served so far is all that there will be."""
        frame: Any = frame_of(0)
        while frame is not None:
            self._started.append(frame.f_code)
            frame = frame.f_back
        get = dict(self._handlers).get

        def hook(event: str, arguments: Any) -> None:
            handler = get(event)
            if handler is not None:
                handler(arguments)

        addaudithook(hook)

    def _chain(self, frame: Any) -> None:
        """Tell of product code among the callers."""
        below, paths, walked = self._below, self._paths, []
        learning = self._walks < _WALKS
        while frame is not None and (learning or frame not in below):
            code = frame.f_code
            path = paths.get(code.co_filename)
            if path is None:
                path = paths[code.co_filename] = self._product(code.co_filename)
            if path and not self.ours(code) and not any(code is known for known in self._started):
                self._tell(CALLER, path)
                return
            if learning:
                walked.append(frame)
            frame = frame.f_back
        if learning:
            kept = below if self._walks else walked
            self._walks += 1
            self._below = {known: None for known in kept if known in walked}

    def _looked(self, arguments: Any) -> None:
        """While the vault works, nobody else should run, and ask for frames."""
        if self._busy == thread_of():
            code = arguments[0].f_code if arguments else None
            path = "" if code is None else self._product(code.co_filename)
            if path and id(code) not in self._codes:
                self._tell("the frames of the reporter", path)
