"""Trees of many groups: the same as by folding, whatever the members do to files they share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patchset.support import Lab, lines

from assay.model.report import Conflict
from assay.patchset.combine import Combined, combine
from assay.patchset.union import Unions

FILES = ("a.py", "b.py", "c.txt", "d/e.py")
NUMBERED = st.dictionaries(st.integers(1, 12).map("l{}".format), st.sampled_from("xyz"), max_size=3)
CONTENT = st.one_of(st.none(), NUMBERED.map(lambda changed: lines(12, **changed)), st.just(b"all new\n"))
NEW = st.fixed_dictionaries({}, optional={"new": st.sampled_from([b"all new\n", b"all different\n"])})
"""What comes is like nothing that goes: git takes the two for one file that moved, and which one it was for a
guess that a row of merges makes otherwise than a single one."""
PERSON = st.builds(
    lambda old, new: {**old, **new}, st.dictionaries(st.sampled_from(FILES), CONTENT, max_size=3), NEW
)
PEOPLE = st.lists(PERSON, max_size=5)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("union") / "repo", dict.fromkeys(FILES, lines(12)))


@given(people=PEOPLE)
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_union_is_what_folding_makes(shared: Lab, people) -> None:
    members = [shared.candidate(str(n), edits) for n, edits in enumerate(people)]
    folded = combine(shared.repo, shared.base, members)
    union = Unions(shared.repo, shared.base, members).tree([member.id for member in members])
    if isinstance(folded, Combined):
        assert union == folded.tree
    else:
        assert isinstance(union, Conflict)


def test_only_those_who_meet_are_folded_and_once(shared: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [
        shared.candidate("one", {"a.py": lines(12, l3="x")}),
        shared.candidate("two", {"a.py": lines(12, l4="y"), "b.py": lines(12, l1="y")}),
        shared.candidate("far", {"b.py": lines(12, l9="z"), "new": b"n\n"}),
    ]
    made = Unions(shared.repo, shared.base, members)
    assert isinstance(made.tree(["id-one", "id-two"]), Conflict)
    folded = []

    def counted(repo, base, some):
        folded.append([one.id for one in some])
        return combine(repo, base, some)

    monkeypatch.setattr("assay.patchset.union.combine", counted)
    assert made.tree(["id-one", "id-far"]) != made.tree(["id-two", "id-far"])
    found = made.tree(["id-one", "id-far", "id-two"])
    assert isinstance(found, Conflict) and {found.a, found.b} == {"id-one", "id-two"}
    assert folded == [["id-far"]]


def test_an_edit_at_the_end_of_a_file_without_a_last_newline_stays_there(shared: Lab) -> None:
    base = Lab.tree(shared, shared.base.tree, {"a.py": lines(9)[:-1]})
    lab = Lab.__new__(Lab)
    lab.repo, lab.base = shared.repo, type(shared.base)(commit=None, tree=base)
    members = [
        lab.candidate("first", {"a.py": lines(9, l2="new")[:-1]}),
        lab.candidate("last", {"a.py": lines(9) + b"more"}),
    ]
    folded = combine(lab.repo, lab.base, members)
    assert isinstance(folded, Combined)
    assert Unions(lab.repo, lab.base, members).tree([m.id for m in members]) == folded.tree
