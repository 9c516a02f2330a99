"""The lint gate, with the real ruff over real trees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.gates.static_fakes import call

from assay.gates.lint import LintGate
from assay.model.candidate import Base
from assay.model.errors import BadInput
from assay.model.outcome import Outcome, Resource, Severity, Skip
from assay.model.tool import Ending, ToolCall
from assay.sandbox.spec import JailCommand

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench

CONFIG = '[tool.ruff.lint]\nselect = ["E", "F", "I"]\n'
UNUSED = "import os\n\nx = 1\n"
CLEAN = "x = 1\n"

cold_only = pytest.mark.parametrize("way", ["cold"], indirect=True)
"""Tests in which ruff's own words are made up, or counted."""


@pytest.fixture(autouse=True, params=["warm", "cold"])
def way(request: pytest.FixtureRequest, bench: Bench) -> str:
    """Everything holds whether the worker answers or each candidate has a jail of its own."""
    if request.param == "cold":
        bench.refused.add("ruff worker")
    return str(request.param)


def test_passes_clean_code(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    result = bench.run(LintGate(), old, {**old, "a.py": CLEAN + "y = 2\n"})
    assert result.outcome is Outcome.PASSED
    assert result.evidence == {"files": 1}


def test_fails_a_new_finding_with_its_place(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    result = bench.run(LintGate(), old, {**old, "a.py": UNUSED})
    assert result.outcome is Outcome.FAILED
    assert [(f.rule, f.path, f.line) for f in result.findings] == [("F401", "a.py", 1)]
    assert "F401" in result.reason


def test_invariant_6_old_findings_are_not_the_candidates(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": UNUSED}
    result = bench.run(LintGate(), old, {**old, "a.py": "# more\n# lines\n" + UNUSED})
    assert result.outcome is Outcome.PASSED
    assert result.detail == {"fixed": [], "fixed_total": 0, "pre_existing": 1}


def test_a_rename_keeps_old_findings_old_and_fixes_are_counted(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": UNUSED + "y = 1\nz = 1\n", "b.py": UNUSED}
    new = {"pyproject.toml": CONFIG, "c.py": UNUSED + "y = 1\nz = 1\n", "b.py": CLEAN}
    result = bench.run(LintGate(), old, new)
    assert result.outcome is Outcome.PASSED
    assert (result.detail["fixed_total"], result.detail["pre_existing"]) == (1, 1)
    assert [finding["rule"] for finding in result.detail["fixed"]]


@cold_only
def test_base_findings_are_remembered(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": UNUSED}
    bench.run(LintGate(), old, {**old, "a.py": UNUSED + "y = 1\n"})
    before = len(bench.calls)
    result = bench.run(LintGate(), old, {**old, "a.py": UNUSED + "z = 1\n"})
    assert result.outcome is Outcome.PASSED
    assert len(bench.calls) == before + 1


@pytest.mark.parametrize(
    "attempt",
    [
        {"pyproject.toml": "[tool.ruff.lint]\nselect = []\nignore = ['ALL']\n"},
        {"ruff.toml": "lint.select = ['E9']\n"},
        {"pkg/.ruff.toml": "lint.select = ['E9']\n"},
        {"shared.toml": "lint.ignore = ['F401']\n"},
    ],
)
def test_invariant_3_the_candidates_own_configuration_does_not_count(
    bench: Bench, attempt: dict[str, str]
) -> None:
    old = {"pyproject.toml": '[tool.ruff]\nextend = "shared.toml"\n', "shared.toml": "lint.select = ['F']\n"}
    old["pkg/a.py"] = CLEAN
    result = bench.run(LintGate(), old, {**old, "pkg/a.py": UNUSED, **attempt})
    assert result.outcome is Outcome.FAILED
    assert [finding.rule for finding in result.findings] == ["F401"]
    assert "once it has landed" in result.reason


def test_invariant_3_rules_come_from_the_runs_base_in_a_range_of_commits(bench: Bench) -> None:
    root = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    loosened = {"pyproject.toml": "[tool.ruff.lint]\nselect = ['E9']\n", "a.py": CLEAN}
    candidate = bench.scratch.candidate(loosened, {**loosened, "a.py": UNUSED})
    result = bench.grade(LintGate(), candidate, Base(commit=None, tree=bench.scratch.tree(root)))
    assert result.outcome is Outcome.FAILED


@pytest.mark.parametrize("bad", [False, True])
def test_a_required_version_of_ruff_keeps_nobody_from_an_answer(bench: Bench, bad: bool) -> None:
    pinned = "[tool.uv]\nrequired-version = '>=1'\n[tool.ruff]\nrequired-version = '==0.0.1'\n"
    old = {
        "pyproject.toml": f"{pinned}extend = 'shared.toml'\n",
        "shared.toml": "required-version = '==0.0.2'\nlint.select = ['F']\n",
        "a.py": CLEAN,
    }
    result = bench.run(LintGate(), old, {**old, "a.py": UNUSED if bad else CLEAN + "y = 2\n"})
    assert result.outcome is (Outcome.FAILED if bad else Outcome.PASSED)
    assert "landed" not in result.reason, "which is about a configuration that the candidate changes"
    assert result.detail["ignored"] == [
        "required-version in pyproject.toml",
        "required-version in shared.toml",
    ]


@pytest.mark.parametrize("later", [False, True])
def test_nobody_is_blamed_by_a_default_that_came_after_the_project_s_ruff(bench: Bench, later: bool) -> None:
    old = {
        "pyproject.toml": "[tool.ruff]\nignore = ['F841']\n[tool.ruff.lint]\nextend-select = ['I']\n",
        ".pre-commit-config.yaml": f"- repo: x/ruff-pre-commit\n  rev: v0.{16 if later else 15}.0\n",
        "a.py": CLEAN,
    }
    dated = "from typing import Dict\n\n\ndef f(x: Dict) -> None:\n    y = x\n"
    result = bench.run(LintGate(), old, {**old, "a.py": dated})
    assert ("default_rules" in result.detail) is not later
    if not later:  # what later versions of ruff find by default is theirs to say
        assert result.outcome is Outcome.PASSED
    worse = {**old, "a.py": f"import sys\nimport os\n{dated}"}
    rules = {finding.rule for finding in bench.run(LintGate(), old, worse).findings}
    assert {"I001", "F401"} <= rules
    assert later or rules == {"I001", "F401"}


def test_without_a_configuration_only_real_errors_count(bench: Bench) -> None:
    old = {"a.py": CLEAN, "sub/ruff.toml": "lint.select = ['F']\n", "sub/b.py": CLEAN}
    assert bench.run(LintGate(), old, {**old, "a.py": UNUSED}).outcome is Outcome.PASSED
    undefined = bench.run(LintGate(), old, {**old, "a.py": "print(nowhere)\n"})
    assert [finding.rule for finding in undefined.findings] == ["F821"]
    governed = bench.run(LintGate(), old, {**old, "a.py": UNUSED, "sub/b.py": UNUSED})
    assert [(f.rule, f.path) for f in governed.findings] == [("F401", "sub/b.py")]


def test_a_file_in_another_encoding_that_it_declares_is_not_looked_at(bench: Bench) -> None:
    latin = b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n"
    result = bench.run(LintGate(), {"a.py": CLEAN}, {"a.py": CLEAN, "b.py": latin})
    assert result.skip is Skip.NOT_APPLICABLE
    result = bench.run(LintGate(), {"a.py": CLEAN}, {"a.py": "x = undefined\n", "b.py": latin})
    assert [(f.rule, f.path) for f in result.findings] == [("F821", "a.py")]


@pytest.mark.parametrize("content", [b"NAME = '\xe9'\n", b"# coding: ascii\nNAME = '\xe9'\n"])
def test_a_file_in_no_encoding_that_it_declares_is_a_finding(bench: Bench, content: bytes) -> None:
    result = bench.run(LintGate(), {"a.py": CLEAN}, {"a.py": CLEAN, "b.py": content})
    assert [(f.rule, f.path) for f in result.findings] == [("E902", "b.py")]


def test_the_projects_own_rules_hold_for_every_encoding(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    latin = b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n"
    assert bench.run(LintGate(), old, {**old, "b.py": latin}).outcome is Outcome.FAILED


def test_first_party_imports_are_told_by_the_tree(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "pkg/__init__.py": "", "a.py": CLEAN}
    sorted_imports = "import json\n\nimport requests\n\nimport pkg\n\nprint(json, requests, pkg)\n"
    assert bench.run(LintGate(), old, {**old, "a.py": sorted_imports}).outcome is Outcome.PASSED


def test_the_policy_may_name_a_configuration_of_the_base(bench: Bench) -> None:
    bench.with_section("lint", config="conf/lint.toml")
    old = {"conf/lint.toml": "lint.select = ['F401']\n", "a.py": CLEAN}
    new = {**old, "a.py": UNUSED, "conf/lint.toml": "lint.select = ['E9']\n"}
    assert [finding.rule for finding in bench.run(LintGate(), old, new).findings] == ["F401"]
    with pytest.raises(BadInput, match=r"conf/lint\.toml"):
        bench.run(LintGate(), {"a.py": CLEAN}, {"a.py": UNUSED})


def test_severity_and_exclusion_are_the_policys(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    bench.with_section("lint", severity=Severity.WARNING)
    shown = bench.run(LintGate(), old, {**old, "a.py": UNUSED})
    assert shown.outcome is Outcome.PASSED
    assert [finding.severity for finding in shown.findings] == [Severity.WARNING]
    bench.with_section("lint", exclude=("a.py",))
    assert bench.run(LintGate(), old, {**old, "a.py": UNUSED}).skip is Skip.NOT_APPLICABLE


def test_files_that_ruff_is_told_to_leave_out_are_not_applicable(bench: Bench) -> None:
    old = {"ruff.toml": 'extend-exclude = ["gen"]\n', "gen/a.py": CLEAN}
    assert bench.run(LintGate(), old, {**old, "gen/a.py": UNUSED}).skip is Skip.NOT_APPLICABLE


def test_invariant_6_a_broken_configuration_on_the_base_is_no_ones_failure(bench: Bench) -> None:
    old = {"ruff.toml": 'lint.select = ["NOPE"]\n', "a.py": CLEAN}
    changed = bench.run(LintGate(), old, {**old, "a.py": UNUSED})
    assert changed.outcome is Outcome.INFRA
    assert "NOPE" in changed.reason
    added = bench.run(LintGate(), old, {**old, "b.py": UNUSED})
    assert added.outcome is Outcome.INFRA
    assert "NOPE" in added.reason


def diagnostics(*items: dict[str, object]) -> bytes:
    return json.dumps(list(items)).encode()


@cold_only
@pytest.mark.parametrize(
    "broken",
    [
        call("ruff", 0, b""),
        call("ruff", 0, b"[{"),
        call("ruff", 0, b"{}"),
        call("ruff", 1, b"[]"),
        call("ruff", 1, diagnostics({"code": "F401"})),
        call("ruff", 1, diagnostics({"filename": "/x/other.py"})),
        call("ruff", 0, b"[]", truncated=True),
        call("ruff", 2, b"", b"ruff failed\n  Cause: something\n"),
        call("ruff", None, b"[]", ending=Ending.SIGNALLED, signal=11),
    ],
)
def test_invariant_5_a_report_that_is_none_fails(bench: Bench, broken: ToolCall) -> None:
    def answer(command: JailCommand) -> ToolCall | None:
        return broken if command.label == "ruff" else None

    bench.answer = answer
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    result = bench.run(LintGate(), old, {**old, "a.py": UNUSED})
    assert result.outcome is Outcome.FAILED
    assert result.findings == ()
    assert result.reason


@cold_only
@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.EXHAUSTED, Outcome.EXHAUSTED),
        (Ending.INFRA, Outcome.INFRA),
        (Ending.CANCELLED, Outcome.SKIPPED),
    ],
)
def test_other_endings_are_told_apart(bench: Bench, ending: Ending, outcome: Outcome) -> None:
    resource = Resource.MEMORY if ending is Ending.EXHAUSTED else None

    def answer(command: JailCommand) -> ToolCall | None:
        return call("ruff", None, ending=ending, resource=resource) if command.label == "ruff" else None

    bench.answer = answer
    old = {"pyproject.toml": CONFIG, "a.py": CLEAN}
    assert bench.run(LintGate(), old, {**old, "a.py": UNUSED}).outcome is outcome
    everywhere = call("ruff", None, ending=ending, resource=resource)
    bench.kept.clear()
    bench.answer = lambda _command: everywhere
    shared = bench.run(LintGate(), old, {**old, "a.py": UNUSED})
    assert shared.outcome is (Outcome.SKIPPED if ending is Ending.CANCELLED else Outcome.INFRA)


def test_many_files_are_asked_about_in_several_calls(bench: Bench, way: str) -> None:
    old = {"pyproject.toml": CONFIG, "x": "1"}
    directory = "d" * 120
    new = {f"{directory}/{'n' * 100}{number}.py": CLEAN for number in range(300)}
    result = bench.run(LintGate(), old, {**old, **new, f"{directory}/z.py": UNUSED})
    assert result.evidence == {"files": 301}
    assert [finding.path for finding in result.findings] == [f"{directory}/z.py"]
    assert len(bench.calls) > 1 or way == "warm"


def test_odd_file_names(bench: Bench) -> None:
    old = {"pyproject.toml": CONFIG, "x": "1"}
    odd = ["-a.py", "a\nb.py", "sp ace/ü.py", "[x].py"]
    result = bench.run(LintGate(), old, {**old, **dict.fromkeys(odd, UNUSED)})
    assert sorted(finding.path for finding in result.findings) == sorted(odd)
    assert "\n" not in result.reason
