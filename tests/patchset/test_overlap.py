from __future__ import annotations

from tests.patchset.support import Lab, lines

from assay.patchset.overlap import overlaps, touched


def test_disjoint_candidates_never_meet(lab: Lab) -> None:
    people = [lab.candidate("a", {"a.py": b"x\n"}), lab.candidate("b", {"dir/c.py": b"x\n"})]
    assert list(overlaps(people)) == []


def test_a_shared_path_and_a_rename_source_meet(lab: Lab) -> None:
    edit = lab.candidate("edit", {"a.py": lines(30, l2="new")})
    move = lab.candidate("move", {"a.py": None, "moved.py": lines(30)})
    assert touched(move) == {"a.py", "moved.py"}
    (meeting,) = overlaps([edit, move])
    assert (meeting.a, meeting.b, meeting.shared, meeting.nested) == (edit, move, ("a.py",), False)


def test_file_against_directory_meets(lab: Lab) -> None:
    file = lab.candidate("file", {"new": b"x\n"})
    below = lab.candidate("below", {"new/deep/x": b"x\n"})
    beside = lab.candidate("beside", {"newer/x": b"x\n"})
    (meeting,) = overlaps([below, beside, file])
    assert (meeting.a, meeting.b, meeting.shared, meeting.nested) == (below, file, ("new",), True)
