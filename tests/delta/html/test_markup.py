from __future__ import annotations

from html import unescape

from hypothesis import given
from tests.delta.conftest import ANYTHING

from assay.delta.html.markup import Markup, el, join, source, text
from assay.delta.sanitise import plain


def test_elements_nest_and_attributes_are_named_as_in_html():
    made = el("p", "a < b", el("br"), [el("b", "c"), None], None, class_="x", aria_hidden="true", hidden=True)
    assert made == '<p class="x" aria-hidden="true" hidden>a &lt; b<br><b>c</b></p>'
    assert el("a", href=None, open=False) == "<a></a>"


@given(ANYTHING)
def test_text_stays_text(said):
    shown = text(said)
    assert not set("<>\"'") & set(shown)
    assert unescape(shown) == plain(said)


@given(ANYTHING)
def test_a_value_cannot_leave_its_attribute(said):
    made = el("i", title=said)
    assert made.count('"') == 2
    assert "<" not in made[1:-4]
    assert unescape(made.split('"')[1]) == plain(said)


def test_markup_is_not_escaped_twice():
    assert join(el("b", "&"), "&") == "<b>&amp;</b>&amp;"
    assert text(Markup("<hr>")) == "<hr>"


def test_tabs_of_source_stay():
    assert source("\tif x\x00:") == "\tif x\\x00:"
