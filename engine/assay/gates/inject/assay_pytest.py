"""Runs the project's pytest and reports each test on a private pipe. Injected: not part of Assay's process.

The tests gate sends this file's text to the project's own interpreter on standard input, followed by a call
of `main`; it is never imported from a place that a candidate could write to. Promises:

- Python 3.8 and later, pytest 6 to 9, the standard library and pytest only; pytest runs as it does under
  `python -m pytest` (`sys.path[0]` is the current directory, `sys.argv[0]` is pytest's own).
- Every record is one line: sixteen hexadecimal digits keyed by the run's secret, a space, JSON with a
  running number `n`. The secret comes on standard input, so no process environment ever shows it.
- The pipe is not handed to programs that tests start, is closed in forked children, and its number is gone
  from the environment before any code of the project runs.
- Workers of pytest-xdist do not have this plugin (it is registered as an object, which the controller does
  not pass on): each test is reported once, by the controller.

Records, by `k`: hello, no-pytest, session, collected, collect, start, phase, finish, internal, end, exit.
`assay.gates.testing.records` says what is in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

TEXT_LIMIT = 600
ID_LIMIT = 1000


class Channel:
    """The writing end of the report pipe. Only the process that opened it writes."""

    def __init__(self, descriptor: int, secret: str) -> None:
        self._descriptor = _move_high(descriptor)
        self._key = bytes.fromhex(secret)
        self._owner = os.getpid()
        self._number = 0
        os.register_at_fork(after_in_child=self._forget)

    def send(self, kind: str, **fields: Any) -> None:
        """Write one record. A pipe that is gone stays silent: the reader then misses the end record."""
        if self._descriptor < 0 or os.getpid() != self._owner:
            return
        record = {"n": self._number, "k": kind}
        record.update(fields)
        self._number += 1
        body = json.dumps(record, separators=(",", ":")).encode("ascii")
        seal = hashlib.blake2b(body, key=self._key, digest_size=8).hexdigest().encode("ascii")
        data = seal + b" " + body + b"\n"
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def _forget(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


class Reporter:
    """The plugin. `select` (ids, or None for all) restricts the run to those tests and their files."""

    def __init__(self, channel: Channel, select: list[str] | None) -> None:
        self._channel = channel
        self._select = None if select is None else frozenset(select)
        self._numbers: dict[str, int] = {}
        self._started = 0
        self._phases = 0

    def pytest_configure(self, config: Any) -> None:
        option = config.option
        self._channel.send(
            "session",
            pytest=str(getattr(sys.modules["pytest"], "__version__", "")),
            root=_text(_root(config)),
            parallel=bool(getattr(option, "tx", None)) or getattr(option, "dist", "no") != "no",
        )
        if self._select is not None:
            files = sorted({test.split("::", 1)[0] for test in self._select})
            existing = [str(_root(config) / name) for name in files if (_root(config) / name).exists()]
            config.args = existing or config.args

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        if self._select is None:
            return
        others = [item for item in items if _identity(item.nodeid) not in self._select]
        items[:] = [item for item in items if _identity(item.nodeid) in self._select]
        config.hook.pytest_deselected(items=others)

    def pytest_collection_finish(self, session: Any) -> None:
        self._channel.send("collected", count=len(session.items))

    def pytest_collectreport(self, report: Any) -> None:
        if report.outcome != "passed":
            self._channel.send(
                "collect", id=_identity(report.nodeid), outcome=report.outcome, **_reason(report)
            )

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._start(_identity(nodeid))

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._channel.send("finish", i=self._number(nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome not in ("passed", "failed", "skipped"):
            return  # "rerun" and its like: an attempt that its plugin does not count
        sub = type(report).__name__.lower().startswith("subtest")
        if report.outcome == "passed" and (sub or report.when != "call"):
            return  # says nothing that the test's own call does not
        fields: dict[str, Any] = {"when": str(report.when), "outcome": report.outcome}
        if hasattr(report, "wasxfail"):
            fields["xfail"] = True
        if sub:
            fields["sub"] = True
        if report.outcome != "passed":
            fields.update(_reason(report))
        number = self._number(report.nodeid)
        self._phases += 1
        self._channel.send("phase", i=number, **fields)

    def pytest_internalerror(self, excrepr: Any, excinfo: Any) -> None:
        self._channel.send("internal", message=_text(excinfo.exconly(tryshort=True)))

    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> None:
        stopped = session.shouldstop or session.shouldfail
        self._channel.send(
            "end", status=int(exitstatus), phases=self._phases, stopped=_text(stopped if stopped else "")
        )

    def _start(self, identity: str) -> int:
        number = self._numbers[identity] = self._started
        self._started += 1
        self._channel.send("start", i=number, id=identity)
        return number

    def _number(self, nodeid: str) -> int:
        """The number under which this test was started last; a report without a start makes one."""
        identity = _identity(nodeid)
        known = self._numbers.get(identity)
        return self._start(identity) if known is None else known


def _order_hooks(pytest: Any) -> None:
    """Hook options need pytest, whose absence is itself reported: so they are set after the import."""
    pytest.hookimpl(trylast=True)(Reporter.pytest_configure)
    pytest.hookimpl(trylast=True)(Reporter.pytest_collection_modifyitems)
    # First: a project's own hook may leave by os._exit here, with every test already reported.
    pytest.hookimpl(tryfirst=True)(Reporter.pytest_sessionfinish)


def _move_high(descriptor: int) -> int:
    """A copy of `descriptor` that no executed program inherits, out of the way of tests that count or close
    the low numbers."""
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    floor = 900 if ceiling == resource.RLIM_INFINITY else max(3, min(900, ceiling - 20))
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, floor)
    os.close(descriptor)
    return high


def _root(config: Any) -> Path:
    """pytest's root directory, which node ids are relative to (`rootpath` came with pytest 6.1)."""
    return Path(str(getattr(config, "rootpath", None) or config.rootdir))


def _text(value: object, limit: int = 4096) -> str:
    """Bounded text that any JSON reader takes: lone surrogates are written out."""
    return str(value)[:limit].encode("utf-8", "backslashreplace").decode("utf-8")


def _identity(nodeid: str) -> str:
    """A test's id; a very long one is cut and ends in a digest of the whole."""
    if len(nodeid) <= ID_LIMIT:
        return _text(nodeid)
    whole = hashlib.blake2b(nodeid.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
    return _text(nodeid, ID_LIMIT - 20) + "..." + whole


def _reason(report: Any) -> dict[str, Any]:
    """Why a report is no pass, and where: the crash entry if there is one. Lines count from 1; 0: unknown."""
    longrepr = report.longrepr
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        return _place(crash.message, crash.path, crash.lineno)
    if isinstance(longrepr, tuple) and len(longrepr) == 3:
        return _place(longrepr[2], longrepr[0], longrepr[1])
    location = getattr(report, "location", None)
    if location:
        return _place(_telling_line(longrepr), location[0], (location[1] or 0) + 1)
    return _place(_telling_line(longrepr), str(report.nodeid).split("::")[0], 0)


def _place(message: object, path: object, line: Any) -> dict[str, Any]:
    return {"message": _text(message, TEXT_LIMIT), "path": _text(path), "line": int(line or 0)}


def _telling_line(longrepr: object) -> str:
    """The telling line of a plain-text traceback: the last one that pytest marks as the error."""
    lines = [line for line in str(longrepr or "").splitlines() if line.strip()]
    marked = [line[1:] for line in lines if line.startswith("E ")]
    return (marked or lines or [""])[-1].strip()


def main(secret: str, select: list[str] | None) -> None:
    """Run pytest over `sys.argv[1:]`, then leave with its exit status."""
    channel = Channel(int(os.environ.pop("ASSAY_REPORT_FD")), secret)
    here = str(Path.cwd())
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, here)
    channel.send("hello", cwd=_text(here), python=sys.version.split()[0])
    try:
        import pytest
    except BaseException as error:  # whatever keeps pytest from loading, the reader is told
        channel.send("no-pytest", message=_text(f"{type(error).__name__}: {error}", TEXT_LIMIT))
        sys.exit(1)
    sys.argv[0] = str(Path(pytest.__file__).resolve().parent / "__main__.py")
    _order_hooks(pytest)
    status = int(pytest.main(sys.argv[1:], plugins=[Reporter(channel, select)]))
    channel.send("exit", status=status)
    sys.exit(status)
