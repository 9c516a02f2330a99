from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.front import durations


@pytest.mark.parametrize(
    ("text", "span"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("7d", 604800), ("2w", 1209600), (" 5s ", 5)],
)
def test_spans_as_people_write_them(text, span):
    assert durations.seconds(text) == span


@pytest.mark.parametrize("text", ["", "s", "-1", "1y", "1 m", "1e3", "inf", "nan", "٣s", "5m 3s"])
def test_what_is_no_span_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="write for example 90s"):
        durations.seconds(text)


@given(st.text())
def test_any_text_gives_a_span_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        assert durations.seconds(text) >= 0


@given(st.floats(0, 99 * 3600))
def test_a_short_span_fits_a_column(span):
    assert len(durations.short(span)) <= 6


@pytest.mark.parametrize(("span", "short"), [(0, "0s"), (59.6, "1m00s"), (3599.9, "1h00m"), (7805, "2h10m")])
def test_short_spans_carry_over(span, short):
    assert durations.short(span) == short


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.9, "1 h 00 min"),
    ],
)
def test_spans_for_people_carry_over(span, words):
    assert durations.words(span) == words
