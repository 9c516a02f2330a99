"""A configuration without its pin, and with everything else."""

import tomllib

import pytest

from assay.gates.ruff_pin import without_pin


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("ruff.toml", "required-version = '>=9'\nline-length = 80\n"),
        ("a/.ruff.toml", "line-length = 80\n  \"required-version\" = '>=9' # why\n"),
        ("pyproject.toml", "[tool.ruff]\nrequired-version = '>=9'\r\nline-length = 80\n"),
        ("pyproject.toml", "tool.ruff.required-version = '>=9'\ntool.ruff.line-length = 80\n"),
        ("pyproject.toml", "[tool]\nruff.required-version = '>=9'\nruff.line-length = 80\n"),
        (
            "pyproject.toml",
            "[tool.uv]\nrequired-version = '>=9'\n[tool.ruff]\nrequired-version = '>=9'\nline-length = 80\n",
        ),
    ],
)
def test_only_ruff_s_pin_goes(path, content):
    left = without_pin(path, content.encode()).decode()
    assert left.count("\n") == content.count("\n"), "lines keep their numbers"
    table = tomllib.loads(left)
    rules = table["tool"]["ruff"] if path == "pyproject.toml" else table
    assert rules == {"line-length": 80}
    assert table.get("tool", {}).get("uv", {"required-version": ">=9"}) == {"required-version": ">=9"}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("ruff.toml", b"line-length = 80\n"),
        ("pyproject.toml", b"[tool.uv]\nrequired-version = '>=9'\n"),
        ("pyproject.toml", b"tool = 1\n"),
        ("pyproject.toml", b"[tool]\nruff = {required-version = '>=9', line-length = 80}\n"),
        ("ruff.toml", b'note = """\nrequired-version = 1\n"""\n'),
        ("ruff.toml", b"required-version = \n"),
        ("ruff.toml", b"\xff"),
    ],
)
def test_what_has_none_or_cannot_be_told_stays(path, content):
    assert without_pin(path, content) is None
