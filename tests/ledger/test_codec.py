from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.ledger.codec import decode, encode, plain, searchable
from assay.model.candidate import Base, Candidate, Oid

_paths = st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(_paths, st.binary(max_size=20))
def test_every_path_git_can_hold_comes_back(path: str, patch: bytes) -> None:
    candidate = Candidate(
        id="x", name=path, source=path, base=Base(commit=None, tree=Oid("t")), tree=None, patch=patch
    )
    assert decode(encode(candidate), Candidate) == candidate
    assert encode(candidate) == encode(decode(encode(candidate), Candidate))


@given(
    st.dictionaries(_paths, st.one_of(st.integers(-9, 9), _paths, st.lists(_paths, max_size=2)), max_size=4)
)
def test_key_order_does_not_matter(data: dict[str, object]) -> None:
    assert encode(data) == encode(dict(reversed(data.items())))
    assert plain(encode(data)) == data


@given(_paths)
def test_any_text_becomes_searchable(text: str) -> None:
    searchable(text).encode("utf-8")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"id": 3}'])
def test_what_is_no_record_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data, Candidate)
