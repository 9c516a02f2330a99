"""Comparison of findings: pure, so properties rather than examples where they can be stated."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.fingerprint import Hunk, RawFinding, compare, fold_space, stamp
from assay.model.outcome import Severity

lines = st.integers(min_value=1, max_value=60)
findings = st.builds(
    RawFinding,
    rule=st.sampled_from(["E1", "E2"]),
    path=st.just("a.py"),
    line=lines,
    message=st.sampled_from(["bad", "worse (3 > 2)"]),
    text=st.sampled_from(["x = 1", "y = 2", ""]),
)
lists = st.lists(findings, max_size=12)
no_hunks: tuple[Hunk, ...] = ()


def shifted(finding: RawFinding, by: int) -> RawFinding:
    return RawFinding(
        rule=finding.rule,
        path=finding.path,
        line=finding.line + by,
        message=finding.message,
        text=finding.text,
    )


@given(lists, st.integers(min_value=0, max_value=500))
def test_nothing_is_new_when_lines_only_shift(base: list[RawFinding], by: int) -> None:
    compared = compare(base, [shifted(finding, by) for finding in base], no_hunks)
    assert compared.new == () == compared.fixed
    assert len(compared.shared) == len(base)


@given(lists, lists)
def test_without_hunks_new_is_the_multiset_difference(
    base: list[RawFinding], found: list[RawFinding]
) -> None:
    def keys(listed: list[RawFinding] | tuple[RawFinding, ...]) -> Counter[tuple[str, ...]]:
        return Counter((f.rule, f.message, f.text) for f in listed)

    compared = compare(base, found, no_hunks)
    assert keys(compared.new) == keys(found) - keys(base)
    assert keys(compared.fixed) == keys(base) - keys(found)


@given(
    lists,
    lists,
    st.lists(st.builds(Hunk, old_start=lines, old_lines=lines, new_start=lines, new_lines=lines)),
)
def test_every_finding_is_counted_once(
    base: list[RawFinding], found: list[RawFinding], hunks: list[Hunk]
) -> None:
    compared = compare(base, found, hunks)
    assert Counter(compared.new) + Counter(compared.shared) == Counter(found)
    assert len(compared.fixed) + len(compared.shared) == len(base)


@given(lists, st.integers(min_value=0, max_value=500))
def test_fingerprints_survive_line_shifts(found: list[RawFinding], by: int) -> None:
    moved = [shifted(finding, by) for finding in found]
    before = Counter(f.fingerprint for f in stamp(found, found, Severity.ERROR))
    assert before == Counter(f.fingerprint for f in stamp(moved, moved, Severity.ERROR))


def test_a_second_copy_of_an_old_finding_is_new_and_it_is_the_added_one() -> None:
    old = RawFinding(rule="E1", path="a.py", line=1, message="bad", text="x = 1")
    copy = shifted(old, 4)
    hunk = Hunk(old_start=3, old_lines=0, new_start=5, new_lines=1)
    assert compare([old], [old, copy], [hunk]).new == (copy,)
    hunk = Hunk(old_start=0, old_lines=0, new_start=1, new_lines=1)
    assert compare([old], [old, copy], [hunk]).new == (old,)


def test_editing_a_flagged_line_introduces_nothing() -> None:
    old = RawFinding(
        rule="E501", path="a.py", line=3, message="Line too long (120 > 100)", text="a long line"
    )
    new = RawFinding(
        rule="E501", path="a.py", line=4, message="Line too long (130 > 100)", text="a longer line"
    )
    hunk = Hunk(old_start=3, old_lines=1, new_start=3, new_lines=2)
    assert compare([old], [new], [hunk]).new == ()
    elsewhere = Hunk(old_start=9, old_lines=1, new_start=3, new_lines=2)
    assert compare([old], [new], [elsewhere]).new == (new,)


def test_another_rule_in_an_edited_region_is_new() -> None:
    old = RawFinding(rule="E1", path="a.py", line=3, message="bad", text="x")
    new = RawFinding(rule="E2", path="a.py", line=3, message="bad", text="y")
    assert compare([old], [new], [Hunk(old_start=3, old_lines=1, new_start=3, new_lines=1)]).new == (new,)


def test_equal_findings_get_different_fingerprints() -> None:
    one = RawFinding(rule="E1", path="a.py", line=1, message="bad", text="x")
    two = shifted(one, 1)
    prints = [finding.fingerprint for finding in stamp([one, two], [one, two], Severity.ERROR)]
    assert len(set(prints)) == 2


def test_indentation_plays_no_part() -> None:
    assert fold_space("\tx  =  1 ") == fold_space("x = 1")
