from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.policy.units import duration, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (0, 0),
        (17, 17),
        ("17", 17),
        ("512MiB", 512 * 1024**2),
        ("512 mib", 512 * 1024**2),
        ("2GiB", 2 * 1024**3),
        ("1.5KiB", 1536),
        ("1MB", 1_000_000),
        ("3B", 3),
    ],
)
def test_sizes(text: object, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(0, 0.0), (1.5, 1.5), ("90s", 90.0), ("10m", 600.0), ("10 min", 600.0), ("2h", 7200.0), ("250ms", 0.25)],
)
def test_durations(text: object, expected: float) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    "value",
    ["", "MiB", "-1", "1e9", "5 parsecs", "12s", "٣MiB", True, 1.5, -1, 2**63, None, [1], "9" * 15 + "TiB"],
)
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number of bytes"):
        size(value)


@pytest.mark.parametrize("value", ["", "s", "-1s", "5 MiB", True, -0.5, float("nan"), float("inf"), None, {}])
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number of seconds"):
        duration(value)


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    for unit in (size, duration):
        try:
            assert unit(text) >= 0
        except ValueError as error:
            assert "must be" in str(error)
