from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.delta.by_ast import outline
from assay.delta.compat import Around
from assay.delta.exports import NO_EXPORTS
from assay.delta.outline import EMPTY
from assay.delta.parse import Outlines
from assay.delta.symbols import describe, found_meetings
from assay.model.delta import SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

LONG = """def {name}(rows, limit):
    total = 0
    for row in rows:
        if row.price > limit:
            raise ValueError(row.name)
        total += row.price * row.count
    return total
"""
OTHER = """def {name}(path):
    with open(path) as file:
        return [line.strip() for line in file if line and not line.startswith('#')]
"""


def changes(before: dict[str, str], after: dict[str, str]) -> list[SymbolChange]:
    def read(files: dict[str, str], path: str):
        return outline(files[path].encode()) if path in files else EMPTY

    files = {p: Outlines(old=read(before, p), new=read(after, p)) for p in {**before, **after}}
    found = describe(found_meetings(files), Around(files=files, exports=NO_EXPORTS))
    return [each.change for each in found]


def told(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str, Kind, str, str]]:
    return [(c.path, c.symbol, c.kind, c.old_path, c.old_symbol) for c in changes(before, after)]


def test_a_renamed_function_is_one_entry_with_both_names():
    before, after = {"m.py": LONG.format(name="total")}, {"m.py": LONG.format(name="sum_of")}
    assert told(before, after) == [("m.py", "sum_of", Kind.RENAMED, "m.py", "total")]


def test_a_renamed_function_that_also_differs_says_in_what():
    after = (
        LONG.format(name="sum_of").replace("> limit", ">= limit").replace("(rows, limit)", "(rows, limit=9)")
    )
    (change,) = changes({"m.py": LONG.format(name="total")}, {"m.py": after})
    assert change.aspects == (Kind.RENAMED, Kind.SIGNATURE, Kind.BODY)
    assert change.before.startswith("def total(rows, limit)")
    assert change.after == "def sum_of(rows, limit=9)"
    assert any("row.price > limit" in detail.before for detail in change.details)


def test_a_moved_function_is_one_entry_with_both_places():
    before = {"a.py": LONG.format(name="total"), "b.py": ""}
    after = {"a.py": "", "b.py": LONG.format(name="total")}
    assert told(before, after) == [("b.py", "total", Kind.MOVED, "a.py", "total")]


def test_a_function_that_became_a_method_moved():
    body = LONG.format(name="total")
    method = "class Bill:\n" + "".join(f"    {line}\n" for line in body.splitlines()).replace(
        "(rows", "(self, rows"
    )
    found = told({"m.py": body}, {"m.py": method})
    assert ("m.py", "Bill.total", Kind.MOVED, "m.py", "total") in found
    assert ("m.py", "Bill", Kind.ADDED, "", "") in found
    assert len(found) == 2


CLASS = """class {name}:
    limit = 3

    def one(self, rows):
        return [row for row in rows if row.price > self.limit]

    def two(self, rows):
        return sum(row.price for row in rows if row.count)
"""


def test_a_renamed_class_is_one_entry_and_its_members_only_where_they_differ():
    before = {"m.py": CLASS.format(name="Bill")}
    after = {"m.py": CLASS.format(name="Invoice").replace("if row.count", "if row.paid")}
    assert told(before, after) == [
        ("m.py", "Invoice", Kind.RENAMED, "m.py", "Bill"),
        ("m.py", "Invoice.two", Kind.BODY, "m.py", "Bill.two"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def a(): pass\n", "def b(): pass\n"),
        ("def a(): return 1\n", "def b(): return 2\n"),
        ("A = 1\n", "B = 1\n"),
        (LONG.format(name="a"), OTHER.format(name="b")),
        ("def a(x): return x.y\ndef c(x): return x.y\n", "def b(x): return x.y\ndef d(x): return x.y\n"),
    ],
)
def test_what_only_looks_alike_is_not_paired(before, after):
    kinds = {kind for _p, _s, kind, _op, _os in told({"m.py": before}, {"m.py": after})}
    assert kinds == {Kind.ADDED, Kind.REMOVED}


def test_of_several_equal_ones_the_same_name_and_then_the_same_file_is_taken():
    one, other = LONG.format(name="f"), LONG.format(name="g")
    before = {"a.py": one + other, "b.py": ""}
    after = {"a.py": "", "b.py": other + one}
    assert [(s, old) for _p, s, _k, _op, old in told(before, after)] == [("f", "f"), ("g", "g")]


def test_special_methods_of_other_classes_are_no_match_by_name():
    before = {"m.py": "class A:\n    x = 1\n    def __init__(self, a, b, c):\n        self.a = a + b + c\n"}
    after = {
        "m.py": "class A:\n    x = 1\nclass B:\n    def __init__(self, q):\n        self.q = [q, q, q, 1]\n"
    }
    assert {kind for _p, _s, kind, _op, _os in told(before, after)} == {Kind.ADDED, Kind.REMOVED}


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
FILES = st.dictionaries(
    st.sampled_from(["a.py", "b.py"]),
    st.lists(st.tuples(st.sampled_from([LONG, OTHER, CLASS, "{name} = 1\n"]), NAMES), max_size=4).map(
        lambda parts: "\n".join(template.format(name=name) for template, name in parts)
    ),
)


@given(FILES, FILES)
def test_every_symbol_has_at_most_one_entry_on_each_side(before, after):
    found = changes(before, after)
    new = [(c.path, c.symbol) for c in found if c.kind is not Kind.REMOVED]
    old = [(c.old_path or c.path, c.old_symbol or c.symbol) for c in found if c.kind is not Kind.ADDED]
    assert len(new) == len(set(new))
    assert len(old) == len(set(old))


@given(FILES)
def test_nothing_changes_between_a_tree_and_itself(files):
    assert changes(files, files) == []


@given(FILES, FILES)
def test_there_and_back_says_the_same_in_reverse(before, after):
    there = {(c.kind, c.old_symbol, c.symbol) for c in changes(before, after) if c.kind is Kind.RENAMED}
    back = {(c.kind, c.symbol, c.old_symbol) for c in changes(after, before) if c.kind is Kind.RENAMED}
    assert there == back
