"""The worker that makes code ahead of time: the same for the same text, nothing for what does not compile."""

from __future__ import annotations

import base64
import marshal

import anyio
import pytest
from tests.gates.testing.fake import Project

from assay.gates.frames import Unit, replies, request
from assay.gates.inject.compiling import PRODUCT
from assay.gates.testing import pressing

TEXTS = [b"VALUE = 7\n", b"def f(:\n", b"VALUE = 8\n"]


@pytest.fixture
def worker(tmp_path):
    """The process as a run starts it."""
    from tests.gates.static_fakes import ProcessWorker

    toolbox = Project(tmp_path, {"a.py": "x = 1\n"}).toolbox
    command = anyio.run(pressing._command, toolbox)
    process = ProcessWorker(command, None)
    yield process
    process.close()


def ask(worker, texts):
    units = [
        Unit(id=number, content=text, meta={"path": f"m{number}.py", "kind": PRODUCT})
        for number, text in enumerate(texts)
    ]
    common = {"root": "/r", "patterns": ["test"], "modules": pressing._modules()}
    said = replies(anyio.run(worker.ask, request(units, common), 60.0), units)
    return [base64.b64decode(reply["code"]) for reply in said]


def test_one_process_answers_one_request_after_another(worker):
    first = ask(worker, TEXTS)
    assert [bool(code) for code in first] == [True, False, True]
    for number, code in ((0, first[0]), (2, first[2])):
        space = {}
        made = marshal.loads(code)
        exec(made, space)
        assert (made.co_filename, space["VALUE"]) == (f"/r/m{number}.py", 7 + number // 2)
    assert [bool(code) for code in ask(worker, TEXTS[1:])] == [False, True]


def test_nothing_of_what_is_sent_is_executed(worker, tmp_path):
    trace = tmp_path / "ran"
    text = f"open({str(trace)!r}, 'w')\nimport os\nos._exit(3)\n".encode()
    assert ask(worker, [text])[0]
    assert not trace.exists()
    assert ask(worker, [b"x = 1\n"])[0]
