"""Reading what the user gives: directories, patches, instance records, lists."""

import json
import os

import pytest

from assay.land.given import read_given, read_required
from assay.model.errors import BadInput
from assay.repo.repository import EXECUTABLE, FILE

RECORD = {"instance_id": "a__b-1", "test_patch": "diff", "FAIL_TO_PASS": '["t.py::x"]', "PASS_TO_PASS": []}


def write(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_directory_s_files_keep_their_paths_and_leave_behind_what_tools_made(tmp_path):
    top = tmp_path / "hidden"
    write(top, "tests/test_a.py", "a")
    write(top, "tests/run.sh", "b").chmod(0o755)
    write(top, ".hidden", "c")
    for name in (".git/config", "tests/__pycache__/x.pyc", "x.pyc", ".pytest_cache/v"):
        write(top, name, "no")
    (top / "tests/link.py").symlink_to(write(tmp_path, "elsewhere.py", "d"))
    (given,) = read_given(top)
    assert [(laid.path, laid.mode, laid.content) for laid in given.files] == [
        (".hidden", FILE, b"c"),
        ("tests/link.py", FILE, b"d"),
        ("tests/run.sh", EXECUTABLE, b"b"),
        ("tests/test_a.py", FILE, b"a"),
    ]


def empty(top):
    top.mkdir()


def link_to_a_directory(top):
    write(top, "a", "")
    (top / "tests").symlink_to(top.parent)


def fifo(top):
    top.mkdir()
    os.mkfifo(top / "pipe")


def dangling(top):
    top.mkdir()
    (top / "test_a.py").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (empty, "no file"),
        (link_to_a_directory, "link to a directory"),
        (fifo, "neither a file nor a directory"),
        (dangling, "cannot be read"),
    ],
)
def test_a_directory_that_cannot_be_laid_over_is_bad_input(tmp_path, make, words):
    make(tmp_path / "hidden")
    with pytest.raises(BadInput, match=words):
        read_given(tmp_path / "hidden")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("i.json", json.dumps(RECORD)),
        ("i.jsonl", json.dumps(RECORD) + "\n\n"),
        ("i", json.dumps([RECORD], indent=2)),
        ("i.json", "\ufeff" + json.dumps([RECORD])),
    ],
)
def test_records_are_told_from_patches(tmp_path, name, text):
    (given,) = read_given(write(tmp_path, name, text))
    assert (given.instance, given.patch, given.required.fail_to_pass) == ("a__b-1", b"diff", ("t.py::x",))


def test_anything_else_is_a_patch(tmp_path):
    (given,) = read_given(write(tmp_path, "x.patch", "[PATCH] {\n"))
    assert given.patch == b"[PATCH] {\n"


def lines(*records):
    return "\n".join(json.dumps(record) for record in records)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.patch", " \n", "empty"),
        ("x.jsonl", "", "no instance"),
        ("x.jsonl", lines(RECORD) + "\n{nonsense", r"x\.jsonl:2: .*not JSON"),
        ("x.jsonl", lines(RECORD, 3), r"x\.jsonl:2: .*JSON object"),
        ("x.jsonl", lines(RECORD, RECORD), "twice"),
        ("x.jsonl", lines(RECORD, {**RECORD, "instance_id": None}), "each needs an instance_id"),
        ("x.json", lines({"instance_id": "x"}), "needs a test_patch"),
        ("x.json", lines({**RECORD, "test_patch": 3}), "test_patch must be"),
        ("x.json", lines({**RECORD, "instance_id": "a\nb"}), "instance_id must be"),
        ("x.json", lines({**RECORD, "FAIL_TO_PASS": "test_x (app.Case)"}), "FAIL_TO_PASS"),
        ("x.json", "[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_record_is_bad_input(tmp_path, name, text, words):
    with pytest.raises(BadInput, match=words):
        read_given(write(tmp_path, name, text))


def test_what_is_not_there_is_bad_input(tmp_path):
    for read in (read_given, read_required):
        with pytest.raises(BadInput, match="no such file"):
            read(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="cannot be read"):
        read_required(tmp_path)


def test_lists_come_as_an_object_a_list_or_lines(tmp_path):
    found = read_required(write(tmp_path, "l.json", json.dumps(RECORD)))
    assert found.fail_to_pass == ("t.py::x",)
    assert read_required(write(tmp_path, "l", '["t.py::x"]')).must_pass == ("t.py::x",)
    assert read_required(write(tmp_path, "l.txt", "t.py::x\nt.py::y[a b]\n")).must_pass == (
        "t.py::x",
        "t.py::y[a b]",
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.txt", "# nothing\n", "no test id"),
        ("l.txt", "some words\n", "no pytest node id"),
        ("l.txt", b"\xff\xfe\n", "UTF-8"),
        ("l.json", "{}", "no test id"),
        ("l.json", "3", "neither"),
        ("l.json", "{", "not JSON"),
    ],
)
def test_lists_that_are_none_are_bad_input(tmp_path, name, content, words):
    with pytest.raises(BadInput, match=words):
        read_required(write(tmp_path, name, content))
