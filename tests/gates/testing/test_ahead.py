"""Code that runs are handed: asked for once, kept by blob, and never needed."""

import anyio
import msgspec
import pytest
from msgspec import structs

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, TRUSTED
from assay.gates.testing import ahead, base
from assay.gates.testing.ahead import File, wanted
from assay.gates.testing.records import Learned
from assay.gates.testing.run import NOTHING, Ended, execute
from assay.gates.testing.suite import Suite
from assay.model.tool import Ending
from assay.sandbox.spec import Warmth

LEARNED = Learned(n=0, rewritten=("tests/test_a.py",), others=("lib.py", "gone.py"))


def test_what_is_wanted_is_what_was_loaded_and_is_in_the_tree():
    suite = Suite(loaded=("tests/test_a.py", "tests/help.py", "tests/gone.py"), learned=LEARNED)
    found = wanted(suite, LEARNED, {"tests/test_a.py": "1", "tests/help.py": "2"}, {"lib.py": "3"})
    assert found == (
        File(path="tests/test_a.py", kind=REWRITTEN, blob="1"),
        File(path="tests/help.py", kind=TRUSTED, blob="2"),
        File(path="lib.py", kind=PRODUCT, blob="3"),
    )


@pytest.fixture
def made(project):
    """The project, its base's suite, and what is made ahead of time for it in one transaction."""
    here = project()

    async def make():
        run = await base.results(here.toolbox, here.base.tree)
        return run.suite, await ahead.made(here.toolbox, here.base.tree, run.suite)

    return here, *anyio.run(make)


def test_the_base_tells_what_it_loads_and_that_is_compiled(made):
    _, suite, found = made
    assert suite.learned.rewritten == ("tests/test_lib.py",)
    assert suite.learned.others == ("lib.py",)
    assert {"_pytest.python", "pytest"} <= set(suite.learned.installed)
    assert "lib" not in suite.learned.installed
    assert set(found.files) == {("tests/test_lib.py", REWRITTEN), ("lib.py", PRODUCT)}
    assert found.modules


def test_a_run_that_is_handed_code_comes_to_the_same(made):
    here, suite, found = made
    tree = here.base.tree
    run = anyio.run(lambda: execute(here.toolbox, tree, label="t", seconds=60, warm=Warmth(), made=found))
    assert run.ended is Ended.COMPLETE, run.why
    assert [(case.id, case.result, case.body, case.origin) for case in run.suite.cases] == [
        (case.id, case.result, case.body, case.origin) for case in suite.cases
    ]
    assert run.suite.learned is None


def test_what_is_known_is_not_asked_for_again(made):
    here, suite, found = made
    before = len(here.toolbox.sandbox.calls)
    here.toolbox._once.clear()
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, suite) == found
    assert len(here.toolbox.sandbox.calls) == before


def test_a_base_that_told_nothing_has_nothing_made(made):
    here, suite, _ = made
    silent = structs.replace(suite, learned=None)
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, silent) is NOTHING


@pytest.mark.parametrize("report", [b"", b"[]\n", b"{", b'[["", "", "", 5]]\nabc'])
def test_a_report_that_is_not_whole_makes_nothing(made, report):
    here, suite, _ = made
    call = here.toolbox.sandbox.calls[-1]
    broken = structs.replace(anyio.run(here.toolbox.sandbox.run, call), ending=Ending.EXITED, report=report)
    here.toolbox._once.clear()
    here.toolbox.memory.clear()
    here.toolbox.sandbox.endings.append(broken)
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, suite) is NOTHING


def test_what_is_learned_survives_the_cache():
    suite = Suite(learned=LEARNED)
    assert msgspec.json.decode(msgspec.json.encode(suite), type=Suite) == suite
