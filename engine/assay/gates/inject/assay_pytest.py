"""Runs the project's pytest and reports each test on a private pipe. Injected: see `boot.py`.

Promises:

- pytest runs as it does under `python -m pytest` (`sys.path[0]` is the current directory, `sys.argv[0]` is
  pytest's own).
- The plugin has no name, and nothing of it holds or encloses anything: what it tells is heard in the vault.
- Workers of pytest-xdist do not have this plugin (it is registered as an object, which the controller does
  not pass on): each test is reported once, by the controller, and without evidence of its body.
- No setting of the project, no order of its tests and no outcome of them is changed, besides what is asked
  for.

Records, by `k`: hello, no-pytest, altered, file, loaded, session, collect, collected, learned, canary,
start, phase, equal, finish, internal, watched, ran, end, exit. `assay.gates.testing.records` says what is in
them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from assay.gates.inject.canary import Canaries
from assay.gates.inject.channel import open_channel
from assay.gates.inject.compiling import Ahead
from assay.gates.inject.deciders import Deciders
from assay.gates.inject.equal import compared, paired
from assay.gates.inject.hooks import exec_plain, exec_rewritten, plugin_of
from assay.gates.inject.learning import learned
from assay.gates.inject.leaving import leaver
from assay.gates.inject.marks import Trail
from assay.gates.inject.ran import Passed
from assay.gates.inject.reporter import Seen, comparing, evidence, session, settings
from assay.gates.inject.sources import Sources, Tree
from assay.gates.inject.texts import TEXT_LIMIT, text
from assay.gates.inject.vault import Vault
from assay.gates.inject.watch import Standing, Watch, shadows


def prepare(
    words: list[str],
    callers: list[Any],
    standing: Any,
    options: dict[str, Any],
    *more: Callable[[Any], object],
) -> list[Any]:
    """What runs pytest over `sys.argv[1:]` and leaves with its exit status, for `boot.run`.

    `words`: what keys the report; a token, which is told when pytest returned, and not before; and what
    places the canaries (empty: there are none). `callers` are the code objects of what is injected,
    `standing` is what a warm interpreter saw of what is watched, or None.
    `options`: `select` (ids and files, or None for all) restricts the run to those tests, and with `narrow`
    its collection; `manifest` maps
    trusted files to their git blobs; `serial` turns workers off; `ahead` are the arguments of `Ahead`; with
    `learn` it tells what spares later runs their start; for `brisk` see `leaving`. `more` make further
    plugins, each handed the module pytest.
    """
    secret, token, seed = words
    words.clear()
    send = open_channel(int(os.environ.pop("ASSAY_REPORT_FD")), secret)
    tree = Tree(str(Path.cwd()), options["manifest"])

    def altered(what: str, path: str) -> None:
        send("altered", what=text(what), path=text(path), trusted=path in tree.manifest)

    send("hello", cwd=text(Path.cwd()), python=sys.version.split()[0])
    shadows(tree, altered)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, str(Path.cwd()))
    try:
        import pytest
        from _pytest.assertion import rewrite
    except BaseException as error:  # whatever keeps pytest from loading, the reader is told
        send("no-pytest", message=text(f"{type(error).__name__}: {error}", TEXT_LIMIT))
        sys.exit(1)
    sys.argv[0] = str(Path(pytest.__file__).resolve().parent / "__main__.py")

    def file(path: str, state: str) -> None:
        send("file", path=text(path), state=state)

    seen = Seen(Trail())
    ahead = Ahead(*options["ahead"])
    passed = Passed(tree.root, options["watch"], send)
    sources = Sources(tree, file, seen.trail, (compared, paired), ahead, passed)
    vault = Vault(callers, tree.product, altered)
    watches: list[Watch] = []  # made last, when nothing of pytest is changed any more by what is ours

    def loaded(name: str, space: dict[str, Any]) -> None:
        watches[0].add(name, space)

    sources.serve(vault, rewrite, loaded)
    rewrite.AssertionRewritingHook.exec_module = exec_rewritten  # type: ignore[method-assign]
    SourceFileLoader.exec_module = exec_plain  # type: ignore[method-assign]
    learn = functools.partial(learned, tree, sources) if options["learn"] else None
    watch = Watch(tree, altered, sources.replacing, standing or Standing())
    watches.append(watch)
    shadows(tree, altered)
    settings(vault, str(getattr(pytest, "__version__", "")), send, sources, options)
    session(vault, pytest, send, sources, watch, seen, Canaries(seed) if seed else None, learn, passed)
    passed.listen(vault)
    evidence(vault, sources, watch, seen)
    comparing(vault, send, Deciders(tree.product), watch, seen)
    watch.listen(vault)
    plugins = [plugin_of(pytest, options["narrow"]), *(make(pytest) for make in more)]
    watch.guard(*plugins)
    vault.lock()

    # No function of our own: the frames below a test would hand it to whoever looks.
    return [
        leaver(send, token, options["brisk"]),
        functools.partial(pytest.main, sys.argv[1:], plugins=plugins),
    ]
