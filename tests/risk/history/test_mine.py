from __future__ import annotations

from tests.risk.conftest import DAY, START

from assay.risk.history.labels import blames
from assay.risk.history.log import read_log
from assay.risk.history.mine import WINDOW, mine

GOOD = b"import os\n\n\ndef f(a):\n    # what it does\n    if a:\n        return 1\n    return 2\n"
MENDED = GOOD.replace(b"return 2", b"return 3")


def rows(history, **given):
    return {row.commit: row for row in mine(history.repo, **given)}


def test_who_wrote_the_lines_that_a_fix_deletes_is_labelled(history) -> None:
    wrote = history.commit("add f", 0, {"a.py": GOOD})
    other = history.commit("add g", 5, {"a.py": GOOD + b"\n\ndef g():\n    return 0\n"})
    fix = history.commit("Fix f", 100, {"a.py": MENDED + b"\n\ndef g():\n    return 0\n"})
    history.commit("later", 500, {"b.py": b"x = 1\n"})
    found = rows(history)
    assert found[wrote].fixed == START + 100 * DAY
    assert (found[other].fixed, found[fix].fixed) == (0, 0)
    until = START + 500 * DAY
    assert [found[c].label(until) for c in (wrote, other, fix)] == [True, False, False]
    assert found[wrote].label(START + 99 * DAY) is None
    assert found[wrote].label(found[wrote].time + WINDOW) is True


def test_a_blame_names_the_lines_as_they_were_when_they_were_written(history) -> None:
    wrote = history.commit("add f", 0, {"a é.py": GOOD})
    history.commit("rename", 1, {"a é.py": None, "b.py": b"# more\n" + GOOD})
    history.commit("Fix f", 9, {"b.py": b"# more\n" + MENDED})
    (found,) = blames(history.repo, read_log(history.repo, "HEAD"))
    assert (found.commit, found.lines) == (wrote, (("a é.py", 8),))


def test_comments_imports_and_white_space_blame_no_one(history) -> None:
    wrote = history.commit("add f", 0, {"a.py": GOOD})
    edited = GOOD.replace(b"import os\n", b"").replace(b"# what it does", b"# something else")
    history.commit("Fix f", 10, {"a.py": edited})
    assert rows(history)[wrote].fixed == 0


def test_a_reindented_line_is_still_its_first_authors(history) -> None:
    wrote = history.commit("add f", 0, {"a.py": GOOD})
    inner = GOOD.replace(b"    return 2", b"        return 2")
    moved = history.commit("indent", 1, {"a.py": inner})
    history.commit("Fix f", 10, {"a.py": inner.replace(b"return 2", b"return 3")})
    found = rows(history)
    assert (found[wrote].fixed > 0, found[moved].fixed) == (True, 0)


def test_a_large_fix_says_nothing(history) -> None:
    body = b"".join(b"x%d = 1\n" % n for n in range(200))
    wrote = history.commit("add", 0, {"a.py": body})
    history.commit("Fix all", 1, {"a.py": body.replace(b"= 1", b"= 2")})
    assert rows(history)[wrote].fixed == 0


def test_reverts_are_no_fixes_but_reverts(history) -> None:
    history.commit("add", 0, {"a.py": GOOD})
    wrote = history.commit("change", 1, {"a.py": MENDED})
    history.commit(f'Revert "change"\n\nThis reverts commit {wrote}.', 3, {"a.py": GOOD})
    history.commit("later", 60, {"a.py": GOOD + b"x = 1\n"})
    row = rows(history)[wrote]
    assert (row.fixed, row.reverted, row.undone(START + 60 * DAY)) == (0, START + 3 * DAY, True)


def test_features_are_of_the_moment_before(history) -> None:
    history.commit("add", 0, {"a.py": GOOD})
    history.commit("Fix f", 10, {"a.py": MENDED, "tests/test_a.py": b"x = 1\n"})
    second = history.commit("more", 20, {"a.py": MENDED + b"y = 1\n"})
    row = rows(history, labels=False)[second]
    assert row.features["changes"] == 2
    assert row.features["since_fix"] == 10.0
    assert row.features["lines_most"] == 8
    assert (row.features["fresh"], row.features["places"], row.lines) == (1, 1, 1)
    assert row.features["repository_year"] == 2


def test_a_change_of_very_many_files_has_no_label(history) -> None:
    wrote = history.commit("all", 0, {f"m{n}.py": GOOD for n in range(41)})
    history.commit("Fix f", 10, {"m1.py": MENDED})
    assert rows(history)[wrote].label(START + 900 * DAY) is None


def test_what_touches_no_source_is_no_row(history) -> None:
    history.commit("docs", 0, {"README.md": b"x\n", "docs/conf.py": b"x = 1\n", "tests/t.py": b"x = 1\n"})
    assert mine(history.repo) == []
