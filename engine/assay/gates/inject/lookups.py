"""Which paths and modules are looked for, whether they are there or not. Injected: see `traced.py`.

Looking whether something exists raises no audit event, nor does an import that `importlib` makes: so what
Python code calls for that is replaced by functions that tell, and then do the same. Promises: Python 3.8 and
later, the standard library only; results and errors are the original's. Whether all of it is heard is tried
before it is relied on.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pathlib
from collections.abc import Callable
from typing import Any

_LOOKS = ("stat", "lstat", "access")
_ABOUT = ("supports_dir_fd", "supports_fd", "supports_follow_symlinks", "supports_effective_ids")
_NOWHERE = "/assay/nowhere"


class Lookups:
    """Tells `path` of each path that is looked at (and the directory that it is relative to, if one is
    open), `module` of each name of a module that is searched for."""

    def __init__(self, path: Callable[[Any, Any], object], module: Callable[[str], object]) -> None:
        self._path = path
        self._module = module
        self._heard = 0

    def start(self) -> bool:
        """Begin to listen; whether nothing escapes."""
        for name in _LOOKS:
            self._replace(name)
        return self._search() and self._all_heard()

    def _replace(self, name: str) -> None:
        real = getattr(os, name)

        def look(path: Any, *args: Any, **kwargs: Any) -> Any:
            self._heard += 1
            self._path(path, kwargs.get("dir_fd"))
            return real(path, *args, **kwargs)

        look.__name__ = look.__qualname__ = name
        look.__doc__ = real.__doc__
        for about in _ABOUT:
            known = getattr(os, about)
            if real in known:
                known.add(look)
        setattr(os, name, look)
        accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.10 and before keep their own
        if name in vars(accessor or object):
            setattr(accessor, name, staticmethod(look))

    def _search(self) -> bool:
        util = importlib.import_module("importlib.util")
        bootstrap: Any = getattr(importlib, "_bootstrap", None)
        real: Callable[..., Any] | None = getattr(bootstrap, "_find_spec", None)
        if real is None or not hasattr(util, "_find_spec"):
            return False
        search = real

        def find_spec(name: str, *args: Any) -> Any:
            self._heard += 1
            self._module(name)
            return search(name, *args)

        bootstrap._find_spec = find_spec
        setattr(util, "_find_spec", find_spec)  # noqa: B010 -- no name that its stubs know
        return True

    def _all_heard(self) -> bool:
        """Whether each way to look is heard of."""
        nowhere = pathlib.Path(_NOWHERE)
        paths: list[Callable[[], Any]] = [nowhere.exists, nowhere.is_file, nowhere.is_dir, nowhere.is_symlink]
        names = ("exists", "lexists", "isfile", "isdir", "islink")
        paths += [functools.partial(getattr(os.path, name), _NOWHERE) for name in names]
        modules: list[Callable[[], Any]] = [
            lambda: importlib.import_module("assay_nowhere"),
            lambda: __import__("assay_nowhere"),
            lambda: importlib.import_module("importlib.util").find_spec("assay_nowhere"),
        ]
        for ask in (*paths, *modules):
            before = self._heard
            with contextlib.suppress(ImportError):
                ask()
            if self._heard == before:
                return False
        return True
