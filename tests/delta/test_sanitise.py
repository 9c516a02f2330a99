from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.delta.sanitise import cells, cut, markdown, markdown_code, markdown_html, plain

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("src/a b.py", "src/a b.py"),
        ("ünïcode/文.py", "ünïcode/文.py"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred\x1b[0m\x07", "\\x1b[31mred\\x1b[0m\\x07"),
        ("a\x9bb\x7f", "a\\x9bb\\x7f"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("a\u200bb\u2028c\U000e0041", "a\\u200bb\\u2028c\\U000e0041"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_act_upon_shows_as_an_escape(text, shown):
    assert plain(text) == shown


@given(ANY_TEXT)
def test_plain_text_is_one_encodable_line_without_controls(text):
    shown = plain(text)
    shown.encode()
    assert shown.splitlines() in ([shown], [])
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert plain(shown) == shown


@given(ANY_TEXT)
def test_markdown_prose_has_no_bare_markup(text):
    shown = markdown(text)
    bare = re.sub(r"\\[\\`*_{}\[\]()#+!|~$^-]|&(lt|gt|amp);", "", shown)
    assert not re.search(r"[`*_\[\]<>|~&]", bare)
    assert "\n" not in shown


@pytest.mark.parametrize("text", ["@torvalds", "see #12", "GH-3", "https://e.vil/x", "www.e.vil", "org/x#1"])
@pytest.mark.parametrize("escape", [markdown, markdown_html])
def test_mentions_references_and_links_are_taken_apart(text, escape):
    shown = escape(text)
    assert "\u200b" in shown
    assert re.search(r"@\w|#\d|GH\\?-\d|://|www\.", shown) is None


@given(ANY_TEXT)
def test_html_places_hold_no_tag(text):
    assert not set(markdown_html(text)) & set("<>\"'")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a.py", "`a.py`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("", "`   `"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a|<b>", "<code>a&#124;&#60;b&#62;</code>"),
    ],
)
def test_code_spans_hold_what_is_in_them(text, span):
    assert markdown_code(text) == span


@given(ANY_TEXT.filter(lambda text: "|" not in text))
def test_a_code_span_is_never_closed_early(text):
    span = markdown_code(text)
    fence = re.match("`+", span)[0]
    inner = span[len(fence) : -len(fence)]
    assert fence not in re.findall("`+", inner)


def test_wide_and_combining_characters_are_counted_in_columns():
    assert [cells(text) for text in ("abc", "文字", "e\u0301")] == [3, 4, 1]


@given(st.text(max_size=40).map(plain), st.integers(1, 20))
def test_a_cut_text_fits(text, width):
    assert cells(cut(text, width)) <= max(width, 1)
