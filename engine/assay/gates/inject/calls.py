"""Which functions are executed, noted where the running test wants them. Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. From Python 3.12 on by `sys.monitoring`, before by
the profiler in C of the standard library in the thread that begins, and by a profile function, which costs
several times as much, in every thread that starts afterwards.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable
from typing import Any

try:
    from _lsprof import Profiler
except ImportError:  # an interpreter may be built without it
    Profiler = None  # type: ignore[assignment,misc]

_TOOL = 4
"""Our number among the tools of `sys.monitoring`; 0, 1, 2 and 5 are taken by convention."""


class Calls:
    """Notes code objects by their ids in one dictionary at a time."""

    def __init__(self) -> None:
        self._box: list[dict[int, Any]] = [{}]
        self._profile: Any = None
        self._profiler: Any = None
        self._monitoring: Any = getattr(sys, "monitoring", None)
        self._quiet = threading.local()

    def start(self) -> None:
        """Begin to watch."""
        if self._monitoring is None:
            self._start_profiling()
        else:
            self._start_monitoring()

    def to(self, codes: dict[int, Any]) -> None:
        """Note what is executed from here on in `codes`."""
        if self._profiled():
            self.hushed(self._switch, codes)
            return
        self._box[0] = codes
        if self._monitoring is not None:
            self._monitoring.restart_events()

    def watching(self) -> bool:
        """Whether nobody has put an end to it."""
        if self._monitoring is None:
            return self._profiled()
        ours = self._monitoring.get_tool(_TOOL) == "assay"
        return bool(ours and self._monitoring.get_events(_TOOL))

    def resume(self) -> None:
        """Watch again, if somebody has put an end to it and it can be undone."""
        if self._monitoring is None:
            self.quietly(threading.setprofile, self._profile)
            self.hushed(self._watch)

    @property
    def quiet(self) -> bool:
        """Whether this thread is doing something of ours."""
        return bool(getattr(self._quiet, "on", False))

    def quietly(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call something of ours without noting it, nor hearing of it."""
        if self._profiled():
            return self.hushed(self._unwatched, call, args)
        box, self._box[0] = self._box[0], {}
        try:
            return self.hushed(call, *args)
        finally:
            self._box[0] = box

    def hushed(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call something of ours without hearing of it: from an audit hook, in which nothing is noted."""
        before, self._quiet.on = self.quiet, True
        try:
            return call(*args)
        finally:
            self._quiet.on = before

    def _profiled(self) -> bool:
        """Whether this thread is the one that is watched by way of `sys.setprofile`, and still is."""
        own = self._profile if self._profiler is None else self._profiler
        return own is not None and sys.getprofile() is own

    def _switch(self, codes: dict[int, Any]) -> None:
        self._rest()
        self._box[0] = codes
        self._watch()

    def _unwatched(self, call: Callable[..., Any], args: Any) -> Any:
        self._rest()
        box, self._box[0] = self._box[0], {}
        try:
            return call(*args)
        finally:
            self._box[0] = box
            self._watch()

    def _watch(self) -> None:
        if self._profiler is None:
            sys.setprofile(self._profile)
        else:
            self._profiler.enable(subcalls=False, builtins=False)

    def _rest(self) -> None:
        """Stop watching this thread, and note what the profiler has seen. It counts a call when it ends, or
        is cut off here: so whatever was called since the last time is among it."""
        if self._profiler is None:
            sys.setprofile(None)
            return
        self._profiler.disable()
        codes = self._box[0]
        for entry in self._profiler.getstats():
            if type(entry.code) is types.CodeType:
                codes[id(entry.code)] = entry.code
        self._profiler.clear()

    def _start_profiling(self) -> None:
        box = self._box

        def profile(frame: Any, event: str, arg: Any) -> None:
            if event == "call":
                code = frame.f_code
                box[0][id(code)] = code

        self._profile = profile
        threading.setprofile(profile)
        if Profiler is not None:
            self._profiler = Profiler()
        self._watch()

    def _start_monitoring(self) -> None:
        box, disable, events = self._box, self._monitoring.DISABLE, self._monitoring.events

        def started(code: Any, offset: int) -> Any:
            box[0][id(code)] = code
            return disable  # until the next test

        def thrown(code: Any, offset: int, error: Any) -> None:
            box[0][id(code)] = code

        self._monitoring.use_tool_id(_TOOL, "assay")
        self._monitoring.register_callback(_TOOL, events.PY_START, started)
        self._monitoring.register_callback(_TOOL, events.PY_RESUME, started)
        self._monitoring.register_callback(_TOOL, events.PY_THROW, thrown)
        self._monitoring.set_events(_TOOL, events.PY_START | events.PY_RESUME | events.PY_THROW)
