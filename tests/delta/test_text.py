from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.delta.conftest import candidate, delta, finding, risk
from tests.delta.conftest import gate as make_gate

from assay.delta.compose import compose, seconds
from assay.delta.page import Entry, Page, Tone, line
from assay.delta.sanitise import cells
from assay.delta.text import text
from assay.model.delta import SymbolChange, SymbolChangeKind
from assay.model.outcome import Severity
from assay.model.report import FailingGroup, Landed, MergedFile, PatchSet
from assay.model.risk import Contribution
from assay.model.tool import Isolation, Tier
from assay.model.verdict import Decision

ESCAPE = re.compile(r"\x1b\[\d+m")


def rows_of(report, **options):
    return text(compose(report), **options).splitlines()


def test_the_verdict_comes_first_and_the_next_command_last(full_report):
    rows = rows_of(full_report)
    assert rows[0] == "REJECTED  6 candidates: 4 accepted, 1 rejected, 1 inconclusive"
    assert rows[-1].startswith("  git show refs/assay/candidates/")


def test_each_candidate_says_why_on_a_wide_terminal(full_report):
    rows = rows_of(full_report, width=160)
    assert (
        "✓ add-tax.patch             accepted      risk medium 0.41: touches payment: src/billing/charge.py"
        in rows
    )
    assert "= fix-rounding-again.patch  accepted      same tree as fix-rounding.patch" in rows
    (broken,) = (row for row in rows if row.startswith("✗"))
    assert "rejected      tests: 2 tests fail that pass on the base" in broken
    at = rows.index(broken)
    assert (
        rows[at + 1] == "      tests/test_pricing.py:41 test_discount: assert 90 == 91 [tests/newly-failing]"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120, 300])
@pytest.mark.parametrize("which", ["full_report", "hostile_report"])
def test_no_line_is_wider_than_the_terminal(which, width, request):
    rows = rows_of(request.getfixturevalue(which), width=width)
    commands = rows.index("next:")
    assert max(map(cells, rows[:commands])) <= width


def test_a_hostile_candidate_reaches_the_terminal_only_as_escapes(hostile_report):
    for color in (False, True):
        shown = text(compose(hostile_report), color=color)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", ESCAPE.sub("", shown))
    assert "\x1b" not in text(compose(hostile_report))


def test_colour_changes_nothing_but_colour(full_report, hostile_report):
    for report in (full_report, hostile_report):
        painted = text(compose(report), color=True)
        assert painted != text(compose(report))
        assert ESCAPE.sub("", painted) == text(compose(report))


def test_without_unicode_everything_is_ascii(full_report, hostile_report):
    for report in (full_report, hostile_report):
        assert text(compose(report), unicode=False).isascii()
    assert "x broken-discount.patch" in text(compose(full_report), unicode=False)


def test_commands_are_never_broken(full_report):
    rows = rows_of(full_report, width=40)
    (land,) = (row for row in rows if "assay land" in row)
    assert land.endswith("--onto BRANCH")
    assert land.count("refs/assay/candidates/") == 2


def test_a_landing_says_where_the_branch_is_now(full_report):
    landed = replace(
        full_report,
        command="land",
        landed=Landed(ref="refs/heads/main", old="1" * 40, new="2" * 40, notes=("a.txt was left",)),
        landing="2 landed on main",
    )
    rows = rows_of(landed)
    assert rows[0].startswith("LANDED  ")
    assert rows[-5:] == [
        "2 landed on main",
        "refs/heads/main 1111111111 → 2222222222",
        "note: a.txt was left",
        "next:",
        "  git show 2222222222",
    ]


def test_a_dry_run_and_a_refused_landing_are_told_apart(full_report):
    dry = replace(full_report, command="land", landing="2 would land on main; this was a dry run")
    assert rows_of(dry)[0].startswith("VERIFIED, NOT PUBLISHED")
    refused = replace(
        dry, patch_set=PatchSet(members=(), left_out=(), conflicts=(), tree=None, verdict=Decision.REJECTED)
    )
    assert rows_of(refused)[0].startswith("NOT LANDED")


def test_a_set_of_one_is_nothing_that_could_be_verified_together(full_report):
    one = PatchSet(
        members=(full_report.candidates[0].id,), left_out=(), conflicts=(), tree=None, verdict=None
    )
    (row,) = [row for row in rows_of(replace(full_report, patch_set=one)) if row.startswith("Patch set")]
    assert row.split(maxsplit=2)[2] == "nothing to combine, 1 member"


def test_a_set_of_nothing_is_not_described(full_report):
    empty = PatchSet(members=(), left_out=(), conflicts=(), tree=None, verdict=None, reason="merges cleanly")
    assert any(row.startswith("Patch set") for row in rows_of(full_report))
    assert not any("merges cleanly" in row for row in rows_of(replace(full_report, patch_set=empty)))


def test_what_was_merged_by_syntax_is_said_with_what_stands_beside_what(full_report):
    file = MergedFile(
        path="src/a.py",
        format="python",
        candidate="two",
        others=("one",),
        groups=("a class",),
        added=("b",),
        beside=("a", "c"),
    )
    rows = rows_of(replace(full_report, patch_set=replace(full_report.patch_set, merged=(file,))))
    assert any("src/a.py two × one: b beside a, c" in row for row in rows)
    [first] = [row for row in rows if "src/a.py two" in row]
    [members] = [row for row in rows if row.startswith("  Members ")]
    assert first.startswith("  Merged by syntax ")
    assert first.index("src/a.py") == len("  Members") + re.search(r"\S", members[9:]).start()


def test_missing_isolation_is_said_loudly(full_report):
    bare = replace(full_report, isolation=Isolation(backend="none", tier=Tier.NONE))
    assert any(row.startswith("no isolation: ") for row in rows_of(bare))


def test_many_rejections_show_one_place_each(full_report):
    broken = next(c for c in full_report.candidates if c.verdict is Decision.REJECTED)
    many = [replace(broken, id=f"c{number}", name=f"p{number}") for number in range(64)]
    rows = rows_of(replace(full_report, candidates=tuple(many), patch_set=None, delta=None), width=200)
    assert sum(row.startswith("✗") for row in rows) == 64
    assert sum("test_pricing.py:41" in row for row in rows) == 64


def rejected(*findings, reason, gate="lint"):
    return candidate(
        "a.patch",
        Decision.REJECTED,
        reason=reason,
        rejected_by=gate,
        risk=risk(),
        gates=(make_gate(gate, "failed", findings=findings),),
    )


def test_what_the_reason_says_is_not_said_again(full_report):
    first = finding(path="a.py", line=3, message="`os` is unused")
    second = finding(path="b.py", line=9, message="`re` is unused")
    only = rejected(first, second, reason="a.py:3: F401 `os` is unused (and 1 more)")
    change = delta(findings_introduced=(first, second, finding(path="c.py", message="another thing")))
    shown = text(compose(replace(full_report, candidates=(only,), delta=change, patch_set=None)), width=120)
    assert shown.count("`os` is unused") == 1
    assert shown.count("b.py:9 `re` is unused") == 1
    assert shown.count("another thing") == 1


def test_a_forged_result_is_told_from_a_wrong_one(full_report):
    wrong = rejected(reason="test_a fails", gate="tests")
    forged = replace(wrong, gates=(make_gate("tests", "tampered"),))
    for each, words in ((wrong, "tests: test_a"), (forged, "tests (tampered): test_a")):
        assert words in text(compose(replace(full_report, candidates=(each,), patch_set=None)), width=120)


def test_required_tests_that_do_not_count_are_named(full_report):
    left_out = {
        "tests/test_a.py::test_gone": "is not collected on the base",
        "tests/test_a.py::test_b": "fails",
    }
    passed = replace(
        full_report.candidates[0], gates=(make_gate("acceptance", "passed", detail={"excluded": left_out}),)
    )
    shown = text(compose(replace(full_report, candidates=(passed,), patch_set=None)), width=120)
    words = "required, not counted: tests/test_a.py::test_gone is not collected on the base and 1 more"
    assert words in shown


def test_a_place_that_the_reason_lacks_is_shown_alone(full_report):
    found = finding(path="tests/test_a.py", line=7, message="test_a fails: assert 1 == 2", rule="tests/new")
    only = rejected(found, reason="test_a fails: assert 1 == 2", gate="tests")
    rows = rows_of(replace(full_report, candidates=(only,), patch_set=None), width=120)
    assert "      tests/test_a.py:7 [tests/new]" in rows


def test_a_line_of_the_patch_itself_is_no_place(full_report):
    found = finding(path="", line=4, message="hunk 1 ends early", rule="apply/malformed")
    only = rejected(found, reason="line 4 of the patch: hunk 1 ends early", gate="apply")
    rows = rows_of(replace(full_report, candidates=(only,), patch_set=None, delta=None), width=120)
    assert not any(":4" in row for row in rows)


def test_a_low_risk_is_one_number(full_report):
    low = replace(full_report.candidates[0], name="a.patch", risk=risk(band="low", score=0.1))
    rows = rows_of(replace(full_report, candidates=(low,), patch_set=None, delta=None))
    assert "✓ a.patch  accepted  risk low 0.10" in rows


def test_what_a_person_has_to_look_at_is_said_first(full_report):
    findings = tuple(
        finding(rule=f"scope/{severity}", severity=severity)
        for severity in (Severity.WARNING, Severity.REVIEW)
    )
    asked = candidate("asked.patch", needs_review=True, gates=(make_gate("scope", findings=findings),))
    rows = rows_of(replace(full_report, candidates=(asked,), patch_set=None, delta=None), width=120)
    assert any("asked.patch  accepted  needs review; risk" in row for row in rows)
    page = "\n".join(rows)
    assert 0 < page.index("[scope/review]") < page.index("[scope/warning]")


def test_what_adds_nothing_to_the_risk_is_not_listed(full_report):
    small = Contribution(feature="x", value=1, effect=0.001, words="one line deleted")
    doubtful = risk(contributions=(*risk().contributions, small))
    rows = rows_of(replace(full_report, delta=delta(risk=doubtful)))
    assert not any("one line deleted" in row for row in rows)
    assert any("52 lines of code changed" in row for row in rows)


def test_names_that_two_candidates_share_carry_the_id(full_report):
    first = full_report.candidates[0]
    twins = replace(full_report, candidates=(replace(first, id="one"), replace(first, id="two")))
    shown = text(compose(twins), width=120)
    assert "fix-rounding.patch (one)" in shown
    assert "fix-rounding.patch (two)" in shown


def test_a_message_of_any_length_does_not_flood_the_page(full_report):
    broken = next(c for c in full_report.candidates if c.verdict is Decision.REJECTED)
    long = replace(broken, name="n" * 100_000, reason="r" * 100_000)
    assert len(text(compose(replace(full_report, candidates=(long,))))) < 10_000


def test_a_new_test_is_named_once(full_report):
    path = "tests/test_charge.py"
    new = SymbolChange(
        path=path, symbol="test_refund", kind=SymbolChangeKind.ADDED, what="function", public=False
    )
    shown = text(compose(replace(full_report, delta=replace(full_report.delta, symbols=(new,)))))
    assert shown.count("test_refund") == 1


def test_an_empty_report_is_still_a_page(full_report):
    rows = rows_of(replace(full_report, candidates=(), patch_set=None, delta=None))
    assert rows[0] == "NOTHING TO CHECK"


@settings(max_examples=60)
@given(st.lists(st.text(max_size=50), max_size=4), st.text(max_size=30), st.integers(40, 100))
def test_any_words_fit_any_width(words, name, width):
    entry = Entry(
        mark="✗", tone=Tone.BAD, name=name, verdict="rejected", why=line(*words), details=(line(*words),)
    )
    page = Page(
        headline=line(*words),
        facts=(),
        notes=(line(*words),),
        entries=(entry,),
        sections=(),
        closing=(),
        commands=(),
    )
    assert all(cells(row) <= width for row in text(page, width=width).splitlines())


@pytest.mark.parametrize(("value", "shown"), [(0.0123, "12 ms"), (3.21, "3.2 s"), (125.0, "2 min 5 s")])
def test_durations_are_short(value, shown):
    assert seconds(value) == shown


def test_a_group_that_fails_together_says_who_where_and_how_sure(full_report):
    good, tax, *_ = full_report.candidates
    group = FailingGroup(
        members=(good.id, tax.id),
        gate="tests",
        where="tests/test_a.py::test_a",
        why="each is accepted alone",
        tests=("tests/test_a.py::test_a", "tests/test_a.py::test_b"),
        symbols=("billing:charge",),
        chance=0.8,
    )
    known = replace(full_report.patch_set, failing=(group,))
    shown = " ".join(" ".join(rows_of(replace(full_report, patch_set=known), width=300)).split())
    assert (
        "Fail together fix-rounding.patch × add-tax.patch: tests at tests/test_a.py::test_a, "
        "tests/test_a.py::test_b, billing:charge; that it is just these has a chance of 80%"
    ) in shown
    certain = replace(known, failing=(replace(group, chance=1.0, call="charge(1)", symbols=()),))
    sure = " ".join(" ".join(rows_of(replace(full_report, patch_set=certain), width=300)).split())
    assert "tests/test_a.py::test_b, shown by charge(1)" in sure
    assert "chance of" not in sure
