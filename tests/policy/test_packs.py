from __future__ import annotations

import fnmatch
from collections.abc import Callable

import pytest

from assay.model.outcome import Severity
from assay.policy import packs
from assay.policy.schema import FlakyRule, NoTests, Policy
from assay.policy.stakes import Collect
from assay.risk.evidence.shortfalls import demands


def test_the_shipped_packs_are_there_and_sound(load_base: Callable[..., Policy]) -> None:
    assert set(packs.names()) >= {"default", "agent", "strict", "fast"}
    for name in packs.names():
        policy = load_base({}, name=name)
        assert policy.name == name
        assert policy.origin[-1] == f"pack {name}"
    assert len({load_base({}, name=name).digest for name in packs.names()}) == len(packs.names())


def test_default_lets_a_person_delete_a_test(load_base: Callable[..., Policy]) -> None:
    policy = load_base({}, name="default")
    assert policy.gates == ("apply", "scope", "compile", "lint", "security", "tests")
    assert policy.scope.severity["scope/test-deleted"] is Severity.WARNING
    assert policy.scope.severity["scope/suppression"] is Severity.WARNING
    assert policy.scope.protected == ()
    assert not policy.tests.from_base
    assert policy.tests.none is NoTests.SKIP


def test_invariant_3_the_agent_pack_takes_tests_from_the_base_and_protects_the_rules(
    load_base: Callable[..., Policy],
) -> None:
    policy = load_base({}, name="agent")
    assert policy.tests.from_base
    assert policy.tests.none is NoTests.INCONCLUSIVE
    for rule in ("scope/suppression", "scope/test-deleted", "scope/test-weakened"):
        assert policy.scope.severity[rule] is Severity.ERROR
    for path in (
        "assay.toml",
        ".github/workflows/ci.yml",
        ".pre-commit-config.yaml",
        "tests/conftest.py",
        "pkg/uv.lock",
        "docs/AGENTS.md",
        ".claude/settings.json",
    ):
        assert any(
            fnmatch.fnmatch(path, pattern.replace("**/", "*")) for pattern in policy.scope.protected
        ), path
    for path in ("src/app.py", "tests/test_app.py", "README.md", "pyproject.toml"):
        assert not any(fnmatch.fnmatch(path, pattern) for pattern in policy.scope.protected), path


def test_strict_is_agent_and_more(load_base: Callable[..., Policy]) -> None:
    agent, strict = load_base({}, name="agent"), load_base({}, name="strict")
    assert strict.origin == (*agent.origin, "pack strict")
    assert strict.scope.protected == agent.scope.protected
    assert strict.tests.from_base
    assert strict.tests.flaky is FlakyRule.INCONCLUSIVE
    assert strict.scope.max_lines < agent.scope.max_lines
    assert strict.scope.max_files < agent.scope.max_files
    assert strict.evidence.collect is Collect.MUTANTS
    assert demands(strict.evidence)


@pytest.mark.parametrize("name", ["default", "agent", "strict"])
def test_chance_rejects_less_than_once_in_a_hundred(load_base: Callable[..., Policy], name: str) -> None:
    times, often = load_base({}, name=name).tests.confirm, 0.5
    assert often ** (1 + times) * (1 - often) ** times < 0.01


def test_fast_runs_nothing_of_the_project(load_base: Callable[..., Policy]) -> None:
    assert load_base({}, name="fast").gates == ("apply", "scope", "compile", "lint", "security")


def test_a_lost_pack_directory_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    from assay.model.errors import Unsound

    packs.directory.cache_clear()
    monkeypatch.setattr("assay.policy.packs.resources.files", lambda _name: tmp_path)
    monkeypatch.setattr("assay.policy.packs.assay.__file__", str(tmp_path / "a/b/c/__init__.py"))
    try:
        with pytest.raises(Unsound, match="install assay again"):
            packs.directory()
    finally:
        packs.directory.cache_clear()


@pytest.mark.parametrize("name", ["default", "agent", "fast"])
def test_no_other_pack_gathers_evidence_unasked(load_base: Callable[..., Policy], name: str) -> None:
    policy = load_base({}, name=name)
    assert policy.evidence.collect is Collect.NEVER
    assert not demands(policy.evidence)
