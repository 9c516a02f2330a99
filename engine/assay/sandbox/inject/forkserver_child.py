"""What becomes of a fork of a warm interpreter: a jail's three processes.

Runs in the target's interpreter: the standard library alone, Python 3.8 or later. The outer one enters the
control groups, leaves all namespaces and, out of the program's reach, tells the engine how the first process
ended. The first process mounts, says on the status pipe that the jail stands and how the program ended, as
that of a cold jail does. The program is the only one that returns from `serve`.

Promises: before the program is let go it has no capability, no way to get one, no descriptor but its own,
its limits and the filter of system calls; the first process has no signal handler, cannot be looked into,
and holds nothing but the status pipe. What fails before that is said in the jail's log, and the engine
starts the program cold.
"""
# Without pathlib, to be done with few modules.
# ruff: noqa: PTH103, PTH109, PTH110, PTH118, PTH120, PTH123, PTH208, PTH211

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import io
import marshal
import os
import posix
import sys
from typing import Any, NoReturn

import forkserver_kernel as kernel  # type: ignore[import-not-found]

_MOST_FILES = 64
"""Descriptors that come with one request, at most."""
_FREE = 16
"""Numbers below this are the program's: whatever comes with a request is above."""
_PLAN, _EXIT, _LOG, _STATUS, _GO, _INPUT = range(6)
_SILENT = (_signal.SIGINT, _signal.SIGPIPE)
"""Ends of which a cold jail's first process, a shell, says nothing; nor that they were by a signal."""
_REFUSED = 125


def forget_variable(name: str, seen: str, value: str | None) -> None:
    """Let the environment that this process was started with show `value` again where it has `seen`."""
    old = os.fsencode(name + "=" + seen)
    kernel.rewrite_environment(old, b"" if value is None else os.fsencode(name + "=" + value))


def serve(control: int, setup: dict[str, Any]) -> None:
    """Fork a child for each request. Returns in the children only; ends with the engine."""
    channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, control)
    while True:
        word, descriptors = _receive(channel)
        if not word:
            os._exit(0)
        try:
            child = os.fork()
        except OSError:
            child = -1  # the engine sees that nobody has the descriptors any more
        if not child:
            channel.detach()
            _outer(descriptors, setup)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()


def _receive(channel: _socket.socket) -> tuple[bytes, list[int]]:
    size = _socket.CMSG_SPACE(4 * _MOST_FILES)
    word, extra, _, _ = channel.recvmsg(16, size, _socket.MSG_CMSG_CLOEXEC)
    found = b"".join(data for _, _, data in extra)
    numbers = [int.from_bytes(found[at : at + 4], sys.byteorder) for at in range(0, len(found) - 3, 4)]
    return word, [_raised(number) for number in numbers]


def _raised(descriptor: int) -> int:
    passed = []
    while descriptor < _FREE:
        passed.append(descriptor)
        descriptor = os.dup(descriptor)
    for each in passed:
        os.close(each)
    return descriptor


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _outer(descriptors: list[int], setup: dict[str, Any]) -> None:
    """The process outside. Returns in the program only."""
    log = descriptors[_LOG]
    try:
        os.lseek(descriptors[_PLAN], 0, os.SEEK_SET)
        with open(descriptors[_PLAN], "rb", closefd=False) as file:
            plan = marshal.load(file)  # noqa: S302 -- the engine's own
        for entrance in descriptors[len(descriptors) - plan["entrances"] :]:
            os.write(entrance, b"0")
        _leave()
        os.write(descriptors[_EXIT], b"outer")
        # Now, since the first process shares these mounts, and its /proc does not show this one.
        there = _open_descriptors()
        first = os.fork()
    except BaseException as error:
        _fail(log, error)
    if not first:
        _first(descriptors, plan, setup)
        return
    try:
        _close(there, descriptors[_EXIT], log)
        kernel.drop_capabilities()
        _, status, usage = os.wait4(first, 0)
        micros = int(1e6 * (usage.ru_utime + usage.ru_stime))
        os.write(descriptors[_EXIT], b"%d %d" % (_code(status), micros))
        os._exit(0)
    except BaseException as error:
        _fail(log, error)


def _leave() -> None:
    """Leave all namespaces, and be the same user in the new one."""
    user, group = os.getuid(), os.getgid()
    kernel.unshare(kernel.NEW_NAMESPACES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def _first(descriptors: list[int], plan: dict[str, Any], setup: dict[str, Any]) -> None:
    """The first process of the jail. Returns in the program only."""
    log, status = descriptors[_LOG], descriptors[_STATUS]
    try:
        kernel.prctl(kernel.DIE_WITH_PARENT, _signal.SIGKILL)
        os.write(descriptors[_EXIT], b"first")
        os.setsid()
        os.umask(0o022)
        for step in plan["mounts"]:
            _mount(*step)
        kernel.raise_loopback()
        kernel.drop_capabilities()
        if setup["filter"]:
            kernel.deny(setup["filter"])
        heard, said = os.pipe()
        program = os.fork()
    except BaseException as error:
        _fail(log, error)
    if not program:
        os.close(heard)
        _become(descriptors, plan, setup, said)
        return
    try:
        os.close(said)
        why = os.read(heard, 4096)
        if why != b"ready":
            os.write(log, why or b"the program ended before it was let go")
            os._exit(_REFUSED)
        _close(_open_descriptors(), status)
        # Handlers of its own would be a way to interrupt it; without any, nothing from inside reaches it.
        for number in range(1, _signal.NSIG):
            if _signal.getsignal(number) not in (_signal.SIG_DFL, None):
                _signal.signal(number, _signal.SIG_DFL)
        kernel.prctl(kernel.DUMPABLE, 0)
        os.write(status, b"S\n")
        code = _wait_for(program, status)
        os.write(status, b"X%d\n" % code)
        os._exit(code)
    except BaseException:
        os._exit(_REFUSED)


def _wait_for(program: int, status: int) -> int:
    """The program's exit status, as a shell would give it. Reaps whatever loses its parent."""
    while True:
        pid, ending = os.wait()
        if pid == program:
            break
    if os.WIFSIGNALED(ending) and os.WTERMSIG(ending) not in _SILENT:
        os.write(status, b"by a signal\n")
    return _code(ending)


def _code(ending: int) -> int:
    return 128 + os.WTERMSIG(ending) if os.WIFSIGNALED(ending) else os.WEXITSTATUS(ending)


def _mount(kind: str, source: str, target: str, flags: int, options: str, needed: bool) -> None:
    """One step of the plan. Points that are not there yet are made; the engine has seen to it that nothing of
    a candidate leads elsewhere."""
    if kind == "symlink":
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        os.symlink(source, target)
        return
    if kind == "file":
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        if not os.path.lexists(target):
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    else:
        os.makedirs(target, 0o755, exist_ok=True)
    if kind in ("file", "directory"):
        kernel.mount(source, target, "", kernel.BIND | kernel.RECURSIVE)
        if flags & kernel.READ_ONLY:
            kernel.protect(target)
        return
    try:
        kernel.mount("none", target, kind, flags, options)
    except OSError:
        if needed:
            raise


def _become(descriptors: list[int], plan: dict[str, Any], setup: dict[str, Any], said: int) -> None:
    """The program: everything but its text. Returns when it is let go."""
    go = descriptors[_GO]
    try:
        for number, value, own in plan["limits"]:
            kernel.limit(number, value, own)
        wanted = descriptors[_INPUT : _INPUT + (4 if plan["report"] else 3)]
        for number, descriptor in enumerate(wanted):
            os.dup2(descriptor, number)
        lost = _enter(plan["cwd"])
        if not plan["exec"]:
            _dress(plan, setup)
        os.write(said, b"ready")
        _close(_open_descriptors(), *range(len(wanted)), go)
        if not os.read(go, 1):
            os._exit(_REFUSED)
        os.close(go)
    except BaseException as error:
        _fail(said, error)
    if lost:
        os.write(2, lost)
        os._exit(126)
    if plan["exec"]:
        os.execv(plan["exec"][0], plan["exec"])  # noqa: S606
    _forget(setup)


def _enter(cwd: str) -> bytes:
    """Go to where the program starts; what to say of a place that is not there."""
    try:
        os.chdir(cwd)
    except OSError as error:
        return b"cannot change to %s: %s\n" % (os.fsencode(cwd), str(error.strerror).encode())
    return b""


def _dress(plan: dict[str, Any], setup: dict[str, Any]) -> None:
    """Give the interpreter what it would have found out when it started in this tree."""
    sys.argv[:] = ["-c", *plan["arguments"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [*setup["command"], *plan["arguments"]]
    _name_place(plan["cwd"])
    _complete_path(setup["entries"])
    if plan["tree"]:
        _refuse_shadows(plan["tree"], setup)
    for place, finder in list(sys.path_importer_cache.items()):
        if finder is None or _in_tree(place, plan["tree"], setup["shown"]):
            del sys.path_importer_cache[place]
    _renew_input()
    _renew_modules()


def _name_place(cwd: str) -> None:
    """As the shell does that starts programs in a cold jail."""
    os.environ["PWD"] = cwd
    posix.environ[b"PWD"] = os.fsencode(cwd)


def _complete_path(entries: list[str]) -> None:
    """Add the entries for which there was nothing before there was a tree."""
    last = ""
    for entry in entries:
        if entry not in sys.path:
            if not last or not os.path.exists(entry):
                continue
            sys.path.insert(sys.path.index(last) + 1, entry)
        last = entry


def _refuse_shadows(tree: str, setup: dict[str, Any]) -> None:
    """Raise if an interpreter that starts here would find another module in the tree than the one that is
    imported already."""
    for place in {os.getcwd(), *sys.path}:
        if not _in_tree(place, tree, setup["shown"]):
            continue
        try:
            names = os.listdir(place)
        except FileNotFoundError:
            continue
        for name in names:
            stem, dot, suffix = name.partition(".")
            if stem in setup["names"] and (
                suffix.endswith(("py", "pyc", "so")) if dot else os.path.exists(_package(place, name))
            ):
                raise RuntimeError(f"the tree has a module of its own named {stem}")


def _package(place: str, name: str) -> str:
    return os.path.join(place, name, "__init__.py")


def _in_tree(place: str, tree: str, shown: list[str]) -> bool:
    """Whether `place` is in the tree, and not in what is shown inside of it."""
    if not tree or not _within(place, tree):
        return False
    return not any(_within(place, each) for each in shown)


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _renew_input() -> None:
    """Standard input as the interpreter opens it, which found out about its own when that was another."""
    old = sys.stdin
    if old is None:
        return
    buffer = open(0, "rb", closefd=False)  # noqa: SIM115
    buffer.raw.name = "<stdin>"  # type: ignore[attr-defined]
    new = io.TextIOWrapper(buffer, encoding=old.encoding, errors=old.errors, newline="\n")
    new.mode = "r"  # type: ignore[misc]
    sys.stdin = sys.__stdin__ = new  # type: ignore[misc]


def _renew_modules() -> None:
    """What modules found out about their process when they were imported, and do not look at again."""
    drawn = sys.modules.get("numpy.random")
    if drawn is not None:
        drawn.seed()  # as `random` does by itself
    threading = sys.modules.get("threading")
    if threading is not None and hasattr(threading.main_thread(), "_native_id"):
        threading.main_thread()._native_id = threading.get_native_id()


def _forget(setup: dict[str, Any]) -> None:
    """Leave no module of ours, nor one that only we imported; and what was held for the program."""
    for name in [name for name in sys.modules if name not in setup["kept"]]:
        del sys.modules[name]
    if setup["held"] is not None:
        sys.__dict__["assay_held"] = setup["held"]
    setup.clear()
    vars(kernel).clear()


def _open_descriptors() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]


def _close(there: list[int], *kept: int) -> None:
    for descriptor in there:
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                continue  # that of the listing itself


def _fail(log: int, error: BaseException) -> NoReturn:
    """End this process for a reason that is no fault of the program's. Those that we have ourselves come as
    RuntimeError: a class of our own would still be there in the program."""
    words = str(error) if type(error) is RuntimeError else f"{type(error).__name__}: {error}"
    os.write(log, words.encode("utf-8", "replace")[:2000])
    os._exit(_REFUSED)
