from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patchset.support import Content, Lab, lines

from assay.model.report import ConflictKind
from assay.patchset.conflicts import find
from assay.repo.merge import Merged, merge


def test_edits_of_one_line_conflict_and_the_witness_names_it(lab: Lab) -> None:
    a = lab.candidate("left", {"a.py": lines(30, l5="one")})
    b = lab.candidate("right", {"a.py": lines(30, l5="two")})
    (conflict,) = find(lab.repo, lab.base, [a, b])
    assert (conflict.a, conflict.b, conflict.kind) == (a.id, b.id, ConflictKind.TEXTUAL)
    assert conflict.where == "a.py:5"
    assert conflict.why == "left and right conflict: both change line 5 of a.py"


def test_insertions_at_one_place_conflict(lab: Lab) -> None:
    a = lab.candidate("left", {"a.py": lines(30) + b"one\n"})
    b = lab.candidate("right", {"a.py": lines(30) + b"two\n"})
    (conflict,) = find(lab.repo, lab.base, [a, b])
    assert conflict.where == "a.py:31"


def test_edits_far_apart_and_equal_edits_do_not_conflict(lab: Lab) -> None:
    a = lab.candidate("a", {"a.py": lines(30, l5="one"), "b.py": lines(30, l1="same")})
    b = lab.candidate("b", {"a.py": lines(30, l20="two"), "b.py": lines(30, l1="same")})
    assert find(lab.repo, lab.base, [a, b]) == ()


@pytest.mark.parametrize(
    ("left", "right", "where"),
    [
        ({"a.py": None}, {"a.py": lines(30, l2="x")}, "a.py"),
        ({"new": b"one\n"}, {"new": b"two\n"}, "new"),
        ({"new": b"one\n"}, {"new/x": b"two\n"}, "new"),
        ({"latin.txt": b"\xe8\n" * 20}, {"latin.txt": b"\xea\n" * 20}, "latin.txt"),
        ({"a.py": (0o120000, b"b.py")}, {"a.py": lines(30, l2="x")}, "a.py"),
    ],
    ids=["delete/modify", "add/add", "file/directory", "not UTF-8", "type/modify"],
)
def test_kinds_of_textual_conflict(
    lab: Lab, left: dict[str, Content], right: dict[str, Content], where: str
) -> None:
    pair = [lab.candidate("left", left), lab.candidate("right", right)]
    (conflict,) = find(lab.repo, lab.base, pair)
    assert conflict.where.startswith(where)
    assert "left and right" in conflict.why


def test_an_edit_follows_a_rename_without_conflict(lab: Lab) -> None:
    move = lab.candidate("move", {"a.py": None, "moved.py": lines(30)})
    edit = lab.candidate("edit", {"a.py": lines(30, l5="one")})
    assert find(lab.repo, lab.base, [move, edit]) == ()


def test_equal_trees_and_candidates_without_a_tree_take_no_part(lab: Lab) -> None:
    a = lab.candidate("a", {"a.py": b"x\n"})
    assert find(lab.repo, lab.base, [a, lab.candidate("b", {"a.py": b"x\n"})]) == ()


def test_another_base_is_a_mistake(lab: Lab) -> None:
    a = lab.candidate("a", {"a.py": b"x\n"})
    lab.base = type(lab.base)(commit=None, tree=lab.tree(lab.base.tree, {"z": b"z"}))
    with pytest.raises(ValueError, match="another base"):
        find(lab.repo, lab.base, [a])


_EDITS = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "latin.txt", "new", "new/x", "dir"]),
    st.one_of(
        st.none(),
        st.builds(lambda n, w: lines(30, **{f"l{n}": w}), st.integers(1, 12), st.sampled_from(["x", "y"])),
        st.sampled_from([b"\xe8\n" + b"\xe9\n" * 19, b"\xe9\n" * 19 + b"\xe8\n", b"new\n"]),
    ),
    min_size=1,
    max_size=3,
).filter(lambda edits: not {"new", "new/x"} <= edits.keys() and edits.get("dir", b"") is not None)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_EDITS, min_size=2, max_size=4))
def test_the_answer_is_that_of_merging_whole_trees_both_ways(
    lab: Lab, edits: list[dict[str, Content]]
) -> None:
    people = []
    for number, edit in enumerate(edits):
        known = {p: c for p, c in edit.items() if c is not None or p in ("a.py", "b.py", "latin.txt")}
        if known.pop("dir", None) is not None:
            known |= {"dir": b"file\n", "dir/c.py": None}
        people.append(lab.candidate(str(number), known))
    found = {(conflict.a, conflict.b) for conflict in find(lab.repo, lab.base, people)}
    trees: set[str | None] = {lab.base.tree}
    distinct = [p for p in people if not (p.tree in trees or trees.add(p.tree))]
    for a, b in combinations(distinct, 2):
        assert a.tree and b.tree
        ways = [merge(lab.repo, lab.base.tree, x, y) for x, y in ((a.tree, b.tree), (b.tree, a.tree))]
        clean = all(isinstance(way, Merged) for way in ways) and ways[0] == ways[1]
        assert ((a.id, b.id) not in found) == clean
