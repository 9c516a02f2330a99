from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay import __version__
from assay.front import entry
from assay.model.errors import BadInput, Moved, Unsound


def _run(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "assay", *arguments], capture_output=True, check=False, **options
    )


def test_the_version_imports_no_command_line():
    probe = (
        "import sys; sys.argv = ['assay', '--version']\n"
        "from assay.__main__ import main\n"
        "assert main() == 0\n"
        "heavy = {'typer', 'rich', 'pygit2', 'libcst', 'bandit', 'anyio', 'msgspec'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
    assert done.stdout == f"assay {__version__}\n".encode()


def test_the_version_works_beside_other_options_too(capsys):
    assert entry.run(["--version", "--help"]) == 0
    assert capsys.readouterr().out == f"assay {__version__}\n"


def test_without_a_command_help_is_shown_and_nothing_succeeds(capsys):
    assert entry.run([]) == 2
    assert "grade" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "doctor", "check", "grade", "land", "audit", "policy"])
def test_every_command_has_help(command, capsys):
    assert entry.run([command, "--help"]) == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade"], "missing argument"),
        (["gade"], "Did you mean 'grade'"),
        (["grade", "x", "--fromat", "json"], "--fromat"),
        (["grade", "x", "--format", "xml"], "'xml' is not one of"),
        (["grade", "x", "--time-limit", "soon"], "write for example 90s"),
        (["grade", "x", "--jobs", "-1"], "--jobs"),
        (["land", "x"], "--onto"),
        (["check", "--staged", "--worktree"], "exclude each other"),
        (["check", "--staged", "--base", "main"], "exclude each other"),
        (["check", "--head", "HEAD"], "--base"),
        (["race", "x"], "no such command"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_2(arguments, words, capsys):
    assert entry.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("assay: ")
    assert len(err.splitlines()) == 1
    assert words in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("is no repository", where="x", fix="name one with --repo"), 2),
        (Unsound("no namespaces", fix="run assay doctor"), 3),
        (Moved("main moved"), 1),
        (BaseExceptionGroup("group", [ValueError("other"), ExceptionGroup("in", [BadInput("is bad")])]), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_sentence_and_exit_code(flow, error, code, capsys):
    flow.error = error
    assert entry.run(["grade", "x", "--format", "json"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_a_defect_is_saved_for_the_user_to_report(flow, capsys, tmp_path):
    flow.error = ZeroDivisionError("inside")
    assert entry.run(["grade", "x"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    saved = Path(err.split("with the file ")[1].strip())
    assert tmp_path in saved.parents
    assert "ZeroDivisionError: inside" in saved.read_text()


def test_a_full_disk_is_no_defect(flow, capsys):
    flow.error = OSError(errno.ENOSPC, "x", "/cache/layer")
    assert entry.run(["grade", "x"]) == 3
    assert (
        capsys.readouterr().err
        == "assay: /cache/layer: no space left on device; free some space and run it again\n"
    )


def test_a_reader_that_leaves_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [sys.executable, "-m", "assay", "grade", "--help"], stdout=write, stderr=subprocess.PIPE
    ) as run:
        os.close(write)
        _, err = run.communicate(timeout=60)
    assert err == b""


def test_a_closed_stdout_and_a_full_one_end_without_a_traceback():
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "assay", "--version"],
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in closed.stderr
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "assay", "grade", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.stderr.startswith(b"assay: ")
    assert b"no space left" in done.stderr
    assert done.returncode == 3


@pytest.mark.parametrize(("extra", "late"), [("", b""), ("sys.modules['coverage'] = sys\n", b"late\n")])
def test_the_process_ends_at_once_unless_somebody_measures_it(extra, late):
    program = (
        "import atexit, sys\nfrom assay.__main__ import main\n"
        f"{extra}atexit.register(print, 'late')\nsys.argv = ['assay', 'policy', 'validate', '--help']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"Usage" in done.stdout
    assert done.stdout.endswith(late or b"\n")
    assert (b"late" in done.stdout) is bool(late)
