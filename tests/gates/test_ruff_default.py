"""Which rules are meant where none are selected."""

import tomllib

import pytest

from assay.gates.ruff_default import EARLIER, runs_later, written_out


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("pyproject.toml", "[tool.ruff.lint]\nextend-select = ['I']\n[tool.uv]\nselect = 1\n"),
        ("pyproject.toml", "[tool.ruff]\nline-length = 80\nignore = ['F401']\n"),
        ("pyproject.toml", "[tool.ruff]\nlint.ignore = ['F401']\n"),
        ("pyproject.toml", "[tool.ruff.lint.isort]\nforce-single-line = true"),
        ("pyproject.toml", "tool.ruff.line-length = 80\n"),
        ("pyproject.toml", "[ tool.ruff.lint ] # why\r\nignore = []\r\n"),
        ("a/ruff.toml", "line-length = 80\n"),
        (".ruff.toml", "line-length = 80\n[lint]\nignore = ['E4']"),
        (".ruff.toml", "[lint.isort]\nforce-single-line = true\n"),
        ("ruff.toml", ""),
    ],
)
def test_the_default_is_written_out_and_all_else_stays(path, content):
    table = tomllib.loads(content)
    rules = table["tool"]["ruff"] if path == "pyproject.toml" else table
    rules.setdefault("lint", {})["select"] = list(EARLIER)
    assert tomllib.loads(written_out(path, content.encode()).decode()) == table


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("ruff.toml", b"lint.select = ['F']\n"),
        ("ruff.toml", b"select = ['F']\n"),
        ("ruff.toml", b"extend = 'shared.toml'\n"),
        ("ruff.toml", b"lint = 1\n"),
        ("ruff.toml", b"\xff"),
        ("pyproject.toml", b"[tool.uv]\n"),
        ("pyproject.toml", b"[tool]\nruff = {line-length = 80}\n"),
    ],
)
def test_what_selects_or_has_no_place_for_it_stays(path, content):
    assert written_out(path, content) is None


@pytest.mark.parametrize(
    ("content", "later"),
    [
        (b"  - repo: https://github.com/astral-sh/ruff-pre-commit\n    rev: v0.16.0\n", True),
        (b"- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: 'v0.15.14'\n", False),
        (b"- repo: x/ruff-pre-commit # y\n  rev: 1a2b3c # frozen: v0.17.6\n", True),
        (b"- repo: x/other\n  rev: v0.16.0\n", False),
        (b'[[package]]\nname = "ruff"\nversion = "0.16.1"\n', True),
        (b'[[package]]\nname = "ruff"\nversion = "0.9.1"\n', False),
        (b"dev = ['ruff>=0.17']\n", True),
        (b"dev = ['ruff>=0.4', 'x>=0.17']\n", False),
        (b"", False),
    ],
)
def test_who_runs_the_wider_default_says_so(content, later):
    assert runs_later({"uv.lock": b"", "any": content}) is later


@pytest.mark.parametrize(
    ("path", "content", "later"),
    [
        ("ruff.toml", b"required-version = '>=0.16'\n", True),
        ("ruff.toml", b"required-version = '>=0.4,>= 0.16.1'\n", True),
        ("ruff.toml", b"required-version = '<0.16'\n", False),
        ("ruff.toml", b"required-version = '0.15.1'\n", False),
        ("pyproject.toml", b"[tool.ruff]\nrequired-version = '0.17.0'\n", True),
        ("pyproject.toml", b"[tool.black]\nrequired-version = '24.1.0'\n[tool.ruff]\n", False),
    ],
)
def test_a_required_version_says_so_where_it_is_ruffs_own(path, content, later):
    assert runs_later({path: content}) is later
