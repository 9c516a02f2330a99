"""Fork servers of one sandbox: one for each environment, started when a program first asks for it.

Promises: a server is used only after the trial that jails are tried with went well in one of its children;
where anything is in the way `Cold` says what, and nothing of the program has run. All servers end with the
sandbox, and die with the engine. Safe for several threads; blocks while a server starts.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.model.candidate import Record
from assay.sandbox.backend import Cold, Pipes, Standing, environment
from assay.sandbox.forkserver_link import Fork, Gone, NoChild, Roll, Server
from assay.sandbox.forkserver_start import ask, start, try_out
from assay.sandbox.spec import JailCommand, Warmth
from assay.sandbox.supervise import LOG
from assay.sandbox.view import home_for, within

if TYPE_CHECKING:
    from assay.sandbox.namespaces import Jail, NamespaceBackend

_MODULES_LEFT_OUT = 20
"""So many may have to be, one after another."""
_DEATHS = 3
"""After so many a server is not started again."""
_AT_ONCE = 6
"""Servers that are kept, since each has all its modules in memory."""


class Key(Record, frozen=True, kw_only=True):
    """What all children of one server have in common."""

    command: tuple[str, ...]
    root: str
    variables: tuple[tuple[str, str], ...]
    binds: tuple[tuple[str, str, bool, bool], ...]
    modules: tuple[str, ...]
    prelude: str
    given: bytes


@dataclass(slots=True, eq=False)
class _Slot:
    """The server of one key, if there is one; `why` there will be none."""

    mutex: threading.Lock = field(default_factory=threading.Lock)
    server: Server | None = None
    why: str = ""
    deaths: int = 0


class ForkServers:
    """All servers of one backend."""

    def __init__(self, backend: NamespaceBackend) -> None:
        self._backend = backend
        self._mutex = threading.Lock()
        self._slots: dict[Key, _Slot] = {}
        self._roll = Roll()
        self._seconds = 0.0

    def standing(self) -> Standing:
        """All servers that were ever started."""
        return Standing(count=self._roll.count, seconds=self._seconds, cpu_seconds=self._roll.cpu_seconds())

    def fork(self, jail: Jail, pipes: Pipes) -> Fork:
        """A child that is about to become the program of `jail`. Raises Cold."""
        if why := _unfit(jail.command):
            raise Cold(why)
        key = _key(jail.command)
        with self._mutex:
            slot = self._slots.pop(key, None) or _Slot()
            self._slots[key] = slot  # the last one is the one used last
        with slot.mutex:
            server = slot.server or self._start(slot, key, jail)
        try:
            return ask(self._backend, server, jail, pipes)
        except NoChild as error:
            raise Cold(_said(pipes) or str(error)) from error
        except Gone as error:
            with slot.mutex:
                if slot.server is server:
                    self._bury(slot, str(error))
            raise Cold(str(error)) from error

    def close(self) -> None:
        """End all of them. Nothing may be asked of them any more."""
        for slot in self._slots.values():
            if slot.server is not None:
                slot.server.close()
                slot.server = None

    def _start(self, slot: _Slot, key: Key, jail: Jail) -> Server:
        """A new server; the slot's mutex is held."""
        if slot.why:
            raise Cold(slot.why)
        self._make_room(slot)
        began = time.monotonic()
        try:
            return self._tried(slot, key, jail)
        finally:
            with self._mutex:
                self._seconds += time.monotonic() - began

    def _tried(self, slot: _Slot, key: Key, jail: Jail) -> Server:
        try:
            server = self._without_spoilt(key, jail)
        except Gone as error:
            slot.why = str(error)
            raise Cold(slot.why) from error
        try:
            why = try_out(self._backend, server, jail)
        except BaseException:
            server.close()
            raise
        if why:
            server.close()
            # It may have been killed from outside: one failure must not make all later runs start cold.
            self._bury(slot, why := f"a trial in a warm interpreter failed: {why}")
            raise Cold(why)
        slot.server = server
        return server

    def _without_spoilt(self, key: Key, jail: Jail) -> Server:
        """A server with those modules that can be imported ahead of time. Raises Gone."""
        left_out: dict[str, str] = {}
        for _ in range(_MODULES_LEFT_OUT):
            modules = tuple(name for name in key.modules if name not in left_out)
            server, words = start(self._backend, jail, modules, self._roll)
            if words[0] == "ready":
                server.left_out = tuple(left_out.items())
                return server
            server.close()
            if words[0] != "spoilt" or len(words) != 3 or words[1] not in modules:
                raise Gone(f"no warm interpreter started: {' '.join(words[1:])}")
            left_out[words[1]] = words[2]
        raise Gone("too many modules cannot be imported ahead of time")

    def _bury(self, slot: _Slot, why: str) -> None:
        """Give up a server, and after several of them the hope for another."""
        if slot.server is not None:
            slot.server.close()
            slot.server = None
        slot.deaths += 1
        if slot.deaths >= _DEATHS:
            slot.why = why

    def _make_room(self, own: _Slot) -> None:
        """End idle servers that have not been used for longest. Raises Cold where all are in use."""
        with self._mutex:
            there = [slot for slot in self._slots.values() if slot.server is not None and slot is not own]
        excess = len(there) - _AT_ONCE + 1
        for slot in there:
            if excess <= 0:
                return
            if not slot.mutex.acquire(blocking=False):
                continue
            try:
                if slot.server is not None and not slot.server.running:
                    slot.server.close()
                    slot.server = None
                    excess -= 1
            finally:
                slot.mutex.release()
        if excess > 0:
            raise Cold("there are too many warm interpreters already, and all are in use")


def _key(command: JailCommand) -> Key:
    warm = command.warm or Warmth()
    return Key(
        command=command.argv[:3],
        root=str(command.root),
        variables=tuple(sorted(environment(command, home_for(str(command.root))).items())),
        binds=tuple(
            (str(bind.source), str(bind.target or bind.source), bind.writable, bind.link)
            for bind in command.binds
        ),
        modules=warm.modules,
        prelude=warm.prelude,
        given=warm.given,
    )


def _unfit(command: JailCommand) -> str:
    """Why this command could not be a child of any server; empty if it could."""
    if command.stack is None:
        return "a program without a tree starts cold"
    if len(command.argv) < 3 or command.argv[1] != "-c" or not command.argv[0].startswith("/"):
        return "only `python -c` starts warm"
    if within(str(command.root), "/dev"):
        return "the tree is where a warm interpreter has its own"
    path = command.variables.get("PYTHONPATH")
    if path is not None and not all(entry.startswith("/") for entry in path.split(os.pathsep)):
        return "PYTHONPATH has entries that depend on the current directory"
    return ""


def _said(pipes: Pipes) -> str:
    return os.pread(pipes.ours[LOG], 2000, 0).decode("utf-8", "replace").strip()
