"""The gate over a project of many layouts at once: what forks of a warm interpreter say of a candidate is
what processes that start from nothing say."""

import anyio
import pytest
from msgspec import structs
from tests.gates.testing.fake import Project
from tests.gates.testing.test_jail import JailToolbox

from assay.gates.tests import TestsGate
from assay.model.outcome import Outcome
from assay.policy.schema import Select
from assay.repo.repository import open_repository
from assay.sandbox.jail import open_sandbox
from assay.sandbox.layers import LayerStore
from assay.sandbox.probe import probe

pytestmark = pytest.mark.jail

LIB = "def double(x):\n    return 2 * x\n\n\ndef spare(x):\n    return x\n"
USES = "from {module} import double\n\n\ndef test_double(two):\n    assert double(two) == 4\n"
FILES = {
    "pytest.ini": "[pytest]\npythonpath = src\naddopts = --doctest-modules -p extra\n"
    "filterwarnings = error\n",
    "src/pkg/__init__.py": "",
    "src/pkg/lib.py": LIB,
    "src/extra.py": "def pytest_addoption(parser):\n    parser.addoption('--extra', default='e')\n",
    "src/space/part/inner.py": "from pkg.lib import double\n",
    "src/pkg/doc.py": 'def half(x):\n    """\n    >>> half(4)\n    2\n    """\n    return x // 2\n',
    "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n",
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef two(one):\n    return 2 * one\n",
    "tests/test_lib.py": USES.format(module="pkg.lib"),
    "tests/space/test_lib_of_space.py": USES.format(module="space.part.inner"),
    "tests/grün und [rot]/test_größe.py": USES.format(module="pkg.lib").replace("test_double", "test_größe"),
    "tests/deep/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n",
    "tests/deep/test_long.py": "import pytest\nfrom pkg.lib import double\n\n\n"
    '@pytest.mark.parametrize("x", ["a" * 3000, "\\n::[]\\x00", "ü" * 300])\n'
    "def test_long(x):\n    assert double(x) == x + x\n",
    "tests/test_cases.py": "import asyncio\nimport unittest\n\nfrom pkg.lib import double\n\n\n"
    "class Cases(unittest.TestCase):\n    def test_parts(self):\n        for x in range(3):\n"
    "            with self.subTest(x=x):\n                self.assertEqual(double(x), x + x)\n\n\n"
    "class Loop(unittest.IsolatedAsyncioTestCase):\n    async def test_loop(self):\n"
    "        await asyncio.sleep(0)\n        self.assertEqual(double(1), 2)\n",
    "tests/test_options.py": "import os\nimport subprocess\nimport sys\n\n\n"
    "def test_option(request):\n    assert request.config.getoption('extra') == 'e'\n\n\n"
    "def test_program(pytestconfig):\n    words = [sys.executable, '-c', 'import pkg.lib']\n"
    "    path = os.path.join(str(pytestconfig.rootpath), 'src')\n"
    "    subprocess.run(words, check=True, env={**os.environ, 'PYTHONPATH': path})\n",
}
CHANGES = {
    "harmless": {"src/pkg/lib.py": LIB.replace("return x\n", "return 0 + x\n")},
    "wrong": {"src/pkg/lib.py": LIB.replace("2 * x", "2 * x if len(str(x)) < 9 else x")},
    "doc": {"src/pkg/doc.py": FILES["src/pkg/doc.py"].replace("x // 2", "x // 3")},
    "fixture": {"tests/conftest.py": FILES["tests/conftest.py"].replace("2 * one", "3 * one")},
    "plugin": {"src/extra.py": "def pytest_addoption(parser):\n    pass\n"},
    "shadows": {"src/calendar.py": "raise SystemExit(3)\n"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory):
    """By name: the result in warm processes and in cold ones; what was left out, and the cold starts."""
    host = probe()
    if host.tier is None:
        pytest.skip("no jail on this host")
    scratch = tmp_path_factory.mktemp("warm")
    project = Project(scratch, FILES)

    async def grade():
        results = {}
        async with open_sandbox(host, lambda call: None) as sandbox:
            repo = open_repository(scratch / "repo")
            with LayerStore.open(repo, host) as layers:
                toolbox = JailToolbox(repo, project.base, scratch, sandbox, layers)
                rules = structs.replace(toolbox.policy.tests, from_base=False, select=Select.NEVER, warm=True)
                for name, changes in CHANGES.items():
                    candidate = project.candidate(changes)
                    each = []
                    for warm in (True, False):
                        tests = structs.replace(rules, warm=warm)
                        toolbox.policy = structs.replace(toolbox.policy, tests=tests)
                        each.append(await TestsGate().run(toolbox, candidate))
                    results[name] = each
            return results, dict(sandbox.left_out), dict(sandbox.warming().cold)

    return anyio.run(grade)


@pytest.mark.parametrize("name", CHANGES)
def test_warm_processes_say_what_cold_ones_say(found, name):
    warm, cold = found[0][name]
    assert warm.outcome is cold.outcome, (warm.reason, cold.reason)
    assert set(warm.detail["newly_failing"]) <= set(cold.detail["newly_failing"])
    assert bool(warm.detail["newly_failing"]) is (warm.outcome is Outcome.FAILED)
    if warm.outcome is Outcome.PASSED:
        assert warm.detail["counts"] == cold.detail["counts"]


def test_each_says_what_it_should(found):
    passed = {name for name, (warm, _) in found[0].items() if warm.outcome is Outcome.PASSED}
    assert passed == {"harmless"}, {name: warm.reason for name, (warm, _) in found[0].items()}


def test_they_are_quick_and_start_warm_but_for_what_a_tree_shadows(found):
    results, left_out, cold = found
    assert all(results[name][0].detail["quick"] for name in ("harmless", "wrong", "doc", "fixture"))
    assert not left_out
    assert all("calendar" in why for why in cold), cold
