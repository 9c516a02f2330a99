"""Tests of new capabilities: what a program could not do before, and what reaches for its grader."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gates.scope_files import changed, said

from assay.gates.scope_capabilities import _suspect, capabilities
from assay.gates.scope_types import Hit
from assay.repo.globs import compile_globs

IS_TEST = compile_globs(("tests/**",))
OLD = "import os\nimport sys\n\n\ndef f(x):\n    return x\n"


def hits(new: str, old: str | None = OLD, path: str = "src/a.py") -> list[Hit]:
    return list(capabilities(changed(path, old, new), IS_TEST))


@pytest.mark.parametrize(
    ("rule", "added"),
    [
        ("network", "import socket"),
        ("network", "from urllib.request import urlopen"),
        ("network", "from urllib import (\n    parse,\n    request,\n)"),
        ("network", "import httpx as h"),
        ("network", "from http import client"),
        ("subprocess", "from subprocess import run"),
        ("subprocess", "os.system('x')"),
        ("subprocess", "from os import popen as p"),
        ("subprocess", "getattr(os, 'system')('x')"),
        ("subprocess", "import os as o\no.execv('/x', [])"),
        ("subprocess", "__import__('subprocess')"),
        ("eval", "eval('1')"),
        ("eval", "exec(code)"),
        ("eval", "\U0001d41eval('1')"),
        ("eval", "compile('1', '', 'eval')"),
        ("eval", "__import__(name)"),
        ("eval", "import importlib\nimportlib.import_module('x' + y)"),
        ("eval", "getattr(os, 'sys' + 'tem')"),
        ("eval", "e = eval\ne('1')"),
        ("eval", "vars(os)['system']('x')"),
        ("eval", "os.__dict__['system']('x')"),
        ("eval", "globals()['__builtins__']"),
        ("subprocess", "from os import *\nsystem('x')"),
        ("subprocess", "s = os\ns.system('x')"),
        ("deserialise", "import pickle"),
        ("deserialise", "import yaml\nyaml.load(x)"),
        ("native", "import ctypes"),
        ("grader", "import gc\ngc.get_objects()"),
        ("grader", "f.__closure__[0].cell_contents"),
        ("grader", "getattr(f.__closure__[0], 'cell_contents')"),
        ("grader", "import inspect\ninspect.getclosurevars(f)"),
        ("grader", "sys.settrace(f)"),
        ("grader", "sys.monitoring.use_tool_id(1, 'x')"),
        ("grader", "sys.meta_path.insert(0, f)"),
        ("grader", "sys.path_hooks[:] = []"),
        ("grader", "import builtins\nbuiltins.isinstance = f"),
        ("grader", "import builtins\nsetattr(builtins, 'len', f)"),
        ("grader", "__builtins__.len = f"),
        ("modules", "sys.modules['x'] = f"),
        ("modules", "sys.modules.pop('x')"),
        ("modules", "import time\ntime.time = f"),
        ("grader", "sys.modules['pytest'].fail = f"),
        ("frames", "sys._getframe(1)"),
        ("frames", "import inspect\ninspect.stack()"),
        ("process", "os._exit(0)"),
        ("process", "import atexit\natexit.register(f)"),
        ("test-tool", "import pytest"),
        ("test-tool", "from _pytest import runner"),
        ("test-hook", "def pytest_runtest_makereport(item, call):\n    return None"),
        ("test-detection", "if 'PYTEST_CURRENT_TEST' in os.environ: pass"),
        ("test-detection", "x = 'pytest' in sys.modules"),
        ("test-detection", "x = sys.modules.get('unittest')"),
        ("test-detection", "x = any('pytest' in a for a in sys.argv) == ('pytest' in sys.argv[0])"),
        ("test-detection", "x = os.environ['ASSAY_REPORT_FD']"),
        ("test-detection", "x = sys.argv[0].endswith('pytest')"),
        ("always-equal", "class A:\n    def __eq__(self, other):\n        return 1 == 1"),
        ("always-equal", "class A:\n    def same(self, o):\n        return True\n    __eq__ = same"),
        ("always-equal", "class A: ...\nA.__eq__ = lambda a, b: True"),
        ("always-equal", "A = type('A', (), {'__eq__': lambda a, b: True})"),
        ("always-equal", "class A: ...\nsetattr(A, '__eq__', lambda a, b: True)"),
        ("always-equal", "class A:\n    def __eq__(self, other):\n        return True"),
        ("always-equal", "class A:\n    __eq__ = lambda self, other: True"),
        ("always-equal", "class A:\n    def __ne__(self, other):\n        'doc'\n        return not 1"),
    ],
)
def test_each_new_capability_is_a_finding_of_its_rule(rule: str, added: str) -> None:
    found = hits(f"{OLD}\n\n{added}\n")
    assert rule in said(found), found
    assert all(hit.line > OLD.count("\n") for hit in found)
    assert rule in said(hits(f"{OLD}\n\n{added}\n", old=None))


def test_a_patched_test_tool_is_a_finding_however_it_is_named() -> None:
    found = hits(OLD + "from _pytest import runner as r\nr.call_and_report = f\n")
    assert [hit.message for hit in found] == [
        "a test tool imported outside tests (_pytest)",
        "changes _pytest.runner.call_and_report",
    ]
    assert said(found) == ["test-tool", "grader"]


@pytest.mark.parametrize(
    "added",
    [
        "import re\nx = re.compile('a')",
        "def eval_all(x): ...",
        "x.eval('1')",
        "import ast\nast.literal_eval('1')",
        "from urllib.parse import quote",
        "x = '''\nimport socket\neval('1')\n'''",
        "# import socket, eval(), os.system",
        "import importlib\nimportlib.import_module('json')",
        "os.path.join('a')\nos.environ['HOME']",
        "coverage = f\ncoverage.x = 1",
        "class A:\n    def __eq__(self, other):\n        return self.x == other.x",
        "class A:\n    def __eq__(self, other):\n        return False",
        "class A:\n    def __eq__(self, other):\n        return NotImplemented",
        "class A:\n    def __ne__(self, other):\n        return True",
        "self.time.time = f",
        "sys.stdout = f",
        "import os\nos.environ = f",
        "if 'x' in sys.modules: pass",
        "getattr(self, name)",
        "x = sys.argv[1:]",
    ],
)
def test_what_only_looks_like_one_is_none(added: str) -> None:
    assert hits(f"{OLD}\n\n{added}\n") == []


def test_a_file_that_had_it_may_use_it_more() -> None:
    old = f"import subprocess\n{OLD}"
    assert hits(f"{old}\nsubprocess.run(['ls'])\nos.system('x')\n", old=old) == []
    assert said(hits(f"{old}\nimport socket\nimport ssl\n", old=old)) == ["network"]


def test_tests_and_other_files_are_left_alone() -> None:
    assert hits("import socket\n", path="tests/test_a.py") == []
    assert hits("import socket\n", path="notes.md") == []


def test_code_that_a_quote_sets_free_is_new() -> None:
    text = "'''\nimport socket\n'''\n"
    assert said(hits("'''\n'''\nimport socket\n''''''\n", old=text)) == ["network"]


@pytest.mark.parametrize(
    "hostile",
    [
        "x = " + "not " * 20_000 + "1",
        "x = 1" + " + 1" * 50_000,
        "class A:\n    def __eq__(s, o):\n        return " + "not " * 900 + "0",
    ],
)
def test_a_file_that_cannot_be_looked_at_says_so(hostile: str) -> None:
    assert said(hits(f"{OLD}\nimport socket\n{hostile}\n")) in (["unreadable"], ["network"])
    assert hits(f"{OLD}\nvalue = (\n") == []


def test_hostile_lines_take_no_time_beyond_their_length() -> None:
    long = [" ".join(["import"] * 12_000), "#" * 90_000, "eval" + " " * 90_000 + "x", "from " * 15_000]
    assert said(hits(OLD + "\n".join(f"# {line}" for line in long) + "\nimport socket\n")) == ["network"]


@given(
    st.lists(st.sampled_from(["os", "sys", "a", "é", ".", "=", "==", " ", "(", "_x"]), max_size=9).map(
        "".join
    )
)
def test_a_line_that_sets_a_name_of_any_module_of_the_standard_library_is_looked_at(line: str) -> None:
    spelled_out = re.search(rf"\b(?:{'|'.join(sorted(sys.stdlib_module_names))})\.\w+\s*=(?!=)", line)
    assert _suspect(line) == bool(spelled_out)
