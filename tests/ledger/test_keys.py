from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.ledger.keys import digest_of, verdict_key

_FIELDS = ("candidate_tree", "base_tree", "gate", "configuration", "tools", "environment", "tier")
_inputs = st.fixed_dictionaries({field: st.text(max_size=4) for field in _FIELDS})


@given(_inputs, _inputs)
def test_invariant_8_same_inputs_same_key_and_any_other_input_another(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert (verdict_key(**one) == verdict_key(**other)) == (one == other)


@given(_inputs, st.sampled_from(_FIELDS))
def test_invariant_8_each_input_is_part_of_the_key(inputs: dict[str, str], field: str) -> None:
    assert verdict_key(**inputs) != verdict_key(**{**inputs, field: inputs[field] + "x"})


def test_invariant_8_the_key_is_the_same_in_every_process_and_version() -> None:
    key = verdict_key(**dict.fromkeys(_FIELDS, "a"))
    assert key == "09e167a7bb2e4d3f72b6e92935cca73fd0aad58506a8fabeddb318452c9ac97c"


def test_purposes_do_not_share_keys() -> None:
    assert digest_of("a", x=1) != digest_of("b", x=1)
    assert digest_of("a", x=1, y=2) == digest_of("a", y=2, x=1)
