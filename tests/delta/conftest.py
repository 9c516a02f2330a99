"""Reports for the renderings: one that has something of everything, and a hostile one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pygit2
import pytest

from assay.model.candidate import Base, Change, ChangeKind, Oid
from assay.model.delta import (
    Delta,
    DependencyChange,
    MemberShare,
    SymbolChange,
    SymbolChangeKind,
)
from assay.model.outcome import Finding, Severity
from assay.model.report import (
    CandidateReport,
    Conflict,
    ConflictKind,
    GateReport,
    LeftOut,
    PatchSet,
    PolicyStamp,
    Report,
)
from assay.model.risk import Contribution, Risk
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision
from assay.repo.repository import Repository, open_repository

Files = Mapping[str, bytes]


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    pygit2.init_repository(str(tmp_path / "repo"), bare=True)
    return open_repository(tmp_path / "repo")


@pytest.fixture
def tree_of(repo: Repository) -> Callable[[Files], Oid]:
    """Writes a tree of files, given by path, and names it."""

    def write(files: Files) -> Oid:
        index = pygit2.Index()
        for path, data in files.items():
            index.add(pygit2.IndexEntry(path, repo.git.create_blob(data), pygit2.enums.FileMode.BLOB))
        return Oid(str(index.write_tree(repo.git)))

    return write


def finding(**given: object) -> Finding:
    values: dict[str, object] = {
        "rule": "F821",
        "path": "src/inventory/pricing.py",
        "line": 41,
        "message": "Undefined name `ratio`",
        "severity": Severity.ERROR,
        "fingerprint": "f1",
    }
    return Finding(**{**values, **given})  # type: ignore[arg-type]


def gate(name: str, outcome: str = "passed", **given: object) -> GateReport:
    values: dict[str, object] = {
        "gate": name,
        "outcome": outcome,
        "reason": "",
        "seconds": 0.4,
        "cpu_seconds": 0.3,
        "cached": False,
        "resource": None,
        "skip": None,
        "findings": (),
        "evidence": {"files": 1},
        "detail": {},
    }
    return GateReport(**{**values, **given})  # type: ignore[arg-type]


def risk(**given: object) -> Risk:
    values: dict[str, object] = {
        "band": "medium",
        "score": 0.41,
        "calibrated": False,
        "probability": None,
        "contributions": (
            Contribution(
                feature="topic: payment", value=1, effect=0.25, words="touches payment: src/billing/charge.py"
            ),
            Contribution(feature="code-lines", value=52, effect=0.16, words="52 lines of code changed"),
        ),
    }
    return Risk(**{**values, **given})  # type: ignore[arg-type]


def candidate(name: str, verdict: Decision = Decision.ACCEPTED, **given: object) -> CandidateReport:
    identity = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    values: dict[str, object] = {
        "id": identity,
        "name": name,
        "source": f"file:{name}",
        "tree": "5" * 40,
        "ref": f"refs/assay/candidates/{identity}",
        "verdict": verdict,
        "reason": "every required gate passed",
        "rejected_by": None,
        "equivalent_to": None,
        "cached": False,
        "seconds": 1.2,
        "cpu_seconds": 1.0,
        "gates": (gate("tests", evidence={"tests": 31}),),
        "risk": risk() if verdict is Decision.ACCEPTED else None,
    }
    return CandidateReport(**{**values, **given})  # type: ignore[arg-type]


def change(path: str, kind: ChangeKind = ChangeKind.MODIFIED, **given: object) -> Change:
    values: dict[str, object] = {
        "kind": kind,
        "path": path,
        "old_path": path,
        "old_mode": 0o100644,
        "new_mode": 0o100644,
        "old_blob": "1" * 40,
        "new_blob": "2" * 40,
        "added_lines": 12,
        "deleted_lines": 3,
    }
    return Change(**{**values, **given})  # type: ignore[arg-type]


def delta(**given: object) -> Delta:
    values: dict[str, object] = {
        "files": (
            change("pyproject.toml", added_lines=1, deleted_lines=1),
            change("src/billing/charge.py", added_lines=40, deleted_lines=12),
            change(
                "src/inventory/stock_levels.py",
                ChangeKind.RENAMED,
                old_path="src/inventory/stock.py",
                added_lines=0,
                deleted_lines=0,
            ),
            change("logo.png", ChangeKind.ADDED, binary=True, old_mode=0, old_blob=""),
        ),
        "added_lines": 53,
        "deleted_lines": 16,
        "symbols": (
            SymbolChange(
                path="src/billing/charge.py",
                symbol="Charge.total",
                kind=SymbolChangeKind.SIGNATURE,
                what="method",
                public=True,
                before="def total(self, amount)",
                after="def total(self, amount, tax)",
            ),
            SymbolChange(
                path="src/billing/charge.py",
                symbol="refund",
                kind=SymbolChangeKind.ADDED,
                what="function",
                public=True,
                after="def refund(charge)",
            ),
            SymbolChange(
                path="src/billing/charge.py",
                symbol="_round",
                kind=SymbolChangeKind.BODY,
                what="function",
                public=False,
            ),
        ),
        "api_breaks": ("`Charge.total` in src/billing/charge.py requires a new parameter `tax`",),
        "tests_added": ("tests/test_charge.py::test_refund",),
        "tests_removed": (),
        "dependencies": (
            DependencyChange(path="pyproject.toml", name="requests", before=">=2.28", after=">=2.32"),
        ),
        "findings_introduced": (),
        "findings_fixed": (),
        "unparsed": ("legacy/old_print.py",),
        "risk": risk(),
    }
    return Delta(**{**values, **given})  # type: ignore[arg-type]


def report(*candidates: CandidateReport, **given: object) -> Report:
    values: dict[str, object] = {
        "transaction": "20261121-194512-7f3a",
        "command": "grade",
        "base": Base(commit=Oid("4f2a91c0de" * 4), tree=Oid("7" * 40)),
        "policy": PolicyStamp(name="agent", digest="d" * 64),
        "isolation": Isolation(backend="nsjail", tier=Tier.HARDENED),
        "candidates": candidates,
        "seconds": 3.2,
        "cpu_seconds": 5.1,
    }
    return Report(**{**values, **given})  # type: ignore[arg-type]


@pytest.fixture
def full_report() -> Report:
    """Every verdict, an equivalent, a patch set with a conflict, and a delta."""
    good, tax, rename = candidate("fix-rounding.patch"), candidate("add-tax.patch"), candidate("rename.patch")
    members = (good.id, tax.id)
    return report(
        good,
        tax,
        rename,
        candidate("fix-rounding-again.patch", equivalent_to=good.id),
        candidate(
            "broken-discount.patch",
            Decision.REJECTED,
            reason="2 tests fail that pass on the base, first tests/test_pricing.py::test_discount",
            rejected_by="tests",
            gates=(
                gate(
                    "tests",
                    "failed",
                    reason="2 tests fail",
                    findings=(
                        finding(
                            rule="tests/newly-failing",
                            path="tests/test_pricing.py",
                            line=41,
                            message="test_discount: assert 90 == 91",
                        ),
                        finding(
                            rule="tests/newly-failing",
                            path="tests/test_pricing.py",
                            line=58,
                            message="test_bulk: assert Decimal('4.50') == Decimal('4.05')",
                        ),
                    ),
                ),
            ),
        ),
        candidate(
            "slow.patch",
            Decision.INCONCLUSIVE,
            reason="pytest is not installed in .venv/bin/python: install it there or set environment.python",
        ),
        patch_set=PatchSet(
            members=members,
            left_out=(LeftOut(id=rename.id, why="conflicts with add-tax.patch"),),
            conflicts=(
                Conflict(
                    a=rename.id,
                    b=tax.id,
                    kind=ConflictKind.TEXTUAL,
                    where="src/billing/charge.py",
                    why="both change the same lines",
                ),
            ),
            tree="8" * 40,
            verdict=Decision.ACCEPTED,
        ),
        delta=delta(
            members=(
                MemberShare(
                    candidate=good.id,
                    name=good.name,
                    paths=("src/billing/charge.py",),
                    added_lines=3,
                    deleted_lines=3,
                ),
            )
        ),
    )


EVIL = "evil\x1b[2J\r\n\u202etxt | <img src=x> @torvalds #1 `x` **b** https://e.vil \udcff\x07"


@pytest.fixture
def hostile_report() -> Report:
    """Everything that a candidate may choose is full of control characters and markup."""
    return report(
        candidate(
            EVIL,
            Decision.REJECTED,
            reason=EVIL,
            rejected_by="lint",
            gates=(
                gate(
                    "lint",
                    "failed",
                    reason=EVIL,
                    findings=(finding(path=EVIL, message=EVIL, rule=EVIL),),
                    detail={EVIL: [EVIL]},
                ),
            ),
        ),
        delta=delta(
            files=(change(EVIL), change("new", ChangeKind.RENAMED, old_path=EVIL)),
            symbols=(
                SymbolChange(
                    path=EVIL,
                    symbol=EVIL,
                    kind=SymbolChangeKind.SIGNATURE,
                    what="function",
                    public=True,
                    before=EVIL,
                    after=EVIL,
                ),
            ),
            api_breaks=(EVIL,),
            tests_added=(EVIL,),
            tests_removed=(EVIL,),
            dependencies=(DependencyChange(path=EVIL, name=EVIL, before=EVIL, after=EVIL, group=EVIL),),
            findings_introduced=(finding(path=EVIL, message=EVIL),),
            unparsed=(EVIL,),
        ),
        notes=(EVIL,),
        landing=EVIL,
    )
