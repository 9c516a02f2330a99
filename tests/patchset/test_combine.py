from __future__ import annotations

from itertools import permutations

import pytest
from tests.patchset.support import Lab, lines

from assay.model.report import Conflict
from assay.patchset.combine import Combined, combine
from assay.repo.merge import Merged


def test_nothing_combines_to_the_base(lab: Lab) -> None:
    assert combine(lab.repo, lab.base, []) == Combined(tree=lab.base.tree, steps=())


def test_members_combine_in_any_order_to_one_tree(lab: Lab) -> None:
    people = [
        lab.candidate("a", {"a.py": lines(30, l3="x")}),
        lab.candidate("b", {"a.py": lines(30, l20="y"), "b.py": None}),
        lab.candidate("c", {"new": b"n\n"}),
    ]
    forward, backward = combine(lab.repo, lab.base, people), combine(lab.repo, lab.base, people[::-1])
    assert isinstance(forward, Combined) and isinstance(backward, Combined)
    assert forward.tree == backward.tree == forward.steps[-1]
    assert forward.steps[0] == people[0].tree
    assert lab.repo.read(forward.tree, "a.py") == lines(30, l3="x", l20="y")
    assert lab.repo.read(forward.tree, "b.py") is None


def test_a_member_that_no_longer_merges_is_named_with_its_opponent(lab: Lab) -> None:
    a = lab.candidate("a", {"a.py": lines(30, l3="x")})
    b = lab.candidate("b", {"b.py": lines(30, l3="x")})
    c = lab.candidate("c", {"a.py": lines(30, l3="z")})
    found = combine(lab.repo, lab.base, [a, b, c])
    assert isinstance(found, Conflict)
    assert (found.a, found.b, found.where) == (c.id, a.id, "a.py")


def test_a_set_that_merges_differently_in_another_order_is_a_conflict(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Merging pairs is symmetrical, so that a set like this takes a merge that is not.
    monkeypatch.setattr("assay.patchset.combine.merge", lambda repo, base, ours, theirs: Merged(tree=theirs))
    people = [lab.candidate(word, {"a.py": lines(30, l4=word)}) for word in ("one", "two")]
    found = combine(lab.repo, lab.base, people)
    assert isinstance(found, Conflict)
    assert (found.a, found.b, found.where) == (people[1].id, people[0].id, "a.py")
    assert "depending on the order" in found.why


def test_members_that_add_at_one_place_combine_to_one_tree_in_any_order(lab: Lab) -> None:
    lab.base = type(lab.base)(commit=None, tree=lab.tree(lab.base.tree, {"m.py": b"import a\n"}))
    people = [
        lab.candidate(name, {"m.py": f"import a\nimport {name}\n\n\ndef use_{name}(): ...\n".encode()})
        for name in ("d", "b", "c")
    ]
    trees = set()
    for order in permutations(people):
        found = combine(lab.repo, lab.base, order)
        assert isinstance(found, Combined) and found.steps[-1] == found.tree
        assert [(file.candidate, file.path) for file in found.merged] == [(p.id, "m.py") for p in order[1:]]
        trees.add(found.tree)
    (tree,) = trees
    assert found.merged[1].others == (order[0].id, order[1].id)
    text = lab.repo.read(tree, "m.py") or b""
    assert [line for line in text.split(b"\n") if line] == [
        *(b"import a", b"import b", b"import c", b"import d"),
        *(b"def use_b(): ...", b"def use_c(): ...", b"def use_d(): ..."),
    ]


def test_what_is_there_already_conflicts_with_nothing(lab: Lab) -> None:
    """Git takes a file that comes for one that goes, and for another one once a further one goes."""
    same = lines(30)
    moves = [lab.candidate(name, {"b.py": None, "new": same}) for name in ("one", "two")]
    gone = lab.candidate("gone", {"a.py": None})
    found = combine(lab.repo, lab.base, [gone, *moves])
    assert isinstance(found, Combined)
    assert [lab.repo.read(found.tree, path) for path in ("a.py", "b.py", "new")] == [None, None, same]


def test_another_base_is_a_mistake(lab: Lab) -> None:
    a = lab.candidate("a", {"a.py": b"x\n"})
    lab.base = type(lab.base)(commit=None, tree=lab.tree(lab.base.tree, {"z": b"z"}))
    with pytest.raises(ValueError, match="on this base"):
        combine(lab.repo, lab.base, [a])
