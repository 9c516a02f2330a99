from __future__ import annotations

import msgspec
import pytest

from assay.delta import build as module
from assay.delta.build import build
from assay.delta.testnames import is_test_path
from assay.ledger.keeping import Keeping
from assay.model.delta import Heading, MemberShare, SymbolChangeKind
from assay.model.outcome import Finding, GateResult, Outcome, Severity, passed

BASE = {
    "pkg/__init__.py": b"",
    "pkg/a.py": b"def total(items):\n    return sum(items)\n\n\ndef spare():\n    return 1\n",
    "pkg/b.py": b"x = 1\ny = 2\nz = 3\n"
    + b"# a long story\n" * 20
    + b"def keep(a):\n    return a + x + y + z\n",
    "tests/test_a.py": b"def test_old():\n    assert True\n\n\ndef test_stays():\n    assert 1\n",
    "pyproject.toml": b"[project]\ndependencies = ['requests>=2']\n",
    "README.md": b"hello\n",
}


def finding(path: str, line: int) -> Finding:
    return Finding(rule="F1", path=path, line=line, message="m", severity=Severity.ERROR, fingerprint="f")


@pytest.fixture
def of(repo, tree_of):
    def delta(results=(), **edits):
        """The delta from BASE to BASE with `edits`: path -> bytes, or None to remove."""
        after = {path: data for path, data in {**BASE, **edits}.items() if data is not None}
        return build(repo, tree_of(BASE), tree_of(after), results)

    return delta


@pytest.fixture
def kept(repo, tree_of, monkeypatch):
    """Builds with what was kept before, and how often something was made of trees."""
    memory, made = {}, []
    bare = module._made
    monkeypatch.setattr(module, "_made", lambda *arguments: made.append(arguments) or bare(*arguments))
    keeping = Keeping(recall=memory.get, remember=memory.__setitem__)

    def delta(results=(), members=(), **edits):
        trees = tree_of(BASE), tree_of({**BASE, **edits})
        shares = tuple(
            MemberShare(candidate=name, name=name, paths=(), added_lines=0, deleted_lines=0, tree=trees[1])
            for name in members
        )
        found = build(repo, *trees, results, members=shares, keeping=keeping)
        assert found == build(repo, *trees, results, members=shares)
        return found, len(made)

    return delta, memory


def test_what_trees_say_is_kept_and_what_gates_say_is_not(kept):
    delta, _ = kept
    edits = {"pkg/a.py": b"def total(items, tax):\n    return sum(items) + tax\n"}
    once, made = delta(**edits)
    assert once.symbols and once.intents and made == 2  # the second is the comparison's own
    found = passed("lint", evidence={"files": 1}, findings=(finding("pkg/a.py", 1),))
    again, made = delta([found], members=["one", "other"], **edits)
    assert again.findings_introduced and not once.findings_introduced
    assert again.members[0].headings
    assert made == 2 + 3


def test_a_member_without_tests_is_not_said_to_bring_some(kept):
    delta, _ = kept
    product = {"pkg/a.py": b"def total(items, tax):\n    return sum(items) + tax\n"}
    found, _ = delta(members=["one"], **product)
    assert "no test came" in " ".join(entry.words for each in found.intents for entry in each.entries)
    assert found.members[0].headings and Heading.TESTS not in found.members[0].headings
    found, _ = delta(members=["one"], **product, **{"tests/test_b.py": b"def test_new():\n    assert 1\n"})
    assert Heading.TESTS in found.members[0].headings


def test_what_is_kept_damaged_or_of_unread_files_is_made_anew(kept):
    delta, memory = kept
    edits = {"pkg/a.py": b"def total(items):\n    return 0\n"}
    delta(**edits)
    for key in memory:
        memory[key] = b"{"
    _, made = delta(**edits)
    assert made == 4
    memory.clear()
    delta(**{"pkg/a.py": b"def total(:\n"})
    assert not memory


def test_equal_trees_give_an_empty_delta(of):
    found = of()
    assert (found.files, found.symbols, found.added_lines, found.api_breaks) == ((), (), 0, ())


def test_symbols_breaks_and_lines_of_a_change(of):
    found = of(
        **{"pkg/a.py": b"def total(items, tax):\n    return sum(items) + tax\n\n\ndef extra():\n    pass\n"}
    )
    assert [(s.symbol, s.kind, s.public) for s in found.symbols] == [
        ("extra", SymbolChangeKind.ADDED, True),
        ("spare", SymbolChangeKind.REMOVED, True),
        ("total", SymbolChangeKind.SIGNATURE, True),
    ]
    assert found.api_breaks == (
        "`spare` in pkg/a.py is removed",
        "`total` in pkg/a.py requires a new parameter `tax`",
    )
    assert (found.added_lines, found.deleted_lines) == (4, 4)


def test_formatting_and_comments_change_no_symbol(of):
    found = of(**{"pkg/a.py": BASE["pkg/a.py"].replace(b"(items)", b"( items )").replace(b"1", b"1  # one")})
    assert found.files
    assert found.symbols == ()


def test_a_renamed_file_is_compared_across_the_rename(of):
    moved = BASE["pkg/b.py"].replace(b"return a", b"return 2 * a")
    found = of(**{"pkg/b.py": None, "pkg/c.py": moved})
    assert [(s.path, s.symbol, s.kind) for s in found.symbols] == [
        ("pkg/c.py", "keep", SymbolChangeKind.BODY)
    ]
    assert found.api_breaks == (
        "module pkg/b.py is now pkg/c.py, so that imports of it by the old name fail",
    )


def test_a_deleted_module_breaks_once(of):
    found = of(**{"pkg/b.py": None})
    assert found.api_breaks == ("module pkg/b.py is removed, with 4 public names",)
    assert {s.kind for s in found.symbols} == {SymbolChangeKind.REMOVED}


def test_tests_that_came_and_went(of):
    after = b"def test_stays():\n    assert 1\nclass TestNew:\n    def test_m(self): pass\n"
    found = of(**{"tests/test_a.py": after})
    assert found.tests_added == ("tests/test_a.py::TestNew::test_m",)
    assert found.tests_removed == ("tests/test_a.py::test_old",)
    assert found.api_breaks == ()


def test_a_test_that_moved_with_its_file_neither_came_nor_went(of):
    found = of(**{"tests/test_a.py": None, "tests/unit/test_a.py": BASE["tests/test_a.py"]})
    assert (found.tests_added, found.tests_removed) == ((), ())


def test_a_file_that_stops_being_a_test_file_loses_its_tests(of):
    found = of(**{"tests/test_a.py": None, "tests/helpers.py": BASE["tests/test_a.py"]})
    assert len(found.tests_removed) == 2


def test_dependencies_that_moved(of):
    found = of(**{"pyproject.toml": b"[project]\ndependencies = ['requests>=3', 'rich']\n"})
    assert [(d.name, d.before, d.after) for d in found.dependencies] == [
        ("requests", ">=2", ">=3"),
        ("rich", "", "any"),
    ]


def test_what_cannot_be_read_is_said(of):
    edits = {"pkg/a.py": b"def broken(:\n", "pyproject.toml": b"[", "pkg/b.py": b"(" * 30_000}
    found = of(**edits)
    assert found.unparsed == ("pkg/a.py", "pkg/b.py", "pyproject.toml")


def test_files_that_are_no_text_are_no_trouble(of):
    found = of(**{"pkg/blob.py": b"\x00\xff" * 50, "logo.png": b"\x89PNG\x00", "pkg/empty.py": b""})
    assert found.unparsed == ("pkg/blob.py",)
    assert len(found.files) == 3


def test_links_submodules_and_modes_are_told_and_not_read(repo):
    import pygit2

    def tree(*entries):
        index = pygit2.Index()
        for path, data, mode in entries:
            blob = pygit2.Oid(hex="5" * 40) if mode == 0o160000 else repo.git.create_blob(data)
            index.add(pygit2.IndexEntry(path, blob, mode))
        return str(index.write_tree(repo.git))

    before = tree(("run.py", b"x = 1\n", 0o100644), ("old.py", b"y = 1\n", 0o100644))
    after = tree(("run.py", b"x = 1\n", 0o100755), ("old.py", b"run.py", 0o120000), ("lib", b"", 0o160000))
    found = build(repo, before, after, ())
    assert [entry.words for intent in found.intents for entry in intent.entries] == [
        "`lib` is a submodule now, at `5555555555`",
        "`old.py` is a symbolic link now",
        "`run.py` becomes a program",
    ]
    assert (found.symbols, found.unparsed) == ((), ())


def test_only_changed_files_are_read(repo, tree_of, monkeypatch):
    """Invariant 7: the cost of a delta follows the diff."""
    many = {f"pkg/m{number}.py": b"x = %d\n" % number for number in range(50)}
    before, after = tree_of(many), tree_of({**many, "pkg/m7.py": b"x = 0\n"})
    parsed: list[bytes] = []
    from assay.delta import by_ast

    real = by_ast._module
    monkeypatch.setattr(by_ast, "_module", lambda source: parsed.append(source) or real(source))
    assert build(repo, before, after, ()).symbols
    assert parsed == [b"x = 7\n", b"x = 0\n"]


def test_findings_come_from_the_gates(of):
    new, gone = finding("pkg/b.py", 2), finding("pkg/a.py", 1)
    results = (
        passed("lint", evidence={"files": 1}, detail={"fixed": msgspec.to_builtins([gone])}, findings=(new,)),
        passed("security", evidence={"files": 1}, detail={"fixed": 3}),
        GateResult(gate="tests", outcome=Outcome.FAILED, reason="r", findings=(finding("pkg/a.py", 9),)),
    )
    found = of(results)
    assert [f.path for f in found.findings_introduced] == ["pkg/a.py", "pkg/b.py"]
    assert found.findings_fixed == (gone,)


def test_equal_inputs_give_equal_deltas(of):
    edits = {"pkg/a.py": None, "pkg/b.py": b"q = 1\n", "z.py": b"def f(): pass\n"}
    assert of(**edits) == of(**dict(reversed(edits.items())))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("test_a.py", True),
        ("x/a_test.py", True),
        ("app/tests.py", True),
        ("tests/helpers.py", False),
        ("a", False),
    ],
)
def test_a_test_file_is_one_by_its_name(path, expected):
    assert is_test_path(path) is expected
