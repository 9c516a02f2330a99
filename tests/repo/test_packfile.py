"""Packs, loose objects, index files and tags, as git reads them."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.repo.conftest import Scratch

from assay.repo import indexfile
from assay.repo.packfile import loose, new_objects, write_pack
from assay.repo.repository import EMPTY_TREE, SUBMODULE, open_repository
from assay.repo.tags import Tag, nearest_tag

FILES: dict[str, bytes | str] = {
    "a": "one\n",
    "empty": "",
    "big": bytes(range(256)) * 300,
    "d/b": "two\n",
    "d/deep/c": "three\n",
}


def test_git_reads_a_pack(make, tmp_path) -> None:
    scratch: Scratch = make().write(FILES)
    scratch.commit()
    repo = open_repository(scratch.path)
    tree = repo.head().tree
    objects = list(dict.fromkeys(new_objects(repo, EMPTY_TREE, tree)))
    pack = tmp_path / "pack-x.pack"
    with pack.open("wb") as out:
        checksum, index = write_pack(repo, objects, out)
    pack.with_suffix(".idx").write_bytes(index)
    assert pack.read_bytes().endswith(bytes.fromhex(checksum))
    listed = {line.split()[0] for line in scratch.git("verify-pack", "-v", str(pack)).splitlines()}
    assert set(objects) <= listed
    assert scratch.git("index-pack", "--strict", "-o", str(tmp_path / "again.idx"), str(pack))
    assert (tmp_path / "again.idx").read_bytes() == index


def test_invariant_7_new_objects_are_those_of_the_difference(make) -> None:
    scratch: Scratch = make().write(FILES)
    scratch.commit()
    repo = open_repository(scratch.path)
    old = repo.head().tree
    scratch.commit(files={"d/b": "changed\n"})
    new = repo.head().tree
    d, b = (scratch.git("rev-parse", f"HEAD:{path}").strip() for path in ("d", "d/b"))
    assert list(new_objects(repo, old, new)) == [new, d, b]
    assert list(new_objects(repo, old, old)) == []
    assert list(new_objects(repo, old, EMPTY_TREE)) == []


def test_a_loose_object_has_gits_name(make) -> None:
    scratch: Scratch = make()
    oid, packed = loose(3, b"text\n")
    assert oid == scratch.git("hash-object", "--stdin", stdin=b"text\n").strip()
    assert zlib.decompress(packed) == b"blob 5\0text\n"


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=20).filter(lambda p: b"\0" not in p), st.integers(0, 2**33)
    )
)
def test_an_index_is_split_as_it_was_joined(paths: dict[bytes, int]) -> None:
    entries = {
        path: indexfile.entry(path, 0o100644, "1" * 40, size=size, mtime=size) for path, size in paths.items()
    }
    assert indexfile.split(indexfile.join(entries)) == entries


def test_git_reads_an_index(make, tmp_path) -> None:
    scratch: Scratch = make()
    blob = scratch.git("hash-object", "-w", "--stdin", stdin=b"x").strip()
    modes = {b"b/x": 0o100755, b"a": 0o100664, b"link": 0o120000, b"sub": SUBMODULE, b"long" * 2000: 0o100644}
    entries = {path: indexfile.entry(path, mode, blob, size=1, mtime=9) for path, mode in modes.items()}
    (tmp_path / "index").write_bytes(indexfile.join(entries))
    listed = scratch.git("ls-files", "-s", GIT_INDEX_FILE=str(tmp_path / "index")).splitlines()
    assert [line.split()[0] for line in listed] == ["100644", "100755", "120000", "100644", "160000"]
    assert listed[0].endswith("\ta") and listed[2].endswith("\tlink")


@pytest.mark.parametrize("annotated", [True, False])
def test_the_nearest_tag_is_the_one_that_git_describes(make, annotated: bool) -> None:
    scratch: Scratch = make()
    scratch.commit(files={"a": "1"})
    repo = open_repository(scratch.path)
    assert nearest_tag(repo, repo.head().commit) is None
    assert nearest_tag(repo, None) is None
    scratch.git("tag", "far")
    scratch.commit(files={"a": "2"})
    scratch.git("tag", *(("-a", "-m", "x") if annotated else ()), "release/near")
    scratch.commit(files={"a": "3"})
    repo = open_repository(scratch.path)
    assert nearest_tag(repo, repo.head().commit) == Tag(name="release/near", annotated=annotated)
