from __future__ import annotations

import os
import signal
import subprocess
import sys

import anyio
import pytest
from tests.front.conftest import candidate_report, report

from assay.front import session
from assay.front.interrupt import run_to_end
from assay.model.report import Landed
from assay.model.verdict import Decision

_STOPPED = """
import signal, sys, anyio
from assay.front.interrupt import run_to_end

async def work():
    try:
        print("ready", flush=True)
        await anyio.sleep(60)
    finally:
        print("rolled back", flush=True)

try:
    run_to_end(work)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_invariant_10_a_signal_rolls_the_run_back(number):
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPED], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert out == b"rolled back\n"
    assert b"Traceback" not in err


def test_a_signal_that_the_parent_had_ignored_stays_ignored():
    ignoring = _STOPPED.replace("await anyio.sleep(60)", "await anyio.sleep(0.3)").replace(
        "async def work", "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nasync def work"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ignoring], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGHUP)
        run.communicate(timeout=30)
    assert run.returncode == 0


def test_outside_of_a_flow_a_signal_unwinds_as_well(tmp_path):
    script = """
import sys, time
from assay.front import entry
def slow(arguments):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("closed", flush=True)
entry._dispatch = slow
sys.exit(entry.run([]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert out == b"closed\n"
    assert err == b"assay: interrupted; everything was rolled back\n"


def test_handlers_are_given_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    async def work() -> None:
        pass

    run_to_end(work)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_result_that_was_reached_is_kept_when_a_signal_comes_late():
    async def work() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.05)
        return "landed"

    assert run_to_end(work) == "landed"


def test_an_error_of_the_work_comes_through():
    async def work() -> None:
        raise LookupError("mine")

    with pytest.raises(BaseExceptionGroup) as caught:
        run_to_end(work)
    assert caught.group_contains(LookupError, match="mine")


def test_a_landing_that_is_stopped_while_it_is_told_of_has_landed(monkeypatch, capsys):
    landed = report(
        candidate_report("c0", Decision.ACCEPTED),
        command="land",
        landed=Landed(ref="refs/heads/main", old="a" * 40, new="b" * 40),
        landing="1 landed on main as bbbb",
    )

    def interrupted(*_):
        raise KeyboardInterrupt

    async def flow(_observer):
        return landed

    monkeypatch.setattr(session, "show", interrupted)
    assert session.conclude(flow, session.View(quiet=True)) == 0
    assert "1 landed on main as bbbb" in capsys.readouterr().err


def test_a_grading_that_is_stopped_while_it_is_told_of_is_interrupted(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    async def flow(_observer):
        return report(candidate_report("c0", Decision.ACCEPTED))

    monkeypatch.setattr(session, "show", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.conclude(flow, session.View(quiet=True))
