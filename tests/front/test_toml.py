from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from assay.front import toml

_text = st.text(st.characters(exclude_categories=("Cs",)))
_values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner) | st.dictionaries(_text, inner),
    max_leaves=12,
)


@given(_values)
def test_what_is_written_reads_back(data):
    assert tomllib.loads(f"key = {toml.value(data)}")["key"] == data


@given(st.lists(_text, min_size=1))
def test_long_lists_read_back_as_well(data):
    assert tomllib.loads("\n".join(toml.setting("a.b", data))) == {"a": {"b": data}}


def test_what_toml_lacks_is_left_out_of_tables():
    assert toml.value({"a": None, "b c": 1}) == '{ "b c" = 1 }'
