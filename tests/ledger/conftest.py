"""A ledger in a fresh directory, and small records to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.ledger.ledger import Ledger
from assay.model.candidate import Base, Candidate, Oid
from assay.model.outcome import GateResult, failed, passed
from assay.model.tool import Ending, ToolCall
from assay.model.verdict import Decision, Verdict


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a ledger would be."""
    return tmp_path / "git" / "assay"


@pytest.fixture
def ledger(place: Path) -> Iterator[Ledger]:
    with Ledger.open(place) as opened:
        yield opened


@pytest.fixture
def candidate() -> Candidate:
    return Candidate(
        id="c0ffee",
        name="fix.patch",
        source="patches/fix.patch",
        base=Base(commit=Oid("1" * 40), tree=Oid("2" * 40)),
        tree=Oid("3" * 40),
        patch=b"--- a\n+++ b\n\xff\n",
    )


@pytest.fixture
def results() -> tuple[GateResult, ...]:
    return (
        passed("apply", evidence={"files": 1}),
        failed("lint", "an unused import", detail={"fixed": 0}),
    )


@pytest.fixture
def rejected(results: tuple[GateResult, ...]) -> Verdict:
    return Verdict(
        candidate="c0ffee",
        decision=Decision.REJECTED,
        reason="an unused import",
        rejected_by="lint",
        gates=results,
    )


@pytest.fixture
def call() -> ToolCall:
    return ToolCall(
        label="ruff",
        argv=("ruff", "check", "pkg/\udcff.py"),
        environment_digest="e",
        ending=Ending.EXITED,
        exit_code=1,
        stdout=b"F401\n",
        report=b"\x00\xff",
        outputs={"out/\udcff.xml": b"<x/>"},
    )
