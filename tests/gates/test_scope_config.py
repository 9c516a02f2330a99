"""Tests of weaker settings: each direction of each tool, and the changes that are none."""

from __future__ import annotations

import pytest
from tests.gates.scope_files import changed, said

from assay.gates.scope_config import RULES, settings, weaker_settings
from assay.gates.scope_types import Hit


def hits(path: str, old: str | None, new: str | None) -> list[Hit]:
    return list(weaker_settings(changed(path, old, new)))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("pyproject.toml", "[tool.ruff.lint]\nignore = []\n", "[tool.ruff.lint]\nignore = ['E501']\n"),
        ("pyproject.toml", "[tool.ruff]\nselect = ['E', 'F']\n", "[tool.ruff.lint]\nselect = ['E']\n"),
        ("ruff.toml", "line-length = 80\n", "line-length = 80\n[lint.per-file-ignores]\n'a.py' = ['F']\n"),
        ("setup.cfg", "[flake8]\nignore = E1\n", "[flake8]\nignore = E1, E2\n"),
        (".flake8", "[flake8]\nmax-complexity = 10\n", "[flake8]\nmax-complexity = 30\n"),
        (".pylintrc", "[MESSAGES CONTROL]\ndisable=a\n", "[MESSAGES CONTROL]\ndisable=a,\n    b\n"),
        ("mypy.ini", "[mypy]\nstrict = True\n", "[mypy]\nstrict = False\n"),
        ("mypy.ini", "[mypy]\nstrict = True\n", "[mypy]\nstrict = True\n[mypy-a.*]\nignore_errors = True\n"),
        (
            "pyproject.toml",
            "[tool.mypy]\nstrict = true\n",
            "[tool.mypy]\nstrict = true\n[[tool.mypy.overrides]]\nmodule = 'a'\nignore_errors = true\n",
        ),
        (
            "pyrightconfig.json",
            '{"typeCheckingMode": "strict"}',
            '{"typeCheckingMode": "basic"}',
        ),
        (
            "pyproject.toml",
            "[tool.coverage.report]\nfail_under = 90\n",
            "[tool.coverage.report]\nfail_under = 80\n",
        ),
        (".coveragerc", "[report]\nfail_under = 90\n", "[report]\nshow_missing = True\n"),
        (".coveragerc", "[run]\nomit = a.py\n", "[run]\nomit =\n    a.py\n    b.py\n"),
        ("pyproject.toml", "[tool.bandit]\nskips = []\n", "[tool.bandit]\nskips = ['B101']\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = '-q'\n",
            "[tool.pytest.ini_options]\naddopts = '-q --deselect tests/test_a.py'\n",
        ),
        (
            "pytest.ini",
            "[pytest]\nfilterwarnings =\n    error\n",
            "[pytest]\nfilterwarnings =\n    ignore\n",
        ),
        ("tox.ini", "[pytest]\nxfail_strict = true\n", "[pytest]\nxfail_strict = false\n"),
        ("setup.cfg", "[tool:pytest]\ntestpaths = a b\n", "[tool:pytest]\ntestpaths = a\n"),
        ("pyproject.toml", "[tool.mypy]\nstrict = true\n", "not toml ["),
        ("mypy.ini", "[mypy]\nstrict = True\n", None),
    ],
)
def test_a_setting_that_lets_more_through_is_a_finding(path: str, old: str, new: str | None) -> None:
    assert said(hits(path, old, new)) == ["config-weakened"]
    if new is not None and "[" in new and "not toml" not in new:
        assert hits(path, new, old) == [] or "filterwarnings" in new


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("pyproject.toml", "[tool.ruff]\nselect = ['E501']\n", "[tool.ruff]\nselect = ['ALL']\n"),
        ("pyproject.toml", "[tool.ruff]\nselect = ['E501']\n", "[tool.ruff.lint]\nselect = ['E']\n"),
        ("pyproject.toml", "[project]\nversion = '1'\n", "[project]\nversion = '2'\n"),
        ("pyproject.toml", None, "[tool.ruff]\nignore = ['E']\n"),
        ("src/a.py", "strict = True\n", "strict = False\n"),
        ("setup.cfg", "broken", "[flake8]\nignore = E1\n"),
    ],
)
def test_other_changes_are_none(path: str, old: str | None, new: str) -> None:
    assert hits(path, old, new) == []


def test_a_file_moved_to_where_nothing_reads_it_counts() -> None:
    assert said(list(weaker_settings(changed("old.ini", "[mypy]\n", "[mypy]\n", "mypy.ini")))) == [
        "config-weakened"
    ]


def test_hostile_files_are_no_settings() -> None:
    assert settings("pyproject.toml", b"a = " + b"[" * 10_000) is None
    assert settings("pyproject.toml", b"#" * 300_000) is None
    assert settings("pyrightconfig.json", b"[" * 100_000) is None
    assert settings("pyrightconfig.json", b"[]") is not None
    assert len({rule.key.pattern for rule in RULES}) == len(RULES)
