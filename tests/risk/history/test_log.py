from __future__ import annotations

from assay.risk.history.log import FileEdit, Hunk, read_log


def test_hunks_have_their_places_and_lines(history) -> None:
    history.commit("one", 0, {"a.py": b"x = 1\ny = 2\nz = 3\n"})
    history.commit("two\n\nwith a body", 1, {"a.py": b"x = 1\ny = 4\nz = 3\nw = 5\n"}, who="b")
    first, second = read_log(history.repo, "HEAD")
    assert first.edits == (
        FileEdit(
            old_path=None,
            path="a.py",
            hunks=(Hunk(old_start=0, new_start=1, deleted=(), added=("x = 1", "y = 2", "z = 3")),),
        ),
    )
    assert second.edits[0].hunks == (
        Hunk(old_start=2, new_start=2, deleted=("y = 2",), added=("y = 4",)),
        Hunk(old_start=3, new_start=4, deleted=(), added=("w = 5",)),
    )
    assert second.message.startswith("two\n\nwith a body")
    assert (second.parents, second.committed - first.committed) == ((first.commit,), 86_400)


def test_lines_that_look_like_headers_are_lines(history) -> None:
    history.commit("one", 0, {"a.py": b"-- a\n++ b\n@@ -1 +1 @@\n"})
    history.commit("two", 1, {"a.py": b"diff --git a/x b/x\n++ b\n@@ -1 +1 @@\n"})
    _, second = read_log(history.repo, "HEAD")
    assert second.edits[0].hunks[0].deleted == ("-- a",)
    assert second.edits[0].hunks[0].added == ("diff --git a/x b/x",)


def test_names_only_and_lines_name_the_same_files(history) -> None:
    body = b"".join(b"line %d\n" % n for n in range(30))
    history.commit("one", 0, {"old name.py": body, "gone.py": b"1\n", 'sp"äm\t.py': b"2\n", "empty.py": b""})
    history.commit("two", 1, {"old name.py": None, "new.py": body + b"more\n", "gone.py": None})
    history.commit("three", 2, {'sp"äm\t.py': b"3\n"})
    named = [
        [(edit.old_path, edit.path) for edit in e.edits] for e in read_log(history.repo, "HEAD", lines=False)
    ]
    lined = [[(edit.old_path, edit.path) for edit in e.edits] for e in read_log(history.repo, "HEAD")]
    assert [sorted(map(str, each)) for each in named] == [sorted(map(str, each)) for each in lined]
    assert ("old name.py", "new.py") in named[1]
    assert ("gone.py", None) in named[1]
    assert (None, "empty.py") in named[0]
    assert named[2] == [('sp"äm\t.py', 'sp"äm\t.py')]


def test_only_what_is_new(history) -> None:
    first = history.commit("one", 0, {"a.py": b"1\n"})
    second = history.commit("two", 1, {"a.py": b"2\n"})
    assert [entry.commit for entry in read_log(history.repo, "HEAD", f"^{first}")] == [second]
    assert [entry.commit for entry in read_log(history.repo, "HEAD", most=1, lines=False)] == [second]


def test_a_log_may_be_left_unread(history) -> None:
    for day in range(50):
        history.commit("one", day, {"a.py": b"%d\n" % day})
    stream = read_log(history.repo, "HEAD")
    assert next(iter(stream)).message == "one"
    stream.close()
