"""What the audit asks of the ledger: which run or candidate is meant, and all that is known of it.

Promises: nothing is written but by `prune`, and that never removes an entry; a candidate that a run of
today uses keeps its ref.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.model.errors import BadInput

if TYPE_CHECKING:
    from assay.ledger.ledger import Ledger
    from assay.ledger.records import Found, KeptToolCall, Pruned, Rejection, Transaction
    from assay.model.verdict import Verdict
    from assay.repo.repository import Repository


@dataclass(frozen=True, kw_only=True)
class CandidateHistory:
    """A candidate's latest appearance, its verdict there, and the programs run for it (then, or in the
    earlier run whose results were used again)."""

    found: Found
    verdict: Verdict | None
    calls: tuple[KeptToolCall, ...]
    appearances: int


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """A run and its candidates, in the order they came in."""

    run: Transaction
    candidates: tuple[Found, ...]


def look_up(ledger: Ledger, word: str) -> CandidateHistory | RunHistory:
    """The candidate or run that `word` names or begins. Raises BadInput if it is none, or not one."""
    appearances = ledger.find_candidates(word)
    if not appearances:
        run = ledger.transaction(word)
        return RunHistory(run=run, candidates=ledger.candidates(run.id))
    exact = [found for found in appearances if word in (found.kept.candidate.id, found.kept.candidate.name)]
    appearances = tuple(exact) or appearances
    latest = appearances[0]
    identity = latest.kept.candidate.id
    others = {found.kept.candidate.id for found in appearances} - {identity}
    if others and not exact:
        raise BadInput(
            f"{word!r} begins the names of several candidates: {', '.join(sorted({identity, *others}))}",
            fix="give more of it",
        )
    same = [found for found in appearances if found.kept.candidate.id == identity]
    return CandidateHistory(
        found=latest,
        verdict=ledger.verdict_of(latest.transaction, identity),
        calls=_calls(ledger, same),
        appearances=len(same),
    )


def rejections(ledger: Ledger, since: float | None, command: str | None) -> tuple[Rejection, ...]:
    """What was rejected since then, newest first; of one command's runs if named."""
    found = ledger.rejections(since)
    if command is None:
        return found
    runs = {run.id for run in ledger.transactions(since=None, command=command)}
    return tuple(each for each in found if each.transaction in runs)


def prune(repo: Repository, ledger: Ledger, before: float, *, candidates: bool) -> tuple[Pruned, int]:
    """Drop bodies from before then and, if asked, the refs of candidates last seen before; how many refs."""
    pruned = ledger.prune(before)
    if not candidates:
        return pruned, 0
    from assay.repo import refs

    # A ref that the ledger does not know may belong to a run that has not come to record it: it stays.
    old, recent = _seen(ledger, before)
    gone = sorted((old - recent) & set(refs.candidates(repo)))
    if gone:
        refs.drop(repo, gone)
    return pruned, len(gone)


def _seen(ledger: Ledger, before: float) -> tuple[set[str], set[str]]:
    """The candidates of runs that began before then, and of those since."""
    old: set[str] = set()
    recent: set[str] = set()
    for run in ledger.transactions():
        ids = {found.kept.candidate.id for found in ledger.candidates(run.id)}
        (old if run.began < before else recent).update(ids)
    return old, recent


def concerns(kept: KeptToolCall, gate: str) -> bool:
    """Whether a program ran for this gate. What ran for all candidates together has the gate in its label."""
    return kept.gate == gate or (not kept.gate and kept.call.label.split(" ")[0] == gate)


def _calls(ledger: Ledger, appearances: list[Found]) -> tuple[KeptToolCall, ...]:
    for found in appearances:
        # What ran once for all candidates (the base's own tests) decided about this one as well.
        shared = ledger.tool_calls(found.transaction, "")
        calls = ledger.tool_calls(found.transaction, found.kept.candidate.id)
        if calls or shared:
            return (*shared, *calls)
    return ()
