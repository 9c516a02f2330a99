from __future__ import annotations

import pytest

from assay.risk.content import blameless, content, entropy, lines_facts
from assay.risk.history.log import FileEdit, Hunk
from assay.risk.kinds import Kind, kind


def edit(deleted, added, path="a.py") -> FileEdit:
    hunk = Hunk(old_start=1, new_start=1, deleted=tuple(deleted), added=tuple(added))
    return FileEdit(old_path=path, path=path, hunks=(hunk,))


def test_code_is_told_from_words() -> None:
    found = lines_facts(
        [
            "import os",
            "from a import (",
            "# a comment",
            "",
            "Some words of a docstring that say what it does.",
            "    async def f(a):",
            "        if a and g(a):",
            "            raise Odd(a)",
            "        return [b for b in a]",
            "class C:",
        ]
    )
    assert (found.lines, found.imports, found.code) == (10, 2, 5)
    assert (found.branches, found.errors, found.returns, found.definitions) == (1, 1, 1, 1)
    assert found.names == {"f", "C"}
    assert found.nesting == 3


def test_what_moves_within_a_file_is_not_new() -> None:
    block = ["def f(a):", "    return g(a)", "    # why", "x = f(1)"]
    there = FileEdit(
        old_path="a.py",
        path="a.py",
        hunks=(
            Hunk(old_start=1, new_start=1, deleted=tuple(block), added=()),
            Hunk(old_start=9, new_start=5, deleted=(), added=tuple("    " + line for line in block)),
        ),
    )
    found = content([there])
    assert (found.fresh, found.gone, found.places) == (0, 0, 2)
    assert found.signatures == 1
    elsewhere = content([edit(block, [], "a.py"), edit([], block, "b.py")])
    assert (elsewhere.fresh, elsewhere.gone) == (3, 3)


def test_layout_alone_is_seen() -> None:
    found = content([edit(["f(a, b, c)"], ["f(", "    a,", "    b,", "    c,", ")"])])
    assert found.reshaped == 1
    assert content([edit(["f(a, b)"], ["f(a, c)"])]).reshaped == 0


@pytest.mark.parametrize(
    ("line", "nobodys"),
    [("", True), ("  # x", True), ("import os", True), ("from a import b", True), ("x = 1", False)],
)
def test_lines_that_are_nobodys_fault(line: str, nobodys: bool) -> None:
    assert blameless(line) is nobodys


def test_entropy_is_none_for_one_and_one_for_equals() -> None:
    assert entropy([5]) == entropy([]) == entropy([0, 0]) == 0.0
    assert entropy([3, 3, 3]) == pytest.approx(1.0)
    assert 0 < entropy([9, 1]) < 1


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("src/a.py", Kind.SOURCE),
        ("setup.py", Kind.SOURCE),
        ("src/a.pyi", Kind.SOURCE),
        ("web/a.ts", Kind.OTHER),
        ("tests/a.py", Kind.TEST),
        ("src/test_a.py", Kind.TEST),
        ("a_test.go", Kind.TEST),
        ("conftest.py", Kind.TEST),
        ("docs/conf.py", Kind.PROSE),
        ("examples/a.py", Kind.PROSE),
        ("README.md", Kind.PROSE),
        ("latest/attest.py", Kind.SOURCE),
    ],
)
def test_what_a_path_is(path: str, what: Kind) -> None:
    assert kind(path) is what
