from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from assay.model.candidate import Change, ChangeKind
from assay.repo.globs import compile_globs
from assay.repo.repository import open_repository
from assay.risk.metrics import entropy, measure
from assay.risk.topics import touched

TESTS = compile_globs(("tests/**",))


@pytest.fixture
def measured(tmp_path: Path):
    pygit2.init_repository(str(tmp_path / "repo"), bare=True)
    repo = open_repository(tmp_path / "repo")

    def measure_edits(edits: dict[str, tuple[bytes, bytes]]):
        changes = []
        for path, (old, new) in edits.items():
            stats = pygit2.Patch.create_from(old, new).line_stats
            changes.append(
                Change(
                    kind=ChangeKind.MODIFIED,
                    path=path,
                    old_path=path,
                    old_mode=0o100644,
                    new_mode=0o100644,
                    old_blob=str(repo.git.create_blob(old)),
                    new_blob=str(repo.git.create_blob(new)),
                    added_lines=stats[1],
                    deleted_lines=stats[2],
                )
            )
        return measure(repo, changes, TESTS)

    return measure_edits


def test_code_tests_and_prose_are_counted_apart(measured):
    found = measured(
        {
            "src/a.py": (b"x = 1\n", b"x = 2\ny = 3\n"),
            "tests/test_a.py": (b"", b"assert 1\n" * 5),
            "README.md": (b"", b"words\n" * 7),
        }
    )
    assert (found.code_lines, found.deleted_code, found.test_lines) == (3, 1, 5)
    assert (found.files, found.directories) == (3, 3)


def test_branches_nesting_and_changed_definitions(measured):
    old = b"def f(a):\n    return a\n"
    new = b"def f(a, b):\n    if a:\n        for c in b:\n            pass\n    return a\n"
    found = measured({"a.py": (old, new)})
    assert (found.control_flow, found.nesting, found.signatures) == (2, 3, 1)


def test_a_word_that_starts_like_a_keyword_is_no_branch(measured):
    assert measured({"a.py": (b"", b"iffy = 1\nformat(1)\ntrying()\n")}).control_flow == 0


def test_indented_continuation_lines_do_not_nest(measured):
    assert measured({"a.py": (b"", b"call(\n" + b" " * 40 + b"argument)\n")}).nesting == 0


def test_other_languages_count_too(measured):
    found = measured({"a.go": (b"func F() {}\n", b"func F(a int) {\n\tif a > 1 {\n\t}\n}\n")})
    assert (found.control_flow, found.signatures) == (1, 1)


def test_two_places_in_a_file_are_two_hunks(measured):
    old = b"".join(b"line %d\n" % number for number in range(30))
    new = old.replace(b"line 3\n", b"changed\n").replace(b"line 25\n", b"changed\n")
    assert measured({"a.txt": (old, new)}).hunks == 2


@pytest.mark.parametrize(
    ("sizes", "bits"), [([], 0), ([0, 0], 0), ([9], 0), ([5, 5], 1), ([1, 1, 1, 1], 2), ([5, 0, 5], 1)]
)
def test_entropy_is_zero_for_one_file_and_greatest_when_even(sizes, bits):
    assert entropy(sizes) == bits


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("src/user_auth.py", "authentication"),
        ("src/UserAuth.ts", "authentication"),
        ("app/JWT/decode.go", "authentication"),
        ("src/author.py", None),
        ("src/authority_list.py", None),
        ("pkg/crypto/aes.c", "cryptography"),
        ("shop/billing/run.py", "payment"),
        ("app/migrations/0001_initial.py", "migrations"),
        ("db/schema.sql", "migrations"),
        (".github/workflows/ci.yml", "continuous integration"),
        ("web/package.json", "build and dependencies"),
        ("Makefile", "build and dependencies"),
        ("src/plain.py", None),
    ],
)
def test_topics_are_told_from_names(path, topic):
    assert [hit.name for hit in touched([path], (), ())] == ([topic] if topic else [])


def test_topics_come_strongest_first_with_their_first_path():
    found = touched(["setup.py", "b/auth.py", "a/auth.py"], ("b/**",), ())
    assert [(hit.name, hit.path) for hit in found] == [
        ("authentication", "a/auth.py"),
        ("sensitive by policy", "b/auth.py"),
        ("build and dependencies", "setup.py"),
    ]


def test_tests_and_prose_touch_no_shipped_topic():
    assert touched(["tests/auth.py"], (), ["tests/auth.py"]) == ()
