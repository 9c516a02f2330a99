"""Tells apart what runs in one test, in fixtures that outlive it, in imports, and outside of all.
Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. Each test begins with the `functools` caches of the
tree's modules empty, and is compared with the state that it found: what lasts of it is known. Where there is
much state, its larger parts are compared after several tests (see `turns.py`). The comparison is left out
where nobody relies on it.
"""

from __future__ import annotations

import linecache
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assay.gates.inject.calls import Calls
from assay.gates.inject.hearing import HEARD, Hearing, Log, Tree
from assay.gates.inject.lazy import undo
from assay.gates.inject.lookups import Lookups
from assay.gates.inject.states import WORLD, Look, caches, differ, of_module, of_value, world
from assay.gates.inject.turns import Turns

_WIDE = ("file:", "import:")

if TYPE_CHECKING:
    Place = tuple[str, Any]
    """A file and the name of a module that came of it; or where a fixture's value lasts, and its id."""


class Tracer:
    """The state of the traced run. `logs` are by name: tests by their ids, `file:` and a file for fixtures
    that its tests share, `import:` and a path for an import, the empty name for all else. `modules` are the
    tree's, by (path, name); `tests` the files with tests; `held` (path, module, class) of instances that
    lasted. `deaf`: not all is heard that looks for files and modules. `looks`: how many objects may be looked
    at after a test to find what it leaves behind; 0: nobody is to know."""

    def __init__(self, tree: Tree, looks: int) -> None:
        self.tree = tree
        self._lasting = looks > 0
        self._turns = Turns(looks)
        self.logs: dict[str, Log] = {}
        self.tests: set[str] = set()
        self.modules: dict[tuple[str, str], types.ModuleType] = {}
        self.held: set[tuple[str, str, str]] = set()
        self.hearing = Hearing(tree)
        self.calls = Calls()
        self.deaf = False
        self._name = ""
        self._stack: list[str] = []
        self._known = -1
        self._state: dict[Place, Look] = {}
        self._world: list[Any] = []
        self._caches: list[Any] = []
        self._elsewhere: dict[int, Any] = {}
        """Code that is not from the tree, by its id: held, so that no other gets the same one."""

    def start(self, *loaders: Any) -> None:
        """Begin to watch, with the imports that these classes of loaders make told apart."""
        for loader in loaders:
            loader.exec_module = self._following(loader.exec_module)
        self._to("")
        self.deaf = not Lookups(self._looked, self._searched).start()
        self.calls.start()
        sys.addaudithook(self._audit)

    def begin(self, test: str, session: Any) -> None:
        """A test begins."""
        self._to("")
        self._safely(self._prepare, session)
        if test in self.logs:
            self.logs[test].say("an id that several tests have")
        self._to(test)

    def end(self, test: str, session: Any, *, last: bool) -> None:
        """A test is over, its teardown too; none follows the `last` one."""
        log = self.logs[test]
        self.calls.to({})
        log.codes = self._ours(log.codes)
        if not self.calls.watching():
            log.say("it changes how calls are watched")
            self.calls.resume()
        if self._lasting:
            self._safely(self._compare_all if last else self._compare, session)
        self._to("")

    def aside(self, name: str) -> None:
        """What follows is not the running test's own: a fixture is made that outlives it, a file imported."""
        self._stack.append(self._name)
        self._to(name)

    def back(self) -> None:
        """It is over."""
        self._to(self._stack.pop())

    def settle(self, session: Any) -> None:
        """A fixture that outlives its test is made: what it changed is its own, and lasts with it."""
        if self._lasting:
            self._safely(self._settle, session)

    def close(self) -> None:
        """No test follows, whether the one before knew that or not."""
        for log in self._turns.everybody():
            log.say("what is left behind was not looked at before the run ended")

    def _ours(self, codes: dict[int, Any]) -> dict[int, Any]:
        """Those of code objects that are from the tree. Of most it was found out for another test."""
        elsewhere = self._elsewhere
        for key in codes.keys() - elsewhere.keys():
            if not self.tree.of_code(codes[key]):
                elsewhere[key] = codes[key]
        return {key: code for key, code in codes.items() if key not in elsewhere}

    def find_modules(self) -> None:
        """Take in the modules of the tree that are loaded by now."""
        if len(sys.modules) == self._known:
            return
        self._known = len(sys.modules)
        for name, module in list(sys.modules.items()):
            path = self._file_of(module)
            if path:
                self.modules[path, name] = module
        self._caches = caches(list(self.modules.values()))

    def _to(self, name: str) -> None:
        self._name = name
        if name not in self.logs:
            self.logs[name] = Log()
        self.hearing.log = self.logs[name]
        self.hearing.name = "" if name.startswith(_WIDE) else name
        self.calls.to(self.logs[name].codes)

    def _audit(self, event: str, args: Any) -> None:
        if event in HEARD and not self.calls.quiet:
            self.calls.hushed(self.hearing.hear, event, args)

    def _looked(self, path: Any, directory: Any) -> None:
        if not self.calls.quiet:
            self.calls.hushed(self.hearing.look, path, directory)

    def _searched(self, module: str) -> None:
        self.hearing.attempted.add(str(module))

    def _safely(self, look: Callable[[Any], None], session: Any) -> None:
        """Look at objects of the project, whatever they do then."""
        try:
            self.calls.quietly(look, session)
        except Exception as error:
            for log in (self.hearing.log, *self._turns.everybody()):
                log.say(f"what is left behind cannot be looked at ({type(error).__name__})")

    def _prepare(self, session: Any) -> None:
        self.find_modules()
        for cache in self._caches:
            cache.cache_clear()
        linecache.clearcache()
        if self._lasting and not self._world:
            self._world = world()
            self._state = self._look(session, frozenset())

    def _settle(self, session: Any) -> None:
        self.find_modules()
        waiting = self._waiting()
        # How the world is in the midst of a test says nothing; what of this lasts is the test's.
        self._take(self._look(session, waiting), waiting)

    def _compare(self, session: Any) -> None:
        self._compare_but(session, self._waiting())

    def _compare_all(self, session: Any) -> None:
        self._compare_but(session, frozenset())

    def _compare_but(self, session: Any, waiting: frozenset[Place]) -> None:
        """Find what the running test has changed, or others before it, but in places that are `waiting`."""
        self.find_modules()
        log, state, now = self.hearing.log, self._look(session, waiting), world()
        for place in self._touched(state):
            path, key = place
            if isinstance(key, str) and path not in self.tests and not self._turns.shared(place):
                made = undo(self._state[place], state[place])
                log.made += [(path, *each) for each in made]
        if log.made:
            state = self._look(session, waiting)
        if differ(self._world, now):
            log.changed.add(WORLD)
        self._take(state, waiting)
        self._world = now

    def _waiting(self) -> frozenset[Place]:
        """The places that do not have their turn yet."""
        return frozenset(place for place in self._state if not self._turns.due(place))

    def _take(self, state: dict[Place, Look], waiting: frozenset[Place]) -> None:
        """Take in a look: whoever may have changed something in a place has done so."""
        log = self.hearing.log
        touched = frozenset(self._touched(state))
        for place in state:
            if place in waiting:
                self._turns.put_off(place, log)
                continue
            answering = self._turns.answering(place)
            if place in touched:
                for each in (*answering, log):
                    each.changed.add(place[0])
        # What is gone before it had its turn may have been changed by anybody.
        for place in self._turns.put_off_places() - state.keys():
            for each in self._turns.answering(place):
                each.changed.add(place[0])
        self._state = state

    def _touched(self, state: dict[Place, Look]) -> list[Place]:
        """The places that are not as they were."""
        both = [place for place in self._state if place in state]
        then = self._state
        return [
            place
            for place in both
            if then[place] is not state[place] and differ(then[place].found, state[place].found)
        ]

    def _look(self, session: Any, waiting: frozenset[Place]) -> dict[Place, Look]:
        """A look at each module, by path and name, and at each lasting value of a fixture, by its id; of
        those that are `waiting`, the one that there was."""
        found: dict[Place, Look] = {}
        for named, module in self.modules.items():
            found[named] = self._look_at(named, of_module, module, waiting)
        for path, value in _fixtures(session):
            place = path, id(value)
            found[place] = self._look_at(place, of_value, value, waiting)
        return found

    def _look_at(
        self, place: Place, how: Callable[[Any], Look], value: Any, waiting: frozenset[Place]
    ) -> Look:
        """The look that there was, if nothing has changed since."""
        before = self._state.get(place)
        if before is not None and place in waiting:
            return before
        if before is not None and before.same():
            self._turns.weigh(place, before.size, same=True)
            return before
        look = how(value)
        self._turns.weigh(place, look.size, same=before is None)
        if isinstance(place[1], str):
            self.held |= {(place[0], *each) for each in look.held}
        return look

    def _file_of(self, module: Any) -> str:
        if not issubclass(type(module), types.ModuleType):
            return ""
        try:
            file = vars(module).get("__file__")
        except TypeError:
            return ""
        return self.tree.inside(file) if isinstance(file, str) and file.endswith(".py") else ""

    def _following(self, execute: Any) -> Any:
        def exec_module(loader: Any, module: Any) -> None:
            path = self.calls.hushed(self._file_of, module)
            if not path:
                execute(loader, module)
                return
            self.aside(f"import:{path}")
            try:
                execute(loader, module)
            finally:
                self.back()

        return exec_module


def _fixtures(session: Any) -> list[tuple[str, Any]]:
    """(place, value) of what fixtures that outlive tests have made."""
    found = []
    manager = getattr(session, "_fixturemanager", None)
    for definitions in list(getattr(manager, "_arg2fixturedefs", {}).values()):
        for definition in definitions:
            scope = str(getattr(definition, "scope", "function"))
            result = getattr(definition, "cached_result", None)
            if scope != "function" and result is not None and result[0] is not None:
                base = str(getattr(definition, "baseid", "") or "").split("::", 1)[0]
                own = scope in ("class", "module") and base.endswith(".py")
                found.append((f"file:{base}" if own else WORLD, result[0]))
    return found
