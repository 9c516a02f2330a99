"""Reports for the renderings: one that has something of everything, and a hostile one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pygit2
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from assay.model.candidate import Base, Change, ChangeKind, Oid
from assay.model.delta import (
    Delta,
    DependencyChange,
    MemberShare,
    SymbolChange,
    SymbolChangeKind,
)
from assay.model.evidence import Branch, Evidence, Fate, LinesSeen, Mutant
from assay.model.excerpt import Excerpt, FileExcerpt, Hunk
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
from assay.model.risk import Action, Advice, Contribution, Interval, Option, Place, Prior, Risk
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
    identity = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
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


@pytest.fixture
def hostile_rich_report(hostile_report: Report) -> Report:
    """The hostile report with everything a later stage adds, chosen by the same candidate."""
    rejected = hostile_report.candidates[0]
    accepted = candidate(EVIL + "2", needs_review=True, risk=full_risk(EVIL), reason=EVIL, source=EVIL)
    return replace(
        hostile_report,
        candidates=(rejected, accepted),
        patch_set=PatchSet(
            members=(accepted.id,),
            left_out=(LeftOut(id=rejected.id, why=EVIL),),
            conflicts=(
                Conflict(a=rejected.id, b=accepted.id, kind=ConflictKind.SEMANTIC, where=EVIL, why=EVIL),
            ),
            tree="8" * 40,
            verdict=Decision.ACCEPTED,
            reason=EVIL,
        ),
        excerpts=(excerpt(accepted.id, EVIL, path=EVIL),),
    )


ANYTHING = st.text(st.characters(exclude_categories=()))
"""Text as hypothesis makes it, and halves of surrogate pairs too: paths out of git hold them."""

EVENT = "a later fix within 365 days touches lines of this change"
CHARGE = "src/billing/charge.py"


def evidence(text: str = "", **given: object) -> Evidence:
    """One of everything; `text` goes wherever a candidate may choose what is said."""
    values: dict[str, object] = {
        "files": (LinesSeen(path=CHARGE, executed=(11, 13), missed=(12,)),),
        "branches": (Branch(path=CHARGE, line=11, target=14, words=f"{text}the tax is never zero"),),
        "branches_taken": 3,
        "mutants": (
            Mutant(path=CHARGE, line=13, operator="compare", before=f"{text}a < b", after="a <= b",
                   fate=Fate.SURVIVED, tests=4),
            Mutant(path=CHARGE, line=11, operator="negate", before="due", after="not due",
                   fate=Fate.KILLED, by=f"{text}tests/test_charge.py::test_due", tests=2),
            Mutant(path=CHARGE, line=12, operator="constant", before="0", after="1", fate=Fate.UNREACHED),
            Mutant(path=CHARGE, line=13, operator="constant", before="2", after="3", fate=Fate.UNDECIDED),
        ),
        "unmade": 5,
        "missing": f"{text}the branches of one file were not recorded",
        "seconds": 2.5,
        "cpu_seconds": 2.1,
    }  # fmt: skip
    return Evidence(**{**values, **given})  # type: ignore[arg-type]


def full_risk(text: str = "") -> Risk:
    """A risk with every field filled; `text` goes wherever a candidate may choose what is said."""
    parts = (
        Contribution(feature="base", value=1, effect=0.08, words="an ordinary change"),
        Contribution(feature="la", value=900, effect=0.23, words=f"{text}900 lines added"),
        Contribution(feature="ns", value=1, effect=-0.02, words="one package only"),
    )
    prior = Prior(
        event=EVENT,
        model="diff-1",
        probability=0.29,
        interval=Interval(low=0.12, high=0.5),
        contributions=parts,
        percentile=0.97,
        doubts=(f"{text}no history of the touched files is known",),
    )
    reverted = Prior(
        event="this change is reverted within 30 days",
        model="revert-1",
        probability=0.021,
        interval=Interval(low=0.01, high=0.06),
        contributions=parts[:1],
    )
    advice = Advice(
        action=Action.REVIEW,
        why=f"{text}a defect here costs more than a look",
        options=(
            Option(action=Action.LAND, cost=12.5, words="land as it is"),
            Option(action=Action.REVIEW, cost=4.25, words="have somebody look"),
        ),
        evidence=(f"{text}a test that runs line 12",),
        places=(Place(path=CHARGE, line=11, end=13, why=f"{text}no test notices", weight=0.7),),
        unless=(f"{text}with tests of line 12 it would be 11%",),
    )
    return Risk(
        band="high",
        score=0.29,
        calibrated=True,
        probability=0.29,
        contributions=parts,
        interval=prior.interval,
        prior=prior,
        reverted=reverted,
        evidence=evidence(text),
        false_green=0.45,
        advice=advice,
    )


def excerpt(identity: str, text: str = "", path: str = CHARGE) -> Excerpt:
    """A diff with one hunk of each kind of line, a file that is cut, and one that is left out."""
    lines = (
        " def charge(due, rate):",
        "-    return due",
        f"+    if due:{text}",
        "+        rate = 0",
        "+    return due\t* rate",
    )
    shown = FileExcerpt(
        path=path,
        old_path=path,
        kind=ChangeKind.MODIFIED,
        binary=False,
        added_lines=3,
        deleted_lines=1,
        hunks=(Hunk(old=10, new=10, lines=lines),),
        cut=7,
    )
    picture = FileExcerpt(
        path="logo.png",
        old_path="logo.png",
        kind=ChangeKind.ADDED,
        binary=True,
        added_lines=0,
        deleted_lines=0,
        hunks=(),
    )
    return Excerpt(candidate=identity, files=(shown, picture), left_out=2)


@pytest.fixture
def rich_report(full_report: Report) -> Report:
    """The full report with every field of a risk filled, and a diff."""
    first, *others = full_report.candidates
    found = finding(
        rule="scope/dependency",
        path=CHARGE,
        line=12,
        column=5,
        end_line=13,
        message="a look is wanted",
        severity=Severity.REVIEW,
        fingerprint="f2",
    )
    told = replace(
        first, risk=full_risk(), needs_review=True, gates=(gate("scope", findings=(found,)), *first.gates)
    )
    assert full_report.delta is not None
    return replace(
        full_report,
        candidates=(told, *others),
        delta=replace(full_report.delta, risk=full_risk()),
        excerpts=(excerpt(first.id),),
    )
