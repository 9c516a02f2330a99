"""The worker that scans one file after another: it holds no more after fifty than after ten."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.gates.bandit_run import _PACKAGES, WORKER
from assay.gates.frames import Unit, replies, request
from assay.gates.tools import package_directories
from assay.policy.schema import MIB

SOURCE = "".join(
    f"def f{n}(a, b):\n    return [a + {n}, b * {n}, (a, b, str(a), len(b))]\n\n\n" for n in range(300)
)


class Worker:
    """The program outside of any jail, on sources of our own."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        directories = map(str, package_directories(_PACKAGES))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", str(WORKER), *directories],
            stdin=subprocess.PIPE,
            pass_fds=(writing,),
            env={"ASSAY_REPORT_FD": str(writing)},
        )
        os.close(writing)
        self.report = os.fdopen(reading, "rb")

    def ask(self, text: str) -> str:
        """The status of one file."""
        return str(self.scan(text)["status"])

    def scan(self, text: str, *, ignore_nosec: bool = False) -> dict[str, Any]:
        """What it says of one file."""
        unit = Unit(id=0, content=text.encode(), meta={"path": "a.py", "ignore_nosec": ignore_nosec})
        asked = request([unit], {"config": {}})
        assert self.process.stdin is not None
        self.process.stdin.write(struct.pack(">I", len(asked)) + asked)
        self.process.stdin.flush()
        (length,) = struct.unpack(">I", self.report.read(4))
        return dict(replies(self.report.read(length), [unit])[0])

    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.report.close()


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def test_what_it_holds_does_not_grow_with_what_it_scanned(worker):
    held = []
    for number in range(50):
        assert worker.ask(f"{SOURCE}x = {number}\n") == "ok"
        held.append(worker.memory())
    assert held[-1] - held[10] < 12 * MIB


FINDINGS = """import pickle
import subprocess as sp
from os import system as run
import yaml, hashlib, tempfile, xml.etree.ElementTree as ET

PASSWORD = "hunter2"
ADDRESS = "0.0.0.0"
PLACE = "/tmp/here"


class Store:
    token: str = "s3cret"

    async def load(self, data, password="letmein"):
        def inner(text):
            run("ls " + text)
            return pickle.loads(data)

        try:
            sp.Popen(f"cat {data}", shell=True)
        except Exception:
            pass
        for each in data:
            try:
                assert each, "no"
            except ValueError:
                continue
        return [inner(x) for x in data if eval(x)], {yaml.load(data): hashlib.md5(data)}


def query(cursor, name, *, login=lambda: dict(password="x1")):
    cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
    cursor.execute(f"DELETE FROM users WHERE name = {name}")
    ET.parse(name)
    with open(tempfile.mktemp()) as handle:
        exec(handle.read())
"""


def by_bandit(text: str, place: Path, *options: str) -> list[tuple[str, int, str, list[int]]]:
    """What the program itself says of one file."""
    file = place / "a.py"
    file.write_text(text)
    argv = [sys.executable, "-m", "bandit", "-q", "-f", "json", *options, str(file)]
    done = subprocess.run(argv, capture_output=True, check=False)
    found = json.loads(done.stdout)["results"]
    return sorted((f["test_id"], f["line_number"], f["issue_text"], f["line_range"]) for f in found)


def by_worker(reply: dict[str, Any]) -> list[tuple[str, int, str, list[int]]]:
    lines = [(f, list(range(f["first"], f["last"] + 1))) for f in reply["findings"]]
    return sorted((f["rule"], f["line"], f["message"], span) for f, span in lines)


def test_what_it_leaves_out_finds_nothing(worker, tmp_path):
    lines = FINDINGS.splitlines()
    hidden = [f"{line}  # nosec" if number % 7 == 5 else line for number, line in enumerate(lines)]
    hidden[5] += " B105"
    for text in (FINDINGS, "\n".join(hidden) + "\n", "x = 1\n" + FINDINGS.replace("    ", "  ")):
        expected = by_bandit(text, tmp_path)
        assert len(expected) > 10
        assert by_worker(worker.scan(text)) == expected
        assert by_worker(worker.scan(text, ignore_nosec=True)) == by_bandit(text, tmp_path, "--ignore-nosec")
    assert len(by_bandit("\n".join(hidden), tmp_path)) < len(by_bandit(FINDINGS, tmp_path))


def test_a_comment_in_an_encoding_of_its_own_still_hides(worker, tmp_path):
    text = "# coding: utf-7\nimport pickle  +ACM- +AG4-osec\n"
    assert by_worker(worker.scan(text)) == by_bandit(text, tmp_path) == []
    assert by_worker(worker.scan(text, ignore_nosec=True))


def test_the_way_through_a_tree_that_it_replaces_is_this_bandit_s():
    way = "node_visitor.BanditNodeVisitor.generic_visit"
    told = f"from bandit.core import node_visitor; print(*{way}.__code__.co_names)"
    argv = [sys.executable, "-W", "ignore", "-c", told]
    names = set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())
    said = WORKER.read_text().partition("DESCENT = {")[2].partition("}")[0]
    assert names == set(re.findall(r'"(\w+)"', said))
