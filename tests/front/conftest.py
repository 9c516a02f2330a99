"""What the tests of the front share: reports made by hand, and flows that only pretend to run."""

from __future__ import annotations

import sys
import types

import pytest

import assay.land
from assay.model.candidate import Base, Oid
from assay.model.event import Decided, GateEnded, GateStarted, Planned, Preparing, Stage
from assay.model.outcome import failed, passed
from assay.model.report import CandidateReport, GateReport, PolicyStamp, Report
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision, Verdict

GATES = ("apply", "tests")


def gate_report(name: str, outcome: str, reason: str = "") -> GateReport:
    return GateReport(
        gate=name,
        outcome=outcome,
        reason=reason,
        seconds=0.5,
        cpu_seconds=0.4,
        cached=False,
        resource=None,
        skip=None,
        findings=(),
        evidence={"files": 1},
        detail={},
    )


def candidate_report(identity: str, verdict: Decision, name: str = "") -> CandidateReport:
    rejected = verdict is Decision.REJECTED
    return CandidateReport(
        id=identity,
        name=name or f"{identity}.patch",
        source="a test",
        tree="1" * 40,
        ref=None,
        verdict=verdict,
        reason="one test fails" if rejected else "every required gate passed",
        rejected_by="tests" if rejected else None,
        equivalent_to=None,
        cached=False,
        seconds=1.0,
        cpu_seconds=0.9,
        gates=(gate_report("apply", "passed"), gate_report("tests", "failed" if rejected else "passed")),
        risk=None,
    )


def report(*candidates: CandidateReport, command: str = "grade", **rest: object) -> Report:
    return Report(
        transaction="t1",
        command=command,
        base=Base(commit=Oid("a" * 40), tree=Oid("b" * 40)),
        policy=PolicyStamp(name="agent", digest="d" * 64),
        isolation=Isolation(backend="nsjail", tier=Tier.NAMESPACED),
        candidates=candidates,
        **rest,
    )


def a_run(observer, *decisions: Decision) -> None:
    """Tell an observer of a run with one candidate per decision."""
    names = tuple((f"c{n}", f"c{n}.patch") for n in range(len(decisions)))
    observer(Planned(candidates=names, gates=GATES))
    observer(Preparing(what="checkout"))
    observer(Stage(name="grading"))
    for (identity, _), decision in zip(names, decisions, strict=True):
        for gate in GATES:
            observer(GateStarted(candidate=identity, gate=gate))
            bad = gate == "tests" and decision is Decision.REJECTED
            result = failed(gate, "one test fails") if bad else passed(gate, evidence={"files": 1})
            observer(GateEnded(candidate=identity, result=result))
        verdict = Verdict(candidate=identity, decision=decision, reason="so", rejected_by=None, gates=())
        observer(Decided(verdict=verdict))


class FakeFlow(types.ModuleType):
    """Stands in for `assay.land.flow`: remembers what it was asked, and answers with `decisions`."""

    def __init__(self) -> None:
        super().__init__("assay.land.flow")
        self.decisions: tuple[Decision, ...] = (Decision.ACCEPTED,)
        self.name = ""
        self.error: BaseException | None = None
        self.asked: list[tuple] = []

    async def _answer(self, command: str, observer) -> Report:
        if self.error is not None:
            raise self.error
        a_run(observer, *self.decisions)
        made = [candidate_report(f"c{n}", d, self.name) for n, d in enumerate(self.decisions)]
        return report(*made, command=command)

    async def grade(self, request, *, observer) -> Report:
        self.asked.append(("grade", request))
        return await self._answer("grade", observer)

    async def check(self, request, change, *, head=None, observer) -> Report:
        self.asked.append(("check", request, change, head))
        return await self._answer("check", observer)

    async def land(
        self, request, *, onto, dry_run=False, linear=False, every_commit=True, observer
    ) -> Report:
        self.asked.append(("land", request, onto, dry_run, linear, every_commit))
        return await self._answer("land", observer)


@pytest.fixture
def flow(monkeypatch) -> FakeFlow:
    fake = FakeFlow()
    monkeypatch.setitem(sys.modules, "assay.land.flow", fake)
    monkeypatch.setattr(assay.land, "flow", fake, raising=False)
    return fake


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path) -> None:
    """No colour, terminal or home of whoever runs the tests."""
    for name in (
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "FORCE_COLOR",
        "COLUMNS",
        "GIT_DIR",
        "GIT_INDEX_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
