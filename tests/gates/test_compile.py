"""The compile gate, with the real worker under this interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.gates.compile import CompileGate
from assay.model.outcome import Outcome, Skip
from assay.sandbox.spec import JailCommand

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench

GOOD, BAD = "def f():\n    return 1\n", "def f(:\n"


def test_passes_what_compiles(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": GOOD + "x = 1\n", "b.py": GOOD})
    assert result.outcome is Outcome.PASSED
    assert result.evidence == {"files": 2}


def test_fails_with_the_place(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": "x = 1\n" + BAD})
    assert result.outcome is Outcome.FAILED
    (finding,) = result.findings
    assert (finding.path, finding.line) == ("a.py", 2)
    assert result.reason.startswith("a.py:2: ")


def test_a_new_broken_file_fails_unless_excluded(bench: Bench) -> None:
    assert bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": GOOD, "b.py": BAD}).outcome is Outcome.FAILED
    bench.with_section("compile", exclude=("b.*",))
    assert bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": GOOD, "b.py": BAD}).skip is Skip.NOT_APPLICABLE


def test_invariant_6_a_file_broken_on_the_base_is_not_the_candidates(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"t.py": BAD}, {"t.py": BAD + "# more\n"})
    assert result.outcome is Outcome.PASSED
    assert result.detail["pre_existing"] == ["t.py"]


def test_text_renamed_to_python_is_the_candidates(bench: Bench) -> None:
    text = "not python at all, but the same text\n" * 5
    assert bench.run(CompileGate(), {"a.txt": text}, {"a.py": text}).outcome is Outcome.FAILED


def test_deleting_and_data_are_not_applicable(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"a.py": BAD, "d": "1"}, {"d": "2", "s.pyi": "def f(: ..."})
    assert result.skip is Skip.NOT_APPLICABLE


def test_scripts_are_known_by_their_first_line(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"d": "1"}, {"d": "1", "tool": "#!/usr/bin/env python3\n" + BAD})
    assert [finding.path for finding in result.findings] == ["tool"]
    old = {"d": "1", "tool": "#!/usr/bin/env python2\nprint 1\n"}
    assert bench.run(CompileGate(), {"d": "1"}, old).skip is Skip.NOT_APPLICABLE


@pytest.mark.parametrize(
    "source",
    [
        b"x = 1\0\n",
        b"# -*- coding: no-such -*-\n",
        b"\xff\xfe = 1\n",
        b"x = " + b"-" * 100_000 + b"1\n",
        b"(" * 5000,
        b"f(" + b"+".join([b"1"] * 50_000) + b")\n",
    ],
)
def test_hostile_sources_are_findings(bench: Bench, source: bytes) -> None:
    result = bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": GOOD, "h.py": source})
    assert result.outcome in (Outcome.FAILED, Outcome.PASSED)
    assert result.outcome is Outcome.FAILED or source.startswith(b"f(")


def test_a_null_byte_is_named_on_its_own(bench: Bench) -> None:
    result = bench.run(CompileGate(), {"a.py": GOOD}, {"a.py": GOOD + "y = 1\n", "h.py": b"x = 1\0\n"})
    assert [finding.path for finding in result.findings] == ["h.py"]


def crashing(marker: str, always: bool = False) -> str:
    """A worker that dies as soon as it is asked about a source with `marker` in it."""
    return (
        "import os, struct, sys, json\n"
        "fd = int(os.environ['ASSAY_REPORT_FD'])\n"
        "while True:\n"
        "    n = sys.stdin.buffer.read(4)\n"
        "    if len(n) < 4: break\n"
        "    p = sys.stdin.buffer.read(struct.unpack('>I', n)[0])\n"
        f"    if {marker!r}.encode() in p or {always}: os._exit(9)\n"
        "    k = struct.unpack('>I', p[:4])[0]\n"
        "    units = json.loads(p[4:4 + k])['units']\n"
        "    r = json.dumps({'units': [{'id': u['id'], 'problem': None} for u in units]}).encode()\n"
        "    os.write(fd, struct.pack('>I', len(r)) + r)\n"
    )


def with_worker(source: str):
    def alter(command: JailCommand) -> JailCommand:
        return msgspec.structs.replace(command, argv=(command.argv[0], "-c", source))

    return alter


def test_invariant_5_a_file_that_kills_the_worker_fails_and_only_that_file(bench: Bench) -> None:
    bench.alter_worker = with_worker(crashing("BOOM"))
    new = {"a.py": "x = 1\n", "b.py": "x = 'BOOM'\n", "c.py": "x = 2\n"}
    result = bench.run(CompileGate(), {"d": "1"}, {"d": "1", **new})
    assert result.outcome is Outcome.FAILED
    assert [(finding.path, finding.message) for finding in result.findings] == [
        ("b.py", "this file crashes the compiler")
    ]


def test_invariant_6_a_file_that_kills_the_worker_on_the_base_too_is_pre_existing(bench: Bench) -> None:
    bench.alter_worker = with_worker(crashing("BOOM"))
    result = bench.run(CompileGate(), {"b.py": "x = 'BOOM'\n"}, {"b.py": "x = 'BOOM'\ny = 1\n"})
    assert result.outcome is Outcome.PASSED


def test_invariant_6_a_worker_that_never_lives_is_the_machines_trouble(bench: Bench) -> None:
    from assay.model.errors import Unsound

    bench.alter_worker = with_worker(crashing("", always=True))
    with pytest.raises(Unsound):
        bench.run(CompileGate(), {"d": "1"}, {"d": "1", "a.py": "x = 1\n"})


def test_invariant_5_a_reply_that_answers_too_little_is_no_pass(bench: Bench) -> None:
    source = crashing("BOOM").replace("for u in units]", "for u in units[1:]]")
    bench.alter_worker = with_worker(source)
    result = bench.run(CompileGate(), {"d": "1"}, {"d": "1", "a.py": "x = 1\n"})
    assert result.outcome is Outcome.INFRA


def test_what_compiles_is_remembered_and_what_does_not_is_asked_again(bench: Bench) -> None:
    bench.run(CompileGate(), {"d": "1"}, {"d": "1", "a.py": GOOD})
    bench.refused.add("compile worker")
    same = bench.run(CompileGate(), {"d": "1"}, {"d": "1", "elsewhere.py": GOOD})
    assert same.outcome is Outcome.PASSED
    bench.refused.clear()
    for _ in range(2):
        assert bench.run(CompileGate(), {"d": "1"}, {"d": "1", "b.py": BAD}).outcome is Outcome.FAILED
        assert bench.served == 1
