"""Where to look first: what is known against a line ranks it, once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.model.evidence import Branch, Evidence, Fate, LinesSeen, Mutant
from assay.model.outcome import Finding, Severity
from assay.risk.places import places


def finding(line: int, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(rule="r", path="a.py", line=line, message="odd", severity=severity, fingerprint="f")


def test_neighbouring_lines_of_one_reason_are_one_place() -> None:
    evidence = Evidence(files=(LinesSeen(path="a.py", executed=(1,), missed=(2, 3, 4, 7)),))
    found = places(evidence, ())
    assert [(place.line, place.end, place.why) for place in found] == [
        (2, 4, "no test runs this"),
        (7, 7, "no test runs this"),
    ]


def test_a_line_with_more_against_it_comes_first() -> None:
    evidence = Evidence(
        files=(LinesSeen(path="a.py", executed=(1, 2), missed=()),),
        branches=(Branch(path="a.py", line=2, target=5),),
        mutants=(
            Mutant(path="a.py", line=1, operator="o", before="<", after="<=", fate=Fate.SURVIVED),
            Mutant(path="a.py", line=2, operator="o", before="+", after="-", fate=Fate.SURVIVED),
            Mutant(path="a.py", line=9, operator="o", before="+", after="-", fate=Fate.KILLED),
        ),
    )
    found = places(evidence, ())
    assert [place.line for place in found] == [2, 1]
    assert found[0].why == "no test notices if `+` were `-`; a branch that no test takes"


def test_notes_and_findings_without_a_place_are_left_out() -> None:
    assert places(None, (finding(3, Severity.NOTE), finding(0))) == ()
    assert [place.line for place in places(None, (finding(3), finding(5, Severity.ERROR)))] == [5, 3]


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(Severity))), st.integers(0, 5))
def test_no_line_is_in_two_places_and_no_more_are_shown_than_asked(
    spots: list[tuple[int, Severity]], most: int
) -> None:
    found = places(None, [finding(line, severity) for line, severity in spots], most)
    lines = [line for place in found for line in range(place.line, place.end + 1)]
    assert len(lines) == len(set(lines))
    assert len(found) <= most
    assert [place.weight for place in found] == sorted((place.weight for place in found), reverse=True)
