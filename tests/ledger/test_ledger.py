from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import msgspec
import pytest

from assay.ledger.database import FILE
from assay.ledger.ledger import Ledger
from assay.ledger.records import Landing
from assay.ledger.states import IllegalTransition, State
from assay.model.candidate import Candidate
from assay.model.errors import BadInput
from assay.model.outcome import GateResult, passed
from assay.model.tool import ToolCall
from assay.model.verdict import Decision, Verdict


def _on_disk(place: Path, sql: str) -> list[tuple[object, ...]]:
    """What another process would see right now."""
    connection = sqlite3.connect(place / FILE)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_asking_where_there_is_no_ledger_creates_nothing(ledger: Ledger, place: Path) -> None:
    assert ledger.transactions() == ()
    assert ledger.unfinished() == ()
    assert ledger.rejections() == ()
    assert ledger.find_candidates("a") == ()
    assert ledger.verify() == []
    assert ledger.get("0" * 64) is None
    assert ledger.cached("k") is None
    assert ledger.prune(time.time()).bodies == 0
    with pytest.raises(BadInput, match="nothing was ever recorded"):
        ledger.transaction("x")
    assert not place.parent.exists()


def test_the_directory_is_for_its_owner_alone(ledger: Ledger, place: Path) -> None:
    ledger.begin("grade", {})
    assert place.stat().st_mode & 0o777 == 0o700


def test_invariant_9_begin_and_step_are_on_the_disk_when_they_return(ledger: Ledger, place: Path) -> None:
    run = ledger.begin("land", {"onto": "main"})
    assert _on_disk(place, "SELECT id, state FROM transactions") == [(run, "begun")]
    ledger.append(run, "note", {"a": 1})
    ledger.step(run, State.PUBLISHING, {"plan": [1, 2]})
    assert _on_disk(place, "SELECT state FROM transactions") == [("publishing",)]
    assert _on_disk(place, "SELECT kind FROM entries") == [("begin",), ("note",), ("step",)]


def test_invariant_9_a_landing_is_on_the_disk_when_it_returns(ledger: Ledger, place: Path) -> None:
    run = ledger.begin("land", {})
    landing = Landing(ref="refs/heads/main", old="a", new="b", plan={"members": ["x"]})
    ledger.landing(run, landing)
    assert _on_disk(place, "SELECT ref, old, new FROM landings") == [("refs/heads/main", "a", "b")]
    assert ledger.landings(run) == (landing,)


def test_what_nobody_waits_for_arrives_all_the_same(ledger: Ledger, place: Path) -> None:
    run = ledger.begin("grade", {})
    ledger.append(run, "note", {})
    deadline = time.monotonic() + 20
    while _on_disk(place, "SELECT COUNT(*) FROM entries") != [(2,)] and time.monotonic() < deadline:
        time.sleep(0.005)
    assert _on_disk(place, "SELECT COUNT(*) FROM entries") == [(2,)]


def test_illegal_steps_are_refused_and_leave_no_entry(ledger: Ledger) -> None:
    run = ledger.begin("land", {})
    ledger.step(run, State.PUBLISHING)
    with pytest.raises(IllegalTransition, match="from publishing to failed"):
        ledger.step(run, State.FAILED)
    with pytest.raises(IllegalTransition, match="never began"):
        ledger.step("nobody", State.DONE)
    assert ledger.state(run) is State.PUBLISHING
    assert len(ledger.entries(run)) == 2
    assert ledger.verify() == []


def test_kinds_with_a_method_of_their_own_cannot_be_appended(ledger: Ledger) -> None:
    run = ledger.begin("grade", {})
    with pytest.raises(ValueError, match="method of their own"):
        ledger.append(run, "verdict", {})


def test_a_candidates_whole_story_comes_back(
    ledger: Ledger,
    candidate: Candidate,
    results: tuple[GateResult, ...],
    rejected: Verdict,
    call: ToolCall,
) -> None:
    run = ledger.begin("grade", {"sources": ["x"]})
    ledger.step(run, State.GRADING)
    ledger.candidate(run, candidate, "refs/assay/candidates/c0ffee")
    ledger.tool_call(run, call, candidate=candidate.id, gate="lint")
    for result in results:
        ledger.gate_result(run, candidate.id, result)
    ledger.verdict(run, rejected)

    (found,) = ledger.candidates(run)
    assert found.kept.ref == "refs/assay/candidates/c0ffee"
    assert ledger.get(found.kept.patch) == candidate.patch
    assert (found.decision, found.rejected_by, found.reason) == (
        Decision.REJECTED,
        "lint",
        "an unused import",
    )
    assert ledger.verdict_of(run, candidate.id) == rejected
    assert ledger.gate_results(run, candidate.id) == results
    assert ledger.find_candidates("c0f") == ledger.find_candidates("fix.patch") == (found,)
    assert ledger.find_candidates("") == ledger.find_candidates("%") == ()

    (kept,) = ledger.tool_calls(run, candidate.id, "lint")
    assert kept.call.argv == call.argv
    assert ledger.get(kept.outputs["stdout"].digest) == call.stdout
    assert ledger.get(kept.outputs["report"].digest) == call.report
    assert ledger.get(kept.outputs["output:out/\udcff.xml"].digest) == b"<x/>"
    assert "stderr" not in kept.outputs
    assert ledger.tool_calls(run, candidate.id, "tests") == ()

    (rejection,) = ledger.rejections(since=time.time() - 60)
    assert (rejection.name, rejection.gate, rejection.reason) == ("fix.patch", "lint", "an unused import")
    assert ledger.rejections(since=time.time() + 60) == ()
    assert ledger.verify() == []


def test_gate_results_recorded_one_by_one_are_not_written_twice(
    ledger: Ledger, results: tuple[GateResult, ...], rejected: Verdict
) -> None:
    run = ledger.begin("grade", {})
    ledger.gate_result(run, "c0ffee", results[0])
    ledger.verdict(run, rejected)
    verdict_entry = ledger.entries(run)[-1]
    assert b'"gate":"apply"' not in verdict_entry.payload
    assert b'"gate":"lint"' in verdict_entry.payload
    assert ledger.verdict_of(run, "c0ffee") == rejected


def test_a_second_verdict_is_the_one_that_counts(
    ledger: Ledger, candidate: Candidate, rejected: Verdict
) -> None:
    run = ledger.begin("land", {})
    ledger.candidate(run, candidate)
    ledger.verdict(run, rejected)
    later = Verdict(
        candidate=candidate.id,
        decision=Decision.ACCEPTED,
        reason="every required gate passed",
        rejected_by=None,
        gates=(passed("apply", evidence={"files": 1}),),
    )
    ledger.verdict(run, later)
    assert ledger.verdict_of(run, candidate.id) == later
    assert ledger.candidates(run)[0].decision is Decision.ACCEPTED


def test_transactions_are_found_by_time_command_and_verdict(ledger: Ledger, rejected: Verdict) -> None:
    first = ledger.begin("grade", {"n": 1})
    ledger.verdict(first, rejected)
    ledger.step(first, State.DONE)
    second = ledger.begin("land", {"n": 2})
    assert [run.id for run in ledger.transactions()] == [second, first]
    assert [run.id for run in ledger.transactions(limit=1)] == [second]
    assert [run.id for run in ledger.transactions(command="grade")] == [first]
    assert [run.id for run in ledger.transactions(verdict=Decision.REJECTED)] == [first]
    assert ledger.transactions(verdict=Decision.ACCEPTED) == ()
    assert ledger.transactions(since=time.time() + 60) == ()
    run = ledger.transactions(since=time.time() - 60, command="grade")[0]
    assert (run.state, run.payload, run.verdicts) == (State.DONE, {"n": 1}, {Decision.REJECTED: 1})
    assert run.began <= run.updated


def test_a_transaction_is_named_by_any_unique_beginning(ledger: Ledger) -> None:
    first, second = ledger.begin("grade", {}), ledger.begin("grade", {})
    assert ledger.transaction(first).id == first
    with pytest.raises(BadInput, match="several"):
        ledger.transaction(first[:2])
    for nonsense in ("", "zzz", "%"):
        with pytest.raises(BadInput, match="no transaction"):
            ledger.transaction(nonsense)
    assert first != second


def test_unfinished_runs_of_this_process_are_alive_until_it_lets_go(ledger: Ledger, place: Path) -> None:
    run = ledger.begin("land", {})
    done = ledger.begin("land", {})
    ledger.step(done, State.DONE)
    ledger.step(run, State.PUBLISHING, {"plan": 1})
    with Ledger.open(place) as other:
        (mine,) = other.unfinished()
        assert (mine.id, mine.state, mine.alive) == (run, State.PUBLISHING, True)
        assert mine.steps[-1].payload == {"plan": 1}
        ledger.close()
        (orphan,) = other.unfinished()
        assert not orphan.alive
        other.step(run, State.ROLLED_BACK)
        assert other.unfinished() == ()


def test_long_outputs_keep_beginning_and_end_and_say_so(ledger: Ledger, call: ToolCall) -> None:
    text = b"first\n" + b"x" * 3_000_000 + b"\nlast"
    run = ledger.begin("grade", {})
    ledger.tool_call(run, msgspec.structs.replace(call, stdout=text))
    (kept,) = ledger.tool_calls(run)
    output = kept.outputs["stdout"]
    body = ledger.get(output.digest)
    assert body is not None
    assert body.startswith(b"first\n")
    assert body.endswith(b"\nlast")
    assert output.size == len(text) == len(body) + output.cut
    assert text[: output.head] + text[output.head + output.cut :] == body


def test_prune_removes_bodies_and_keeps_the_chain_whole(
    ledger: Ledger, candidate: Candidate, call: ToolCall
) -> None:
    run = ledger.begin("grade", {})
    ledger.candidate(run, candidate)
    ledger.tool_call(run, call)
    ledger.flush()
    between = time.time()
    time.sleep(0.002)
    later = ledger.begin("grade", {})
    ledger.tool_call(later, call)

    pruned = ledger.prune(between)
    assert pruned.bodies == 1
    assert ledger.get(ledger.candidates(run)[0].kept.patch) is None
    assert ledger.get(ledger.tool_calls(run)[0].outputs["stdout"].digest) == call.stdout, (
        "a later run uses it"
    )
    assert ledger.verify() == []
    assert ledger.prune(time.time() + 1).bodies == 3
    assert ledger.get(ledger.tool_calls(later)[0].outputs["stdout"].digest) is None
    assert ledger.verify() == []
    assert len(ledger.candidates(run)) == 1


def test_many_threads_write_one_whole_chain(ledger: Ledger) -> None:
    run = ledger.begin("grade", {})

    def work(number: int) -> None:
        for count in range(25):
            ledger.append(run, "note", {"thread": number, "count": count})
        ledger.flush()
        mine = ledger.begin("check", {})
        ledger.step(mine, State.DONE)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes = [entry for entry in ledger.entries() if entry.kind == "note"]
    assert len(notes) == 200
    for number in range(8):
        counts = [entry.payload for entry in notes if f'"thread":{number}}}'.encode() in entry.payload]
        assert counts == sorted(counts, key=len), "each thread's entries are in its order"
    assert ledger.verify() == []


def test_commits_are_shared_when_nobody_waits(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    commit = ledger._writer._commit
    monkeypatch.setattr(ledger._writer, "_commit", lambda jobs: commits.append(len(jobs)) or commit(jobs))
    run = ledger.begin("grade", {})
    for count in range(200):
        ledger.append(run, "note", {"count": count})
    ledger.flush()
    assert sum(commits) == 202
    assert len(commits) < 60


def test_a_cached_answer_comes_back(ledger: Ledger, place: Path) -> None:
    ledger.remember("key", b"value")
    ledger.close()
    with Ledger.open(place) as again:
        assert again.cached("key") == b"value"


def test_closing_twice_and_writing_after_closing(place: Path) -> None:
    ledger = Ledger.open(place)
    ledger.begin("grade", {})
    ledger.close()
    ledger.close()
    with pytest.raises(RuntimeError, match="closed"):
        ledger.begin("grade", {})
