from __future__ import annotations

import os
import subprocess
import sys

import pytest


def _assay(*arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "assay", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def _completed(words: str, count: int) -> set[str]:
    return set(_assay(_ASSAY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(count)).split())


def test_the_bash_script_is_valid_bash():
    script = _assay("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_as_well(shell):
    assert "assay" in _assay(_ASSAY_COMPLETE=f"source_{shell}")


def test_commands_are_offered():
    assert _completed("assay ", 1) == {"demo", "doctor", "check", "grade", "land", "audit", "policy", "risk"}
    assert _completed("assay gr", 1) == {"grade"}
    assert _completed("assay audit ", 2) == {"list", "show", "prune"}


def test_options_and_their_values_are_offered():
    assert {"--policy", "--jobs", "--format", "--first"} <= _completed("assay grade --", 2)
    formats = {"text", "json", "markdown", "sarif", "junit", "html", "github"}
    assert _completed("assay grade --format ", 3) == formats
    assert {"agent", "default", "strict", "fast"} <= _completed("assay grade --policy ", 3)


def test_branches_are_offered_and_outside_a_repository_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert _completed("assay land x --onto ", 4) == set()
    git = ["git", "-c", "init.defaultBranch=trunk", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([*git, "init", "-q"], check=True, env=environ)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, env=environ)
    assert _completed("assay land x --onto ", 4) == {"trunk"}
