"""Code made ahead of time is what loading the same bytes comes to, and is found for no others."""

import marshal
import sys
import types
from hashlib import sha1
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from assay.gates.inject import press
from assay.gates.inject.compiling import PRODUCT, REWRITTEN, STEM, TRUSTED, Ahead, speaks_of
from assay.gates.inject.marks import Trail
from assay.gates.inject.ran import Passed
from assay.gates.inject.sources import Sources, Tree

TEST = b"""
import unittest

def helper(): return 1

def test_one(tmp_path=None):
    x = helper()
    assert x == 1
    if x:
        return
    raise ValueError

class TestThese(unittest.TestCase):
    def test_two(self):
        with self.subTest():
            self.assertEqual([1], [helper()])
"""
PLAIN = b"VALUE = 7\ndef product(): return VALUE\n"


class Hook:
    exec_module = SourceFileLoader.exec_module


class Config:
    def getini(self, name):
        return False


class Events(dict):
    """Stands for the vault: hands out what is served."""

    def serve(self, event, handler, **_options):
        self[event] = handler

    def heard(self, event, handler):
        self[event] = handler


def blob(data):
    return sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def made(root):
    """Have these files compiled: the arguments of `Ahead`."""

    def made(files, patterns=()):
        found = {}
        for path, (kind, data) in files.items():
            (root / path).write_bytes(data)
            if code := press.press(path, str(root), kind, data, patterns):
                found[path, kind] = blob(data), code
        return found, patterns

    return made


@pytest.fixture
def sources(root):
    """Sources with this made ahead, and what loads a file: (code, whether it was trusted)."""

    def sources(ahead, manifest, patterns=()):
        from _pytest.assertion import rewrite

        told, trail, events = [], Trail(), Events()
        tree = Tree(str(root), manifest)
        made = Sources(
            tree, lambda *what: told.append(what), trail, (print, print), Ahead(*ahead), Passed("", {}, print)
        )
        made.serve(
            events,
            types.SimpleNamespace(AssertionRewritingHook=Hook, rewrite_asserts=rewrite.rewrite_asserts),
            None,
        )
        made.configure(list(patterns))

        def load(path, config=None):
            box = []
            events["assay.load"](str(root / path), config, box)
            return box[0], box[2]

        return made, load

    return sources


def shape(code):
    """All that a code object does, without the numbers of marks."""
    constants = [
        shape(constant)
        if isinstance(constant, types.CodeType)
        else "number"
        if type(constant) is int and constant > 10**9
        else constant
        for constant in code.co_consts
    ]
    return code.co_code, constants, code.co_names, code.co_varnames, list(code.co_lines()), code.co_filename


@pytest.mark.skipif(sys.version_info < (3, 10), reason="co_lines")
@pytest.mark.parametrize("kind", [TRUSTED, REWRITTEN])
def test_it_is_the_code_that_loading_comes_to(made, sources, kind):
    config = Config() if kind == REWRITTEN else None
    ahead = made({"test_it.py": (kind, TEST)}, ["test"])
    assert set(ahead[0]) == {("test_it.py", kind)}
    manifest = {"test_it.py": blob(TEST)}
    quick, load = sources(ahead, manifest, ["test"])
    slow, compile_now = sources(({}, ()), manifest, ["test"])
    (one, trusted), (other, _) = load("test_it.py", config), compile_now("test_it.py", config)
    assert trusted
    assert shape(one) == shape(other)
    place = str(Path("test_it.py").absolute())
    for name in ("test_one", "TestThese.test_two"):
        [mine], [theirs] = quick.named(place, name), slow.named(place, name)
        assert {**vars(mine), "first": 0} == {**vars(theirs), "first": 0}
    assert quick.rewritten() == slow.rewritten() == (["test_it.py"] if config else [])


def test_a_second_loading_of_a_file_has_marks_of_its_own(made, sources):
    ahead = made({"test_it.py": (TRUSTED, TEST)})
    quick, load = sources(ahead, {"test_it.py": blob(TEST)})
    load("test_it.py")
    load("test_it.py")
    first, second = quick.named(str(Path("test_it.py").absolute()), "test_one")
    assert first.first != second.first


def test_other_names_of_tests_need_other_code(made, sources):
    data = b"def check_it(): pass\n"
    ahead = made({"test_it.py": (TRUSTED, data)}, ["test"])
    quick, load = sources(ahead, {"test_it.py": blob(data)}, ["check"])
    load("test_it.py")
    assert quick.named(str(Path("test_it.py").absolute()), "check_it")


def test_a_product_file_is_its_own_code_or_left_to_python(root, made, sources):
    ahead = made({"lib.py": (PRODUCT, PLAIN), "other.py": (PRODUCT, PLAIN)})
    _, load = sources(ahead, {})
    code, trusted = load("lib.py")
    space = {}
    exec(code, space)
    assert (space["product"](), trusted) == (7, False)
    (root / "other.py").write_bytes(PLAIN.replace(b"7", b"8"))
    assert load("other.py") == (None, False)
    assert load("lib.py") == (None, False)


def test_code_of_another_place_is_not_used(root, made, sources, tmp_path_factory, monkeypatch):
    ahead = made({"lib.py": (PRODUCT, PLAIN), "test_it.py": (TRUSTED, TEST)})
    moved = tmp_path_factory.mktemp("moved")
    for name in ("lib.py", "test_it.py"):
        (root / name).rename(moved / name)
    (root / "lib.py").symlink_to(moved / "lib.py")
    _, load = sources(ahead, {"test_it.py": blob(TEST)})
    assert load("lib.py")[0] is not None
    monkeypatch.setattr("assay.gates.inject.sources.Tree.inside", lambda _tree, path: Path(path).name)
    _, load = sources(ahead, {"test_it.py": blob(TEST)})
    assert load(moved / "lib.py")[0] is None
    assert load(moved / "test_it.py")[0].co_filename == str(moved / "test_it.py")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (PRODUCT, b"def f(:\n"),
        (PRODUCT, b"x = '\\d'\n"),
        (PRODUCT, b"x = 1\0"),
        (TRUSTED, b"x = '@assay:n'\n"),
        (REWRITTEN, b"def f(x='\\x40assay:c'): pass\n"),
    ],
)
def test_what_the_compiler_has_something_to_say_of_is_left_out(made, kind, data):
    assert made({"odd.py": (kind, data)})[0] == {}


def test_the_injected_modules_are_made_as_they_are_sent():
    text = ascii([("texts", "A = 1\n")]).encode()
    [(name, module)] = marshal.loads(press.press("", "/", press.PROGRAM, text, ()))
    assert (name, type(module)) == ("texts", types.CodeType)
    assert press.press("", "/", press.PROGRAM, b"__import__('os')", ()) == b""


def test_constants_that_look_like_ours_are_found_however_they_are_spelled():
    assert speaks_of(b"f'{x}\\x40assay:'", STEM)
    assert not speaks_of(b"x = 'assay:'", STEM)
