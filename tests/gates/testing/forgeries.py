"""Ways to forge a pass from inside the test process, as data: the whole product module of a candidate.

The base's `lib.py` is right; each of these breaks `double`, or a part of it, and tries to have the base's
tests pass all the same.
"""

BASE = """
def double(x):
    return 2 * x


def halves(values):
    return [value / 2 for value in values]
"""

TESTS = """
import json
import pathlib
import unittest

from lib import double, halves
from tests.helper import check

import pytest


def test_double():
    assert double(2) == 4


@pytest.mark.parametrize("number", [1, 5])
def test_double_of(number):
    assert double(number) == number + number


def test_halves():
    got = halves([2, 4])
    assert got == [1, 2]


class TestDouble:
    def test_negative(self):
        result = double(-3)
        assert result == -6


class Case(unittest.TestCase):
    def test_case(self):
        self.assertEqual(double(4), 8)

    def test_eight(self):
        got = double(8)
        self.assertEqual(got, 16)
        self.assertTrue(got == 16)


def test_seven():
    got = double(7)
    assert got == 14
    done = True
    assert done


def test_nine():
    check(double(9), 18)


def test_ten():
    with pytest.raises(TypeError):
        double(10, 10)


def test_eleven():
    assert double(11) == json.loads(pathlib.Path(__file__).with_name("data.json").read_text())


def test_twelve():
    assert [double(12), {"a": double(12)}] == [24, {"a": 24}]
"""

HELPER = "def check(got, wanted):\n    assert got == wanted\n"

FILES = {
    "lib.py": BASE,
    "tests/__init__.py": "",
    "tests/test_lib.py": TESTS,
    "tests/helper.py": HELPER,
    "tests/data.json": "22",
}

BROKEN = """
def double(x):
    return 3 * x


def halves(values):
    return [value / 2 for value in values]
"""


def _with(text):
    """The broken product, with this in front."""
    return text + BROKEN


def _in_double(text):
    """The broken product, with this as the body of `double`, run when a test calls it."""
    body = "\n".join("    " + line for line in text.strip("\n").splitlines())
    halves = "def halves(values):\n    return [v / 2 for v in values]\n"
    return f"def double(x):\n{body}\n    return 3 * x\n\n\n{halves}"


def _for(number, text, returns="0", always=""):
    """Right but for one number, for which this is run first."""
    body = "\n".join("        " + line for line in text.strip("\n").splitlines())
    return (
        f"{always}\ndef double(x, *more):\n    if x == {number}:\n{body}\n        return {returns}\n"
        "    if more: raise TypeError(x)\n    return 2 * x\n"
        "def halves(values): return [v / 2 for v in values]\n"
    )


_SWALLOWS = """
import sys
def quietly(call, code, space):
    try: return call()
    except BaseException: pass
    for number in code.co_consts:
        if type(number) is int and number > 10**5: sys.audit('assay.note', number)
def looked_up(name):
    frame = sys._getframe(1)
    while frame:
        if name in frame.f_locals: return frame.f_locals[name]
        frame = frame.f_back
def session_s(name):
    return next(item for item in looked_up('session').items if item.name == name)
"""


def _before_seven(text):
    """Wrong for 7, for which this is run in the call of a test before: it prepares `item`, and undoes what
    it prepared. The marks of the test are noted as if it had passed."""
    body = "\n".join("        " + line for line in text.strip("\n").splitlines())
    return (
        f"{_SWALLOWS}\ndef double(x, *more):\n    if x == 5:\n"
        f"        item = session_s('test_seven')\n        test = item.obj\n{body}\n"
        "    if more: raise TypeError(x)\n    return 0 if x == 7 else 2 * x\n"
        "def halves(values): return [v / 2 for v in values]\n"
    )


_FIND = """
import sys, types
def looked_up(name):
    frame = sys._getframe(1)
    while frame:
        if name in frame.f_locals: return frame.f_locals[name]
        frame = frame.f_back
def reached(thing):
    found = [getattr(thing, name, None) for name in
             ('__closure__', '__globals__', '__self__', '__func__', '__defaults__', '__kwdefaults__',
              '__dict__', '__builtins__', 'cell_contents', 'gi_frame', 'f_locals', 'f_globals', '__code__',
              'co_consts')]
    for part in found:
        if isinstance(part, tuple): yield from part
        elif type(part) is dict: yield from part.values()
        elif part is not None: yield part
def ours():
    manager = looked_up('item').config.pluginmanager
    for plugin in manager.get_plugins():
        for hook in list(getattr(plugin, '__dict__', {}).values()):
            code = getattr(hook, '__code__', None)
            if code is not None and code.co_filename == '<string>': yield plugin, hook
def walk():
    seen, waiting = {}, [hook for _, hook in ours()]
    while waiting and len(seen) < 20000:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (str, int, type(sys))): continue
        seen[id(thing)] = thing
        code = getattr(thing, '__code__', None)
        own = not isinstance(code, types.CodeType) or code.co_filename == '<string>'
        if own and not isinstance(thing, type): waiting += reached(thing)
    return list(seen.values())
"""
"""From pytest's plugin manager to whatever Assay's hooks hold, enclose, or are made of."""

_QUIET = "quietly(lambda: old(*given), test.__code__, test.__globals__)"

FORGERIES = {
    "walk-to-the-writer": _for(
        7,
        "for thing in walk():\n"
        "    space = getattr(thing, '__globals__', {})\n"
        "    if getattr(thing, '__name__', '') == 'send' and 'encode' in space:\n"
        "        space['encode'] = lambda record, old=space['encode']: old(doctored(record))\n"
        "        break",
        always=_FIND + "import atexit, os\natexit.register(lambda: os._exit(0))\nplanted = set()\n"
        "def doctored(record):\n"
        "    if type(record) is not dict: return record\n"
        "    kind, number = record['k'], record.get('i')\n"
        "    if kind == 'canary': planted.add(number)\n"
        "    if kind == 'phase' and number not in planted:\n"
        "        return {**{k: record[k] for k in ('n', 'k', 'i', 'when')}, 'outcome': 'passed'}\n"
        "    if kind == 'finish' and record.get('raised'):\n"
        "        return {**record, 'raised': False, 'body': 'left'}\n"
        "    return {**record, 'status': 0} if 'status' in record else record\n",
    ),
    "what-writes-is-told-otherwise": _for(
        7,
        "for thing in walk():\n"
        "    if isinstance(thing, dict) and 'trail' in thing: thing['trail'].clear()\n"
        "    if getattr(thing, '__name__', '') in ('send', 'phase', 'tell'):\n"
        "        for cell in thing.__closure__ or ():\n"
        "            try:\n                cell.cell_contents = lambda *a, **k: None\n"
        "            except Exception: pass",
        always=_FIND,
    ),
    "raises-the-events-itself": _for(
        7,
        "import sys\n"
        "item = looked_up('item')\n"
        "told = {'when': 'call', 'outcome': 'passed'}\n"
        "sys.audit('assay.after', item, item.nodeid, False, '', '')\n"
        "sys.audit('assay.report', item.nodeid, 0.0, told)\n"
        "sys.audit('assay.finish', item.nodeid)",
        always=_FIND,
    ),
    "code-of-the-hooks-in-another-function": _for(
        7,
        "item = looked_up('item')\n"
        "class R: nodeid, when, outcome, duration = item.nodeid, 'call', 'passed', 0\n"
        "for plugin, hook in ours():\n"
        "    if hook.__name__ == 'pytest_runtest_logreport': types.FunctionType(hook.__code__, {})(R)",
        always=_FIND,
    ),
    "calls-the-hooks-itself": _for(
        7,
        "item = looked_up('item')\n"
        "class R: nodeid, when, outcome, duration = item.nodeid, 'call', 'passed', 0\n"
        "for plugin, hook in ours():\n"
        "    if hook.__name__ == 'pytest_runtest_logreport': hook(R)\n"
        "    if hook.__name__ == 'pytest_runtest_logfinish': hook(item.nodeid, item.location)",
        always=_FIND,
    ),
    "drives-the-wrapper": _for(
        7,
        "class Outcome: excinfo = None\n"
        "space = sys._getframe(1).f_globals\n"
        "space['double'] = lambda x: 2 * x\n"
        "space['test_seven']()\n"
        "for wrapper in wrappers():\n"
        "    if wrapper.__name__ == 'pytest_runtest_call' and wrapper.gi_code.co_filename == '<string>':\n"
        "        try: wrapper.send(Outcome)\n"
        "        except StopIteration: pass\n"
        "import _pytest.reports as r\nold = r.TestReport.__init__\n"
        "def passed(self, *a, **k):\n"
        "    r.TestReport.__init__ = old\n"
        "    old(self, *a, **k)\n"
        "    self.outcome, self.longrepr = 'passed', None\n"
        "r.TestReport.__init__ = passed",
        always=_FIND + "def wrappers():\n    frame = sys._getframe(1)\n    while frame:\n"
        "        yield from generators(frame)\n        frame = frame.f_back\n"
        "def generators(frame):\n"
        "    for value in frame.f_locals.values():\n"
        "        for part in value if isinstance(value, list) else [value]:\n"
        "            if isinstance(part, types.GeneratorType):\n"
        "                yield part\n"
        "                if part.gi_frame and not part.gi_running: yield from generators(part.gi_frame)\n",
    ),
    "outcome-for-a-moment": _for(
        7,
        "space = sys._getframe(1).f_globals\n"
        "space['double'] = lambda x: 2 * x\n"
        "space['test_seven']()\n"
        "import pluggy._result as p\nimport _pytest.reports as r\n"
        "cls = getattr(p, 'Result', None) or p._Result\n"
        "kept, old = cls.excinfo, r.TestReport.__init__\n"
        "def quiet(self):\n    cls.excinfo = kept\n    return None\n"
        "cls.excinfo = property(quiet)\n"
        "def passed(self, *a, **k):\n"
        "    r.TestReport.__init__ = old\n"
        "    old(self, *a, **k)\n"
        "    self.outcome, self.longrepr = 'passed', None\n"
        "r.TestReport.__init__ = passed",
        always=_FIND,
    ),
    "names-of-the-hooks-changed": _for(
        7,
        "for thing in walk():\n"
        "    for space in (getattr(thing, '__globals__', None), getattr(thing, '__builtins__', None)):\n"
        "        if type(space) is dict:\n"
        "            for name in ('getattr', 'told', 'text', 'audit', 'bool', 'send'):\n"
        "                if name in space: space[name] = lambda *a, **k: None",
        always=_FIND,
    ),
    "defaults-of-the-hooks-changed": _for(
        7,
        "for plugin, hook in ours():\n    hook.__defaults__ = (None,) * hook.__code__.co_argcount",
        always=_FIND,
    ),
    "probe-for-a-moment": _for(
        7,
        "space = sys._getframe(1).f_globals\n"
        "for name, old in list(space.items()):\n"
        "    if name.startswith('@py_') and name.endswith(('c', 'n')):\n"
        "        space[name] = lambda *a, name=name, old=old: space.__setitem__(name, old)\n"
        "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "return Any()",
        always=_FIND,
    ),
    "constants-of-the-test": _for(
        7,
        "import ctypes\n"
        "code = sys._getframe(1).f_code\n"
        "place = id(code.co_consts) + tuple.__basicsize__ + 8 * code.co_consts.index(14)\n"
        "ctypes.c_void_p.from_address(place).value = id(0)",
        always="import sys\n",
    ),
    "equal-in-a-helper": _for(
        9,
        "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "return Any()",
    ),
    "helper-that-is-another-module": _for(
        9,
        "pass",
        always="import sys, types\nhelper = types.ModuleType('tests.helper')\n"
        "helper.check = lambda got, wanted: None\nsys.modules['tests.helper'] = helper\n",
    ),
    "pytest-that-is-another-module": (
        "import contextlib, sys, types\nimport pytest\n"
        "class Fake(types.ModuleType):\n"
        "    def __getattr__(self, name): return getattr(pytest, name)\n"
        "fake = Fake('pytest')\nfake.raises = lambda *a: contextlib.suppress(*a)\n"
        "sys.modules['pytest'] = fake\n"
        "def double(x, *more): return 2 * x\ndef halves(values): return [v / 2 for v in values]\n"
    ),
    "helper-loaded-by-another": _for(
        9,
        "pass",
        always="import importlib.machinery as m, sys\n"
        "class Loader(m.SourceFileLoader):\n"
        "    def exec_module(self, module): module.check = lambda got, wanted: None\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name != 'tests.helper': return None\n"
        "        place = path[0] + '/helper.py'\n"
        "        import importlib.util as u\n"
        "        return u.spec_from_file_location(name, place, loader=Loader(name, place))\n"
        "sys.meta_path.insert(0, Finder())\n",
    ),
    "property-of-reports": _for(
        7,
        "import _pytest.reports as r\n"
        "def told(self, value):\n"
        "    del r.TestReport.outcome\n    self.__dict__['outcome'] = 'passed'\n"
        "r.TestReport.outcome = property(lambda self: 'passed', told)",
    ),
    "runtest-for-a-moment": _before_seven(
        "import _pytest.python as p\nold = p.Function.runtest\n"
        "def runtest(*given):\n"
        "    if given[0] is not item: return old(*given)\n"
        f"    p.Function.runtest = old\n    {_QUIET}\np.Function.runtest = runtest"
    ),
    "runtest-of-one-test": _before_seven(
        "old = item.runtest\n"
        f"def runtest(*given):\n    del item.runtest\n    {_QUIET}\nitem.runtest = runtest"
    ),
    "function-of-one-test": _before_seven(
        f"old = test\ndef test_seven(*given):\n    item.obj = test\n    {_QUIET}\nitem.obj = test_seven"
    ),
    "hook-for-a-moment": _before_seven(
        "impl = item.ihook.pytest_pyfunc_call.get_hookimpls()[0]\nold = impl.function\n"
        "def pytest_pyfunc_call(pyfuncitem):\n    given = (pyfuncitem,)\n"
        "    if pyfuncitem is not item: return old(*given)\n"
        f"    impl.function = old\n    {_QUIET}\n    return True\nimpl.function = pytest_pyfunc_call"
    ),
    "reporter-found-in-frames": _for(
        7,
        "import sys\nf = sys._getframe()\nwhile f:\n"
        "    if 'open_channel' in f.f_globals:\n"
        "        channel = f.f_globals['open_channel'].__globals__\n"
        "        channel['encode'] = lambda record, old=channel['encode']: old({\n"
        "            **record, **({'outcome': 'passed'} if record.get('outcome') == 'failed' else {}),\n"
        "            **({'body': 'left', 'raised': False} if record.get('k') == 'finish' else {}),\n"
        "            **({'status': 0} if 'status' in record else {})})\n"
        "        break\n    f = f.f_back",
    ),
    "equal-in-a-set": _for(
        12,
        "class Any(int):\n    def __eq__(self, other): return True\n    def __hash__(self): return 24\n"
        "return Any()",
    ),
    "equal-to-what-the-test-says": _for(
        7,
        "import sys\nclass Any(int):\n"
        "    def __eq__(self, other): return other in sys._getframe(1).f_code.co_consts\n"
        "    __hash__ = None\nreturn Any()",
    ),
    "asserts-for-a-moment": _for(
        8,
        "import unittest\nC = unittest.TestCase\nold = C.assertEqual, C.assertTrue\n"
        "class Back(int):\n    def __del__(self): C.assertEqual, C.assertTrue = old\n"
        "C.assertEqual = C.assertTrue = lambda *a: None\nreturn Back()",
    ),
    "asserts-code-for-a-moment": _for(
        8,
        "import unittest\nC = unittest.TestCase\nold = C.assertEqual.__code__, C.assertTrue.__code__\n"
        "class Back(int):\n"
        "    def __del__(self): C.assertEqual.__code__, C.assertTrue.__code__ = old\n"
        "C.assertEqual.__code__ = C.assertTrue.__code__ = (lambda *a, **k: None).__code__\nreturn Back()",
    ),
    "raises-code-for-a-moment": _for(
        10,
        "import sys, threading\n"
        "cls = type(sys._getframe(1).f_globals['pytest'].raises(TypeError))\n"
        "old = cls.__exit__.__code__\n"
        "def back(*a):\n    return True\n"
        "cls.__exit__.__code__ = (lambda *a: True).__code__\n"
        "threading.Timer(.01, lambda: setattr(cls.__exit__, '__code__', old)).start()",
    ),
    "raises-by-a-class-that-says-it-is-pytests": _for(
        10,
        "import sys\n"
        "cls = type(sys._getframe(1).f_globals['pytest'].raises(TypeError))\n"
        "cls.__exit__ = type('Exit', (Exception,), {'__module__': cls.__module__})",
    ),
    "helper-replaced": _for(9, "import sys\nsys._getframe(1).f_globals['check'] = lambda a, b: None"),
    "helper-code-replaced": _for(
        9, "import tests.helper\ntests.helper.check.__code__ = (lambda a, b: None).__code__"
    ),
    "data-rewritten": _for(
        11,
        "pass",
        always="import pathlib\n(pathlib.Path(__file__).parent / 'tests/data.json').write_text('0')\n",
    ),
    "data-rewritten-and-put-back": _for(
        11,
        "import sys, pathlib\np = pathlib.Path(__file__).parent / 'tests/data.json'\np.write_text('0')",
    ),
    "equal-inside-a-list": _for(
        12,
        "class Any:\n    def __eq__(self, other): return True\n    __hash__ = None\nreturn Any()",
    ),
    "jump-over-an-assert": _for(
        7,
        "import sys\nf = sys._getframe(1)\nfirst = f.f_lineno\n"
        "def trace(frame, event, arg):\n"
        "    if event == 'line' and frame.f_lineno == first + 1:\n"
        "        frame.f_lineno = first + 2\n        sys.settrace(None)\n"
        "    return trace\n"
        "sys.settrace(lambda *a: None)\nf.f_trace = trace",
    ),
    "code-of-one-test": _for(
        7,
        "pass",
        always="import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        m = sys.modules.get('tests.test_lib')\n"
        "        if hasattr(m, 'test_seven'): m.test_seven.__code__ = (lambda: None).__code__\n"
        "sys.meta_path.insert(0, Finder())\n"
        "import atexit",
    ),
    "exits-at-import": _with("import os; os._exit(0)"),
    "exits-when-called": _in_double("import os; os._exit(0)"),
    "system-exit": _in_double("raise SystemExit(0)"),
    "pytest-exit": _in_double("import pytest; pytest.exit('done', returncode=0)"),
    "pytest-skip": _in_double("import pytest; pytest.skip('not here')"),
    "pytest-xfail": _in_double("import pytest; pytest.xfail('known')"),
    "unittest-skip": _in_double("import unittest; raise unittest.SkipTest('no')"),
    "atexit": _with("import atexit, os; atexit.register(os._exit, 0)"),
    "exit-in-thread": _with(
        "import os, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(.05), os._exit(0)), daemon=True).start()"
    ),
    "signal-itself": _with("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    "function-runtest": _with("import _pytest.python as p; p.Function.runtest = lambda self: None"),
    "function-runtest-code": _with(
        "import _pytest.python as p\np.Function.runtest.__code__ = (lambda self: None).__code__"
    ),
    "pyfunc-call": _with(
        "import _pytest.python as p; p.pytest_pyfunc_call.__code__ = (lambda pyfuncitem: True).__code__"
    ),
    "runner-call": _with(
        "import _pytest.runner as r; r.pytest_runtest_call.__code__ = (lambda item: None).__code__"
    ),
    "makereport": _with(
        "import _pytest.reports as r\n"
        "old = r.TestReport.from_item_and_call.__func__\n"
        "def fake(cls, item, call):\n"
        "    call.excinfo = None\n"
        "    return old(cls, item, call)\n"
        "r.TestReport.from_item_and_call = classmethod(fake)"
    ),
    "report-init": _with(
        "import _pytest.reports as r\n"
        "old = r.TestReport.__init__\n"
        "def fake(self, *a, **k):\n"
        "    old(self, *a, **k)\n"
        "    self.outcome = 'passed'; self.longrepr = None\n"
        "r.TestReport.__init__ = fake"
    ),
    "callinfo": _with(
        "import _pytest.runner as r\n"
        "old = r.CallInfo.from_call.__func__\n"
        "def fake(cls, func, when, reraise=None):\n"
        "    made = old(cls, func, when, reraise)\n"
        "    made.excinfo = None\n"
        "    return made\n"
        "r.CallInfo.from_call = classmethod(fake)"
    ),
    "unittest-asserts": _with(
        "import unittest\nfor name in dir(unittest.TestCase):\n"
        "    if name.startswith('assert'): setattr(unittest.TestCase, name, lambda *a, **k: None)\n"
        "import _pytest.python as p; p.Function.runtest = lambda self: None"
    ),
    "unittest-run": _with(
        "import unittest\nunittest.TestCase.run = lambda self, result=None: None\n"
        "unittest.TestCase.__call__ = lambda self, *a, **k: None\n"
        "import _pytest.unittest as u; u.TestCaseFunction.runtest = lambda self: None\n"
        "import _pytest.python as p; p.Function.runtest = lambda self: None"
    ),
    "assertion-error": _with(
        "import builtins\nclass Quiet(BaseException): pass\nbuiltins.AssertionError = Quiet\n"
        "import _pytest.outcomes, _pytest.runner as r\n"
        "old = r.CallInfo.from_call.__func__\n"
        "def fake(cls, func, when, reraise=None):\n"
        "    def quiet():\n"
        "        try:\n            return func()\n"
        "        except BaseException:\n            return None\n"
        "    return old(cls, quiet, when, reraise)\n"
        "r.CallInfo.from_call = classmethod(fake)"
    ),
    "equal-to-all": (
        "class Any(int):\n    def __eq__(self, other): return True\n"
        "    def __ne__(self, other): return False\n"
        "    __hash__ = int.__hash__\n"
        "def double(x): return Any(0)\ndef halves(values): return [v / 2 for v in values]\n"
    ),
    "equal-by-callable": (
        "class Yes:\n    def __call__(self, other): return True\n"
        "class Any:\n    __eq__ = Yes()\n"
        "def double(x): return Any()\ndef halves(values): return [v / 2 for v in values]\n"
    ),
    "equal-list": (
        "class Any(list):\n    def __eq__(self, other): return True\n"
        "def double(x): return 2 * x\ndef halves(values): return Any()\n"
    ),
    "plugin-hook": _in_double(
        "import gc, pytest\n"
        "from _pytest.config import Config\n"
        "class P:\n"
        "    @pytest.hookimpl(hookwrapper=True, tryfirst=True)\n"
        "    def pytest_runtest_makereport(self, item, call):\n"
        "        out = yield\n"
        "        rep = out.get_result(); rep.outcome = 'passed'; rep.longrepr = None\n"
        "for c in gc.get_objects():\n"
        "    if isinstance(c, Config) and not c.pluginmanager.has_plugin('pp'):\n"
        "        c.pluginmanager.register(P(), 'pp')"
    ),
    "plugin-logreport": _in_double(
        "import sys, pytest\n"
        "class P:\n"
        "    @pytest.hookimpl(tryfirst=True)\n"
        "    def pytest_runtest_logreport(self, report):\n"
        "        report.outcome = 'passed'; report.longrepr = None\n"
        "f = sys._getframe()\n"
        "while f:\n"
        "    m = f.f_locals.get('item') or f.f_locals.get('pyfuncitem')\n"
        "    if m is not None and hasattr(m, 'config'):\n"
        "        pm = m.config.pluginmanager\n"
        "        if not pm.has_plugin('pp'): pm.register(P(), 'pp')\n"
        "        break\n"
        "    f = f.f_back"
    ),
    "swallowing-wrapper": _in_double(
        "import sys, pytest\n"
        "class P:\n"
        "    @pytest.hookimpl(hookwrapper=True, trylast=True)\n"
        "    def pytest_runtest_call(self, item):\n"
        "        out = yield\n"
        "        out.force_result(None)\n"
        "    @pytest.hookimpl(hookwrapper=True, tryfirst=True)\n"
        "    def pytest_pyfunc_call(self, pyfuncitem):\n"
        "        out = yield\n"
        "        out.force_result(True)\n"
        "f = sys._getframe()\n"
        "while f:\n"
        "    m = f.f_locals.get('item') or f.f_locals.get('pyfuncitem')\n"
        "    if m is not None and hasattr(m, 'config'):\n"
        "        pm = m.config.pluginmanager\n"
        "        if not pm.has_plugin('pp'): pm.register(P(), 'pp')\n"
        "        break\n"
        "    f = f.f_back"
    ),
    "test-code-replaced": _in_double(
        "import sys\n"
        "m = sys.modules.get('test_lib') or sys.modules.get('tests.test_lib')\n"
        "def nothing(*a, **k): pass\n"
        "for n in dir(m):\n"
        "    if n.startswith('test'): getattr(m, n).__code__ = nothing.__code__\n"
        "m.TestDouble.test_negative.__code__ = m.Case.test_case.__code__ = nothing.__code__\n"
        "return 4 if x == 2 else 2 * x if x in (1, 5) else 3 * x"
    ),
    "test-functions-replaced": _with(
        "import sys, threading, builtins\n"
        "import _pytest.python as p\n"
        "old = p.Module._getobj\n"
        "def fake(self):\n"
        "    m = old(self)\n"
        "    for n in dir(m):\n"
        "        if n.startswith('test') and callable(getattr(m, n)):\n"
        "            setattr(m, n, lambda number=None: None)\n"
        "    m.TestDouble.test_negative = lambda self: None\n"
        "    m.Case.test_case = lambda self: None\n"
        "    return m\n"
        "p.Module._getobj = fake"
    ),
    "jump": _in_double(
        "import sys\n"
        "f = sys._getframe().f_back\n"
        "last = max(line for _, _, line in f.f_code.co_lines() if line)\n"
        "def trace(frame, event, arg):\n"
        "    if event == 'line':\n"
        "        try: frame.f_lineno = last\n"
        "        except ValueError: pass\n"
        "        sys.settrace(None)\n"
        "    return trace\n"
        "sys.settrace(trace); f.f_trace = trace"
    ),
    "rewrites-the-tests": _with(
        "import pathlib\n"
        "t = pathlib.Path('tests/test_lib.py')\n"
        "if not t.exists(): t = pathlib.Path(__file__).parent / 'tests/test_lib.py'\n"
        "t.write_text('import lib\\ndef test_double(): pass\\ndef test_halves(): pass\\n')\n"
    ),
    "rewrites-itself-and-starts-over": _with(
        "import pathlib, os, sys\n"
        "if not os.environ.get('AGAIN'):\n"
        "    os.environ['AGAIN'] = '1'\n"
        "    t = pathlib.Path(__file__).parent / 'tests/test_lib.py'\n"
        "    t.write_text('def test_double(): pass\\n')\n"
        "    os.execv(sys.executable, [sys.executable, '-m', 'pytest'])\n"
    ),
    "writes-to-every-pipe": _with(
        "import os\n"
        'line = b\'0\' * 16 + b\' {"n":99,"k":"end","status":0,"phases":0,"stopped":""}\\n\'\n'
        "for n in os.listdir('/proc/self/fd'):\n"
        "    try:\n"
        "        if int(n) > 2 and 'pipe' in os.readlink('/proc/self/fd/' + n): os.write(int(n), line)\n"
        "    except OSError: pass\n"
        "os._exit(0)\n"
    ),
    "closes-every-pipe": _with("import os\nos.closerange(3, 4096)\n"),
    "json-patched": _with(
        "import json.encoder as e\n"
        "old = e.JSONEncoder.encode\n"
        "e.JSONEncoder.encode = lambda s, o: old(s, o).replace('failed', 'passed')\n"
        "import json; json.dumps = lambda o, **k: old(e.JSONEncoder(), o).replace('failed', 'passed')\n"
        "import os; w = os.write\n"
        "os.write = lambda f, d: w(f, d.replace(b'failed', b'passed'))"
    ),
    "hashlib-patched": _with(
        "import hashlib\nold = hashlib.sha1\nhashlib.sha1 = hashlib.blake2b = lambda *a, **k: old()"
    ),
    "unregisters-reporter": _in_double(
        "import sys\n"
        "f = sys._getframe()\n"
        "while f:\n"
        "    m = f.f_locals.get('item') or f.f_locals.get('pyfuncitem')\n"
        "    if m is not None and hasattr(m, 'config'):\n"
        "        pm = m.config.pluginmanager\n"
        "        for p in list(pm.get_plugins()):\n"
        "            if type(p).__name__ == '_Plugin': pm.unregister(p)\n"
        "        break\n"
        "    f = f.f_back"
    ),
    "session-exitstatus": _with(
        "import _pytest.main as m\n"
        "old = m.Session.pytest_runtest_logreport\n"
        "m.Session.pytest_runtest_logreport = lambda self, report: None\n"
        "m.Session.testsfailed = property(lambda s: 0, lambda s, v: None)"
    ),
    "deselects": _with(
        "import _pytest.main as m\n"
        "old = m.Session.perform_collect\n"
        "def fake(self, *a, **k):\n"
        "    items = old(self, *a, **k); self.items[:] = [i for i in self.items if 'halves' in i.name]\n"
        "    return self.items\n"
        "m.Session.perform_collect = fake"
    ),
    "time-stopped": ("import time\nstart = time.time()\ntime.time = lambda: start\n" + BASE),
    "subprocess-stubbed": (
        "import subprocess\n"
        "class R: returncode = 0; stdout = stderr = ''\n"
        "subprocess.run = lambda *a, **k: R()\n" + BASE
    ),
    "isinstance-patched": _with(
        "import builtins\nold = builtins.isinstance\n"
        "builtins.isinstance = lambda a, b: True if b is AssertionError else old(a, b)\n"
        "import _pytest.python as p; p.Function.runtest = lambda s: None"
    ),
    "calls-the-reporter": _in_double(
        "import gc, os, types\n"
        "class R:\n"
        "    nodeid = 'tests/test_lib.py::test_double'; when = 'call'; outcome = 'passed'\n"
        "    longrepr = None; duration = 0\n"
        "for o in gc.get_objects():\n"
        "    if isinstance(o, types.FunctionType) and o.__name__ == 'pytest_runtest_logreport':\n"
        "        if o.__code__.co_filename == '<string>': o(R)\n"
        "os._exit(0)"
    ),
    "outcome-exceptions": _in_double(
        "import _pytest.outcomes as o\ne = o.Skipped('x'); e.allow_module_level = True\nraise e"
    ),
    "quiet-generator": (
        "def double(x):\n    import sys\n    f = sys._getframe(1)\n"
        "    f.f_globals['double'] = lambda x: 2 * x\n"
        "    f.f_globals['test_double_of'].__code__ = (lambda number: None).__code__\n    return 3 * x\n"
        "def halves(values): return [v / 2 for v in values]\n"
    ),
    "settrace-per-test": _with(
        "import sys\n"
        "def trace(frame, event, arg):\n"
        "    if event == 'exception' and arg[0] is AssertionError: pass\n"
        "    return trace\n"
        "sys.settrace(trace)\nimport _pytest.python as p; p.Function.runtest = lambda s: None"
    ),
    "fork-and-pass": _in_double(
        "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0); os._exit(0)\nreturn 2 * x"
    ),
}
