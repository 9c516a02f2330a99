from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.repo.globs import compile_globs

paths = st.lists(st.text("ab.*[]-", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.py", "a.py", True),
        ("*.py", "d/a.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "d/e/a.py", True),
        ("tests/**", "tests/a/b", True),
        ("tests/**", "tests", False),
        ("tests/", "tests/a", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "ab", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a[b-d]e", "ace", True),
        ("a[!b]e", "abe", False),
        ("a[!b]e", "a/e", False),
        ("a[]]b", "a]b", True),
        ("a[b", "a[b", True),
        ("[z-a]", "m", False),
        ("**", "any/thing", True),
        ("./a", "a", True),
        ("/a", "a", True),
        ("a.b", "axb", False),
        ("new*", "new\nline", True),
        ("bad*", "bad\udcff", True),
        ("a**b", "axxb", True),
        ("a**b", "a/b", False),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert compile_globs([pattern]).matches(path) is matches


def test_no_pattern_matches_nothing() -> None:
    assert not compile_globs([]).matches("a")


@given(paths)
def test_everything_matches_the_double_star(path: str) -> None:
    assert compile_globs(["**"]).matches(path)


@given(st.text(max_size=20), paths)
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    assert compile_globs([pattern]).matches(path) in (True, False)
