"""Which files get at which others."""

import pytest

from assay.gates.testing.reach import described, indirect, reached, reaching
from assay.gates.testing.reads import FileReads, ReadMap
from assay.gates.testing.units import outline

BY_NAME = {
    "pkg": "pkg/__init__.py",
    "pkg.a": "pkg/a.py",
    "pkg.b": "pkg/b.py",
    "pkg.sub": "pkg/sub/__init__.py",
    "pkg.sub.c": "pkg/sub/c.py",
    "test_x": "tests/test_x.py",
}


def told(source, path="pkg/a.py", names=("pkg.a",)):
    return described(path, "b", outline(source.encode()), names, BY_NAME, late=False)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os", set()),
        ("import pkg.b", {"pkg/__init__.py", "pkg/b.py"}),
        ("from pkg import b", {"pkg/__init__.py", "pkg/b.py"}),
        ("from . import b", {"pkg/__init__.py", "pkg/b.py"}),
        ("from .b import x", {"pkg/__init__.py", "pkg/b.py"}),
        ("def f():\n    import pkg.b", {"pkg/__init__.py", "pkg/b.py"}),
        ("import pkg\npkg.sub.c.x", {"pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/c.py"}),
        ("patch('pkg.b.name')", {"pkg/__init__.py", "pkg/b.py"}),
    ],
)
def test_what_a_file_gets_at(source, expected):
    assert set(told(source).imports) == expected


def test_a_relative_import_in_a_package_begins_there():
    found = told("from . import c", path="pkg/sub/__init__.py", names=("pkg.sub",))
    assert "pkg/sub/c.py" in found.imports


def test_ways_that_show_nothing():
    assert told("import importlib\nX = importlib.import_module(name)").wild
    loose = told("def f(n):\n    return __import__(n)\ndef g(): pass")
    assert loose.loose == ("f",)
    assert not loose.wild
    assert described("pkg/a.py", "b", None, ("pkg.a",), BY_NAME, late=False).wild


def test_units_that_look_at_code():
    found = told("def f(x): return x.co_name\ndef g(x): return x.name\ndef h(): return getsource(g)")
    assert found.deep == ("f", "h")
    assert told("FORMAT = '%(lineno)d'\ndef f(): pass").deep == ("f",)
    assert told("def f(file): faulthandler.dump_traceback(file)").deep == ("f",)


def test_where_functions_write():
    found = told(
        "from . import b\nX = []\ndef f(): X.append(1)\ndef g(): b.Y = 1\ndef h(): os.environ[1] = 2"
    )
    assert found.writers == {"f": ("pkg/a.py",), "g": ("pkg/__init__.py", "pkg/b.py"), "h": ("*",)}
    assert indirect({"pkg/a.py": found})["f"] == ("pkg/a.py",)


def test_reaching_follows_imports_backwards_and_takes_the_wild_along():
    modules = {
        "a": FileReads(blob="", names=("a",), imports=("b",)),
        "b": FileReads(blob="", names=("b",), imports=("c",)),
        "c": FileReads(blob="", names=("c",), imports=("b",)),
        "d": FileReads(blob="", names=("d",)),
        "w": FileReads(blob="", names=("w",), wild=True),
        "x": FileReads(blob="", names=("x",), imports=("w",)),
    }
    assert reaching(ReadMap(tree="t", modules=modules), "c") == {"a", "b", "c", "w", "x"}
    assert reached(ReadMap(tree="t", modules=modules), {"a", "elsewhere"}) == {"a", "b", "c", "elsewhere"}
