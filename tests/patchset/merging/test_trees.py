from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.patchset.support import Content, Lab

from assay.model.report import Conflict, ConflictKind
from assay.patchset.conflicts import find
from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file
from assay.patchset.merging.pairs import BySyntax
from assay.patchset.merging.reasons import Reason
from assay.patchset.merging.trees import Merged, git_lines, structural_merge
from assay.patchset.overlap import Overlap
from assay.repo.merge import merge_text

BASE = b"import a\n\n\ndef one():\n    return 1\n"


def with_function(name: str) -> bytes:
    return BASE + f"\n\ndef {name}():\n    return {name!r}\n".encode()


def both(lab: Lab, ours: dict[str, Content], theirs: dict[str, Content]) -> Merged | Unmergeable:
    base = lab.tree(lab.base.tree, {"m.py": BASE})
    a, b = lab.tree(base, ours), lab.tree(base, theirs)
    found, back = structural_merge(lab.repo, base, a, b), structural_merge(lab.repo, base, b, a)
    if isinstance(found, Merged):
        assert isinstance(back, Merged) and back.tree == found.tree
    else:
        assert isinstance(back, Unmergeable)
    return found


def test_what_git_merges_is_merged_by_git_and_the_rest_by_syntax(lab: Lab) -> None:
    found = both(
        lab, {"m.py": with_function("b"), "b.py": b"x\n"}, {"m.py": with_function("a"), "a.py": None}
    )
    assert isinstance(found, Merged)
    (file,) = found.files
    assert (file.path, file.format, file.ours, file.theirs) == ("m.py", "python", ("b",), ("a",))
    assert lab.repo.read(found.tree, "m.py") == file.data
    assert lab.repo.read(found.tree, "b.py") == b"x\n" and lab.repo.read(found.tree, "a.py") is None


def test_without_a_conflict_nothing_is_merged_by_syntax(lab: Lab) -> None:
    found = both(lab, {"m.py": with_function("b")}, {"m.py": BASE.replace(b"import a", b"import c")})
    assert isinstance(found, Merged) and found.files == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"m.py": None}, {"m.py": with_function("a")}, Reason.NOT_TEXT),
        ({"n.py": b"a = 1\n"}, {"n.py": b"b = 1\n"}, Reason.NOT_TEXT),
        ({"m.py": (0o100755, with_function("b"))}, {"m.py": with_function("a")}, Reason.NOT_TEXT),
        ({"m.py": None, "n.py": with_function("b")}, {"m.py": with_function("a")}, Reason.NOT_TEXT),
        ({"m.py": BASE + b"def x("}, {"m.py": with_function("a")}, Reason.UNREADABLE),
        ({"latin.txt": b"\xe8\n" * 20}, {"latin.txt": b"\xea\n" * 20}, Reason.FORMAT),
    ],
    ids=["removed", "added twice", "mode", "renamed", "no Python", "no format"],
)
def test_what_is_no_matter_of_text_stays_a_conflict(
    lab: Lab, ours: dict[str, Content], theirs: dict[str, Content], reason: Reason
) -> None:
    found = both(lab, ours, theirs)
    assert isinstance(found, Unmergeable) and found.reason is reason


def test_a_pair_that_merges_by_syntax_is_no_conflict_and_one_that_does_not_says_why(lab: Lab) -> None:
    lab.base = type(lab.base)(commit=None, tree=lab.tree(lab.base.tree, {"m.py": BASE}))
    a, b = (lab.candidate(name, {"m.py": with_function(name)}) for name in "ab")
    other = lab.candidate("other", {"m.py": with_function("a").replace(b"'a'", b"2")})
    assert find(lab.repo, lab.base, [a, b]) == ()
    (conflict,) = find(lab.repo, lab.base, [a, other])
    assert conflict.why.endswith("by syntax it does not merge either: both add a, with different content")


_CALL = b"""

class Row:
    def show(self, row):
        text = render(
            row,
            head=self.head,
            size=self.size,
            fill=self.fill,
            last=self.last,
        )
        return text
"""


def test_a_statement_that_both_change_is_merged_line_by_line_though_text_conflicts_elsewhere(
    lab: Lab,
) -> None:
    base, added = BASE + _CALL, b"\n\ndef %s():\n    return 1\n"
    one = base.replace(b"row,", b"row, deep=True,") + added % b"b"
    two = base.replace(b"last=self.last", b"last=self.last, end=2") + added % b"a"
    trees = [lab.tree(lab.base.tree, {"m.py": text}) for text in (base, one, two)]
    found = structural_merge(lab.repo, *trees)
    assert isinstance(found, Merged)
    both_in = base.replace(b"row,", b"row, deep=True,").replace(b"last=self.last", b"last=self.last, end=2")
    assert lab.repo.read(found.tree, "m.py") == both_in + added % b"a" + added % b"b"


def test_no_more_pairs_are_tried_than_there_is_time_for(lab: Lab) -> None:
    lab.base = type(lab.base)(commit=None, tree=lab.tree(lab.base.tree, {"m.py": BASE}))
    a, b, c = (lab.candidate(name, {"m.py": with_function(name)}) for name in "abc")
    syntax = BySyntax(lab.repo, lab.base, most=1)
    conflict = Conflict(a=a.id, b=b.id, kind=ConflictKind.TEXTUAL, where="m.py", why="w")
    assert syntax.unless_merged(Overlap(a, b, ("m.py",), False), conflict) is None
    assert syntax.unless_merged(Overlap(a, b, ("m.py",), False), None) is None
    left = syntax.unless_merged(Overlap(a, c, ("m.py",), False), conflict)
    assert left is not None and left.why == "w; more than 1 pairs conflict, and no more are tried by syntax"


def _some(names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=3)


def _module(names: list[str], edited: list[str]) -> bytes:
    return "\n\n".join(
        f"def {name}(x):\n    first_{name} = {int(name in edited)}\n    return x + first_{name}\n"
        for name in sorted(names)
    ).encode()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_some("gim"), _some("hjn"), *[_some("abcdef")] * 4)
def test_where_git_merges_syntax_comes_to_the_same(
    lab: Lab,
    ours: list[str],
    theirs: list[str],
    gone: list[str],
    lost: list[str],
    mine: list[str],
    yours: list[str],
) -> None:
    left = [[name for name in "abcdefkl" if name not in without] for without in (gone, lost)]
    texts = [_module(list("abcdefkl"), []), _module(left[0] + ours, mine), _module(left[1] + theirs, yours)]
    by_git = merge_text(lab.repo, *texts)
    found = merge_file("m.py", *texts, lines=git_lines(lab.repo))
    if by_git is not None and by_git == merge_text(lab.repo, texts[0], texts[2], texts[1]):
        assert isinstance(found, Unmergeable) or _same(found.data, by_git)


def _same(found: bytes, by_git: bytes) -> bool:
    """Blank lines aside, and which of two additions is first where one side removed what was between."""
    functions = [sorted(b" ".join(f.split()) for f in text.split(b"def ")) for text in (found, by_git)]
    return functions[0] == functions[1]


def test_entries_hold_for_what_git_would_mix_up(lab: Lab) -> None:
    """Two functions that end alike: git takes their common lines for one another's."""
    ours, theirs = (BASE + f"\n\ndef {n}(x):\n    y = x\n    return y\n".encode() for n in "ab")
    found = merge_file("m.py", BASE, ours, theirs, lines=git_lines(lab.repo))
    assert isinstance(found, MergedFile)
    assert found.data.count(b"    y = x\n    return y\n") == 2
