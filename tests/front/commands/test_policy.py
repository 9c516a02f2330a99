from __future__ import annotations

import json
import tomllib

import pytest
from tests.front.support import git

from assay.front import entry


@pytest.fixture
def repository(tmp_path):
    """A repository whose base has an assay.toml; the work tree's own copy says something else."""
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "assay.toml").write_text('extends = "strict"\n[tests]\nconfirm = 4\n')
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "base")
    (root / "assay.toml").write_text("[tests]\nconfirm = 9\n")
    return root


@pytest.mark.parametrize("pack", ["default", "agent", "strict", "fast"])
def test_what_is_shown_is_a_policy_file_with_the_same_rules(pack, capsys, tmp_path):
    def shown(*arguments: str) -> dict:
        assert entry.run(["policy", "show", *arguments, "--format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert entry.run(["policy", "show", pack]) == 0
    text = capsys.readouterr().out
    tomllib.loads(text)
    (tmp_path / "copy.toml").write_text(text)
    assert entry.run(["policy", "validate", str(tmp_path / "copy.toml")]) == 0
    capsys.readouterr()
    assert shown(str(tmp_path / "copy.toml"))["settings"] == shown(pack)["settings"]


def test_invariant_3_the_policy_in_effect_is_the_bases(repository, capsys):
    assert entry.run(["policy", "explain", "-C", str(repository)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("tests.confirm ")]
    assert "assay.toml of the base" in line
    assert line.endswith("4")


def test_each_command_has_its_pack(tmp_path, capsys):
    git(tmp_path, "init", "-q")
    for command, from_base in (("check", False), ("grade", True), ("land", True)):
        entry.run(["policy", "show", "-C", str(tmp_path), "--for", command, "--format", "json"])
        assert json.loads(capsys.readouterr().out)["settings"]["tests.from_base"] is from_base


def test_every_problem_of_a_file_is_listed(tmp_path, capsys):
    file = tmp_path / "bad.toml"
    file.write_text("gatess = []\n[tests]\nconfirm = 'x'\n")
    assert entry.run(["policy", "validate", str(file)]) == 2
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert entry.run(["policy", "validate", str(file), "--format", "json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2


def test_outside_a_repository_and_without_a_file_it_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert entry.run(["policy", "show"]) == 2
    assert entry.run(["policy", "validate"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.startswith("assay: ") for line in err.splitlines()] == [True, True]
