"""Objects that are kept in memory."""

import pygit2
import pytest

from assay.model.errors import BadInput
from assay.repo.overlay import files_of_patch
from assay.repo.repository import FILE, Repository, open_repository
from assay.repo.trees import delta, edit
from assay.repo.veil import Veil


@pytest.fixture
def repo(tmp_path) -> Repository:
    pygit2.init_repository(str(tmp_path))
    return open_repository(tmp_path, {})


def objects(repo):
    return set(repo.git.odb)


def base_tree(repo):
    return edit(
        repo,
        repo.head().tree,
        {"a/x": (FILE, repo.write_blob(b"old\n")), "b": (FILE, repo.write_blob(b"b\n"))},
    )


def test_what_is_written_through_a_veil_is_in_no_database_and_can_be_read(repo):
    base = base_tree(repo)
    before = objects(repo)
    veil = Veil(repo)
    blob = veil.write_blob(b"hidden\n")
    tree = edit(veil, base, {"a/hidden": (FILE, blob)})
    assert objects(repo) == before
    for each in (veil, repo):
        assert each.read(tree, "a/hidden") == b"hidden\n"
        assert each.read(tree, "b") == b"b\n"
        assert each.has(tree) and each.is_blob(blob) and not each.is_blob(tree)
        assert [write.path for write in delta(each, base, tree).writes] == ["a/hidden"]
    with pytest.raises(BadInput):
        open_repository(repo.root, {}).blob(blob)


def test_names_are_gits_own(repo):
    veil = Veil(repo)
    blob = veil.write_blob(b"some content\n")
    tree = edit(veil, repo.head().tree, {"x": (FILE, blob)})
    assert repo.write_blob(b"some content\n") == blob
    assert edit(repo, repo.head().tree, {"x": (FILE, blob)}) == tree
    # What the database has by now is not kept twice.
    other = Veil(open_repository(repo.root, {}))
    other.write_blob(b"some content\n")
    assert other.veiled == {}


PATCH = b"""\
diff --git a/a/x b/a/x
--- a/a/x
+++ b/a/x
@@ -1 +1 @@
-old
+new
diff --git a/b b/b
deleted file mode 100644
--- a/b
+++ /dev/null
@@ -1 +0,0 @@
-b
"""


def test_a_patch_becomes_the_files_that_it_writes_and_removes(repo):
    base = base_tree(repo)
    before = objects(repo)
    assert files_of_patch(repo, base, PATCH, "p") == (("a/x", FILE, b"new\n"), ("b", 0, None))
    assert objects(repo) == before


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (PATCH.replace(b"-old", b"-else"), "cannot be applied"),
        (PATCH.replace(b"@@ -1 +1 @@", b"@@ -1 +1,7 @@"), "cannot be applied"),
        (b"no diff at all\n", "there is no diff in it"),
        (PATCH.replace(b"b/a/x", b"b/../x").replace(b"a/a/x", b"a/../x"), "cannot be applied"),
    ],
)
def test_a_patch_that_makes_nothing_is_bad_input(repo, patch, words):
    with pytest.raises(BadInput, match=words):
        files_of_patch(repo, base_tree(repo), patch, "p")
