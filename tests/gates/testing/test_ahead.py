"""Code that runs are handed: asked for once, kept by blob, and never needed."""

import anyio
import msgspec
import pytest
from msgspec import structs

from assay.gates.inject.compiling import PRODUCT, REWRITTEN, TRUSTED
from assay.gates.testing import ahead, base
from assay.gates.testing.ahead import changed, wanted
from assay.gates.testing.pressing import File
from assay.gates.testing.records import Learned
from assay.gates.testing.run import NOTHING, Ended, execute
from assay.gates.testing.suite import Suite
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
    before = len(here.toolbox.asked)
    here.toolbox._once.clear()
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, suite) == found
    assert len(here.toolbox.asked) == before


def test_a_base_that_told_nothing_has_nothing_made(made):
    here, suite, _ = made
    silent = structs.replace(suite, learned=None)
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, silent) is NOTHING


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"units": []}', b'{"error": "none"}'])
def test_an_answer_that_is_none_makes_nothing(made, monkeypatch, answer):
    here, suite, _ = made

    class Worker:
        async def ask(self, request, seconds):
            return answer

    async def worker(name, start):
        return Worker()

    here.toolbox._once.clear()
    here.toolbox.memory.clear()
    monkeypatch.setattr(here.toolbox, "worker", worker)
    assert anyio.run(ahead.made, here.toolbox, here.base.tree, suite) is NOTHING


def test_of_what_changed_it_is_wanted_what_a_run_will_load():
    suite = Suite(loaded=("tests/test_a.py", "tests/help.py"))
    trusted = {"tests/test_a.py": "1", "tests/help.py": "2", "tests/test_new.py": "3", "conftest.py": "4"}
    blobs = {**trusted, "lib.py": "5", "setup.py": "6"}
    found = changed([*blobs, "gone.py"], suite, LEARNED, trusted, blobs)
    assert [(file.path, file.kind, file.blob) for file in found] == [
        ("tests/test_a.py", REWRITTEN, "1"),
        ("tests/help.py", TRUSTED, "2"),
        ("tests/test_new.py", REWRITTEN, "3"),
        ("lib.py", PRODUCT, "5"),
    ]


LONG = "def double(x):\n    return 2 * x\n" + "".join(f"\n\ndef f{n}(x):\n    return x\n" for n in range(400))


async def _of(here, suite, candidates):
    """What is made of several candidates that ask at the same time."""
    found = {}

    async def ask(number, candidate):
        found[number] = await ahead.of_changes(here.toolbox, candidate.tree, candidate.changes, suite)

    async with anyio.create_task_group() as group:
        for number, candidate in enumerate(candidates):
            group.start_soon(ask, number, candidate)
    return [found[number] for number in range(len(candidates))]


def test_what_several_candidates_change_alike_is_compiled_once(made):
    here, suite, _ = made
    here.toolbox.candidates = 3
    texts = [LONG, LONG + "\n\nX = 1\n", LONG + "\n\nX = 1\n"]
    candidates = [here.candidate({"lib.py": text}) for text in texts]
    before = len(here.toolbox.asked)
    found = anyio.run(_of, here, suite, candidates)
    assert len(here.toolbox.asked) - before == 2
    blobs = [each.files["lib.py", PRODUCT][0] for each in found]
    assert blobs == [candidate.changes[0].new_blob for candidate in candidates]
    assert anyio.run(_of, here, suite, candidates) == found
    assert len(here.toolbox.asked) - before == 2


def test_what_cannot_be_compiled_is_left_to_the_runs(made):
    here, suite, _ = made
    here.toolbox.candidates = 3
    candidate = here.candidate({"lib.py": LONG + "\n\ndef broken(:\n"})
    before = len(here.toolbox.asked)
    for _ in range(2):
        (found,) = anyio.run(_of, here, suite, [candidate])
        assert not found.files
    assert len(here.toolbox.asked) - before == 1


def test_a_run_of_a_candidate_that_is_handed_its_code_comes_to_the_same(made):
    here, suite, _ = made
    here.toolbox.candidates = 3
    for text in (LONG, LONG.replace("2 * x", "3 * x")):
        candidate = here.candidate({"lib.py": text})

        async def runs(candidate=candidate):
            code = await ahead.of_changes(here.toolbox, candidate.tree, candidate.changes, suite)
            assert code.files
            return [
                await execute(here.toolbox, candidate.tree, label="t", seconds=60, warm=Warmth(), made=each)
                for each in (code, NOTHING)
            ]

        one, other = anyio.run(runs)
        assert one.ended is Ended.COMPLETE, one.why
        assert [structs.replace(case, seconds=0.0) for case in one.suite.cases] == [
            structs.replace(case, seconds=0.0) for case in other.suite.cases
        ]


@pytest.mark.parametrize(("text", "candidates"), [(LONG, 1), ("x = 1\n", 3)])
def test_nothing_is_made_of_little_or_for_one(made, text, candidates):
    here, suite, _ = made
    here.toolbox.candidates = candidates
    assert anyio.run(_of, here, suite, [here.candidate({"lib.py": text})]) == [NOTHING]


def test_no_more_is_kept_than_there_is_room_for(made, monkeypatch):
    here, suite, _ = made
    here.toolbox.candidates = 3
    monkeypatch.setattr(ahead, "KEPT_BYTES", 1)
    candidate = here.candidate({"lib.py": LONG})
    for _ in range(2):
        before = len(here.toolbox.asked)
        (found,) = anyio.run(_of, here, suite, [candidate])
        assert set(found.files) == {("lib.py", PRODUCT)}
        assert len(here.toolbox.asked) == before + 1


def test_what_is_learned_survives_the_cache():
    suite = Suite(learned=LEARNED)
    assert msgspec.json.decode(msgspec.json.encode(suite), type=Suite) == suite
