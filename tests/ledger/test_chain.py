from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from assay.ledger.chain import GENESIS, Entry, breaks, link

_parts = st.tuples(st.text(max_size=5), st.text(max_size=5), st.integers(0, 9), st.binary(max_size=5))


def _chain(parts: list[tuple[str, str, int, bytes]]) -> list[Entry]:
    chain: list[Entry] = []
    prev = GENESIS
    for seq, (transaction, kind, time, payload) in enumerate(parts, 1):
        digest = link(prev=prev, seq=seq, transaction=transaction, kind=kind, time=time, payload=payload)
        chain.append(
            Entry(
                seq=seq,
                transaction=transaction,
                time=time,
                kind=kind,
                payload=payload,
                prev=prev,
                hash=digest,
            )
        )
        prev = digest
    return chain


@given(st.lists(_parts, max_size=6))
def test_a_chain_as_written_is_whole(parts: list[tuple[str, str, int, bytes]]) -> None:
    assert list(breaks(_chain(parts))) == []


@given(st.lists(_parts, min_size=2, max_size=6), st.data())
def test_any_change_removal_or_swap_is_found(
    parts: list[tuple[str, str, int, bytes]], data: st.DataObject
) -> None:
    chain = _chain(parts)
    at = data.draw(st.integers(0, len(chain) - 2))
    what = data.draw(st.sampled_from(["remove", "swap", "payload", "transaction", "kind", "time"]))
    if what == "remove":
        del chain[at]
    elif what == "swap":
        chain[at], chain[at + 1] = chain[at + 1], chain[at]
    else:
        old = getattr(chain[at], what)
        new = old + 1 if what == "time" else old + (b"x" if what == "payload" else "x")
        chain[at] = msgspec.structs.replace(chain[at], **{what: new})
    assert list(breaks(chain))


@given(_parts, _parts)
def test_different_entries_have_different_hashes(
    one: tuple[str, str, int, bytes], other: tuple[str, str, int, bytes]
) -> None:
    assert (_chain([one])[0].hash == _chain([other])[0].hash) == (one == other)
