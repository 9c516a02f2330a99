"""Tests of tests: each way of making one check less, and the honest change that looks like it."""

from __future__ import annotations

import pytest
from tests.gates.scope_files import changed, said

from assay.gates.scope_tests import weakened
from assay.gates.scope_types import Hit
from assay.gates.testing.definitions import differ
from assay.repo.globs import compile_globs

IS_TEST = compile_globs(("tests/**", "**/conftest.py"))
HEAD = "import pytest\n\n\n"
BODY = "    value = f(1)\n    assert value == 1\n    assert value.name == 'one'\n"
TEST = f"def test_a(client):\n{BODY}"
DEEPER = BODY.replace("    ", "        ")
OTHER = "\n\ndef test_b():\n    assert g(2) == 2\n"


def hits(old: str | None, new: str | None, path: str = "tests/test_x.py") -> list[Hit]:
    return list(weakened([changed(path, old, new)], IS_TEST))


def losses(old: str, new: str) -> list[str]:
    """The rules broken besides that something differs."""
    return sorted(set(said(hits(HEAD + old, HEAD + new))) - {"test-changed", "test-helper"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert f(1) == 1", "assert f(1)"),
        ("assert f(1) == 1", "assert f(1) is not None"),
        ("assert f(1) == 1", "assert f(1) != 0"),
        ("assert f(1) == 1", "assert f(1) in (1, 2)"),
        ("assert f(1) == 1", "assert f(1) == 1 or True"),
        ("assert f(1) == 1", "assert (f(1) == 1, 'message')"),
        ("assert f(1) == 1", "assert True"),
        ("assert f(1) == 1", "assert 1 == 1"),
        ("assert f(1) == 1", "f(1) == 1"),
        ("assert f(1) == 1", "if False:\n        assert f(1) == 1"),
        ("assert f(1) == 1", "while 0:\n        assert f(1) == 1"),
        ("assert f(1) == 1", "for _ in []:\n        assert f(1) == 1"),
        ("assert f(1) == 1", "return\n    assert f(1) == 1"),
        ("assert f(1) == 1", "if slow():\n        return\n    assert f(1) == 1"),
        ("assert f(1) == 1", "try:\n        assert f(1) == 1\n    except AssertionError:\n        pass"),
        ("assert f(1) == 1", "try:\n        assert f(1) == 1\n    except:\n        print('x')"),
        ("assert f(1) == 1", "with contextlib.suppress(Exception):\n        assert f(1) == 1"),
        ("assert f(1) == 1", "raise unittest.SkipTest\n    assert f(1) == 1"),
        ("assert f(1) == 1", "os._exit(0)\n    assert f(1) == 1"),
        ("assert f(1) == 1", "assert f(1) == 1\n    yield"),
        ("assert f(1) == 1.5", "assert f(1) == pytest.approx(1.5)"),
        ("assert f(1) == pytest.approx(1.5)", "assert f(1) == pytest.approx(1.5, rel=0.5)"),
        ("assert f(1) == pytest.approx(1.5, abs=0.1)", "assert f(1) == pytest.approx(1.5, abs=1)"),
        ("self.assertEqual(f(1), 1)", "self.assertTrue(f(1))"),
        ("self.assertEqual(f(1), 1)", "self.assertIsNotNone(f(1))"),
        ("self.assertEqual(f(1), 1)", "self.assertEqual(1, 1)"),
        ("self.assertEqual(f(1), 1)", "self.assertAlmostEqual(f(1), 1)"),
        ("self.assertAlmostEqual(f(1), 1, places=7)", "self.assertAlmostEqual(f(1), 1, places=1)"),
        ("m.assert_called_once_with(1)", "m.assert_called()"),
        ("with pytest.raises(KeyError):\n        f(1)", "with pytest.raises(Exception):\n        f(1)"),
        (
            "with pytest.raises(KeyError):\n        f(1)",
            "with pytest.raises((KeyError, OSError)):\n        f(1)",
        ),
        (
            "with pytest.raises(KeyError, match='k'):\n        f(1)",
            "with pytest.raises(KeyError):\n        f(1)",
        ),
        (
            "with pytest.raises(KeyError, match='k'):\n        f(1)",
            "with pytest.raises(KeyError, match=''):\n        f(1)",
        ),
        (
            "with self.assertRaises(KeyError):\n        f(1)",
            "with self.assertRaises(Exception):\n        f(1)",
        ),
        ("with pytest.raises(KeyError):\n        f(1)", "f(1)"),
        ("assert f(1) == 1", "assert not f(1) != 1 or 1"),
    ],
)
def test_an_assertion_that_says_less_is_a_weakened_test(old: str, new: str) -> None:
    assert losses(f"def test_a():\n    {old}\n", f"def test_a():\n    {new}\n") == ["test-weakened"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert f(1)", "assert f(1) == 1"),
        ("assert f(1) == 1", "assert f(1) == 1, 'why'"),
        ("assert f(1) == 1", "x = 2\n    assert f(1) == 1\n    assert x"),
        ("assert f(1) == pytest.approx(1.5, rel=0.5)", "assert f(1) == pytest.approx(1.5)"),
        ("self.assertTrue(f(1) == 1)", "self.assertEqual(f(1), 1)"),
        ("assertEqual(f(1), 1)", "assert f(1) == 1"),
        ("with pytest.raises(Exception):\n        f(1)", "with pytest.raises(KeyError):\n        f(1)"),
        (
            "with pytest.raises(KeyError):\n        f(1)",
            "with pytest.raises(KeyError, match='k'):\n        f(1)",
        ),
        ("assert f(1) == 1", "try:\n        assert f(1) == 1\n    finally:\n        close()"),
        ("assert f(1) == 1", "try:\n        assert f(1) == 1\n    except OSError:\n        raise"),
        ("assert f(1) == 1", "with pytest.raises(KeyError):\n        raise KeyError\n    assert f(1) == 1"),
        ("assert f(1) == 1", "def inner():\n        return 2\n    assert f(1) == 1"),
        ("assert f(1) == 1", "for x in range(3):\n        assert f(1) == 1"),
        ("if a:\n        assert f(1)", "if a:\n        assert f(1)\n    else:\n        assert f(2)"),
    ],
)
def test_an_assertion_that_says_as_much_or_more_is_none(old: str, new: str) -> None:
    assert losses(f"def test_a():\n    {old}\n", f"def test_a():\n    {new}\n") == []


def test_another_expected_value_is_its_own_rule() -> None:
    found = hits(TEST, TEST.replace("== 1", "== 2"))
    assert said(found) == ["test-changed", "test-expectation"]
    assert found[1].message == "test_a: `assert value == 1` became `assert value == 2`"
    assert (found[1].line, found[0].message) == (1, "1 existing test differs from the base's: test_a")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TEST, TEST.replace("test_a", "_test_a")),
        (TEST, TEST.replace("test_a", "check_a")),
        (TEST, f"if False:\n    def test_a(client):\n{DEEPER}"),
        (TEST, f"{TEST}\n\ntest_a = None\n"),
        (TEST, f"{TEST}\n\ndel test_a\n"),
        (TEST, f"{TEST}\n\nfrom other import test_a\n"),
        (TEST, f"{TEST}\n\ntest_a.__test__ = False\n"),
        (TEST, f"@pytest.fixture\n{TEST}"),
        (
            "class TestA:\n    def test_a(self):\n        assert f()\n",
            "class A:\n    def test_a(self):\n        assert f()\n",
        ),
        (
            "class TestA:\n    def test_a(self):\n        assert f()\n",
            "class TestA:\n    __test__ = False\n\n    def test_a(self):\n        assert f()\n",
        ),
        (
            "class TestA:\n    def test_a(self):\n        assert f()\n",
            "class TestA:\n    def __init__(self): ...\n\n    def test_a(self):\n        assert f()\n",
        ),
        (
            "class A(TestCase):\n    def test_a(self):\n        assert f()\n",
            "class A:\n    def test_a(self):\n        assert f()\n",
        ),
        (
            "class TestA:\n    def test_a(self):\n        assert f()\n",
            "class TestA:\n    def test_a(self):\n        assert f()\n\n\nclass TestA:\n    pass\n",
        ),
        (TEST, '"""\n' + TEST + '"""\n'),
        (TEST, TEST.replace("def test_a", "def test_other").replace(BODY, "    assert h() == 3\n")),
    ],
)
def test_a_test_that_nothing_collects_any_more_is_deleted(old: str, new: str) -> None:
    found = hits(HEAD + old + OTHER, HEAD + new + OTHER)
    assert "test-deleted" in said(found), found
    assert "test_a" in found[0].message
    assert "test_b" not in "".join(hit.message for hit in found)


@pytest.mark.parametrize("line", ["__test__ = False", "raise SystemExit", "import sys\nsys.exit()"])
def test_a_line_at_the_top_can_delete_every_test(line: str) -> None:
    found = hits(TEST + OTHER, f"{line}\n{TEST}{OTHER}")
    assert found[0].message == "2 tests fewer than on the base (gone: test_a, test_b)"


def test_a_definition_that_hides_the_test_is_what_counts() -> None:
    assert losses(TEST, f"{TEST}\n\ndef test_a(client):\n    pass\n") == ["test-weakened"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            f"@pytest.mark.parametrize('n', [1, 2, 3])\n{TEST}",
            f"@pytest.mark.parametrize('n', [1])\n{TEST}",
            "2 of 3 listed cases are gone",
        ),
        (TEST, f"@m.skip\n{TEST}", "is skipped, or its failure expected"),
        (
            TEST,
            f"if sys.platform == 'x':\n    def test_a(client):\n{DEEPER}",
            "only defined under",
        ),
        (TEST, f"async {TEST}", "coroutine"),
        (
            "@pytest.fixture\ndef client():\n    prepare()\n    yield 1\n",
            "@pytest.fixture\ndef client():\n    yield None\n",
            "fixture:client: its body is empty now",
        ),
        (
            "def check(x):\n    assert x.a == 1\n",
            "def check(x):\n    assert x\n",
            "helper:check: `assert x.a == 1`",
        ),
        (
            "def check(x):\n    assert x.a == 1\n",
            "def check(x):\n    pass\n",
            "helper:check: 1 fewer assertion",
        ),
    ],
)
def test_what_is_round_a_test_weakens_it_too(old: str, new: str, message: str) -> None:
    found = [hit for hit in hits(HEAD + old, HEAD + new) if hit.rule == "scope/test-weakened"]
    assert found
    assert message in " ".join(hit.message for hit in found)


def test_moved_renamed_and_reformatted_tests_are_no_findings() -> None:
    assert (
        hits(TEST, "# a comment\n" + TEST.replace("    value = f(1)", "    value = f(\n        1\n    )"))
        == []
    )
    assert hits(TEST + OTHER, OTHER.lstrip() + "\n\n" + TEST) == []
    assert hits(TEST, TEST.replace("test_a", "test_better")) == []
    assert hits(TEST, TEST + OTHER) == []
    assert hits(TEST, f"import os\n{TEST}") == []
    assert hits(TEST, f"class TestA:\n    def test_a(client):\n{DEEPER}") == []
    both = [changed("tests/test_x.py", TEST + OTHER, TEST), changed("tests/test_y.py", None, OTHER)]
    assert list(weakened(both, IS_TEST)) == []


@pytest.mark.parametrize(
    "line",
    [
        "globals().pop('test_a')",
        "exec('del test_a')",
        "for n in list(globals()):\n    del globals()[n]",
        "test_a.__code__ = other.__code__",
        "os._exit(0)",
    ],
)
def test_a_statement_that_runs_with_the_tests_is_shown(line: str) -> None:
    found = hits(TEST, f"{TEST}\n\n{line}\n")
    assert said(found) == ["test-helper"]
    assert found[0].line == TEST.count("\n") + 3
    assert hits(f"{TEST}\n\n{line}\n", f"{TEST}\n\n\n# still\n{line}\n") == []


def test_a_hook_among_the_tests_is_a_finding_in_a_new_file_too() -> None:
    hook = "def pytest_collection_modifyitems(items):\n    items.clear()\n"
    assert said(hits(None, hook, path="tests/conftest.py")) == ["test-hook"]
    assert said(hits(TEST, TEST + "\n\n" + hook)) == ["test-hook"]
    assert hits(hook, "import os\n" + hook, path="tests/conftest.py") == []


def test_an_assertion_that_moves_to_another_test_is_not_lost() -> None:
    split = (
        "def test_a(client):\n    value = f(1)\n    assert value == 1\n\n\n"
        "def test_name(client):\n    value = f(1)\n    assert value.name == 'one'\n"
    )
    assert losses(TEST, split) == []


def test_a_moved_test_is_held_against_the_one_it_was() -> None:
    both = [
        changed("tests/test_x.py", TEST, OTHER),
        changed("tests/test_y.py", None, TEST.replace("== 1", "")),
    ]
    found = list(weakened(both, IS_TEST))
    assert [(hit.rule, hit.path) for hit in found if hit.rule == "scope/test-weakened"] == [
        ("scope/test-weakened", "tests/test_y.py")
    ]


def test_only_python_tests_of_the_base_count() -> None:
    assert hits(None, TEST) == []
    assert hits(TEST, None, path="src/a.py") == []
    assert said(hits("x", None, path="tests/a.test.ts")) == ["test-deleted"]
    assert said(hits(TEST, None)) == ["test-deleted"]


def test_the_tests_that_differ_are_those_the_tests_gate_names() -> None:
    old = HEAD + TEST + OTHER + "\n\nclass TestC:\n    def test_c(self):\n        assert f() == 1\n"
    new = old.replace("'one'", "'two'").replace("f() == 1", "f() == 2")
    found = next(hit for hit in hits(old, new) if hit.rule == "scope/test-changed")
    assert found.what.split(", ") == sorted(differ(old.encode(), new.encode()).changed)


@pytest.mark.parametrize(
    "hostile",
    [
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "not " * 50_000 + "1",
        "x = " + "-" * 50_000 + "1",
        "x = 1" + " + 1" * 50_000,
        "x = a" + ".b" * 50_000,
        "if a: pass\n" + "elif b: pass\n" * 5000,
        "def test_z():\n    if a: pass\n" + "    elif b: pass\n" * 5000,
        "def test_z():\n    assert " + "not " * 700 + "1\n",
        "def test_z():\n    assert a" + ".b" * 900 + "\n",
        "\0",
    ],
)
def test_hostile_nesting_is_counted_by_tokens_or_not_at_all(hostile: str) -> None:
    assert said(hits(TEST + OTHER, f"{OTHER}\n{hostile}\n"))[:1] == ["test-deleted"]
    hits(f"{TEST}\n{hostile}\n", TEST)
