from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.repo.hunks import Hunk, apply_hunks, split_lines
from assay.repo.problems import PatchError

few = st.lists(st.sampled_from([b"a\n", b"b\n"]), max_size=14)


@given(st.binary())
def test_lines_join_to_what_they_were_split_from(data: bytes) -> None:
    assert b"".join(split_lines(data)) == data
    assert all(line.endswith(b"\n") for line in split_lines(data)[:-1])


@given(few, st.lists(st.sampled_from([b"a\n", b"b\n"]), min_size=1, max_size=4), st.integers(2, 16))
def test_the_nearest_place_is_found_and_the_later_of_two(
    lines: list[bytes], wanted: list[bytes], stated: int
) -> None:
    hunk = Hunk(
        old_start=stated,
        new_start=stated,
        old=tuple(wanted),
        new=(b"new\n", *wanted[1:]),
        leading=0,
        trailing=1,
    )
    places = [at for at in range(len(lines)) if lines[at : at + len(wanted)] == wanted]
    # Beyond the last line at which it could stand, a hunk is looked for from there.
    start = min(stated - 1, len(lines) - len(wanted))
    try:
        result = split_lines(apply_hunks("f", b"".join(lines), [hunk]))
    except PatchError:
        assert not places
    else:
        assert result.index(b"new\n") == min(places, key=lambda at: (abs(at - start), -at))


def test_many_like_lines_cost_their_sum_not_their_product() -> None:
    count = 30_000
    wanted = (b"x\n",) * count + (b"y\n",)
    hunk = Hunk(old_start=5, new_start=5, old=wanted, new=(), leading=0, trailing=1)
    with pytest.raises(PatchError):
        apply_hunks("f", b"x\n" * count * 3, [hunk])
