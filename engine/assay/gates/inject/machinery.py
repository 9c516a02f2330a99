"""What decides outcomes, by name: the machinery that is watched. Injected: see `boot.py`.

Promises: names only; a name that this Python or pytest does not have is not watched.
"""

from __future__ import annotations

import builtins


def _names(text: str) -> list[str]:
    return text.split()


VITAL = _names(
    "_pytest.runner _pytest.reports _pytest.outcomes _pytest.skipping _pytest.unittest _pytest.python_api "
    "_pytest.raises pluggy._callers pluggy._execution pluggy._result unittest.case"
)
"""Modules looked at after each test, with their classes."""

STANDING = _names("pytest unittest")
"""Modules that a test names: what it gets by these names is the very module."""

WATCHED = _names(
    "pytest _pytest.python _pytest.main _pytest.nodes _pytest.fixtures _pytest.recwarn _pytest.config "
    "_pytest.assertion _pytest.assertion.rewrite _pytest.assertion.util _pytest.subtests _pytest._code.code "
    "_pytest.mark.structures _pytest.terminal pluggy._hooks pluggy._caller pluggy._impl pluggy._manager "
    "pluggy._tracing unittest.suite unittest.result unittest.loader"
)
"""Modules looked at after collection and at the end, with their classes."""

OURS = "_pytest.assertion.rewrite"
"""The one of them in which something of ours takes a place, in each run."""

BUILTINS = frozenset(
    _names(
        "__build_class__ __import__ abs all any bool bytes callable compile dict dir eval exec float "
        "frozenset getattr hasattr hash id int isinstance issubclass iter len list map max min next object "
        "open range repr reversed round set setattr sorted str sum super tuple type vars zip"
    )
) | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}

PARTS = {
    "time": _names("time time_ns monotonic monotonic_ns perf_counter perf_counter_ns sleep process_time"),
    "os": _names("_exit write read close fork kill getpid dup dup2 pipe open abort"),
    "sys": _names("exit settrace setprofile _getframe exc_info"),
    "hashlib": _names("blake2b sha1 sha256 md5"),
    "json.encoder": _names("encode_basestring_ascii JSONEncoder"),
    "subprocess": _names("Popen run call check_call check_output"),
    "contextlib": _names("contextmanager suppress ExitStack"),
}
"""Some names of these modules, looked at after each test."""

CALL = _names(
    "_pytest.python _pytest.runner _pytest.unittest pluggy._callers pluggy._execution pluggy._result "
    "unittest.case"
)
"""Modules that a test's call goes through, looked at right before and right after it."""

OF_A_TEST = frozenset(_names("runtest setup teardown ihook obj function _traceback_filter"))
"""What a test has of its class, and never of its own."""

WALKS = frozenset(
    _names(
        "gc.get_objects gc.get_referrers sys.settrace sys.setprofile sys.addaudithook sys._current_frames "
        "sys.monitoring.register_callback"
    )
)
"""Audit events of what can find, or be called in the midst of, functions that nobody handed out."""

HOOKS = _names(
    "pytest_runtest_protocol pytest_runtest_setup pytest_runtest_call pytest_runtest_teardown "
    "pytest_runtest_makereport pytest_runtest_logreport pytest_pyfunc_call pytest_runtestloop "
    "pytest_collection_modifyitems pytest_pycollect_makeitem pytest_sessionfinish"
)
"""Hooks whose implementations may not come from the project's product."""
