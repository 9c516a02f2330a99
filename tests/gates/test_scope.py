"""The scope gate: each rule on the least change that breaks it, and on the honest change next to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.gates.static_fakes import LINK, PROGRAM, SUBMODULE

from assay.gates.scope import ScopeGate
from assay.gates.scope_rules import SEVERITIES
from assay.model.outcome import Outcome, Severity, Skip
from assay.policy.rules import SCOPE_RULES

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench, Content

    from assay.model.outcome import GateResult

COMMIT = "1" * 40


def rules(result: GateResult) -> list[str]:
    return [finding.rule.removeprefix("scope/") for finding in result.findings]


def judged(bench: Bench, old: dict[str, Content], new: dict[str, Content]) -> list[str]:
    return rules(bench.run(ScopeGate(), {"keep": "1", **old}, {"keep": "1", **new}))


def test_an_ordinary_patch_passes_without_a_word(bench: Bench) -> None:
    old = {"src/a.py": "x = 1\n", ".github/workflows/ci.yml": "on: push\n", ".gitignore": "*.o\n"}
    new = {"src/a.py": "x = 2\n", ".github/workflows/ci.yml": "on: pull_request\n", ".gitignore": "*.a\n"}
    result = bench.run(ScopeGate(), old, new)
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.evidence == {"files": 3, "lines": 3}
    assert bench.run(ScopeGate(), old, old).skip is Skip.NOT_APPLICABLE


def test_protected_and_allowed_paths_count_on_both_sides_of_a_rename(bench: Bench) -> None:
    text = "line\n" * 10
    bench.with_section("scope", protected=("ci/**",))
    result = bench.run(ScopeGate(), {"ci/run": text}, {"other/run": text})
    assert (result.outcome, rules(result)) == (Outcome.FAILED, ["protected-path"])
    assert result.reason.startswith("ci/run: ")
    bench.with_section("scope", protected=(), allow=("src/**",))
    assert judged(bench, {"src/a": "1"}, {"src/a": "2"}) == []
    assert judged(bench, {"src/a": text}, {"b": text}) == ["not-allowed"]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"assay.toml": "gates = [\n"}, "assay.toml"),
        ({"assay.toml": "[limits]\nmemory = 'lots'\n"}, "assay.toml:2"),
        ({"assay.toml": "extends = './ci/none.toml'\n"}, "assay.toml"),
    ],
)
def test_a_policy_that_would_stop_every_later_run_is_rejected(
    bench: Bench, files: dict[str, Content], place: str
) -> None:
    result = bench.run(ScopeGate(), {"keep": "1"}, {"keep": "1", **files})
    assert (result.outcome, rules(result)) == (Outcome.FAILED, ["policy"])
    assert result.reason.startswith(f"{place}")


def test_a_policy_that_works_or_that_did_not_work_before_is_no_finding(bench: Bench) -> None:
    works: dict[str, Content] = {"assay.toml": "extends = 'strict'\n"}
    broken: dict[str, Content] = {"assay.toml": "gates = [\n"}
    assert judged(bench, {}, works) == []
    assert judged(bench, broken, works) == []
    assert judged(bench, broken, {**broken, "pyproject.toml": "[project]\n"}) == []
    assert judged(bench, works, {}) == []


def test_a_file_that_the_policy_extends_counts_as_the_policy(bench: Bench) -> None:
    own: dict[str, Content] = {"assay.toml": "extends = './ci/base.toml'\n"}
    good = {**own, "ci/base.toml": "extends = 'strict'\n"}
    assert judged(bench, good, {**own, "ci/base.toml": "no such = key\n"}) == ["policy"]


def test_limits_hold_only_where_the_policy_sets_them(bench: Bench) -> None:
    new: dict[str, Content] = {"a": "1\n2\n3\n", "b": "x" * 3000}
    assert judged(bench, {}, new) == []
    bench.with_section("scope", max_files=1, max_lines=2, max_blob=1000)
    assert judged(bench, {}, new) == ["too-many-files", "too-many-lines", "blob-size"]


@pytest.mark.parametrize(
    ("target", "escapes"),
    [
        ("/etc/passwd", True),
        ("../../outside", True),
        ("../keep", False),
        ("../.git/config", True),
        ("../.GIT/hooks", True),
        ("../up/../../x", True),
        ("./x/../y", False),
        ("../loop", True),
        ("../far/y", True),
        ("../deep/../sibling", False),
    ],
)
def test_symlinks_are_followed_as_a_kernel_would(bench: Bench, target: str, escapes: bool) -> None:
    links: dict[str, Content] = {
        "up": (LINK, "a/b/.."),
        "loop": (LINK, "loop"),
        "far": (LINK, "/usr"),
        "deep": (LINK, "a/b"),
        "a/b/file": "1",
    }
    found = judged(bench, links, {**links, "d/link": (LINK, target)})
    assert found == (["symlink-escape"] if escapes else [])


def test_a_link_back_to_the_top_cannot_be_used_to_climb_out(bench: Bench) -> None:
    # Cancelling `..` in the text alone would leave x/y/top/../.. at x, inside the tree.
    old: dict[str, Content] = {"x/y/top": (LINK, "../.."), "x/z": "1"}
    new: dict[str, Content] = {**old, "link": (LINK, "x/y/top/../../etc")}
    assert judged(bench, old, new) == ["symlink-escape"]


def test_an_escaping_link_of_the_base_is_not_the_candidates(bench: Bench) -> None:
    old: dict[str, Content] = {"a": (LINK, "/etc/hosts")}
    assert judged(bench, old, {"b": (LINK, "/etc/hosts")}) == []


def test_submodules(bench: Bench) -> None:
    assert judged(bench, {}, {"sub": (SUBMODULE, COMMIT)}) == ["submodule"]
    modules = '[submodule "s"]\n\tpath = sub\n\turl = https://example.org/s\n'
    assert judged(bench, {}, {".gitmodules": modules}) == ["git-name"]
    for trick in ("path = ../x", "url = --upload-pack=x", "update = !sh", "path = a/.git/b", "url = ext::sh"):
        found = bench.run(ScopeGate(), {"k": "1"}, {"k": "1", ".gitmodules": modules + f"\t{trick}\n"})
        assert "submodule-hostile" in rules(found), trick
        assert found.outcome is Outcome.FAILED


def test_programs_and_binaries_are_noted(bench: Bench) -> None:
    assert judged(bench, {"a": "#!/bin/sh\n"}, {"a": (PROGRAM, "#!/bin/sh\n")}) == ["executable"]
    assert judged(bench, {"a": (PROGRAM, "1\n")}, {"a": (PROGRAM, "2\n")}) == []
    assert judged(bench, {}, {"a.bin": b"\0\1\2"}) == ["binary"]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  #noqa: E501",
        "# ruff: noqa",
        "x = run(y)  # nosec B307",
        "import z  # type: ignore[import]",
        "# mypy: ignore-errors",
        "x = 1  # pyright: ignore",
        "x = 1  # pylint: disable=foo",
        "x = 1  # pragma: no cover",
        "@pytest.mark.skip(reason='x')",
        "@pytest.mark.skipif(True, reason='x')",
        "@unittest.expectedFailure",
        "pytestmark = pytest.mark.xfail",
        "    pytest.skip('later')",
        "        self.skipTest('x')",
        "collect_ignore = ['a']",
    ],
)
def test_invariant_3_new_suppressions_are_findings(bench: Bench, line: str) -> None:
    body = f"if 1:\n{line}\n" if line.startswith(" ") else f"{line}\n"
    body += "def f(): pass\n" if line.startswith("@") else ""
    assert judged(bench, {"a.py": "\n"}, {"a.py": "\n" + body}) == ["suppression"]
    # Also where the file no longer splits into tokens.
    if "#" in line:
        assert judged(bench, {"a.py": "\n"}, {"a.py": "'''\n" + body}) == ["suppression"]


@pytest.mark.parametrize(
    "text",
    [
        '"""Use `# noqa` and # nosec with care, or pytest.mark.skip."""\n',
        "x = '# type: ignore'\n",
        "def skip(x): ...\nskip(1)\nskipped = 2\n",
        "x = 1  # no quality assurance\n",
    ],
)
def test_talking_about_suppressions_is_none(bench: Bench, text: str) -> None:
    assert judged(bench, {}, {"a.py": text}) == []


def test_an_old_suppression_on_an_edited_line_is_not_new(bench: Bench) -> None:
    old = {"a.py": "x = 1  # noqa\ny = 1\n"}
    assert judged(bench, old, {"a.py": "x = 2  # noqa\ny = 1\n"}) == []
    assert judged(bench, old, {"a.py": "x = 2  # noqa\ny = 2  # noqa\n"}) == ["suppression"]


def test_other_languages_and_prose(bench: Bench) -> None:
    assert judged(bench, {}, {"a.ts": "// @ts-ignore\nx();\n"}) == ["suppression"]
    assert judged(bench, {}, {"a.go": "x() //nolint\n"}) == ["suppression"]
    assert judged(bench, {}, {"a.md": "// eslint-disable and # noqa\n"}) == []


TESTS = "def test_a():\n    assert f(1) == 1\n    assert f(2)\n\n\ndef test_b():\n    assert f(3)\n"


def test_deleted_and_weakened_tests_are_findings(bench: Bench) -> None:
    old: dict[str, Content] = {"tests/test_x.py": TESTS}
    assert judged(bench, old, {}) == ["test-deleted"]
    assert judged(bench, old, {"tests/test_x.py": TESTS[: TESTS.index("\n\ndef test_b")]}) == ["test-deleted"]
    weaker = TESTS.replace("    assert f(2)\n", "")
    assert judged(bench, old, {"tests/test_x.py": weaker}) == ["test-changed", "test-weakened"]
    commented = TESTS.replace("    assert f(2)\n", "    # assert f(2)\n    'assert f(2)'\n")
    assert judged(bench, old, {"tests/test_x.py": commented}) == ["test-changed", "test-weakened"]
    # A version that this interpreter cannot parse is counted by tokens.
    unread = TESTS.replace("    assert f(2)\n", "") + "print 'python 2'\n"
    assert judged(bench, old, {"tests/test_x.py": unread}) == ["test-weakened"]
    assert judged(bench, old, {"tests/test_x.py": "print 'python 2'\n"}) == ["test-deleted"]


def test_renamed_moved_and_rewritten_tests_are_no_deletions(bench: Bench) -> None:
    old: dict[str, Content] = {"tests/test_x.py": TESTS}
    assert judged(bench, old, {"tests/test_y.py": TESTS}) == []
    assert judged(bench, old, {"tests/test_x.py": TESTS.replace("test_b", "test_better")}) == []
    first, second = TESTS.split("\n\n\n")
    assert judged(bench, old, {"tests/test_x.py": first + "\n", "tests/test_z.py": second}) == []
    assert judged(bench, old, {"tests/test_x.py": TESTS + "\n\ndef test_c():\n    assert 4\n"}) == []


def test_files_that_are_no_tests_may_lose_functions(bench: Bench) -> None:
    assert judged(bench, {"src/a.py": TESTS}, {"src/a.py": "x = 1\n"}) == []


def test_text_that_reads_otherwise_than_it_runs(bench: Bench) -> None:
    trick = "x = 'user\u202e \u2066# admin\u2069 \u2066'\n"
    result = bench.run(ScopeGate(), {"a.py": "\n"}, {"a.py": trick})
    assert (result.outcome, rules(result)) == (Outcome.FAILED, ["bidi"])
    assert judged(bench, {"a.py": trick}, {"a.py": trick.replace("user", "User")}) == []
    assert judged(bench, {}, {"a.py": "x = '\\u202e'\n"}) == []
    assert judged(bench, {}, {"ar.po": 'msgstr "\u2067abc\u2069"\n'}) == []
    assert judged(bench, {}, {"a.py": "\ufeffx = 1\n"}) == []
    assert judged(bench, {}, {"a.py": "x = 'a\u200bb'\n"}) == ["invisible"]
    assert judged(bench, {}, {"a.py": "\U0001d41dfrost = 1\n"}) == ["invisible"]
    assert judged(bench, {}, {"a.py": "größe = 'x²'  # ½\n"}) == []


def test_severities_are_the_policys(bench: Bench) -> None:
    bench.with_section("scope", severity={"suppression": Severity.ERROR, "scope/binary": Severity.REVIEW})
    assert bench.run(ScopeGate(), {"k": "1"}, {"a.py": "x = 1  # noqa\n"}).outcome is Outcome.FAILED
    shown = bench.run(ScopeGate(), {"k": "1"}, {"k": b"\0\1"})
    assert (shown.outcome, shown.findings[0].severity) == (Outcome.PASSED, Severity.REVIEW)


def test_every_rule_has_a_severity_and_fingerprints_survive_line_shifts(bench: Bench) -> None:
    assert SEVERITIES.keys() == SCOPE_RULES
    prints = {
        bench.run(ScopeGate(), {"k": "1"}, {"k": "1", "a.py": "\n" * n + "x = 1  # noqa\n"})
        .findings[0]
        .fingerprint
        for n in range(3)
    }
    assert len(prints) == 1


def test_hostile_lines_take_no_time_beyond_their_length(bench: Bench) -> None:
    blanks, hashes = " " * 200_000, "#" * 200_000
    text = f"x = 1  # pragma{blanks}x\n# pylint{blanks}x\n{hashes} noqa-not pragma pylint disable\n"
    modules = f"[submodule]\n\tpath = a{blanks}b\n"
    assert judged(bench, {}, {"a.py": text, "b.py": "'''\n" + text, ".gitmodules": modules}) == [
        "git-name",
        "suppression",
        "suppression",
    ]
