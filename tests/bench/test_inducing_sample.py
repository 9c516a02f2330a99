"""Which commits are asked about: of a size, old enough to tell, matched, and none of them twice."""

from __future__ import annotations

from bench.inducing_sample import LARGEST, LEAST, Group, eligible, sample
from bench.risk_tables import Table
from hypothesis import given
from hypothesis import strategies as st

from assay.risk.history.mine import WINDOW, Row
from assay.risk.history.past import DAY

START = 1_500_000_000


def row(name: str, day: int, code: float, fixed: int = 0) -> Row:
    time = START + day * DAY
    features = {"code": code, "files": 1.0}
    return Row(commit=name, time=time, lines=int(code), features=features, fixed=fixed and time + fixed * DAY)


def table(*rows: Row) -> Table:
    return Table(name="a", until=START + 1000 * DAY, rows=rows)


def named(found: list[object], group: Group) -> list[str]:
    return [asked.row.commit for asked in found if asked.group is group]  # type: ignore[attr-defined]


def test_an_inducing_commit_has_a_mate_of_its_size_and_time() -> None:
    known = table(
        row("wrong", 10, 8, fixed=30),
        row("large", 11, 64),
        row("like", 12, 9),
        row("later", 630, 8),
    )
    found = sample(known, START, frozenset())
    assert (named(found, Group.INDUCING), named(found, Group.MATE)) == (["wrong"], ["like"])


def test_what_cannot_be_told_is_not_asked() -> None:
    known = table(
        row("early", -1, 8),
        row("small", 1, LEAST - 1),
        row("huge", 1, LARGEST + 1),
        row("young", 1000 - WINDOW // DAY + 1, 8),
        row("fixed late", 2, 8, fixed=400),
    )
    assert [(each.commit, each.label(known.until)) for each in eligible(known, START)] == [
        ("fixed late", False)
    ]


def test_repairs_are_fixes_with_tests_and_not_mates_as_well() -> None:
    known = table(
        row("wrong", 10, 8, fixed=30), row("fix", 40, 7), row("other", 12, 8), row("plain", 500, 90)
    )
    found = sample(known, START, frozenset({"fix", "wrong"}))
    assert named(found, Group.MATE) == ["other"]
    assert named(found, Group.REPAIR) == ["fix"]


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.integers(LEAST, LARGEST), st.sampled_from([0, 0, 20])), max_size=30
    ),
    st.sets(st.integers(0, 29)),
)
def test_no_commit_is_asked_twice_and_mates_were_never_fixed(
    drawn: list[tuple[int, int, int]], fixes: set[int]
) -> None:
    known = table(*(row(f"{n:02}", day, code, fixed) for n, (day, code, fixed) in enumerate(drawn)))
    found = sample(known, START, frozenset(f"{n:02}" for n in fixes))
    commits = [asked.row.commit for asked in found]
    assert len(commits) == len(set(commits))
    assert all((asked.group is Group.INDUCING) == bool(asked.row.fixed) for asked in found)
    assert found == sample(known, START, frozenset(f"{n:02}" for n in fixes))
