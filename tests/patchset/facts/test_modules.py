from __future__ import annotations

import pytest

from assay.patchset.facts.modules import Modules, absolute

PATHS = [
    "src/pkg/__init__.py",
    "src/pkg/a.py",
    "src/pkg/sub/__init__.py",
    "tests/conftest.py",
    "tool.py",
    "src/one.py",
]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/pkg/__init__.py", "pkg"),
        ("src/pkg/a.py", "pkg.a"),
        ("src/pkg/sub/__init__.py", "pkg.sub"),
        ("tests/conftest.py", "tests.conftest"),
        ("tool.py", "tool"),
        ("src/one.py", "one"),
        ("src/pkg/new.py", "pkg.new"),
    ],
)
def test_names(path: str, name: str) -> None:
    assert Modules(PATHS).name_of(path) == name


def test_files_that_come_and_go() -> None:
    before = Modules(PATHS)
    after = before.changed(["src/pkg/a.py", "tool.py"], ["src/pkg/b.py", "src/pkg/deep/__init__.py"])
    assert "pkg.a" not in after.path_of and after.path_of["pkg.b"] == "src/pkg/b.py"
    assert after.path_of["pkg.deep"] == "src/pkg/deep/__init__.py"
    assert after.is_ours("tool")
    assert before.path_of["pkg.a"] == "src/pkg/a.py"
    quick = before.changed(["src/pkg/a.py"], ["src/pkg/b.py"])
    assert quick.path_of == Modules([*set(PATHS) - {"src/pkg/a.py"}, "src/pkg/b.py"]).path_of


@pytest.mark.parametrize(
    ("module", "here", "package", "name"),
    [
        ("x.y", "a.b", False, "x.y"),
        (".c", "a.b", False, "a.c"),
        (".c", "a", True, "a.c"),
        ("..", "a.b.c", False, "a"),
        ("...x", "a.b", False, ""),
    ],
)
def test_relative_names(module: str, here: str, package: bool, name: str) -> None:
    assert absolute(module, here, package) == name
