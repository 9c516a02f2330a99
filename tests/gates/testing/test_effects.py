"""Which changes of a module's own statements others can feel."""

import pytest

from assay.gates.testing.effects import Around, harmless, loads_nothing
from assay.gates.testing.units import outline

AROUND = Around(
    path="pkg/mod.py",
    loaded=frozenset({"re", "os", "os.path", "typing", "pkg", "pkg.mod", "pkg.other"}),
    tops=frozenset({"pkg", "tests"}),
    unloaded=frozenset({"extra"}),
    plain=frozenset({"pkg/mod.py::C", "C"}),
)
OLD = """
import re
import pytest
import os
from typing import Any
from pkg.other import thing
from functools import lru_cache
X = 1
class C:
    size = 1
class Odd(thing.Base):
    size = 1
"""


def verdict(new, old=OLD):
    return harmless(outline(old.encode()), outline(new.encode()), AROUND)


@pytest.mark.parametrize(
    "more",
    [
        "Y = {'a': [1, X]}",
        "Y = re.compile('x')",
        "Y: int = 3",
        "def f(a=1, *, b: 'int' = X): do_anything()",
        "class D(C):\n    size = 2\n    def m(self): do_anything()",
        "class E(ValueError): pass",
        "@lru_cache(maxsize=None)\ndef f(): pass",
        "class D:\n    @property\n    def a(self): pass\n    @a.setter\n    def a(self, x): pass",
        "@pytest.mark.parametrize('a', [1, 2])\ndef test_x(a): pass",
        "import json",
        "from pkg import other",
        "from .other import more",
        "if X:\n    Y = 1\nelse:\n    Y = 2",
        "'only words'",
        "F = lambda: do_anything()",
    ],
)
def test_what_only_binds_names_is_harmless(more):
    assert verdict(OLD + more)


@pytest.mark.parametrize("gone", ["X = 1\n", "Y = re.compile('x')\n", "def f(a=1): do_anything()\n"])
def test_a_name_may_go(gone):
    assert verdict(OLD, OLD + gone)


@pytest.mark.parametrize(
    "more",
    [
        "do_anything()",
        "Y = do_anything()",
        "Y = thing.compile('x')",
        "@thing.register\ndef f(): pass",
        "def f(a=do_anything()): pass",
        "class D(Odd): pass",
        "class D(metaclass=Meta): pass",
        "class D(thing): pass",
        "C.size = 2",
        "REGISTRY['x'] = 1",
        "thing += [1]",
        "os.environ['A'] = '1'",
        "from pkg import extra",
        "import pkg.unknown",
        "pytest_plugins = ['x']",
        "class D:\n    def __init_subclass__(cls): pass",
        "with thing: pass",
        "del thing.x",
        "assert do_anything()",
        "from __future__ import annotations",
    ],
)
def test_what_may_do_more_is_not(more):
    assert not verdict(OLD + more)


def test_classes_that_the_project_makes_itself_are_not_harmless_to_change():
    assert verdict(OLD.replace("class C:\n    size = 1", "class C:\n    size = 2"))
    assert not verdict(OLD.replace("Base):\n    size = 1", "Base):\n    size = 2"))


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ("import os\n", True),
        ("from typing import Any\n", True),
        ("from pkg.other import thing\n", False),
    ],
)
def test_an_import_that_others_may_count_on_must_stay(gone, expected):
    assert verdict(OLD.replace(gone, "")) is expected


def test_an_import_of_names_may_go_while_the_module_is_imported_still():
    assert verdict(OLD, OLD + "from pkg.other import more\n")


def test_a_new_file_is_judged_as_a_whole():
    assert harmless(None, outline(b"import re\nX = 1\ndef f(): do_anything()\n"), AROUND)
    assert not harmless(None, outline(b"X = f()\n"), AROUND)


@pytest.mark.parametrize(
    ("source", "expected"),
    [("import json", True), ("from pkg import other", True), ("from pkg import extra", False)],
)
def test_imports_within_functions(source, expected):
    assert loads_nothing(outline(f"def f():\n    {source}\n".encode()).module, AROUND) is expected


def test_an_import_that_a_function_had_before_is_nothing_new():
    old = outline(b"def f():\n    from pkg import extra\n").module
    assert loads_nothing(outline(b"def f():\n    from pkg import extra\n    go()\n").module, AROUND, old)
