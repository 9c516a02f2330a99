from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.delta.build import build
from assay.model.delta import Heading, MemberShare
from assay.model.outcome import GateResult, Outcome

BASE = {
    "pkg/__init__.py": b"from ._core import start\n",
    "pkg/_core.py": b"def start(a):\n    return a < 1\n\n\ndef hidden(a):\n    return a\n",
    "pkg/api.py": b"def call(a, b=1):\n    return a < b\n\n\ndef gone(a):\n    return a\n",
    "tests/test_api.py": b"def test_call():\n    assert call(1)\n",
    "web/app.js": b"if (a < b) {\n  go();\n}\n",
    "README.md": b"# x\n",
}


def _share(name: str, tree: str) -> MemberShare:
    return MemberShare(candidate=name, name=name, paths=(), added_lines=0, deleted_lines=0, tree=tree)


@pytest.fixture
def of(repo, tree_of):
    def delta(results=(), members=(), **edits):
        after = {path: data for path, data in {**BASE, **edits}.items() if data is not None}
        shares = [_share(name, tree_of({**BASE, **files})) for name, files in members]
        return build(repo, tree_of(BASE), tree_of(after), results, shares)

    return delta


def said(found) -> dict[Heading, list[str]]:
    return {intent.heading: [entry.words for entry in intent.entries] for intent in found.intents}


def test_headings_are_in_reading_order_and_never_empty(of):
    found = of(
        **{
            "pkg/api.py": b"import subprocess\ndef call(a, b):\n    return a <= b\n"
            b"def new(x):\n    subprocess.run(x)\n",
            "tests/test_api.py": b"def test_call():\n    assert call(2, 2)\n"
            b"def test_new():\n    assert new(1)\n",
            "README.md": b"# y\n",
            "setup.cfg": b"[a]\nb = 1\n",
        }
    )
    headings = [intent.heading for intent in found.intents]
    assert headings == [h for h in Heading if h in headings]
    assert all(intent.entries for intent in found.intents)
    assert {Heading.BREAKING, Heading.NEW, Heading.CHANGED, Heading.SECURITY, Heading.TESTS, Heading.DOCS,
            Heading.BUILD} == set(headings)  # fmt: skip
    assert said(found)[Heading.NEW] == ["function `new(x)` in pkg/api.py"]


def test_a_one_character_change_names_the_token(of):
    found = of(**{"pkg/api.py": BASE["pkg/api.py"].replace(b"a < b", b"a <= b")})
    assert said(found)[Heading.CHANGED] == ["`call` in pkg/api.py: `<` became `<=` in `return a <= b`"]


def test_a_one_character_change_of_another_language_names_it_too(of):
    found = of(**{"web/app.js": BASE["web/app.js"].replace(b"<", b"<=")})
    assert said(found)[Heading.CHANGED] == ["`web/app.js`: `<` became `<=` in `if (a <= b) {`"]


def test_what_a_package_reexports_is_public_under_both_names(of):
    found = of(**{"pkg/_core.py": BASE["pkg/_core.py"].replace(b"start(a)", b"start(a, b)")})
    (change,) = found.symbols
    assert (change.public, change.public_as) == (True, ("pkg.start",))
    assert found.api_breaks == ("`start` in pkg/_core.py requires a new parameter `b`",)


def test_what_nobody_offers_is_inside(of):
    found = of(**{"pkg/_core.py": BASE["pkg/_core.py"].replace(b"    return a\n", b"    return -a\n")})
    assert list(said(found)) == [
        Heading.INSIDE,
    ]
    assert found.api_breaks == ()


def test_reexports_that_come_and_go_are_symbols_of_the_package(of):
    found = of(**{"pkg/__init__.py": b"from ._core import hidden\n"})
    assert [(s.symbol, s.kind.value, s.what) for s in found.symbols] == [
        ("hidden", "added", "re-export"),
        ("start", "removed", "re-export"),
    ]
    assert found.api_breaks == ("`start` in pkg/__init__.py is no longer offered by the package",)


def test_tests_that_name_a_changed_symbol_are_listed_with_it(of):
    found = of(
        **{
            "pkg/api.py": BASE["pkg/api.py"].replace(b"a < b", b"a <= b"),
            "tests/test_api.py": b"def test_call():\n    assert call(1, 1)\n",
        }
    )
    (call,) = [s for s in found.symbols if s.symbol == "call"]
    assert call.tests == ("tests/test_api.py::test_call",)
    assert found.tests_changed == call.tests
    assert not any(entry.startswith("no test") for entry in said(found)[Heading.TESTS])


def test_behaviour_without_a_test_that_names_it_is_said(of):
    found = of(**{"pkg/api.py": BASE["pkg/api.py"].replace(b"a < b", b"a <= b")})
    assert said(found)[Heading.TESTS] == ["no test came with the changes of `call`"]


def test_a_renamed_test_neither_came_nor_went(repo, tree_of):
    body = b"():\n    rows = [call(n) for n in range(10)]\n    assert rows == [True, False] * 5\n"
    before, after = ({"tests/test_api.py": b"def test_" + name + body} for name in (b"a", b"b"))
    found = build(repo, tree_of(before), tree_of(after), ())
    assert (found.tests_added, found.tests_removed) == ((), ())
    assert found.tests_changed == ("tests/test_api.py::test_b",)


def test_tests_that_pass_now_stand_under_fixed(of):
    result = GateResult(gate="tests", outcome=Outcome.FAILED, reason="r", detail={"newly_passing": ["t::a"]})
    found = of([result], **{"README.md": b"# z\n"})
    assert found.tests_fixed == ("t::a",)
    assert said(found)[Heading.FIXED] == ["`t::a` fails on the base and passes now"]


def test_each_member_of_a_set_is_told_what_it_adds_to(of):
    one = {"README.md": b"# y\n"}
    other = {"pkg/api.py": BASE["pkg/api.py"] + b"def new(): pass\n"}
    found = of(members=[("one", one), ("other", other)], **one, **other)
    assert [share.headings for share in found.members] == [
        (Heading.DOCS,),
        (Heading.NEW,),
    ]


def test_new_capabilities_are_told_with_the_function_they_are_in(of):
    found = of(**{"pkg/api.py": BASE["pkg/api.py"].replace(b"    return a < b", b"    return eval(a)")})
    assert [(n.rule, n.symbol, n.line) for n in found.security] == [("eval", "call", 2)]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=120),
    st.sampled_from(["pkg/api.py", "a.yml", "b.toml", "c.sql", "d.proto", "e.js", "f.cfg"]),
)
def test_any_bytes_give_a_delta(of, content, path):
    found = of(**{path: content})
    assert len(found.files) <= 1
