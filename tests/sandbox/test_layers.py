"""Layers show exactly git's trees, cost what differs, and end when they should."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.model.errors import BadInput
from assay.sandbox import cache as cache_module
from assay.sandbox.cache import LayerKind
from assay.sandbox.checkout import LayerWriter
from assay.sandbox.identity import host_identity
from assay.sandbox.layers import LayerStore
from assay.sandbox.plain import copy_layers
from assay.sandbox.probe import Probe
from assay.sandbox.spec import Stack

from .conftest import Content, Trees

EXECUTABLE, LINK, MODULE = 0o100755, 0o120000, 0o160000


def shown(stack: Stack, place: Path) -> dict[str, Content]:
    """The files that the layers together show, with git's modes; empty directories as submodules."""
    place.mkdir()
    copy_layers(stack.layers, place)
    found: dict[str, Content] = {}
    for top, directories, files in os.walk(place):
        for name in files + [each for each in directories if (Path(top) / each).is_symlink()]:
            path = Path(top) / name
            status = path.lstat()
            key = str(path.relative_to(place))
            if stat.S_ISLNK(status.st_mode):
                found[key] = (LINK, os.fsencode(path.readlink()))
            elif status.st_mode & 0o111:
                found[key] = (EXECUTABLE, path.read_bytes())
            else:
                found[key] = path.read_bytes()
    return found


def entries(layer: Path) -> int:
    return sum(len(directories) + len(files) for _, directories, files in os.walk(layer))


SAMPLE: dict[str, Content] = {
    "plain": b"text\r\n",
    "run": (EXECUTABLE, b"#!/bin/sh\n"),
    "to": (LINK, b"../../etc/passwd"),
    "sub/ö \n": b"odd name",
    "sub/deep/er": b"",
    ".gitattributes": b"* text eol=crlf filter=lfs\n",
}


def test_a_base_is_the_tree_byte_for_byte(trees: Trees, store: LayerStore, tmp_path: Path) -> None:
    stack = store.base(trees.tree(SAMPLE))
    assert len(stack.layers) == 1
    assert shown(stack, tmp_path / "out") == SAMPLE


def test_a_submodule_is_an_empty_directory(trees: Trees, store: LayerStore) -> None:
    old = trees.tree({"a": b"a", "module/file": b"x"})
    new = trees.tree({"a": b"a", "module": (MODULE, b"1" * 40)})
    assert list((store.base(new).layers[0] / "module").iterdir()) == []
    stack = store.over(store.base(old), old, new)
    assert os.getxattr(stack.layers[-1] / "module", "user.overlay.opaque") == b"y"


def test_layers_belong_to_the_jails_user(trees: Trees, store: LayerStore, host: Probe) -> None:
    stack = store.base(trees.tree(SAMPLE))
    for top, directories, files in os.walk(stack.layers[0]):
        for path in (Path(top), *(Path(top) / name for name in directories + files)):
            status = path.lstat()
            assert (status.st_uid, status.st_gid) == (host.identity.uid, host.identity.gid)


names = st.sampled_from(["a", "b", "c"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
contents = st.sampled_from([b"1", b"2", (EXECUTABLE, b"1"), (LINK, b"a")])


@st.composite
def file_sets(draw: st.DrawFn) -> dict[str, Content]:
    chosen: dict[str, Content] = {}
    for path, content in draw(st.dictionaries(paths, contents, max_size=8)).items():
        if not any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in chosen):
            chosen[path] = content
    return chosen


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=file_sets(), second=file_sets(), third=file_sets())
def test_a_layer_over_another_shows_the_new_tree(
    trees: Trees, store: LayerStore, tmp_path_factory: pytest.TempPathFactory, first, second, third
) -> None:
    one, two, three = trees.tree(first), trees.tree(second), trees.tree(third)
    stack = store.over(store.over(store.base(one), one, two), two, three)
    assert shown(stack, tmp_path_factory.mktemp("out") / "tree") == third
    store.drop(two)
    store.drop(three)


def many(count: int) -> dict[str, Content]:
    return {f"d{number % 20}/f{number}": b"%d" % number for number in range(count)}


def test_invariant_7_a_candidates_layer_holds_only_its_difference(trees: Trees, store: LayerStore) -> None:
    files = many(600)
    old = trees.tree(files)
    new = trees.tree(
        {**{path: data for path, data in files.items() if not path.startswith("d3/")}, "x": b"x"}
    )
    stack = store.over(store.base(old), old, new)
    assert sorted(path.name for path in stack.layers[-1].iterdir()) == ["d3", "x"]
    assert entries(stack.layers[-1]) == 2


def test_invariant_7_a_near_base_is_a_difference_to_a_cached_one(
    trees: Trees, store: LayerStore, tmp_path: Path
) -> None:
    files = many(200)
    first = store.base(trees.tree(files))
    near_files = {**files, "d1/f1": b"changed"}
    near = store.base(trees.tree(near_files))
    assert near.layers[0] == first.layers[0]
    assert entries(near.layers[1]) == 2
    assert shown(near, tmp_path / "near") == near_files
    far = store.base(trees.tree(dict.fromkeys(files, b"other")))
    assert len(far.layers) == 1


def test_a_cached_base_is_not_written_again(trees: Trees, host: Probe) -> None:
    tree = trees.tree({"only in": b"this test"})
    with LayerStore(host.cache, trees.repo, host.identity) as first:
        layer = first.base(tree).layers[0]
        before = (layer / "only in").stat()
    with LayerStore(host.cache, trees.repo, host.identity) as second:
        assert second.base(tree).layers[0] == layer
        assert (layer / "only in").stat().st_ino == before.st_ino


def test_a_candidates_files_are_newer_than_any_base(trees: Trees, store: LayerStore) -> None:
    old, new = trees.tree({"f": b"1", "g": b"1"}), trees.tree({"f": b"2", "g": b"1"})
    stack = store.over(store.base(old), old, new)
    base_time = (stack.layers[0] / "f").stat().st_mtime
    assert (stack.layers[1] / "f").stat().st_mtime > base_time + 10**6
    assert base_time == int(base_time)


def test_dropped_and_closed_layers_are_gone(trees: Trees, host: Probe) -> None:
    old, new, other = (trees.tree({"f": data}) for data in (b"1", b"2", b"3"))
    with LayerStore(host.cache, trees.repo, host.identity) as store:
        base = store.base(old)
        first, second = store.over(base, old, new), store.over(base, old, other)
        store.drop(new)
        store.drop(new)
        assert not first.layers[-1].exists()
        assert second.layers[-1].exists()
    assert not second.layers[-1].parent.exists()
    assert base.layers[0].exists()


def test_an_equal_tree_still_has_a_layer_to_drop(trees: Trees, store: LayerStore) -> None:
    tree = trees.tree({"f": b"1"})
    base = store.base(tree)
    stack = store.over(base, tree, tree)
    store.release(stack)
    assert base.layers[0].exists()


def raw_tree(trees: Trees, *items: tuple[bytes, bytes, str]) -> str:
    data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in items)
    return str(trees.git.odb.write(2, data))


@pytest.mark.parametrize("name", [b"..", b".", b"../x", b"/x", b"a/../../x"])
def test_a_tree_that_would_leave_its_layer_is_refused(trees: Trees, store: LayerStore, name: bytes) -> None:
    blob = str(trees.git.create_blob(b"x"))
    hostile = raw_tree(trees, (b"100644", name, blob))
    nested = raw_tree(trees, (b"40000", b"sub", hostile))
    for tree in (hostile, nested):
        with pytest.raises(BadInput):
            store.base(tree)


def test_a_name_that_is_both_link_and_directory_writes_nowhere(
    trees: Trees, store: LayerStore, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inner = raw_tree(trees, (b"100644", b"planted", str(trees.git.create_blob(b"x"))))
    link = str(trees.git.create_blob(os.fsencode(outside)))
    hostile = raw_tree(trees, (b"120000", b"a", link), (b"40000", b"a", inner))
    store.base(hostile)
    assert list(outside.iterdir()) == []
    with LayerWriter(str(tmp_path / "repository"), host_identity()) as writer:
        writer.link(b"way", os.fsencode(outside))
        with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            writer.file(b"way/planted", b"x", executable=False)
        with pytest.raises(FileExistsError):
            writer.file(b"way", b"x", executable=False)
    assert list(outside.iterdir()) == []


def test_a_refused_tree_leaves_nothing_in_the_cache(trees: Trees, store: LayerStore, host: Probe) -> None:
    before = set((host.cache / "l").iterdir())
    hostile = raw_tree(trees, (b"100644", b"..", str(trees.git.create_blob(b"x"))))
    with pytest.raises(BadInput):
        store.base(hostile)
    assert set((host.cache / "l").iterdir()) == before


def test_the_cache_keeps_the_newest_and_what_is_in_use(
    trees: Trees, tmp_path: Path, host: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cache_module.KEPT_PER_REPOSITORY, LayerKind.FULL, 2)
    own = tmp_path / "cache"
    own.mkdir(mode=0o711)
    oids = [trees.tree({f"file{number}": b"x"}) for number in range(5)]
    with LayerStore(own, trees.repo, host.identity) as user:
        used = user.base(oids[0]).layers[0]
        for oid in oids[1:]:
            with LayerStore(own, trees.repo, host.identity) as store:
                last = store.base(oid).layers[0]
        assert used.exists()
        assert last.exists()
        assert len(list((own / "l").iterdir())) <= 3


BUILDER = """
import sys, time
from pathlib import Path
from assay.sandbox.cache import LayerCache, LayerKind, Marker
def fill(path):
    (path / "half").write_text("done")
    print("filling", flush=True)
    time.sleep(float(sys.argv[3]))
    (path / "whole").write_text("done")
    return Marker(kind=LayerKind.FULL, repo="r", tree="t")
LayerCache(Path(sys.argv[1])).make(sys.argv[2], fill)
"""


def build(directory: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(directory), "name", str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "filling\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_two_builders_make_one_layer(tmp_path: Path) -> None:
    first = build(tmp_path, 0.5)
    cache = cache_module.LayerCache(tmp_path)
    layer = cache.make("name", lambda path: pytest.fail("built twice"))
    assert (layer / "whole").exists()
    cache.close()
    finish(first)


def test_invariant_10_a_killed_builder_leaves_no_half_layer(tmp_path: Path) -> None:
    first = build(tmp_path, 600)
    first.kill()
    finish(first)
    cache = cache_module.LayerCache(tmp_path)
    assert list((tmp_path / "l").iterdir()) == []
    assert cache.get("name") is None
    cache.close()


def test_prepared_layers_are_adopted_once(trees: Trees, store: LayerStore) -> None:
    tree = trees.tree({"f": b"1"})
    key = f"{time.time_ns():x}"
    assert store.known(key) is None
    with store.building(key) as directory:
        directory.mkdir()
        (directory / "built").write_text("first")
        done = store.adopt(tree, key, directory)
    with store.building(key) as directory:
        directory.mkdir()
        (directory / "built").write_text("second")
        assert store.adopt(tree, key, directory) == done
    assert not directory.exists()
    assert store.known(key) == done
    assert (done / "built").read_text() == "first"


def test_a_marker_that_a_killed_run_was_writing_is_no_layer_and_goes(tmp_path: Path) -> None:
    cache_module.LayerCache(tmp_path)
    partial = tmp_path / "m" / ".name-0badf00d"
    marker = cache_module.Marker(kind=LayerKind.FULL, repo="r", tree="0" * 40)
    partial.write_bytes(msgspec.json.encode(marker))
    assert cache_module.LayerCache(tmp_path).markers() == ()
    assert partial.exists()
    os.utime(partial, (0, 0))
    cache_module.LayerCache(tmp_path)
    assert not partial.exists()
