from __future__ import annotations

from assay.delta import excerpts as module
from assay.delta.excerpts import excerpts
from assay.model.candidate import Base, Candidate
from assay.model.outcome import Finding, Severity, failed
from assay.model.verdict import Decision, Verdict
from assay.repo import diff


def verdict(identity, decision=Decision.ACCEPTED, gates=()):
    return Verdict(candidate=identity, decision=decision, reason="", rejected_by=None, gates=gates)


def candidate_of(repo, base, tree, identity="c", **given):
    return Candidate(
        id=identity,
        name=identity,
        source="test",
        base=Base(commit=None, tree=base),
        tree=tree,
        changes=diff.changes(repo, base, tree),
        **given,
    )


def test_a_change_of_one_character(repo, tree_of):
    base, tree = tree_of({"a.py": b"x = 1\ny = 2\n"}), tree_of({"a.py": b"x = 1\ny = 3\n"})
    (found,) = excerpts(repo, [candidate_of(repo, base, tree)], [verdict("c")], ())
    (file,) = found.files
    (hunk,) = file.hunks
    assert (hunk.old, hunk.new) == (1, 1)
    assert hunk.lines == (" x = 1", "-y = 2", "+y = 3")
    assert file.cut == found.left_out == 0


def test_lines_that_are_no_text_and_binary_files(repo, tree_of):
    base = tree_of({"a": b"old\n", "b": b"\0old"})
    tree = tree_of({"a": b"n\xffw\r\nlast", "b": b"\0new"})
    (found,) = excerpts(repo, [candidate_of(repo, base, tree)], [verdict("c")], ())
    a, b = found.files
    assert a.hunks[0].lines == ("-old", "+n\ufffdw\r", "+last")
    assert b.binary
    assert b.hunks == ()


def test_a_long_diff_is_cut_and_counted(repo, tree_of):
    base = tree_of({})
    tree = tree_of(
        {f"f{n:03}.py": b"".join(b"x%d\n" % i for i in range(50)) for n in range(500)}
        | {"wide.js": b"y" * 9_000}
    )
    found_out = failed("lint", "no", findings=(Finding(rule="r", path="wide.js", line=1, message="m",
                       severity=Severity.ERROR, fingerprint=""),))  # fmt: skip
    (found,) = excerpts(
        repo, [candidate_of(repo, base, tree)], [verdict("c", Decision.REJECTED, (found_out,))], ()
    )
    lines = [line for file in found.files for hunk in file.hunks for line in hunk.lines]
    assert len(lines) == module.MOST_LINES
    assert found.left_out == 501 - len(found.files)
    # What something was found out about is there, in its place, however long the line.
    assert found.files[-1].path == "wide.js"
    assert len(lines[-1]) < 400
    assert sum(file.cut for file in found.files) + len(lines) == 50 * (len(found.files) - 1) + 1


def test_members_come_before_others_and_twins_have_none(repo, tree_of, monkeypatch):
    monkeypatch.setattr(module, "MOST_CANDIDATES", 2)
    base = tree_of({})
    trees = [tree_of({"a": b"%d\n" % n}) for n in range(4)]
    candidates = [candidate_of(repo, base, tree, f"c{n}") for n, tree in enumerate(trees)]
    candidates.append(candidate_of(repo, base, trees[3], "twin", equivalent_to="c3"))
    verdicts = [verdict("c0", Decision.REJECTED), *(verdict(c.id) for c in candidates[1:])]
    found = excerpts(repo, candidates, verdicts, ("c3",))
    assert [each.candidate for each in found] == ["c1", "c3"]
