"""Tests of what a change makes the project install, from where, and what runs in its build."""

from __future__ import annotations

import pytest
from tests.gates.scope_files import changed, said

from assay.gates.scope_dependencies import dependencies
from assay.gates.scope_types import Hit

SETUP = "from setuptools import setup\n\nsetup(name='a', version='1', install_requires=['b'])\n"


def hits(path: str, old: str | None, new: str | None) -> list[Hit]:
    return list(dependencies(changed(path, old, new)))


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("requirements.txt", "a\n", "a\nb==1\n", "b ==1 added"),
        ("requirements.txt", "a\n", "", "a removed"),
        (
            "pyproject.toml",
            "[project]\ndependencies = ['a>1']\n",
            "[project]\ndependencies = ['a>2']\n",
            "a >1 to >2",
        ),
        ("setup.py", SETUP, SETUP.replace("['b']", "['b', 'c']"), "c any added"),
        ("setup.cfg", "", "[options]\ninstall_requires =\n    b\n", "b any added"),
        ("Pipfile", "[packages]\n", "[packages]\nb = '*'\n", "b any added"),
        ("package.json", "{}", '{"devDependencies": {"b": "1"}}', "b (dev) 1 added"),
        ("Cargo.toml", "[dependencies]\n", "[dependencies]\nb = '1'\n", "b 1 added"),
        (
            "go.mod",
            "module m\n",
            "module m\nrequire (\n\tx.org/b v1.2.0 // indirect\n)\n",
            "x.org/b v1.2.0 added",
        ),
        ("pyproject.toml", "[project]\n", "not toml [", "nobody can tell"),
    ],
)
def test_changed_requirements_are_named(path: str, old: str, new: str, words: str) -> None:
    found = hits(path, old, new)
    assert said(found) == ["dependency"]
    assert words in found[0].message


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("requirements.txt", "a\n", "a @ https://x.org/a.zip\n"),
        ("requirements.txt", "a\n", "git+https://x.org/a\na\n"),
        ("requirements.txt", "a\n", "--extra-index-url https://x.org\na\n"),
        ("requirements.txt", "a\n", "-i=https://x.org\na\n"),
        ("pyproject.toml", "", "[[tool.uv.index]]\nurl = 'https://x.org'\n"),
        ("pyproject.toml", "", "[tool.poetry.dependencies]\na = {git = 'https://x.org/a'}\n"),
        ("Pipfile", "", "[[source]]\nurl = 'https://x.org'\n"),
        ("package.json", "{}", '{"dependencies": {"a": "someone/a"}}'),
        ("Cargo.toml", "", "[patch.crates-io]\na = {path = 'x'}\n"),
        ("go.mod", "module m\n", "module m\nreplace x.org/a v1.0.0 => ../a\n"),
        ("pip.conf", None, "[global]\nindex-url = https://x.org\n"),
        (".npmrc", "", "registry=https://x.org\n"),
    ],
)
def test_new_places_that_dependencies_come_from(path: str, old: str | None, new: str) -> None:
    assert "dependency-source" in said(hits(path, old, new))
    if path not in ("pip.conf", ".npmrc"):
        assert "dependency-source" not in said(hits(path, new, new + "\n"))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("setup.py", SETUP, SETUP.replace("name='a'", "name='a', cmdclass={'build': B}")),
        ("setup.py", SETUP, f"import os\nos.system('x')\n{SETUP}"),
        ("setup.py", SETUP, SETUP.replace("version='1'", "version=run()")),
        ("setup.py", SETUP, SETUP.replace("name='a'", "name='a', entry_points={'pytest11': ['a = a']}")),
        ("pyproject.toml", "[build-system]\nbuild-backend = 'a'\n", "[build-system]\nbuild-backend = 'b'\n"),
        ("pyproject.toml", "", "[project.entry-points.pytest11]\na = 'a'\n"),
        ("package.json", "{}", '{"scripts": {"postinstall": "x"}}'),
        ("build.rs", None, "fn main() {}\n"),
    ],
)
def test_what_runs_when_the_project_is_built(path: str, old: str | None, new: str) -> None:
    assert said(hits(path, old, new)) == ["build-hook"]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("setup.py", SETUP, SETUP.replace("version='1'", "version='2'") + "# x\n"),
        ("setup.py", SETUP, SETUP.replace("name='a'", "name='a', python_requires='>=3'")),
        ("pyproject.toml", "[project]\nversion = '1'\n", "[project]\nversion = '2'\n"),
        ("requirements.txt", "a\nb\n", "b\n# x\na\n"),
        ("requirements.txt", "-e .\n", "-e .[extra]\n"),
        ("package.json", "{}", '{"scripts": {"lint": "x"}}'),
        ("notes.txt", "a\n", "a\nb\n"),
    ],
)
def test_other_changes_are_none(path: str, old: str, new: str) -> None:
    assert hits(path, old, new) == []


def test_hostile_manifests_take_no_time_and_raise_nothing() -> None:
    assert said(hits("go.mod", "", "replace (\n" * 10_000)) == []
    assert said(hits("go.mod", "", "\n" * 100_000)) == []
    assert said(hits("requirements.txt", "", "-i" + " " * 200_000 + "x\n")) == ["dependency-source"]
    assert said(hits("requirements.txt", "", "a\n" * 200_000)) == ["dependency"]
    assert said(hits("setup.py", SETUP, f"x = {'(' * 5000}\n{SETUP}")) == ["dependency", "build-hook"]
    assert said(hits("pyproject.toml", "", "a = " + "[" * 50_000)) == ["dependency"]
