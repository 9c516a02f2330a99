from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.repo.paths import quote, refusal, shown, to_bytes, to_text, unquote


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../x",
        "a/../x",
        "a/..",
        ".",
        "./x",
        "a/./x",
        "/etc/passwd",
        "C:/x",
        "c:\\x",
        "",
        "a//b",
        "a/",
        ".git",
        ".git/config",
        ".GIT/config",
        "sub/.Git/hooks/post-checkout",
        "git~1",
        "GIT~1/config",
        ".git ",
        ".git.",
        ".git. . /x",
        ".git::$INDEX_ALLOCATION/config",
        ".git:x",
        "a\\..\\..\\x",
        ".git\\config",
        ".g\u200cit/config",
        ".\ufeffgit",
        ".gi\u202et/x",
        "a\0b",
        "a\x1b[31m",
        "a\x7f",
        "x" * 256,
        "/".join(["dir"] * 2000),
    ],
)
def test_hostile_paths_are_refused(path: str) -> None:
    assert refusal(path)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        ".gitignore",
        ".gitattributes",
        ".github/workflows/ci.yml",
        "git",
        "a/git~2",
        "..a",
        "a..",
        "...",
        "with space",
        "new\nline",
        "tab\there",
        "é",
        "bad\udcff",
        "dev-disk\\x2dby",
        "c:x",
        ".gitmodules",
        "x" * 255,
    ],
)
def test_ordinary_paths_are_let_through(path: str) -> None:
    assert refusal(path) is None


@pytest.mark.parametrize(
    "path", [".gitmodules", "a/.GITMODULES", ".gitmodules ", "gitmod~1", ".gitm\u200codules"]
)
def test_gitmodules_may_be_no_symbolic_link(path: str) -> None:
    assert refusal(path, symlink=True)
    assert refusal(path) is None


@given(st.binary())
def test_every_byte_string_survives_as_text(path: bytes) -> None:
    assert to_bytes(to_text(path)) == path


@given(st.binary(min_size=1), st.binary())
def test_what_is_quoted_reads_back(path: bytes, rest: bytes) -> None:
    quoted = quote(path)
    if quoted.startswith(b'"'):
        assert unquote(quoted + rest) == (path, rest)
    else:
        assert quoted == path


@pytest.mark.parametrize("text", [b"", b"plain", b'"open', b'"bad \\x escape"', b'"\\9"', b'"\\77"'])
def test_what_is_no_quoted_string_is_an_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        unquote(text)


@given(st.binary())
def test_a_shown_path_is_printable(path: bytes) -> None:
    assert shown(to_text(path)).isprintable()
