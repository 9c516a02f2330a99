from __future__ import annotations

from assay.model.candidate import Change
from assay.repo import diff
from assay.repo.diff import added_lines, changes, patch
from assay.repo.repository import open_repository
from assay.repo.trees import edit


def between(scratch, old: str = "HEAD~", new: str = "HEAD", **options) -> list[Change]:
    repo = scratch.open()
    return list(changes(repo, scratch.tree(old), scratch.tree(new), **options))


def test_kinds_counts_and_order(project) -> None:
    (project.path / "README").unlink()
    (project.path / "src/other.py").chmod(0o755)
    app = (project.path / "src/app.py").read_text()
    project.commit("x", {"src/app.py": app.replace("line 3\n", "three\nthree and a half\n"), "new": "n\n"})
    found = [(c.kind.value, c.path, c.added_lines, c.deleted_lines) for c in between(project)]
    assert found == [
        ("deleted", "README", 0, 1),
        ("added", "new", 1, 0),
        ("modified", "src/app.py", 2, 1),
        ("mode", "src/other.py", 0, 0),
    ]


def test_renames_are_paired_and_can_be_left_alone(project) -> None:
    app = (project.path / "src/app.py").read_text()
    (project.path / "src/app.py").unlink()
    (project.path / "README").rename(project.path / "README.md")
    project.commit("x", {"src/main.py": app.replace("line 3\n", "three\n")})
    found = [(c.kind.value, c.old_path, c.path, c.added_lines) for c in between(project)]
    assert found == [("renamed", "README", "README.md", 0), ("renamed", "src/app.py", "src/main.py", 1)]
    alone = {(c.kind.value, c.path) for c in between(project, renames=False)}
    assert alone == {
        ("deleted", "README"),
        ("added", "README.md"),
        ("deleted", "src/app.py"),
        ("added", "src/main.py"),
    }


def test_one_source_is_paired_once(make) -> None:
    scratch = make(files={"a/x": "same\n", "b/y": "same\n"})
    (scratch.path / "a/x").unlink()
    (scratch.path / "b/y").unlink()
    scratch.commit("x", {"c/y": "same\n", "d/x": "same\n", "e/z": "same\n"})
    found = {(c.old_path, c.path) for c in between(scratch)}
    assert found == {("b/y", "c/y"), ("a/x", "d/x"), ("e/z", "e/z")}


def test_added_lines_carry_their_numbers_in_the_new_file(project) -> None:
    app = (project.path / "src/app.py").read_text()
    project.commit(
        "x", {"src/app.py": app.replace("line 3\n", "three\r\nmore\n").replace("line 30\n", "end")}
    )
    repo = project.open()
    (change,) = changes(repo, project.tree("HEAD~"), project.tree())
    assert added_lines(repo, change) == ((3, "three"), (4, "more"), (31, "end"))


def test_added_lines_of_new_binary_and_link(project) -> None:
    (project.path / "link").symlink_to("README")
    project.commit("x", {"b.bin": b"\0\n", "new": b"caf\xe9\n"})
    repo = project.open()
    found = {c.path: added_lines(repo, c) for c in changes(repo, project.tree("HEAD~"), project.tree())}
    assert found == {"b.bin": (), "link": (), "new": ((1, "caf\ufffd"),)}


def test_invariant_3_attributes_cannot_hide_lines(make) -> None:
    scratch = make(files={"a.py": "x\n", ".gitattributes": "* -diff binary\n"})
    scratch.commit("x", {"a.py": "x\nnoqa\n"})
    repo = scratch.open()
    (change,) = changes(repo, scratch.tree("HEAD~"), scratch.tree())
    assert not change.binary
    assert added_lines(repo, change) == ((2, "noqa"),)
    assert b"+noqa" in patch(repo, scratch.tree("HEAD~"), scratch.tree())


def test_moved_blocks_are_no_rewrites(make) -> None:
    block = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(20))
    scratch = make(files={"a.py": block})
    scratch.commit("x", {"a.py": "def new():\n    return 0\n\n\n" + block})
    (change,) = between(scratch)
    assert (change.added_lines, change.deleted_lines) == (4, 0)


def test_submodules_links_and_types(project) -> None:
    project.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    project.git("commit", "-qm", "sub")
    (project.path / "README").unlink()
    (project.path / "README").symlink_to("src/app.py")
    project.git("add", "README")
    project.git("update-index", "--cacheinfo", f"160000,{'2' * 40},sub")
    project.git("commit", "-qm", "more")
    found = {c.path: (c.kind.value, oct(c.new_mode)) for c in between(project)}
    assert found == {"README": ("type", "0o120000"), "sub": ("modified", "0o160000")}
    repo = open_repository(project.path, {})
    assert b"+Subproject commit " + b"2" * 40 in patch(repo, project.tree("HEAD~"), project.tree())


def test_what_was_asked_lately_is_kept_without_contents_and_within_bounds(project, monkeypatch) -> None:
    monkeypatch.setattr(diff, "_lately", kept := {})
    repo = project.open()

    def added(old: bytes, new: bytes) -> Change:
        trees = [
            edit(repo, repo.head().tree, {"a": (0o100644, repo.write_blob(text))}) for text in (old, new)
        ]
        (change,) = changes(repo, *trees)
        return change

    for number in range(300):
        change = added(b"1\n2\n", b"1\n2\n%d\n" % number)
        for _ in range(2):
            assert added_lines(repo, change) == ((3, str(number)),)
    assert len(kept) == 256
    assert list(kept.items())[-1] == ((change.old_blob, change.new_blob), ((3, "299"),))
    assert len(added_lines(repo, added(b"1\n", b"1\n" + b"x\n" * 5000))) == 5000
    assert len(kept) == 256
