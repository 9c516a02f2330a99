"""The command gate: a shell script stands for any program in any language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.gates.static_fakes import PROGRAM, call

from assay.gates.command import CommandGate, check_command
from assay.model.errors import BadInput
from assay.model.outcome import Outcome, Skip
from assay.model.tool import Ending, ToolCall
from assay.policy.schema import Command, ReportKind
from assay.sandbox.spec import JailCommand

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench, Content

    from assay.model.outcome import GateResult


def gate(*run: str, **rest: Any) -> CommandGate:
    return CommandGate(Command(name="check", run=run, **rest))


def script(bench: Bench, before: str, after: str, **rest: Any) -> GateResult:
    """The result where `./tool` is `before` on the base and `after` on the candidate."""
    return bench.run(gate("./tool", **rest), tool(before), tool(after))


def tool(body: str) -> dict[str, Content]:
    return {"tool": (PROGRAM, "#!/bin/sh\n" + body)}


def test_exit_code_good_and_bad(bench: Bench) -> None:
    assert script(bench, "exit 1", "exit 0").outcome is Outcome.PASSED
    result = script(bench, "exit 0", "echo because >&2; exit 1")
    assert result.outcome is Outcome.FAILED
    assert "because" in result.detail["output"]


def test_invariant_6_what_fails_on_the_base_as_well_blames_nobody(bench: Bench) -> None:
    assert script(bench, "exit 1", "exit 1 # again").outcome is Outcome.INFRA
    assert script(bench, "exit 7", "exit 7 # again").outcome is Outcome.INFRA


def test_invariant_5_an_unlisted_exit_code_fails(bench: Bench) -> None:
    result = script(bench, "exit 0", "echo usage; exit 7")
    assert result.outcome is Outcome.FAILED
    assert "exits with 7" in result.reason
    assert script(bench, "exit 0", "exit 7", ok=(0, 7)).outcome is Outcome.PASSED


def test_not_applicable_where_nothing_of_its_paths_changes(bench: Bench) -> None:
    runs = gate("./tool", paths=("**/*.go",))
    assert bench.run(runs, {"a.py": "1"}, {"a.py": "2"}).skip is Skip.NOT_APPLICABLE
    assert bench.calls == []


def test_the_base_is_run_once_and_remembered(bench: Bench) -> None:
    script(bench, "exit 0", "exit 1")
    before = len(bench.calls)
    script(bench, "exit 0", "exit 1 # other")
    assert len(bench.calls) == before + 1


def test_invariant_3_trusted_files_come_from_the_base(bench: Bench) -> None:
    old = {**tool("exit $(cat limit)"), "limit": "1"}
    new = {**tool("exit $(cat limit) # x"), "limit": "0"}
    assert bench.run(gate("./tool"), old, new).outcome is Outcome.PASSED
    assert bench.run(gate("./tool", trusted=("limit",)), old, new).outcome is Outcome.INFRA


JUNIT = '<testsuite><testcase classname="m" name="{a}"/><testcase name="b">{b}</testcase></testsuite>'


def junit(a: str = "a", b: str = "") -> str:
    return f"cat <<'X'\n{JUNIT.format(a=a, b=b)}\nX\n"


def test_junit_newly_failing_cases_reject_and_old_ones_do_not(bench: Bench) -> None:
    kind = {"report": ReportKind.JUNIT}
    bad = '<failure message="no"/>'
    result = script(bench, junit(), junit(b=bad) + "exit 1", **kind)
    assert result.outcome is Outcome.FAILED
    assert result.detail["newly_failing"] == ["b"]
    shared = script(bench, junit(b=bad) + "exit 1", junit(b=bad) + "exit 1 # same", **kind)
    assert shared.outcome is Outcome.PASSED
    assert shared.detail["pre_existing"] == ["b"]
    assert script(bench, junit(b=bad) + "exit 1", junit(), **kind).evidence == {"tests": 2}


def test_invariant_5_a_clean_report_without_what_ran_on_the_base_is_no_pass(bench: Bench) -> None:
    runs = gate("./tool", report=ReportKind.JUNIT)
    result = bench.run(runs, tool(junit()), tool(junit(a="other")))
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith("m::a passes on the base and does not run any more")
    # Who changes tests may rename one, unless the tests are the base's.
    renamed = {**tool(junit(a="other")), "tests/a.js": "2"}
    assert bench.run(runs, {**tool(junit()), "tests/a.js": "1"}, renamed).outcome is Outcome.PASSED
    trusting = gate("./tool", report=ReportKind.JUNIT, trusted=("tests/**",))
    assert bench.run(trusting, {**tool(junit()), "tests/a.js": "1"}, renamed).outcome is Outcome.FAILED
    # A base whose report cannot be read has nothing that could be missing.
    assert bench.run(runs, tool("exit 0"), tool(junit())).outcome is Outcome.PASSED


def test_junit_from_a_file_that_the_program_wrote(bench: Bench) -> None:
    rest = {"report": ReportKind.JUNIT, "file": "out/report.xml"}
    write = "mkdir out; (" + junit() + ") > out/report.xml\n"
    assert script(bench, write, write + "# x", **rest).outcome is Outcome.PASSED
    missing = script(bench, write, "exit 0", **rest)
    assert missing.outcome is Outcome.FAILED
    assert "out/report.xml" in missing.reason


def test_invariant_5_an_exit_code_that_got_worse_is_no_pass_whatever_the_report_says(bench: Bench) -> None:
    result = script(bench, junit(), junit() + "exit 1", report=ReportKind.JUNIT)
    assert result.outcome is Outcome.FAILED
    result = script(bench, "exit 0", "exit 1", report=ReportKind.REGEX, pattern="(?P<path>a):(?P<message>b)")
    assert result.outcome is Outcome.FAILED


def sarif(*results: tuple[str, int, str]) -> str:
    log = {
        "version": "2.1.0",
        "runs": [
            {
                "results": [
                    {
                        "ruleId": rule,
                        "level": level,
                        "message": {"text": "m"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "code.ts"},
                                    "region": {"startLine": line},
                                }
                            }
                        ],
                    }
                    for rule, line, level in results
                ]
            }
        ],
    }
    return f"cat <<'X'\n{json.dumps(log)}\nX\n"


def test_sarif_reports_only_what_is_new(bench: Bench) -> None:
    def files(text: str, report: str) -> dict[str, Content]:
        return {"code.ts": text, **tool(report)}

    checks = gate("./tool", report=ReportKind.SARIF)
    old = files("one\ntwo\n", sarif(("r", 1, "error")) + "exit 1")
    shifted = bench.run(checks, old, files("zero\none\ntwo\n", sarif(("r", 2, "error")) + "exit 1"))
    assert shifted.outcome is Outcome.PASSED
    more = bench.run(checks, old, files("one\ntwo\n", sarif(("r", 1, "error"), ("r", 2, "error")) + "exit 1"))
    assert [(f.rule, f.path, f.line) for f in more.findings] == [("r", "code.ts", 2)]
    assert more.outcome is Outcome.FAILED


def test_sarif_warnings_reject_only_if_the_program_itself_turns_bad(bench: Bench) -> None:
    rest = {"report": ReportKind.SARIF}
    assert script(bench, sarif(), sarif(("w", 1, "warning")), **rest).outcome is Outcome.PASSED
    assert script(bench, sarif(), sarif(("w", 1, "warning")) + "exit 1", **rest).outcome is Outcome.FAILED


def test_regex_findings(bench: Bench) -> None:
    rest = {
        "report": ReportKind.REGEX,
        "pattern": r"^(?P<path>[^:\n]+):(?P<line>\d+): (?P<rule>\w+) (?P<message>.*)$",
    }
    result = script(bench, "exit 0", "echo 'tool:1: R1 bad thing'; exit 1", **rest)
    assert [(f.rule, f.path, f.line, f.message) for f in result.findings] == [("R1", "tool", 1, "bad thing")]
    assert result.outcome is Outcome.FAILED


@pytest.mark.parametrize("kind", [ReportKind.SARIF, ReportKind.JUNIT])
@pytest.mark.parametrize("said", ["", "{", "<testsuite>", "{}", '{"runs": []}', "<testsuite/>", "<html/>"])
def test_invariant_5_a_report_that_is_none_fails(bench: Bench, kind: ReportKind, said: str) -> None:
    good = sarif() if kind is ReportKind.SARIF else junit()
    result = script(bench, good, f"printf '%s' '{said}'", report=kind)
    assert result.outcome is Outcome.FAILED
    assert (
        script(bench, f"printf '%s' '{said}'", f"printf '%s' '{said}' #", report=kind).outcome
        is Outcome.INFRA
    )


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (call("check", None, ending=Ending.INFRA, reason="no memory for a jail"), Outcome.INFRA),
        (call("check", None, ending=Ending.CANCELLED), Outcome.SKIPPED),
        (call("check", None, ending=Ending.EXHAUSTED, resource="time"), Outcome.EXHAUSTED),
        (call("check", None, ending=Ending.REFUSED, reason="in the way"), Outcome.FAILED),
        (call("check", None, ending=Ending.SIGNALLED, signal=9), Outcome.FAILED),
    ],
)
def test_endings(bench: Bench, ended: ToolCall, outcome: Outcome) -> None:
    def answer(command: JailCommand) -> ToolCall | None:
        return ended if command.label == "check" else None

    bench.answer = answer
    assert script(bench, "exit 0", "exit 0 # x").outcome is outcome


def test_entries_that_mean_nothing_are_bad_input() -> None:
    for command in (
        Command(name="c", run=()),
        Command(name="c", run=("x",), report=ReportKind.REGEX, pattern="("),
        Command(name="c", run=("x",), report=ReportKind.REGEX, pattern="(?P<path>x)"),
    ):
        with pytest.raises(BadInput, match="'c'"):
            check_command(command, "policy")
    check_command(Command(name="c", run=("x",)), "policy")
