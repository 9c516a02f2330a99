"""How a run as a whole ended: report, end record and exit status must agree."""

import hashlib
import json

import pytest

from assay.gates.testing.run import Ended, told
from assay.model.outcome import Resource
from assay.model.tool import Ending, ToolCall

SECRET = "ab" * 16


def report(*records):
    lines = []
    for number, record in enumerate(records):
        body = json.dumps({"n": number, **record}).encode()
        seal = hashlib.blake2b(body, key=bytes.fromhex(SECRET), digest_size=8).hexdigest().encode()
        lines.append(seal + b" " + body + b"\n")
    return b"".join(lines)


HELLO = {"k": "hello", "cwd": "/r", "python": "3.11"}
START = {"k": "start", "i": 0, "id": "t.py::t"}
PASS = {"k": "phase", "i": 0, "when": "call", "outcome": "passed"}
FINISH = {"k": "finish", "i": 0}


def end(status, phases=1):
    return {"k": "end", "status": status, "phases": phases, "stopped": ""}


def leave(status):
    return {"k": "exit", "status": status}


def call(*records, ending=Ending.EXITED, code=0, **rest):
    data = rest.pop("data", report(HELLO, *records))
    return told(
        ToolCall(
            label="t", argv=(), environment_digest="", ending=ending, exit_code=code, report=data, **rest
        ),
        SECRET,
    )


TEST = (START, PASS, FINISH)


@pytest.mark.parametrize("status", [0, 1, 5, 17])
def test_complete(status):
    assert call(*TEST, end(status), leave(status), code=status).ended is Ended.COMPLETE


def test_complete_though_left_by_os_exit_after_the_session():
    assert call(*TEST, end(1), code=1).ended is Ended.COMPLETE


@pytest.mark.parametrize(("status", "ended"), [(2, Ended.INTERRUPTED), (3, Ended.BROKE), (4, Ended.REFUSED)])
def test_pytest_s_own_trouble(status, ended):
    run = call(*TEST, end(status), leave(status), code=status, stderr=b"x\nERROR: no such thing\n\n")
    assert run.ended is ended
    assert "no such thing" in run.why


def test_refused_before_any_session():
    assert call(leave(4), code=4).ended is Ended.REFUSED


@pytest.mark.parametrize("records", [(), TEST, (START,)])
def test_invariant_5_exit_0_without_an_end_record_is_silence(records):
    assert call(*records, code=0).ended is Ended.SILENT


def test_invariant_5_a_damaged_report_is_silence():
    good = report(HELLO, *TEST, end(0), leave(0))
    assert call(data=good[:200] + b"x" + good[201:]).ended is Ended.SILENT
    assert call(data=good + b"forged line\n").ended is Ended.SILENT
    assert call(data=b"").ended is Ended.SILENT


@pytest.mark.parametrize("records", [(end(1), leave(1)), (end(0, phases=2), leave(0))])
def test_exit_0_against_the_report_is_a_contradiction(records):
    assert call(*TEST, *records, code=0).ended is Ended.CONTRADICTED


def test_another_exit_status_than_reported_is_a_crash():
    assert call(*TEST, end(0), leave(0), code=139).ended is Ended.CRASHED


def test_a_crash_names_the_running_test():
    run = call(START, ending=Ending.SIGNALLED, code=None, signal=11)
    assert run.ended is Ended.CRASHED
    assert run.why == "was killed by signal 11 while t.py::t was running"


def test_a_crash_before_any_test_says_what_pytest_said():
    run = call(code=1, stderr=b"Traceback\n  File x\nFailed: this section is not supported\n")
    assert run.ended is Ended.CRASHED
    assert run.why.endswith("its report was complete: Failed: this section is not supported")


def test_exhaustion_names_resource_and_test():
    run = call(START, ending=Ending.EXHAUSTED, code=None, resource=Resource.MEMORY)
    assert (run.ended, run.resource) == (Ended.EXHAUSTED, Resource.MEMORY)
    assert "memory while t.py::t" in run.why


def test_no_pytest():
    run = call({"k": "no-pytest", "message": "ModuleNotFoundError: No module named 'pytest'"}, code=1)
    assert run.ended is Ended.NO_PYTEST


@pytest.mark.parametrize(
    ("ending", "ended"), [(Ending.INFRA, Ended.INFRA), (Ending.CANCELLED, Ended.CANCELLED)]
)
def test_the_machine_s_trouble(ending, ended):
    run = call(*TEST, end(0), ending=ending, code=None)
    assert run.ended is ended
    assert run.ended.machine


def test_an_exit_record_without_the_run_s_token_says_nothing():
    data = report(HELLO, *TEST, end(0), {**leave(0), "token": "guessed"})
    got = told(call_of(data), SECRET, "right")
    assert got.suite.exit_status is None
    assert got.ended is Ended.COMPLETE
    whole = told(call_of(report(HELLO, *TEST, end(0), {**leave(0), "token": "right"})), SECRET, "right")
    assert whole.suite.exit_status == 0


def call_of(data):
    return ToolCall(label="t", argv=(), environment_digest="", ending=Ending.EXITED, exit_code=0, report=data)
