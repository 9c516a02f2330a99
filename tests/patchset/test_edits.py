"""What hunks tell of two edits is what merging them tells."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygit2 import IndexEntry, Oid
from pygit2.enums import FileMode
from tests.patchset.support import Lab

from assay.patchset.edits import Edits, Hunk, Meeting, meeting

BASE = tuple(f"{letter}\n" for letter in "abcdefgh")

LINES = ("x\n", "y\n", "a\n")

edits = st.lists(
    st.tuples(
        st.integers(0, 8), st.integers(0, 2), st.lists(st.sampled_from(("x\n", "y\n", "a\n")), max_size=2)
    ),
    max_size=3,
)


def edited(changes: list[tuple[int, int, list[str]]], ending: bool) -> bytes:
    lines = list(BASE)
    for start, gone, come in sorted(changes, reverse=True):
        lines[start : start + gone] = come
    text = "".join(lines).encode()
    return text if ending else text.rstrip(b"\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(edits, edits, st.booleans(), st.booleans())
def test_hunks_tell_what_a_merge_would_find(lab: Lab, left, right, one: bool, other: bool) -> None:
    repo = lab.repo
    blobs = [
        repo.write_blob(text) for text in ("".join(BASE).encode(), edited(left, one), edited(right, other))
    ]
    old, ours, theirs = (IndexEntry("f", Oid(hex=blob), FileMode.BLOB) for blob in blobs)
    known = Edits(repo)
    found = meeting(known.of(blobs[0], blobs[1]), known.of(blobs[0], blobs[2]))
    forward = repo.git.merge_file_from_index(old, ours, theirs)
    backward = repo.git.merge_file_from_index(old, theirs, ours)
    clean = forward.automergeable and backward.automergeable and forward.contents == backward.contents
    if found is not Meeting.OPEN:
        assert clean is (found is Meeting.APART)


def test_each_kind_of_meeting() -> None:
    line, gap = Hunk(5, 6, b"x\n"), Hunk(8, 9, b"y\n")
    assert meeting([line], [gap]) is Meeting.APART
    assert meeting([line], [line]) is Meeting.APART
    assert meeting([line, gap], [Hunk(5, 6, b"z\n")]) is Meeting.CLASH
    assert meeting([Hunk(5, 5, b"x\n")], [Hunk(5, 5, b"y\n")]) is Meeting.CLASH
    assert meeting([line], [Hunk(6, 7, b"z\n")]) is Meeting.OPEN
    assert meeting([line, gap], [Hunk(4, 9, b"z\n")]) is Meeting.OPEN
