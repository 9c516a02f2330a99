"""The ledger's answers as text for people and as plain data for machines.

Promises: pure; whatever a candidate or a program chose to name or print is escaped in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assay.delta.sanitise import plain
from assay.front.answer import columns
from assay.front.durations import words
from assay.front.history import CandidateHistory, RunHistory, concerns
from assay.model.verdict import Decision

if TYPE_CHECKING:
    from assay.ledger.records import Found, KeptToolCall, Rejection, Transaction
    from assay.model.outcome import GateResult

_WIDE = 48
"""Characters of a name in a list."""

Body = Callable[[str], bytes | None]
"""Reads a body of the content store by its digest; None if it was pruned."""


def runs(transactions: Sequence[Transaction]) -> str:
    """One line for each run."""
    if not transactions:
        return "no runs"
    rows = [("RUN", "BEGAN", "COMMAND", "STATE", "VERDICTS")]
    rows += [
        (each.id, _local(each.began), each.command, str(each.state), _counts(each)) for each in transactions
    ]
    return columns(rows)


def rejected(rejections: Sequence[Rejection]) -> str:
    """One line for each rejected candidate."""
    if not rejections:
        return "nothing was rejected"
    rows = [("CANDIDATE", "WHEN", "NAME", "GATE", "REASON")]
    rows += [
        (each.candidate, _local(each.time), each.name, each.gate or "-", each.reason) for each in rejections
    ]
    return columns(rows)


def run_page(history: RunHistory) -> str:
    """A run and a line for each of its candidates."""
    run = history.run
    head = [
        f"run        {run.id}",
        f"command    {run.command}",
        f"began      {_local(run.began)}",
        f"state      {run.state} ({_local(run.updated)})",
    ]
    if not history.candidates:
        return "\n".join(map(plain, head))
    rows = [("CANDIDATE", "NAME", "VERDICT", "GATE", "REASON"), *map(_candidate_row, history.candidates)]
    return "\n".join([*map(plain, head), "", columns(rows)])


def candidate_page(history: CandidateHistory) -> str:
    """A candidate: where it came from, its verdict, its gates, findings, and what was run."""
    found, candidate = history.found, history.found.kept.candidate
    seen = f", seen in {history.appearances} runs" if history.appearances > 1 else ""
    head = [
        f"candidate  {candidate.id}  {candidate.name}",
        f"source     {candidate.source}",
        f"base       {candidate.base.commit or 'no commit'}",
        f"tree       {candidate.tree or 'none: it does not apply'}",
        f"kept at    {found.kept.ref or 'nowhere'}",
        f"run        {found.transaction}, {_local(found.time)}{seen}",
        f"verdict    {_verdict(found)}",
    ]
    blocks = ["\n".join(map(plain, head))]
    gates = history.verdict.gates if history.verdict else ()
    if gates:
        blocks.append(columns([("GATE", "OUTCOME", "TIME", "REASON"), *map(_gate_row, gates)]))
    findings = [finding for gate in gates for finding in gate.findings]
    if findings:
        rows = [
            (
                f"{each.path}:{each.line}" if each.line else each.path,
                str(each.severity),
                each.rule,
                each.message,
            )
            for each in findings
        ]
        blocks.append(columns([("FINDING", "SEVERITY", "RULE", "MESSAGE"), *rows]))
    if history.calls:
        rows = [
            (call.gate or "shared", call.call.label, _ending(call), words(call.call.use.seconds))
            for call in history.calls
        ]
        blocks.append(columns([("GATE", "PROGRAM", "ENDED", "TIME"), *rows]))
    return "\n\n".join(blocks)


def output_page(history: CandidateHistory, gate: str, body: Body) -> str:
    """What one gate said, and what its programs printed."""
    results = history.verdict.gates if history.verdict else ()
    blocks = [
        plain(f"{gate} {result.outcome}" + (f": {result.reason}" if result.reason else ""))
        for result in results
        if result.gate == gate
    ]
    for call in history.calls:
        if not concerns(call, gate):
            continue
        for name, output in call.outputs.items():
            if name == "report":  # a protocol of ours, not words for people
                continue
            title = f"--- {call.call.label}, {name}, {output.size} bytes"
            cut = f", {output.cut} cut from the middle" if output.cut else ""
            blocks.append(f"{plain(title)}{cut}\n{_printed(body(output.digest))}")
    return "\n".join(blocks)


def screen(data: bytes) -> str:
    """Bytes that a candidate chose, safe for a terminal: lines kept, all else that is no text escaped."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return "\n".join("\t".join(map(plain, line.split("\t"))) for line in lines)


def run_data(run: Transaction) -> dict[str, Any]:
    """A run as plain data."""
    verdicts = {str(decision): count for decision, count in run.verdicts.items()}
    return {
        "id": run.id,
        "command": run.command,
        "began": _iso(run.began),
        "updated": _iso(run.updated),
        "state": str(run.state),
        "verdicts": verdicts,
    }


def rejection_data(each: Rejection) -> dict[str, Any]:
    """A rejection as plain data."""
    return {
        "transaction": each.transaction,
        "time": _iso(each.time),
        "candidate": each.candidate,
        "name": each.name,
        "gate": each.gate,
        "reason": each.reason,
    }


def run_page_data(history: RunHistory) -> dict[str, Any]:
    """A run with its candidates as plain data."""
    return {"transaction": run_data(history.run), "candidates": list(map(_found_data, history.candidates))}


def candidate_data(history: CandidateHistory, body: Body, gate: str | None = None) -> dict[str, Any]:
    """A candidate as plain data; with a gate named, the text its programs printed as well."""
    return {
        "candidate": _found_data(history.found),
        "gates": history.verdict.gates if history.verdict else (),
        "programs": [
            _call_data(call, body, gate) for call in history.calls if gate is None or concerns(call, gate)
        ],
    }


def _found_data(found: Found) -> dict[str, Any]:
    candidate = found.kept.candidate
    return {
        "id": candidate.id,
        "name": candidate.name,
        "source": candidate.source,
        "base": candidate.base,
        "tree": candidate.tree,
        "ref": found.kept.ref or None,
        "transaction": found.transaction,
        "time": _iso(found.time),
        "verdict": found.decision,
        "rejected_by": found.rejected_by,
        "reason": found.reason,
    }


def _call_data(kept: KeptToolCall, body: Body, gate: str | None) -> dict[str, Any]:
    call = kept.call
    data: dict[str, Any] = {
        "gate": kept.gate,
        "label": call.label,
        "argv": call.argv,
        "ending": call.ending,
        "exit_code": call.exit_code,
        "signal": call.signal,
        "seconds": call.use.seconds,
        "cpu_seconds": call.use.cpu_seconds,
    }
    if gate is not None:
        data["outputs"] = {name: _text(body(output.digest)) for name, output in kept.outputs.items()}
    return data


def _candidate_row(found: Found) -> tuple[str, ...]:
    candidate = found.kept.candidate
    verdict = str(found.decision or "none")
    # A set that was run together is called by all its members, and would push the verdicts off the screen.
    name = candidate.name if len(candidate.name) <= _WIDE else f"{candidate.name[: _WIDE - 1]}…"
    return (candidate.id, name, verdict, found.rejected_by or "-", found.reason)


def _gate_row(result: GateResult) -> tuple[str, ...]:
    time = "cached" if result.cached else words(result.use.seconds)
    return (result.gate, str(result.outcome), time, result.reason)


def _verdict(found: Found) -> str:
    if found.decision is None:
        return "none"
    by = f" by {found.rejected_by}" if found.rejected_by else ""
    return f"{found.decision}{by}: {found.reason}"


def _counts(run: Transaction) -> str:
    ordered: Iterable[tuple[Decision, int]] = ((each, run.verdicts.get(each, 0)) for each in Decision)
    return ", ".join(f"{count} {decision}" for decision, count in ordered if count) or "-"


def _ending(kept: KeptToolCall) -> str:
    call = kept.call
    if call.exit_code is not None:
        return f"exit {call.exit_code}"
    if call.signal is not None:
        return f"signal {call.signal}"
    return f"{call.ending} ({call.resource})" if call.resource else str(call.ending)


def _printed(data: bytes | None) -> str:
    return "(pruned)" if data is None else screen(data).rstrip("\n")


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "backslashreplace")


def _local(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
