"""What probes may call."""

import ast

import pytest

from assay.patchset.alike.targets import changed, definitions, reaching, target

OLD = """
LIMIT = 1
def f():
    return _g()
def _g():
    return LIMIT
class K:
    x = 1
    def m(self):
        return 1
"""


def tree(source):
    return ast.parse(source)


def test_only_what_changed_is_named():
    assert changed(tree(OLD), tree(OLD.replace("return 1", "return 2"))) == {"K.m"}
    assert changed(tree(OLD), tree(OLD.replace("x = 1", "x = 2"))) == {"K"}
    assert changed(tree(OLD), tree(OLD.replace("LIMIT = 1", "LIMIT = 2"))) == {"LIMIT"}
    assert changed(None, tree("def f(): pass")) == {"f"}
    assert changed(tree(OLD), tree(OLD + "# words\n")) == frozenset()


def test_what_gets_there_is_found_nearest_first():
    trees = {
        "a.py": tree(OLD),
        "b.py": tree("import a\ndef far():\n    return a.f()\ndef other():\n    pass\n"),
    }
    assert list(reaching(trees, ["LIMIT"])) == [
        ("a.py", "LIMIT"),
        ("a.py", "_g"),
        ("a.py", "f"),
        ("b.py", "far"),
    ]


@pytest.mark.parametrize(
    ("path", "packages", "module", "root"),
    [
        ("a.py", (), "a", "."),
        ("pkg/a.py", ("pkg",), "pkg.a", "."),
        ("src/pkg/sub/a.py", ("src/pkg", "src/pkg/sub"), "pkg.sub.a", "src"),
        ("src/pkg/__init__.py", ("src/pkg",), "pkg", "src"),
    ],
)
def test_modules_are_named_from_where_packages_begin(path, packages, module, root):
    node = definitions(tree("def f(): pass"))["f"]
    found = target(path, "f", node, frozenset(packages))
    assert (found.module, found.root, found.receiver) == (module, root, False)


@pytest.mark.parametrize(
    ("path", "symbol", "source"),
    [
        ("a.py", "_f", "def _f(): pass"),
        ("_a.py", "f", "def f(): pass"),
        ("a.py", "K.__eq__", "class K:\n    def __eq__(self, o): pass"),
        ("a.py", "K.f", "class K:\n    @property\n    def f(self): pass"),
        ("a.py", "f", "async def f(): pass"),
        ("a-b.py", "f", "def f(): pass"),
        ("a.py", "K", "class K: pass"),
    ],
)
def test_what_is_private_or_not_simply_called_is_no_target(path, symbol, source):
    assert target(path, symbol, definitions(tree(source))[symbol], frozenset()) is None


def test_methods_need_a_receiver_unless_they_are_bound_to_none():
    nodes = definitions(tree("class K:\n    def m(self): pass\n    @staticmethod\n    def s(): pass\n"))
    assert target("a.py", "K.m", nodes["K.m"], frozenset()).receiver
    assert not target("a.py", "K.s", nodes["K.s"], frozenset()).receiver
