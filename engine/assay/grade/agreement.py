"""Where several gradings of one candidate differ, in words.

Promises: pure. Compares verdicts, outcomes, findings, and of a gate's evidence and detail every list of names
and every table of counts; times and costs are expected to differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assay.model.outcome import PRIVATE, GateResult, Skip
from assay.model.verdict import Verdict

_NAMED = 20
"""So many differing names of one list are told."""


def differences(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """One sentence for each thing that is not the same in all of `verdicts`, which are of one candidate."""
    found = list(_votes("verdict", [str(verdict.decision) for verdict in verdicts]))
    for gate in dict.fromkeys(result.gate for verdict in verdicts for result in verdict.gates):
        results = [result for verdict in verdicts for result in verdict.gates if result.gate == gate]
        asked = [r for r in results if r.skip not in (Skip.NOT_REACHED, Skip.CANCELLED)]
        found += _votes(gate, [str(result.outcome) for result in results])
        found += _findings(gate, asked)
        found += _details(gate, asked)
    return tuple(found)


def _findings(gate: str, results: Sequence[GateResult]) -> Iterator[str]:
    words = {f.fingerprint: f"{f.rule} {f.path}: {f.message}" for result in results for f in result.findings}
    sets = [{finding.fingerprint for finding in result.findings} for result in results]
    yield from _names(f"{gate}, finding", sets, words)


def _details(gate: str, results: Sequence[GateResult]) -> Iterator[str]:
    for key in sorted({key for result in results for key in result.detail} - {PRIVATE}):
        values = [result.detail.get(key) for result in results]
        if any(_is_names(value) for value in values):
            yield from _names(f"{gate}, {key}", [set(value or ()) for value in values])
        elif any(_is_counts(value) for value in values):
            yield from _counts(f"{gate}, {key}", [value or {} for value in values])
    yield from _counts(f"{gate}, evidence", [result.evidence for result in results])


def _votes(what: str, answers: Sequence[str]) -> Iterator[str]:
    tally = Counter(answers)
    if len(tally) > 1:
        yield f"{what}: " + ", ".join(f"{answer} in {_runs(n, len(answers))}" for answer, n in tally.items())


def _names(what: str, sets: Sequence[set[str]], words: dict[str, str] | None = None) -> Iterator[str]:
    tally = Counter(name for names in sets for name in names)
    odd = sorted(name for name, number in tally.items() if number < len(sets))
    for name in odd[:_NAMED]:
        yield f"{what} in {_runs(tally[name], len(sets))}: {(words or {}).get(name, name)}"
    if len(odd) > _NAMED:
        yield f"{what}: and {len(odd) - _NAMED} more"


def _counts(what: str, tables: Sequence[dict[str, int]]) -> Iterator[str]:
    for key in sorted({key for table in tables for key in table}):
        numbers = [table.get(key, 0) for table in tables]
        if len(set(numbers)) > 1:
            yield f"{what}: {key} {_either(numbers)}"


def _either(numbers: Iterable[int]) -> str:
    return " or ".join(str(number) for number in sorted(set(numbers)))


def _runs(number: int, total: int) -> str:
    return f"{number} of {total} runs"


def _is_names(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, str) for item in value)


def _is_counts(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(type(item) is int for item in value.values())
