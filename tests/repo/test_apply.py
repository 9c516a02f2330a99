"""Patches as they are found in the wild, applied to a small project."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.model.candidate import Candidate, ProblemKind, Proposal
from assay.repo.apply import apply, identify


def candidate_of(scratch, patch: bytes | str, *, name: str = "p", base: str = "HEAD") -> Candidate:
    repo = scratch.open()
    data = patch.encode() if isinstance(patch, str) else patch
    return apply(repo, repo.resolve(base), Proposal(name=name, source=name, patch=data))


def content(scratch, candidate: Candidate, path: str) -> bytes | None:
    assert candidate.tree is not None, candidate.problem
    return scratch.open().read(candidate.tree, path)


SIMPLE = "--- {a}\n+++ {b}\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a/src/other.py", "b/src/other.py"),
        ("src/other.py", "src/other.py"),
        ("i/src/other.py", "w/src/other.py"),
        ("project-1.0/src/other.py", "project/src/other.py"),
        ("src/other.py.orig", "src/other.py"),
        ("a/src/other.py\t2024-01-02 03:04:05.000000000 +0100", "b/src/other.py\t2024-01-02 03:04:06 +0100"),
        ("a/src/other.py 2024-01-02 03:04:05", "b/src/other.py 2024-01-02 03:04:06"),
        ('"a/src/\\157ther.py"', '"b/src/other.py"'),
        ("src/other.py\t(revision 1)", "src/other.py\t(working copy)"),
    ],
)
def test_prefixes_and_timestamps(project, old: str, new: str) -> None:
    found = candidate_of(project, SIMPLE.format(a=old, b=new))
    assert content(project, found, "src/other.py") == b"x = 2\n"


@pytest.mark.parametrize(
    "options", [["--no-prefix"], ["--src-prefix=x/", "--dst-prefix=y/"], ["--full-index"], []]
)
def test_prefixes_of_git_diffs(project, options: list[str]) -> None:
    project.write({"src/other.py": "x = 2\n", "src/new": "n\n", "d/empty": ""})
    (project.path / "README").rename(project.path / "READ ME")
    project.git("add", "--all")
    patch = project.run("diff", "--cached", "--binary", "-M", *options).stdout
    assert candidate_of(project, patch).tree == project.git("write-tree").strip()


def test_prose_before_between_and_after_is_passed_over(project) -> None:
    patch = "Dear all,\n\n" + SIMPLE.format(a="a/src/other.py", b="b/src/other.py") + "-- \n2.39.5\n\nBye\n"
    assert content(project, candidate_of(project, patch), "src/other.py") == b"x = 2\n"


def test_a_patch_cut_off_at_its_last_line_end(project) -> None:
    patch = SIMPLE.format(a="a/src/other.py", b="b/src/other.py").rstrip("\n")
    assert content(project, candidate_of(project, patch), "src/other.py") == b"x = 2\n"


def test_a_stripped_empty_context_line(make) -> None:
    scratch = make(files={"f": "a\n\nb\n"})
    found = candidate_of(scratch, "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n")
    assert content(scratch, found, "f") == b"a\n\nc\n"


def test_no_newline_at_the_end(make) -> None:
    scratch = make(files={"f": "a\nb"})
    marker = "\\ No newline at end of file\n"
    found = candidate_of(scratch, f"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n{marker}+c\n{marker}")
    assert content(scratch, found, "f") == b"a\nc"
    missing = candidate_of(scratch, "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n")
    assert missing.problem is not None and "no line end" in missing.problem.message


def test_crlf_files_and_crlf_patches(make) -> None:
    dos = make("dos", {"f": "a\r\nb\r\n"})
    unix = make("unix", {"f": "a\nb\n"})
    patch = b"--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    exact = patch.replace(b" a\n-b\n+c\n", b" a\r\n-b\r\n+c\r\n")
    converted = patch.replace(b"\n", b"\r\n")
    assert content(dos, candidate_of(dos, exact), "f") == b"a\r\nc\r\n"
    assert content(dos, candidate_of(dos, converted), "f") == b"a\r\nc\r\n"
    assert content(unix, candidate_of(unix, converted), "f") == b"a\nc\n"
    refused = candidate_of(dos, patch)
    assert refused.problem is not None and "CR LF" in refused.problem.message


def test_a_converted_patch_creates_files_without_carriage_returns(project) -> None:
    patch = b"--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+n\n".replace(b"\n", b"\r\n")
    assert content(project, candidate_of(project, patch), "new") == b"n\n"


def test_an_offset_is_found_nearest_first(make) -> None:
    block = "head\n" + "".join(f"{n}\n" for n in range(5)) + "x\nmark\ny\n"
    scratch = make(files={"f": block * 3})
    patch = "--- a/f\n+++ b/f\n@@ -{at},3 +{at},3 @@\n x\n-mark\n+MARK\n y\n"
    near_second = content(scratch, candidate_of(scratch, patch.format(at=14)), "f")
    assert near_second is not None and near_second.splitlines().index(b"MARK") == 16


def test_modes_only(project) -> None:
    found = candidate_of(project, "diff --git a/README b/README\nold mode 100644\nnew mode 100755\n")
    assert [change.kind.value for change in found.changes] == ["mode"]
    assert found.changes[0].new_mode == 0o100755


def test_names_can_be_swapped(make) -> None:
    scratch = make(files={"a": "one\ntwo\nthree\nA\n", "b": "four\nfive\nsix\nB\n"})
    patch = "".join(
        f"diff --git a/{x} b/{y}\nsimilarity index 100%\nrename from {x}\nrename to {y}\n"
        for x, y in (("a", "b"), ("b", "a"))
    )
    found = candidate_of(scratch, patch)
    assert content(scratch, found, "a") == b"four\nfive\nsix\nB\n"
    assert content(scratch, found, "b") == b"one\ntwo\nthree\nA\n"


def test_a_copy_keeps_its_source(project) -> None:
    patch = "diff --git a/README b/COPY\nsimilarity index 100%\ncopy from README\ncopy to COPY\n"
    found = candidate_of(project, patch)
    assert content(project, found, "README") == content(project, found, "COPY") == b"hello\n"


def test_repeated_changes_of_one_file_add_up(project) -> None:
    first = SIMPLE.format(a="a/src/other.py", b="b/src/other.py")
    second = first.replace("-x = 1\n+x = 2", "-x = 2\n+x = 3")
    assert content(project, candidate_of(project, first + second), "src/other.py") == b"x = 3\n"


def test_a_file_becomes_a_directory_and_back(make) -> None:
    scratch = make(files={"a": "a\n", "d/x": "x\n"})
    patch = (
        "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
        "--- /dev/null\n+++ b/a/b\n@@ -0,0 +1 @@\n+b\n"
        "--- a/d/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "--- /dev/null\n+++ b/d\n@@ -0,0 +1 @@\n+d\n"
    )
    found = candidate_of(scratch, patch)
    assert content(scratch, found, "a/b") == b"b\n"
    assert content(scratch, found, "d") == b"d\n"


def test_a_submodule_moves(make) -> None:
    scratch = make(files={"f": "f\n"})
    old, new = "1" * 40, "2" * 40
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{old},sub")
    scratch.git("commit", "-qm", "sub")
    scratch.git("update-index", "--cacheinfo", f"160000,{new},sub")
    patch = scratch.run("diff", "--cached").stdout
    assert candidate_of(scratch, patch).tree == scratch.git("write-tree").strip()


def test_git_binary_literals_and_deltas(make) -> None:
    body = random.Random(1).randbytes(10_000)
    scratch = make(files={"big.bin": body, "small.bin": b"\0a"})
    scratch.write(
        {"big.bin": body[:3000] + b"changed" + body[3000:], "new.bin": b"\0new", "small.bin": b"\0b"}
    )
    scratch.git("add", "--all")
    patch = scratch.run("diff", "--cached", "--binary").stdout
    assert b"\ndelta " in patch and b"\nliteral " in patch
    assert candidate_of(scratch, patch).tree == scratch.git("write-tree").strip()


def test_a_binary_patch_for_another_version_is_refused(make) -> None:
    scratch = make(files={"x.bin": b"\0one"})
    scratch.write({"x.bin": b"\0two"})
    patch = scratch.run("diff", "--binary").stdout
    scratch.commit("other", {"x.bin": b"\0three"})
    problem = candidate_of(scratch, patch).problem
    assert problem is not None and problem.kind is ProblemKind.DOES_NOT_APPLY
    assert "another" in problem.message or "version" in problem.message


def test_a_binary_patch_with_other_content_than_its_header_names(make) -> None:
    scratch = make(files={"x.bin": b"\0one", "y.bin": b"\0other"})
    scratch.write({"x.bin": b"\0two", "y.bin": b"\0evil"})
    x, y = (scratch.run("diff", "--binary", "--full-index", name).stdout for name in ("x.bin", "y.bin"))
    forged = x.partition(b"GIT binary")[0] + b"GIT binary" + y.partition(b"GIT binary")[2]
    problem = candidate_of(scratch, forged).problem
    assert problem is not None and problem.kind is ProblemKind.MALFORMED


def test_a_binary_change_without_content(make) -> None:
    scratch = make(files={"x.bin": b"\0one"})
    scratch.write({"x.bin": b"\0two"})
    patch = scratch.run("diff").stdout
    problem = candidate_of(scratch, patch).problem
    assert problem is not None and problem.kind is ProblemKind.MALFORMED
    assert "--binary" in problem.message


@pytest.mark.parametrize(
    ("patch", "kind", "words"),
    [
        ("", "empty", "empty"),
        ("   \n\n", "empty", "empty"),
        ("just words\n", "malformed", "no diff"),
        ("\0\1\2\3", "malformed", "no diff"),
        ("@@ -1 +1 @@\n-a\n+b\n", "malformed", "without a file header"),
        ("--- a/README\n+++ b/README\n", "malformed", "without a hunk"),
        ("--- a/README\n+++ b/README\n@@ -1,2 +1,1 @@\n-hello\n+bye\n", "malformed", "hunk 1 has fewer"),
        ("--- a/README\n+++ b/README\n@@ -1 +1 @@\n-hello\n+bye\n+more\n", "malformed", "hunk 1 has more"),
        ("--- a/README\n+++ b/README\n@@ -1 +1,1 @@\n-hello\n-x\n+bye\n", "malformed", "hunk 1 has more"),
        ("--- a/README\n+++ b/README\n@@ -x +1 @@\n-hello\n+bye\n", "malformed", "cannot be read"),
        ("diff --cc x\n", "malformed", "combined"),
        ("diff --git a/README b/README\nindex 1111111..2222222 100644\n", "malformed", "no content"),
        ("diff --git a/x b/x\nnew file mode 100664x\n", "malformed", "no mode"),
        (
            "diff --git a/x b/y\nindex 1111111..2222222 100644\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n",
            "malformed",
            "two files",
        ),
        ('diff --git "a/x b/x\nnew file mode 100644\n', "malformed", "quoted"),
        (
            "diff --git a/README b/README\n--- a/src/other.py\n+++ b/src/other.py\n@@ -1 +1 @@\n-x\n+y\n",
            "malformed",
            "contradict",
        ),
        ("--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n", "does-not-apply", "no such file"),
        ("--- a/src\n+++ b/src\n@@ -1 +1 @@\n-a\n+b\n", "does-not-apply", "directory"),
        ("--- a/src\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "does-not-apply", "directory"),
        ("--- /dev/null\n+++ b/README\n@@ -0,0 +1 @@\n+a\n", "does-not-apply", "exists already"),
        ("--- /dev/null\n+++ b/README/x\n@@ -0,0 +1 @@\n+a\n", "does-not-apply", "is a file"),
        ("--- /dev/null\n+++ b/src\n@@ -0,0 +1 @@\n+a\n", "does-not-apply", "is a directory"),
        ("--- a/src/app.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-line 1\n", "does-not-apply", "src/app.py"),
        (
            "--- a/src/app.py\n+++ b/src/app.py\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+new\n line six\n",
            "does-not-apply",
            "hunk 1 of src/app.py: line 6 should be 'line six', but is 'line 6'",
        ),
        (
            "--- a/src/app.py\n+++ b/src/app.py\n@@ -40,3 +40,3 @@\n q\n-r\n+s\n t\n",
            "does-not-apply",
            "file ends after line 30",
        ),
        (
            "--- a/src/app.py\n+++ b/src/app.py\n@@ -5,1 +5,1 @@\n-line 5\n+five\n",
            "does-not-apply",
            "no context",
        ),
        (
            "--- a/src/app.py\n+++ b/src/app.py\n@@ -10,3 +10,3 @@\n line 10\n-line 11\n+x\n line 12\n"
            "@@ -4,3 +4,3 @@\n line 4\n-line 5\n+y\n line 6\n",
            "does-not-apply",
            "hunk 2 of src/app.py: it is out of order",
        ),
        (
            "diff --git a/README b/README\nold mode 120000\nnew mode 100644\n",
            "does-not-apply",
            "symbolic link",
        ),
        ("diff --git a/README b/README\nold mode 100644\nnew mode 100644\n", "empty", "changes nothing"),
    ],
)
def test_a_problem_says_which_part_and_why(project, patch: str, kind: str, words: str) -> None:
    found = candidate_of(project, patch)
    assert found.tree is None and found.problem is not None
    assert found.problem.kind.value == kind, found.problem
    assert words in found.problem.message
    assert "\n" not in found.problem.message


def create(path: str) -> str:
    return f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", ".git/hooks/x", "sub/.GIT/x", "git~1/x", ".git./x", ".g\u200cit/x", "a//x", "/x"],
)
def test_hostile_paths_in_patches_are_refused(project, path: str) -> None:
    problem = candidate_of(project, create(path)).problem
    assert problem is not None and problem.kind is ProblemKind.HOSTILE_PATH


@pytest.mark.parametrize("path", ["../x", ".git/config", "/etc/passwd"])
def test_hostile_paths_in_git_headers_and_renames_are_refused(project, path: str) -> None:
    renamed = f"diff --git a/README b/{path}\nsimilarity index 100%\nrename from README\nrename to {path}\n"
    created = f"diff --git a/{path} b/{path}\nnew file mode 100644\n"
    for patch in (renamed, created):
        problem = candidate_of(project, patch).problem
        assert problem is not None and problem.kind is ProblemKind.HOSTILE_PATH


LINK = (
    "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/tmp\n\\ No newline\n"
)


def test_writing_through_a_symbolic_link_is_refused(make) -> None:
    scratch = make(files={"f": "f\n"})
    (scratch.path / "link").symlink_to("/tmp")
    scratch.commit("link")
    attempts = [create("link/x"), LINK + create("l/x"), SIMPLE.format(a="a/link/f", b="b/link/f")]
    for patch in attempts:
        problem = candidate_of(scratch, patch).problem
        assert problem is not None and problem.kind is ProblemKind.HOSTILE_PATH
        assert "symbolic link" in problem.message
    assert candidate_of(scratch, LINK).tree is not None


def test_hostile_paths_in_trees_are_refused(project) -> None:
    repo = project.open()
    base = repo.head()
    blob = repo.write_blob(b"x")
    evil = dict(repo.entries(base.tree))
    evil[b".GIT"] = (0o040000, repo.write_tree({b"config": (0o100644, blob)}))
    found = apply(repo, base, Proposal(name="t", source="t", tree=repo.write_tree(evil)))
    assert found.problem is not None and found.problem.kind is ProblemKind.HOSTILE_PATH


def test_equal_trees_are_equivalent_and_ids_are_unique(project) -> None:
    one = SIMPLE.format(a="a/src/other.py", b="b/src/other.py")
    other = "prose\n" + one
    bad = candidate_of(project, "nothing")
    found = identify(
        [
            candidate_of(project, one),
            candidate_of(project, other, name="q"),
            candidate_of(project, one),
            bad,
            bad,
        ]
    )
    first = found[0].id
    assert [c.equivalent_to for c in found] == [None, first, first, None, None]
    assert len({c.id for c in found}) == 5
    assert found[2].id == f"{first}-2"
    assert all(len(c.id.partition("-")[0]) == 12 for c in found)


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    data=st.lists(
        st.sampled_from(
            [
                b"diff --git a/README b/README\n",
                b"--- a/README\n",
                b"+++ b/README\n",
                b"--- /dev/null\n",
                b"@@ -1 +1 @@\n",
                b"@@ -1,2 +0,0 @@\n",
                b"-hello\n",
                b"+bye\n",
                b" hello\n",
                b"\\ No newline at end of file\n",
                b"rename from README\n",
                b"rename to x\n",
                b"new file mode 100644\n",
                b"deleted file mode 100644\n",
                b"index 1234567..89abcde 100644\n",
                b"GIT binary patch\n",
                b"literal 3\n",
                b"Kc${NkU|;|M00aO5\n",
                b"From x Mon Sep 17 00:00:00 2001\n",
                b"\n",
                b"\r\n",
                b"Binary files a/README and b/README differ\n",
            ]
        ),
        max_size=12,
    ).map(b"".join)
)
def test_no_arrangement_of_patch_lines_raises(project, data: bytes) -> None:
    found = candidate_of(project, data)
    assert (found.tree is None) == (found.problem is not None)


@pytest.mark.parametrize(
    "patch",
    [
        b"diff --git " + b"a " * 300_000 + b"\nnew file mode 100644\n",
        b"--- a/x" + b" " * 300_000 + b"\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        b"From x " + b"1:" * 300_000 + b"\n",
        b"From: " + b"(" * 300_000 + b"\nSubject: " + b"=?" * 300_000 + b"\n\n",
        b"From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 3000,
        b'--- "' + b"\\101" * 200_000 + b"\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    ],
)
def test_patches_built_to_cost_time_are_plain_problems(project, patch: bytes) -> None:
    assert candidate_of(project, patch).problem is not None
