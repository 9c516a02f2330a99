"""Projects whose ways look odd from inside the test process, and honest changes to them, as data.

Each is (files of the base, files that the candidate changes); none of it may ever be called tampering.
"""

LIB = "def double(x):\n    return 2 * x\n\n\ndef broken():\n    raise NotImplementedError\n"
FIXED = LIB.replace("raise NotImplementedError", "return [1, 2]")
IMPORT = """
import unittest
from unittest import mock

import pytest

import lib
from lib import broken, double


"""


def _tests(text, fixed=FIXED, **more):
    return {"lib.py": LIB, "tests/test_it.py": IMPORT + text, **more}, {"lib.py": fixed}


HONEST = {
    "fixes-a-failing-test": _tests(
        "def test_it(): assert broken() == [1, 2]\ndef test_double(): assert double(1) == 2\n"
    ),
    "unittest": _tests(
        "class A(unittest.TestCase):\n"
        "    def setUp(self): self.x = 1\n"
        "    def test_a(self): self.assertEqual(double(self.x), 2)\n"
        "    def test_b(self): self.assertEqual(broken(), [1, 2])\n"
        "    def test_sub(self):\n"
        "        for n in range(3):\n"
        "            with self.subTest(n=n): self.assertEqual(double(n), n + n)\n"
        "    @unittest.skip('no')\n    def test_s(self): pass\n"
        "    @unittest.expectedFailure\n    def test_e(self): self.fail()\n"
        "    @mock.patch('lib.double', return_value=7)\n"
        "    def test_m(self, made): self.assertEqual(lib.double(1), 7)\n"
        "class B(A):\n    def test_c(self): broken()\n"
        "class C(unittest.IsolatedAsyncioTestCase):\n    async def test_d(self): broken()\n"
    ),
    "inheritance-and-returns": _tests(
        "class Common:\n    def test_shared(self):\n        if double(1) == 2:\n            return\n"
        "        assert 0\n"
        "class TestA(Common): pass\nclass TestB(Common):\n"
        "    def test_own(self):\n        for n in (1, 2):\n            if n == 2:\n"
        "                return None\n"
        "    @staticmethod\n    def test_static(): broken()\n"
        "    @classmethod\n    def test_class(cls): broken()\n"
        "def test_doc():\n    '''Only this.'''\ndef test_dots(): ...\n"
    ),
    "decorators": _tests(
        "import functools, contextlib\n"
        "def raises(kind):\n    def deco(f):\n        @functools.wraps(f)\n        def inner(*a, **k):\n"
        "            try: f(*a, **k)\n            except kind: return\n"
        "            raise AssertionError('nothing raised')\n"
        "        return inner\n    return deco\n"
        "@raises(ZeroDivisionError)\ndef test_raises(): 1 / 0\n"
        "@raises(IndexError)\ndef test_raises_now(): broken_or_not()[7]\n"
        "def broken_or_not():\n    try: return broken()\n    except NotImplementedError: return {7: 1}\n"
        "def quiet(f):\n    def inner():\n        try: f()\n        except Exception: pass\n"
        "    return inner\n"
        "@quiet\ndef test_quiet(): broken()[9]\n"
        "@mock.patch('lib.double')\n@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_m(made, n): lib.double(n)\n"
        "@contextlib.contextmanager\ndef test_helper(): yield\n"
        "test_partial = functools.partial(raises, ValueError)\n"
    ),
    "marks": _tests(
        "@pytest.mark.xfail(strict=True)\ndef test_x(): assert 0\n"
        "@pytest.mark.xfail\ndef test_xp(): broken()\n"
        "@pytest.mark.skip\ndef test_s(): pass\n"
        "def test_skips_within(): pytest.skip('later')\n"
        "@pytest.mark.usefixtures('tmp_path')\ndef test_u(): broken()\n"
        "@pytest.mark.parametrize('n', [1, pytest.param(2, marks=pytest.mark.xfail)])\n"
        "def test_p(n): assert n == 1\n"
    ),
    "fixtures-that-patch": _tests(
        "import time\n"
        "@pytest.fixture(autouse=True)\n"
        "def clock(monkeypatch): monkeypatch.setattr(time, 'time', lambda: 5)\n"
        "def test_clock(): assert time.time() == 5\n"
        "def test_subprocess(monkeypatch):\n    import subprocess\n"
        "    monkeypatch.setattr(subprocess, 'run', lambda *a: 3)\n    broken()\n"
        "    assert subprocess.run() == 3\n"
        "def test_left_patched_by_the_test():\n    broken()\n    time.sleep = lambda s: None\n"
        "def test_builtins():\n    with mock.patch('builtins.open', mock.mock_open(read_data='x')):\n"
        "        assert open('y').read() == 'x'\n"
    ),
    "product-patches-for-good": _tests(
        "def test_it(): assert double(1) == 2\n",
        fixed="import time\ntime.sleep = lambda s: None\n" + FIXED,
        **{"lib.py": "import time\ntime.sleep = lambda s: None\n" + LIB},
    ),
    "conftest-alters-reports": _tests(
        "def test_a(): assert 0\ndef test_b(): broken()\n",
        **{
            "conftest.py": "import pytest\n@pytest.hookimpl(hookwrapper=True)\n"
            "def pytest_runtest_makereport(item, call):\n    out = yield\n    rep = out.get_result()\n"
            "    if rep.when == 'call' and rep.failed:\n        rep.outcome = 'passed'\n"
        },
    ),
    "conftest-breaks-canaries": _tests(
        "def test_a(): broken()\ndef test_b(): pass\n",
        **{
            "conftest.py": "import pytest\ndef pytest_runtest_setup(item):\n"
            "    if item.originalname not in ('test_a', 'test_b'): raise ValueError(item)\n"
        },
    ),
    "conftest-runs-tests-itself": _tests(
        "def test_a(): broken()\ndef test_b(): pass\n",
        **{
            "conftest.py": "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
            "def pytest_pyfunc_call(pyfuncitem):\n    pyfuncitem.obj()\n    return True\n"
        },
    ),
    "replaces-unittest": _tests(
        "class A(unittest.TestCase):\n    def test_a(self): self.assertEqual(broken(), [1, 2])\n",
        **{
            "conftest.py": "import unittest\nold = unittest.TestCase.assertEqual\n"
            "def same(self, a, b, msg=None): old(self, a, b, msg)\nunittest.TestCase.assertEqual = same\n"
        },
    ),
    "doctests": (
        {
            "lib.py": 'def f():\n    """\n    >>> f()\n    1\n    """\n    return 2\n',
            "pytest.ini": "[pytest]\naddopts=--doctest-modules\n",
            "tests/test_d.py": "def test_it(): pass\n",
        },
        {"lib.py": 'def f():\n    """\n    >>> f()\n    1\n    """\n    return 1\n'},
    ),
    "plain-asserts": _tests(
        "def test_it(): assert broken() == [1, 2]\n", **{"pytest.ini": "[pytest]\naddopts=--assert=plain\n"}
    ),
    "dont-rewrite": (
        {
            "lib.py": LIB,
            "tests/test_it.py": '"""PYTEST_DONT_REWRITE"""\nfrom lib import broken\n'
            "def test_it(): assert broken() == [1, 2]\n",
        },
        {"lib.py": FIXED},
    ),
    "importlib-mode": _tests(
        "def test_it(): assert broken() == [1, 2]\n",
        **{"pytest.ini": "[pytest]\naddopts=--import-mode=importlib\npythonpath=.\n"},
    ),
    "helpers-and-wildcards": _tests(
        "from tests.helper import Any, check\n"
        "def test_any(): assert double(3) == Any()\ndef test_any_now(): assert broken() == Any()\n"
        "def test_check(): check(broken(), [1, 2])\ndef test_mock(): assert broken() == mock.ANY\n"
        "class P:\n    def __eq__(self, other): return True\n    __hash__ = None\n"
        "def test_p(): assert P() == broken()\n",
        **{
            "tests/__init__.py": "",
            "tests/helper.py": "class Any:\n    def __eq__(self, other): return True\n"
            "def check(a, b): assert a == b\n",
        },
    ),
    "compares-oddly": _tests(
        "def test_dataclass(): assert lib.Point(1) == lib.Point(1)\n"
        "def test_text(): assert lib.Text('A') == 'a'\ndef test_modulo(): assert lib.Mod(3) == 5\n",
        fixed="import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int\n"
        "class Text(str):\n    def __eq__(self, o): return self.lower() == o.lower()\n    __hash__ = None\n"
        "class Mod(int):\n    def __eq__(self, o): return (int(self) - o) % 2 == 0\n    __hash__ = None\n"
        + FIXED,
    ),
    "writes-files": _tests(
        "import pathlib, sys\n"
        "def test_makes_a_test(tmp_path):\n    (tmp_path / 'test_x.py').write_text('def test_y(): pass')\n"
        "    assert pytest.main([str(tmp_path), '-p', 'no:cacheprovider']) == 0\n    broken()\n"
    ),
    "classes-with-scoped-fixtures": _tests(
        "made = []\n"
        "@pytest.fixture(scope='class')\ndef res():\n    made.append(1)\n    yield 1\n    made.append(0)\n"
        "@pytest.fixture(scope='module', params=[1, 2])\ndef par(request): return request.param\n"
        "class TestA:\n    def test_a(self, res, par): pass\n    def test_b(self, res, par): broken()\n"
        "class U(unittest.TestCase):\n    count = 0\n    @classmethod\n"
        "    def setUpClass(cls): cls.count += 1\n"
        "    def test_1(self): assert self.count == 1\n    def test_2(self): assert self.count == 1\n"
        "def test_z(par): pass\n"
    ),
    "counts-its-own-tests": _tests(
        "def test_a(): broken()\ndef test_b(): pass\n",
        **{
            "conftest.py": "seen = []\ndef pytest_runtest_logstart(nodeid): seen.append(nodeid)\n"
            "def pytest_sessionfinish(session):\n"
            "    assert len(session.items) == len(seen) == session.testscollected == 2\n"
        },
    ),
    "generators-and-names": _tests(
        "def test_names(): assert [n for n in dir() if '@' in n] == []\n"
        "def test_locals():\n    x = 1\n"
        "    assert set(locals()) <= {'x', '@py_assert2', '@py_assert1', '@py_assert4', '@py_assert3'}\n"
        "def test_nested():\n    def inner():\n        return broken()\n    return assert_it(inner)\n"
        "def assert_it(f): assert f() == [1, 2]\n"
        "async def _co(): return 1\ndef test_async():\n    import asyncio\n"
        "    assert asyncio.run(_co()) == 1\n"
    ),
    "new-import-hook-and-plugins": _tests(
        "def test_it(): broken()\n",
        fixed="import sys, atexit, logging, signal\nclass Finder:\n"
        "    def find_spec(self, *a): return None\n"
        "sys.meta_path.append(Finder())\natexit.register(print)\nsys.excepthook = print\n"
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n" + FIXED,
    ),
    "mocks-that-outlive-a-test": _tests(
        "class A(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        broken()\n"
        "        patcher = mock.patch('subprocess.run')\n        patcher.start()\n"
        "        cls.addClassCleanup(patcher.stop)\n"
        "    def test_a(self): assert double(1) == 2\n    def test_b(self): assert double(2) == 4\n"
        "@pytest.fixture(scope='module')\ndef quick():\n    import time\n    broken()\n"
        "    with mock.patch.object(time, 'sleep', autospec=True): yield time\n"
        "def test_c(quick): quick.sleep(9)\ndef test_d(quick): quick.sleep(9)\n"
    ),
    "conftest-wraps-what-runs-a-test": _tests(
        "@pytest.mark.wrapped\ndef test_it(): broken()\n",
        **{
            "pytest.ini": "[pytest]\nmarkers=wrapped\n",
            "conftest.py": "import lib\ndef pytest_runtest_setup(item):\n    try: lib.broken()\n"
            "    except NotImplementedError: return\n    old = item.runtest\n"
            "    item.runtest = lambda: old()\n",
        },
    ),
    "proxies-that-raise": _tests(
        "class Proxy:\n    @property\n    def __class__(self): raise RuntimeError('no context')\n"
        "    def __getattr__(self, name): raise RuntimeError(name)\n"
        "    def __eq__(self, other): raise RuntimeError('no')\n    __hash__ = None\n"
        "current = Proxy()\ndef test_it(): broken()\n"
    ),
}
