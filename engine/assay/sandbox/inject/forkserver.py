"""A warm interpreter: it imports modules once, then forks a child for every program.

Runs in the target's interpreter, installed as its `sitecustomize`: the standard library alone, Python 3.8 or
later. Promises: a child returns from here into an interpreter that goes on starting, to run the very text
that it was started for: no frame, module, descriptor, handler or thread of ours is left in it. A module
after whose import something is there that forking does not carry over, or that a later import would have
done at another moment, is named to the engine and the server ends, to be started again without it.

What this module imports stays imported in every child, where nobody else did: so it does without typing,
pathlib and annotations that are kept as text.
"""
# ruff: noqa: PTH100, PTH109, PTH115, PTH118, PTH120, PTH123, PTH208

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CONTROL = 9
"""The socket on which the engine asks."""
_PYTHONPATH = "PYTHONPATH"
_OURS = ("forkserver_child", "forkserver_kernel")


def _read(name: str) -> bytes:
    with open(os.path.join(os.path.dirname(__file__), name), "rb") as file:
        return bytes(file.read())


def _undo_hook(path: "str | None") -> None:
    """Make the import path and the environment what they are without us. `path` is the variable's value for
    the program, None if it has none."""
    import posix

    directory = os.path.dirname(__file__)
    sys.path.remove(directory)
    sys.path_importer_cache.pop(directory, None)
    if path is None:
        del os.environ[_PYTHONPATH]
        posix.environ.pop(_PYTHONPATH.encode(), None)
    else:
        os.environ[_PYTHONPATH] = path
        posix.environ[_PYTHONPATH.encode()] = os.fsencode(path)


def _real_one() -> bool:
    """Run the environment's own sitecustomize, if any, in our place. Whether there is one."""
    del sys.modules[__name__]
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name == "sitecustomize":
            return False
        raise RuntimeError("the environment's sitecustomize cannot be imported") from error
    return True


def _entries(sites: "set[str]") -> "Iterator[str]":
    """All that `site` puts on the import path for the directories `sites`, in its order, there or not."""
    for directory in sys.path:
        if directory not in sites:
            continue
        yield directory
        for name in sorted(os.listdir(directory)):
            if not name.endswith(".pth") or name.startswith("."):
                continue
            with open(os.path.join(directory, name), "rb") as file:
                lines = file.read().decode("utf-8", "ignore").lstrip("\ufeff").splitlines()
            for line in lines:
                if "__egginsert" in line:
                    raise RuntimeError(f"{name} moves entries of the import path")
                if line.strip() and not line.startswith(("#", "import ", "import\t")):
                    yield os.path.abspath(os.path.join(directory, line.rstrip()))


def _site_entries() -> "list[str]":
    import site

    sites = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return list(_entries({os.path.abspath(each) for each in sites + site.getsitepackages()}))


def _open_files() -> "set[tuple[str, str]]":
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add((name, os.readlink("/proc/self/fd/" + name)))
        except OSError:
            continue
    return found


def _signals() -> "list[bytes]":
    with open("/proc/self/status", "rb") as file:
        lines = file.read().splitlines()
    return [line for line in lines if line.startswith((b"SigBlk", b"SigIgn", b"SigCgt"))]


def _shared_memory() -> int:
    """How many pieces of memory a fork would not get a copy of."""
    found = 0
    with open("/proc/self/maps", "rb") as file:
        for line in file:
            allowed = line.split(b" ", 2)[1]
            if allowed.endswith(b"s") and (b"w" in allowed or line.endswith(b"(deleted)\n")):
                found += 1
    return found


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _state() -> "dict[str, object]":
    """What an import ought to leave alone, each with the words for an import that does not."""
    import builtins

    mask = os.umask(0o022)
    os.umask(mask)
    return {
        "starts threads": len(os.listdir("/proc/self/task")),
        "starts processes": _has_children(),
        "shares memory": _shared_memory(),
        "changes signal handlers": _signals(),
        "keeps files or sockets open": _open_files(),
        "changes the environment": dict(os.environ),
        "changes the import path": list(sys.path),
        "changes the current directory": (os.getcwd(), mask),
        "changes built-in names": sorted(vars(builtins)),
        "replaces the interpreter's streams or hooks": [
            id(getattr(sys, name))
            for name in ("stdin", "stdout", "stderr", "excepthook", "displayhook", "unraisablehook")
        ],
        "traces": (sys.gettrace(), sys.getprofile()),
        "changes the interpreter's limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
    }


def _import(name: str, warnings: "Any", before: "dict[str, object]") -> "dict[str, object]":
    """Import one module, if it can be: the state after that. Raises ImportWarning for the words that speak
    against it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        try:  # noqa: SIM105 -- contextlib would be one more module
            __import__(name)
        except BaseException:  # noqa: S110 -- whoever needs it will see it fail
            pass
        if said:
            raise ImportWarning(name, "warns when it is imported")
        if warnings.filters != filters:
            raise ImportWarning(name, "changes the filters of warnings")
    after = _state()
    for words, value in before.items():
        if after[words] != value:
            raise ImportWarning(name, words)
    return after


def _preload(names: "list[str]") -> None:
    """Import `names`, with all that they print kept apart."""
    if not names:
        return
    import warnings

    heard, said = os.pipe()
    os.set_blocking(heard, False)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.close(said)
    state = _state()
    for name in names:
        if name in sys.modules:
            continue
        state = _import(name, warnings, state)
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            os.read(heard, 1)
        except BlockingIOError:
            continue
        raise ImportWarning(name, "prints when it is imported")
    os.close(heard)


def _prepared(prelude: str, given: bytes) -> "Any":
    """What the engine's own text comes to; None if there is none."""
    if not prelude:
        return None
    space = {"__name__": "<string>", "given": marshal.loads(given)}  # noqa: S302 -- the engine's own
    exec(compile(prelude, "<string>", "exec"), space)  # noqa: S102
    return space.pop("held")


def _tell(*words: str) -> None:
    os.write(CONTROL, b"\0".join(word.encode("utf-8", "replace") for word in words))


def _settle() -> None:
    """Nothing that is here now is looked at again by the collector, whose looking would copy it."""
    import gc

    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()


def _shadowable() -> "frozenset[str]":
    """Top-level modules that another file would have been taken for, had it been found first."""
    found = {"sitecustomize", "usercustomize"}
    for name, module in list(sys.modules.items()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if "." not in name and origin not in ("built-in", "frozen", None):
            found.add(name)
    return frozenset(found)


def _load(directory: str) -> "Any":
    """Our other modules: only now, so that what they import is there for nobody else."""
    sys.path.insert(0, directory)
    try:
        import forkserver_child  # type: ignore[import-not-found]
    finally:
        sys.path.remove(directory)
        sys.path_importer_cache.pop(directory, None)
    return forkserver_child


def _serve() -> bool:
    """The server's life. Returns in every child: whether the environment has a sitecustomize of its own."""
    setup = marshal.loads(_read("setup"))  # noqa: S302 -- the engine's own
    own = os.environ[_PYTHONPATH]
    _undo_hook(setup["path"])
    real = _real_one()
    if len(os.listdir("/proc/self/task")) > 1 or _shared_memory() or _has_children():
        raise RuntimeError(
            "with every interpreter the environment starts threads or processes, or shares memory"
        )
    setup["entries"] = _site_entries()
    _preload(setup["modules"])
    setup["held"] = _prepared(setup.pop("prelude"), setup.pop("given"))
    setup["kept"] = frozenset(sys.modules)
    setup["names"] = _shadowable()
    try:
        child = _load(os.path.dirname(__file__))
    except ImportError as error:
        raise RuntimeError(f"the interpreter lacks what a fork server needs ({error})") from error
    child.forget_variable(_PYTHONPATH, own, setup["path"])
    _settle()
    _tell("ready")
    child.serve(CONTROL, setup)
    vars(child).clear()
    return real


def _main() -> bool:
    """No exception here is of a class of our own, which would still be there in the children: ImportWarning
    stands for a module that spoils forking, RuntimeError for an environment that does."""
    try:
        return _serve()
    except ImportWarning as error:
        _tell("spoilt", *error.args)
    except RuntimeError as error:
        _tell("cannot", str(error))
    except BaseException as error:
        _tell("cannot", f"{type(error).__name__}: {error}")
    os._exit(0)


if _main():
    globals().clear()
else:
    globals().clear()
    raise ImportError(name="sitecustomize")
