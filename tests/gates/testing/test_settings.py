"""pytest's own part of configuration files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.settings import FILES, named_by, python_path, section


def test_sections_compare_by_meaning():
    assert section("setup.cfg", b"[tool:pytest]\na = 1\n") == section(
        "setup.cfg", b"# c\n[metadata]\nx = 1\n[tool:pytest]\na=1"
    )
    assert section("pyproject.toml", None) is None


@pytest.mark.parametrize(
    ("name", "text", "paths"),
    [
        ("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["lib", "."]\n', ("lib", ".")),
        ("pyproject.toml", '[tool.pytest]\npythonpath = ["lib"]\n', ("lib",)),
        ("pytest.toml", '[pytest]\npythonpath = ["lib"]\n', ("lib",)),
        ("pytest.ini", "[pytest]\npythonpath = a 'b c'\n", ("a", "b c")),
        ("setup.cfg", "[tool:pytest]\npythonpath = a\n  b\n", ("a", "b")),
        ("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = 3\n", ()),
        ("pyproject.toml", "[broken", ()),
    ],
)
def test_the_module_path_that_settings_add(name, text, paths):
    assert python_path(name, text.encode()) == paths


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("-c", "a.ini"), ("a.ini",)),
        (("-ca.ini", "-q"), ("a.ini",)),
        (("--config-file=a.ini",), ("a.ini",)),
        (("--config-file", "a.ini"), ("a.ini",)),
        (("--cov", "lib"), ()),
        (("-c",), ()),
    ],
)
def test_the_file_that_the_command_line_names(args, named):
    assert named_by(args) == named


@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_no_content_raises(name, data):
    section(name, data)
    assert isinstance(python_path(name, data), tuple)
