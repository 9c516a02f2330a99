"""Files that come and go, and the names by which they could have been looked for."""

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing import arrivals
from assay.model.candidate import Change, ChangeKind

DIRECTORIES = {".": 4, "lib": 3, "lib/sub": 1}


def change(kind, path, old_path=""):
    here, gone = kind is not ChangeKind.DELETED, kind is not ChangeKind.ADDED
    return Change(
        kind=kind,
        path=path,
        old_path=old_path or path,
        old_mode=0o100644 if gone else 0,
        new_mode=0o100644 if here else 0,
        old_blob="old" if gone else "",
        new_blob="new" if here else "",
    )


def test_a_moved_file_goes_and_comes():
    gone, come = arrivals.taken_apart([change(ChangeKind.RENAMED, "new.py", "old.py")])
    assert (gone, come) == (change(ChangeKind.DELETED, "old.py"), change(ChangeKind.ADDED, "new.py"))
    kept = change(ChangeKind.MODIFIED, "a.py")
    assert arrivals.taken_apart([kept]) == (kept,)


def test_new_directories_come_with_a_file():
    assert arrivals.come("lib/a.py", DIRECTORIES) == ("lib/a.py",)
    assert arrivals.come("lib/x/y/a.py", DIRECTORIES) == ("lib/x/y/a.py", "lib/x/y", "lib/x")


def test_a_directory_goes_with_the_last_of_its_files():
    deleted = [change(ChangeKind.DELETED, "lib/sub/a.py"), change(ChangeKind.DELETED, "lib/b.py")]
    found = arrivals.gone(deleted, DIRECTORIES)
    assert found == {"lib/sub/a.py": ("lib/sub/a.py", "lib/sub"), "lib/b.py": ("lib/b.py",)}
    deleted.append(change(ChangeKind.DELETED, "lib/c.py"))
    assert arrivals.gone(deleted, DIRECTORIES)["lib/c.py"] == ("lib/c.py", "lib")


def test_names_of_a_module_count_from_any_directory():
    assert arrivals.names("src/lib/a.py", ["src/lib/a.py"]) == {"a", "lib.a", "src.lib.a"}
    places = arrivals.come("lib/x/__init__.py", DIRECTORIES)
    assert arrivals.names("lib/x/__init__.py", places) == {"x", "lib.x"}


def test_a_new_directory_can_be_imported_whatever_is_in_it():
    places = arrivals.come("lib/x/a.dat", DIRECTORIES)
    assert arrivals.names("lib/x/a.dat", places) == {"x", "lib.x"}
    assert not arrivals.names("lib/a.dat", ["lib/a.dat"])


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_all_that_is_above_a_path_ends_at_the_root(words):
    above = list(arrivals.above("/".join(words)))
    assert above[-1] == "."
    assert len(above) == len(words)
