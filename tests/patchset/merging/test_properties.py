"""Random additions on both sides, in every format, and texts built to break readers."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file

_WORDS = st.lists(
    st.sampled_from([f"{a}{b}" for a in "abcdefgh" for b in ("lpha", "eta", "amma", "ota")]),
    min_size=0,
    max_size=6,
    unique=True,
)


def _lines(words: Sequence[str], form: str) -> str:
    return "".join(form.format(word) for word in words)


def _python(words: Sequence[str]) -> str:
    return "".join(
        (
            "from pkg import (\n    zero,\n",
            _lines(words, "    {},\n"),
            ")\n\nTABLE = {\n    'zero': zero,\n",
            _lines(words, "    '{0}': {0},\n"),
            "}\n\n\nclass K:\n    x = 1\n\n",
            _lines(words, "    def {0}(self):\n        return '{0}'\n\n"),
            "\n",
            _lines(words, "def test_{0}():\n    assert {0}\n\n\n"),
            "END = 1\n",
        )
    )


def _toml(words: Sequence[str]) -> str:
    names, rows = _lines(words, '{0} = "{0}"\n'), _lines(words, "    '{0}',\n")
    return f"[a]\nzero = 0\n{names}[b]\nlist = [\n    'zero',\n{rows}]\n"


def _json(words: Sequence[str]) -> str:
    entries = _lines(words, ',\n  "{0}": "{0}"')
    return f'{{\n  "zero": 0{entries}\n}}\n'


def _requirements(words: Sequence[str]) -> str:
    return "zero==1\n" + _lines(words, "{0}>=2\n")


def _prose(words: Sequence[str]) -> str:
    points = _lines(words, "- {0} does\n  {0} things\n")
    return f"# Title\n\n## Unreleased\n\n- zero\n{points}\n## 1.0\n\n- old\n"


FORMATS = {
    "m.py": _python,
    "p.toml": _toml,
    "d.json": _json,
    "requirements.txt": _requirements,
    "CHANGES.md": _prose,
}


@pytest.mark.parametrize("path", FORMATS)
@settings(max_examples=40, deadline=None)
@given(base=_WORDS, ours=_WORDS, theirs=_WORDS, crlf=st.booleans())
def test_the_result_holds_what_both_add_and_is_the_same_both_ways(
    path: str, base: list[str], ours: list[str], theirs: list[str], crlf: bool
) -> None:
    build = FORMATS[path]
    mine = [*base, *sorted(word for word in ours if word not in base)]
    yours = [*base, *sorted(word for word in theirs if word not in base and word not in ours)]
    texts = [build(words).replace("\n", "\r\n" if crlf else "\n").encode() for words in (base, mine, yours)]
    found = merge_file(path, *texts)
    back = merge_file(path, texts[0], texts[2], texts[1])
    assert isinstance(found, MergedFile), found
    assert isinstance(back, MergedFile) and back.data == found.data
    wanted = [*base, *(word for word in (*mine, *yours) if word not in base)]
    assert _lines_of(found.data) == _lines_of(build(wanted).encode())
    assert found.data.count(b"\n") == found.data.count(b"\r\n") or not crlf
    if path == "d.json":
        assert json.loads(found.data) == json.loads(build(wanted))
    if path == "p.toml":
        assert tomllib.loads(found.data.decode())["a"] == tomllib.loads(build(wanted))["a"]
    if len(mine) == len(base) or len(yours) == len(base):
        assert found.data in texts


def _lines_of(data: bytes) -> list[bytes]:
    """In no order, without separators: the last of JSON's entries has none."""
    return sorted(line.rstrip(b",") for line in data.splitlines())


_PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "def f():",
                "class A:",
                "    x = [",
                "]",
                "(",
                "{",
                "}",
                "'",
                '"""',
                "#",
                "\\",
                ",",
                "a = 1",
                "@",
                ";",
            ),
            *("[t]", "k = 'v'", "- point", "```", "===", "import a", "\u2028", "é", "\ufeff", ":"),
            *("\t", "\f", "\r", "\n", "\n", "\n", "\0"),
        ]
    ),
    max_size=25,
).map("".join)


@pytest.mark.parametrize("path", FORMATS)
@settings(max_examples=60, deadline=None)
@given(base=_PIECES, ours=_PIECES, theirs=_PIECES)
def test_no_text_makes_it_raise(path: str, base: str, ours: str, theirs: str) -> None:
    texts = [text.encode() for text in (base, base + ours, theirs + base)]
    found = merge_file(path, *texts)
    back = merge_file(path, texts[0], texts[2], texts[1])
    assert type(found) is type(back)
    if isinstance(found, MergedFile):
        assert isinstance(back, MergedFile) and found.data == back.data


_DEEP = 20_000
_HOSTILE = {
    "brackets": "[" * _DEEP,
    "closed brackets": "x = " + "[" * _DEEP + "]" * _DEEP,
    "json": '{"a": ' * _DEEP + "1" + "}" * _DEEP,
    "not": "x = " + "not " * _DEEP + "1",
    "sum": "x = " + " + ".join("1" for _ in range(_DEEP)),
    "attributes": "x" + ".a" * _DEEP,
    "elif": "if a: pass\n" + "elif b:\n    pass\n" * 4000,
    "indents": "".join(" " * depth + "if a:\n" for depth in range(200)),
    "long line": "x = '" + "a" * 1_000_000 + "'",
    "spaces": "x = [" + " " * 400_000 + "1]",
    "quotes": '"' * 100_001,
    "backslashes": "\\\n" * 100_000,
    "points": "- a\n" * 20_000,
    "equals": "a =" * 50_000,
    "commas": "x = [" + "," * 50_000 + "]",
    "comments": "#\n" * 100_000,
    "braces": "f'" + "{x}" * 10_000 + "'",
    "headers": "[a]\n" * 20_000,
    "spaced keys": "".join(f"k{i}{' ' * 15_000}= 1\n" for i in range(30)),
    "comments below": "a\n" + "  #\n" * 100_000,
    "long titles": "# " + "t" * 15_000 + "\n" + "- a\n" * 5_000,
    "adds": "a" * 40,
}


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize("name", _HOSTILE)
def test_texts_built_to_break_readers_stay_conflicts_or_merge(path: str, name: str) -> None:
    text = _HOSTILE[name] + "\n"
    found = merge_file(path, text.encode(), ("a = 1\n" + text).encode(), (text + "b = 2\n").encode())
    assert isinstance(found, MergedFile | Unmergeable)
