from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Content, Lab

from assay.model.report import Clearance, Cleared, Confidence, Conflict, ConflictKind
from assay.patchset.graph import graph

CORE = b"""import os


def load(path):
    rows = os.listdir(path)
    count = len(rows)
    # what there is
    total = count * 2
    # what is told
    print(total)
    return rows


class Shape:
    def area(self):
        return 0

    def name(self):
        return "shape"


class Open(Shape):
    def __getattr__(self, name):
        return 1
"""
BASE = {
    "pkg/__init__.py": b"from pkg.core import Shape, load\n",
    "pkg/core.py": CORE,
    "pkg/more.py": b"from pkg.core import load\n\n\ndef more():\n    return load('.')\n",
    "pyproject.toml": b'[project]\nname = "pkg"\nversion = "1.0"\n\n[tool.a]\nx = 1\n\n[tool.b]\ny = 1\n',
    "docs/adr/0001-x.md": b"x\n",
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "repo.git", BASE)


def between(lab: Lab, left: dict[str, Content], right: dict[str, Content]) -> Conflict | Cleared:
    a, b = lab.candidate("left", left), lab.candidate("right", right)
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


def core(*edits: tuple[bytes, bytes]) -> dict[str, Content]:
    text = CORE
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return {"pkg/core.py": text}


def new(text: bytes, name: str = "new") -> dict[str, Content]:
    return {f"pkg/{name}.py": text}


GONE = core((b"    def area(self):\n        return 0\n\n", b""))


def test_disjoint_pairs_are_cleared_without_a_look(lab: Lab) -> None:
    found = between(lab, new(b"x = 1\n", "a"), new(b"y = 1\n", "b"))
    assert isinstance(found, Cleared)
    assert (found.kind, found.shared) == (Clearance.DISJOINT, ())


def test_shared_files_and_shared_names_are_the_witness_of_a_cleared_pair(lab: Lab) -> None:
    apart = between(
        lab, core((b"import os\n", b"import os\n\nX = 1\n")), core((b"return 1\n", b"return 2\n"))
    )
    assert isinstance(apart, Cleared)
    assert (apart.kind, apart.shared) == (Clearance.ORDER, ("pkg/core.py",))
    grown = core((b"def load(path):", b"def load(path, deep=False):"))
    found = between(lab, grown, new(b"from pkg import load\n\n\ndef f():\n    return load('x')\n"))
    assert isinstance(found, Cleared)
    assert (found.kind, found.shared) == (Clearance.NAMES, ("pkg.core:load",))


def test_what_only_moves_in_its_file_is_not_changed_by_who_moves_it(lab: Lab) -> None:
    """One changes a method and calls it so; the other changes another one, above it."""
    user = new(b"from pkg import Shape\n\n\ndef f():\n    return Shape().name(1)\n")
    longer = core((b"    def name(self):", b"    def name(self, long):")) | user
    above = core((b"        return 0\n", b"        # none\n        return 1\n"))
    for left, right in ((longer, above), (above, longer)):
        assert isinstance(between(lab, left, right), Cleared)


def test_parameters_that_both_add_to_one_function_are_there_for_who_uses_them(tmp_path: Path) -> None:
    text = b"def table(\n    rows,\n    head=None,\n    align=None,\n    width=None,\n):\n    return rows\n"
    lab = Lab(tmp_path / "repo.git", {"tables.py": text})
    a, b = (
        {
            "tables.py": text.replace(old, old + b"    %s=None,\n" % name),
            f"tests/test_{name.decode()}.py": b"from tables import table\n\ntable([], %s=1)\n" % name,
        }
        for name, old in ((b"fill", b"    rows,\n"), (b"last", b"    width=None,\n"))
    )
    assert isinstance(between(lab, a, b), Cleared)
    renamed = {"tables.py": text.replace(b"    align=", b"    aligned=")}
    user = {**a, "use.py": b"from tables import table\n\ntable([], align=1)\n"}
    found = between(lab, user, renamed)
    assert isinstance(found, Conflict)
    assert (found.confidence, found.symbols) == (Confidence.SUSPECTED, ("tables:table",))


def test_so_are_those_that_are_merged_by_syntax(tmp_path: Path) -> None:
    text = b"def table(rows, *, head=None):\n    return rows\n"
    lab = Lab(tmp_path / "repo.git", {"tables.py": text})
    a, b = (
        {
            "tables.py": text.replace(b"head=None", b"head=None, %s=None" % name),
            f"tests/test_{name.decode()}.py": b"from tables import table\n\ntable([], %s=1)\n" % name,
        }
        for name in (b"align", b"width")
    )
    assert isinstance(between(lab, a, b), Cleared)


def test_a_use_is_new_only_where_its_line_is(lab: Lab) -> None:
    """The line that uses `load` in more.py is the base's: who renames it has to see to it."""
    renamed = core((b"def load(path)", b"def read(path)"))
    found = between(lab, renamed, {"pkg/more.py": BASE["pkg/more.py"] + b"\n\nX = 1\n"})
    assert isinstance(found, Cleared)


@pytest.mark.parametrize(
    "imported", [b"from . import deep", b"from pkg import deep", b"import pkg.deep as deep"]
)
def test_through_a_module_that_its_package_imports_of_itself(tmp_path: Path, imported: bytes) -> None:
    base = {"pkg/__init__.py": imported + b"\n", "pkg/deep.py": b"def f():\n    return 1\n"}
    lab = Lab(tmp_path / "deep.git", base)
    user = {"use.py": b"import pkg\n\n\ndef g():\n    return pkg.deep.f()\n"}
    found = between(lab, {"pkg/deep.py": b"def h():\n    return 1\n"}, user)
    assert isinstance(found, Conflict)
    assert (found.confidence, found.symbols) == (Confidence.PROVEN, ("pkg.deep:f",))


def test_a_part_of_a_package_that_is_no_source_is_not_missing(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "native.git", {"pkg/__init__.py": b"from . import _fast\n", "pkg/a.py": b"X = 1\n"})
    user = {"use.py": b"import pkg\nimport pkg.a\n\n\ndef g():\n    return pkg._fast.f(pkg.a.X)\n"}
    found = between(lab, {"pkg/__init__.py": b"from . import _fast, a\n"}, user)
    assert isinstance(found, Cleared)


def test_both_ways_round_and_through_a_re_export(lab: Lab) -> None:
    renamed = core((b"def load(path)", b"def read(path)")) | {
        "pkg/__init__.py": b"from pkg.core import Shape, read\n"
    }
    user = new(b"import pkg\n\n\ndef f():\n    return pkg.load('x')\n")
    for left, right in ((renamed, user), (user, renamed)):
        found = between(lab, left, right)
        assert isinstance(found, Conflict)
        assert (found.kind, found.confidence) == (ConflictKind.SEMANTIC, Confidence.PROVEN)
        assert found.symbols == ("pkg.core:load",)
        assert {witness.path for witness in found.witness} == {"pkg/core.py", "pkg/new.py"}


@pytest.mark.parametrize(
    "user",
    [
        b"from pkg.core import Open\nx = Open().area()\n",
        b"import pkg\nimport other\nclass D(other.B, pkg.Shape):\n    def f(self): return self.area()\n",
        b"import pkg\ndef f(s: pkg.Shape):\n    if hasattr(s, 'area'):\n        return s.area()\n",
        b"def f(thing):\n    return thing.area()\n",
    ],
    ids=["__getattr__", "a base of others", "hasattr", "unknown receiver"],
)
def test_what_may_still_be_there_is_suspected(lab: Lab, user: bytes) -> None:
    found = between(lab, GONE, new(user))
    assert isinstance(found, Conflict)
    assert (found.confidence, found.symbols[0]) == (Confidence.SUSPECTED, "pkg.core:Shape.area")


def test_an_attribute_of_a_known_class_is_proven(lab: Lab) -> None:
    for user in (
        b"from pkg import Shape\n\n\ndef f():\n    shape = Shape()\n    return shape.area()\n",
        b"from pkg import Shape\nclass Square(Shape):\n    def f(self): return self.area()\n",
        b"from pkg import Shape\nclass Square(Shape):\n    def area(self): return super().area()\n",
    ):
        found = between(lab, GONE, new(user))
        assert isinstance(found, Conflict)
        assert (found.confidence, found.symbols[0]) == (Confidence.PROVEN, "pkg.core:Shape.area")


def test_a_class_that_has_it_itself_is_cleared(lab: Lab) -> None:
    user = (
        b"from pkg import Shape\nclass Square(Shape):\n"
        b"    def side(self): return 1\n    def f(self): return self.side()\n"
    )
    assert isinstance(between(lab, GONE, new(user)), Cleared)


def test_one_function_edited_in_two_places_that_share_no_data_is_cleared(lab: Lab) -> None:
    found = between(
        lab,
        core((b"    rows = os.listdir(path)\n", b"    rows = sorted(os.listdir(path))\n")),
        core((b"    print(total)\n", b"    print('total', total)\n")),
    )
    assert isinstance(found, Cleared)


def test_data_that_flows_between_two_edits_of_one_function_makes_them_suspect(lab: Lab) -> None:
    found = between(
        lab,
        core((b"    count = len(rows)\n", b"    count = len(rows) + 1\n")),
        core((b"    print(total)\n", b"    print(total, count)\n")),
    )
    assert isinstance(found, Conflict)
    assert (found.kind, found.confidence) == (ConflictKind.STRUCTURAL, Confidence.SUSPECTED)
    assert found.where == "pkg/core.py:load" and "`count`" in found.why


def test_a_local_name_that_one_takes_away_and_the_other_reads(lab: Lab) -> None:
    found = between(
        lab,
        core((b"    count = len(rows)\n", b""), (b"    total = count * 2\n", b"    total = len(rows) * 2\n")),
        core((b"    return rows\n", b"    return rows[:count]\n")),
    )
    assert isinstance(found, Conflict)
    assert (found.kind, found.confidence) == (ConflictKind.SEMANTIC, Confidence.PROVEN)
    assert "`count`" in found.why and found.symbols == ("pkg.core:load",)


def test_what_is_no_python_any_more_once_both_are_in(tmp_path: Path) -> None:
    text = b"def f(\n    a=1,\n    b=2,\n    c=3,\n):\n    return a\n"
    lab = Lab(tmp_path / "r.git", {"m.py": text})
    found = between(
        lab,
        {"m.py": text.replace(b"    a=1,\n", b"    deep=0,\n    a=1,\n")},
        {"m.py": text.replace(b"    c=3,\n", b"    c=3,\n    deep=1,\n")},
    )
    assert isinstance(found, Conflict)
    assert (found.kind, found.confidence) == (ConflictKind.STRUCTURAL, Confidence.PROVEN)


def test_keys_of_data_files_and_versions(lab: Lab) -> None:
    text = BASE["pyproject.toml"]
    twice = between(
        lab,
        {"pyproject.toml": text.replace(b"[tool.a]\n", b"[tool.a]\nz = 1\n")},
        {"pyproject.toml": text.replace(b"x = 1\n", b"x = 1\nz = 2\n")},
    )
    assert isinstance(twice, Conflict)
    assert (twice.kind, twice.where) == (ConflictKind.STRUCTURAL, "pyproject.toml:tool.a.z")
    release = {"pyproject.toml": text.replace(b'"1.0"', b'"1.1"')}
    both = between(lab, release | new(b"x = 1\n", "a"), release | new(b"y = 1\n", "b"))
    assert isinstance(both, Conflict)
    assert (both.confidence, both.where) == (Confidence.SUSPECTED, "pyproject.toml:project.version")


def test_where_a_version_stands_is_no_version(tmp_path: Path) -> None:
    base = {"setup.cfg": b"[metadata]\nname = m\n\n[options]\n", "m.py": b'__version__ = "1.0"\n' + b"\n" * 9}
    lab = Lab(tmp_path / "r.git", base)
    named = {"setup.cfg": base["setup.cfg"].replace(b"m\n", b"m\nversion = attr: m.__version__\n", 1)}
    assert not isinstance(between(lab, named, {"m.py": base["m.py"].replace(b"1.0", b"2.0")}), Conflict)
    other = {"setup.cfg": named["setup.cfg"].replace(b"attr: m.__version__", b"1.5")}
    assert isinstance(between(lab, other, {"m.py": base["m.py"].replace(b"1.0", b"2.0")}), Conflict)


def test_documents_of_one_number_are_suspected_only(lab: Lab) -> None:
    found = between(lab, {"docs/adr/0002-a.md": b"a\n"}, {"docs/adr/0002-b.md": b"b\n"})
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.SUSPECTED


def test_what_cannot_be_parsed_is_left_to_text(lab: Lab) -> None:
    found = between(lab, new(b"def f(:\n", "a"), core((b"def load(path)", b"def read(path)")))
    assert isinstance(found, Cleared)
    assert found.why.endswith("; names in pkg/a.py could not be read")


def test_members_that_were_looked_at_are_listed_in_order(lab: Lab) -> None:
    people = [
        lab.candidate("a", core((b"import os\n", b"import os\n\nX = 1\n"))),
        lab.candidate("b", core((b"return 1\n", b"return 2\n"))),
        lab.candidate("c", new(b"x = 1\n", "a")),
    ]
    known = graph(lab.repo, lab.base, people)
    assert [(each.a, each.b) for each in known.cleared([p.id for p in people])] == [("id-a", "id-b")]
    assert known.cleared(["id-a", "id-c"]) == ()


@pytest.mark.parametrize(
    "handed",
    [
        b"import functools\n\nfirst = functools.partial(load, path='.')\n",
        b"def each(names):\n    return list(map(load, names))\n",
        b"def each(names):\n    return sorted(names, key=load)\n",
        b"def each(pool):\n    return pool.submit(load, '.')\n",
    ],
)
def test_who_is_handed_to_a_caller_is_called_by_it(lab: Lab, handed: bytes) -> None:
    changed = core(
        (b"def load(path):", b"def load(*, folder):"), (b"os.listdir(path)", b"os.listdir(folder)")
    )
    found = between(lab, changed, {"pkg/new.py": b"from pkg.core import load\n\n\n" + handed})
    assert isinstance(found, Conflict), found.why
    assert found.symbols[0] == "pkg.core:load" and found.confidence is Confidence.PROVEN


def test_what_is_handed_on_with_all_that_is_needed_is_clear(lab: Lab) -> None:
    changed = core((b"def load(path):", b"def load(path, deep=False):"))
    source = b"import functools\nfrom pkg.core import load\n\nfirst = functools.partial(load, '.')\n"
    assert isinstance(between(lab, changed, {"pkg/new.py": source}), Cleared)


def test_an_attribute_of_who_knows_what_is_not_followed(lab: Lab) -> None:
    removed = core((b"    def area(self):\n        return 0\n\n", b""))
    found = between(lab, removed, {"pkg/new.py": b"def of(thing):\n    return thing.area()\n"})
    assert isinstance(found, Conflict) and not found.followed


def test_a_constant_that_becomes_something_else_is_suspected(tmp_path: Path) -> None:
    key = b"\n\ndef key(args):\n    return args + MARK\n"
    lab = Lab(tmp_path / "other.git", {"keys.py": b"MARK = (1,)\n" + key})
    use = b"import keys\n\n\ndef star(args):\n    return args + keys.MARK\n"
    found = between(lab, {"keys.py": b"MARK = object()\n" + key}, {"more.py": use})
    assert isinstance(found, Conflict), found.why
    assert (found.confidence, found.symbols[0]) == (Confidence.SUSPECTED, "keys:MARK")


@pytest.mark.parametrize(("listed", "clear"), [("'kept'", False), ("'kept', 'taken'", True)])
def test_what_a_new_list_of_exports_leaves_out_is_gone_from_stars(
    tmp_path: Path, listed: str, clear: bool
) -> None:
    source = b"def kept():\n    pass\n\n\ndef taken():\n    pass\n"
    lab = Lab(tmp_path / "stars.git", {"m.py": source})
    a = lab.candidate("a", {"m.py": f"__all__ = [{listed}]\n\n\n".encode() + source})
    b = lab.candidate("b", {"use.py": b"from m import *\n\n\ndef use():\n    taken()\n"})
    found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
    assert isinstance(found, Cleared) == clear
    assert clear or (isinstance(found, Conflict) and found.symbols == ("m:taken",))
