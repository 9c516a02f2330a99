"""Finding a container engine's program and tidying up with it; scripts stand in for engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.model.errors import Exit, Unsound
from assay.sandbox.oci_engine import Engine, Kind, farewell, find_engines, import_image, prefix, remove_named


def program(directory: Path, name: str, body: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def engine(directory: Path, body: str) -> Engine:
    return Engine(kind=Kind.DOCKER, program=str(program(directory, "docker", body)), version="")


def test_an_engine_is_what_it_says_it_is(tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo podman version 9.9")
    program(tmp_path, "podman", "echo something else")
    (found,) = find_engines({"PATH": str(tmp_path)})
    assert found.kind is Kind.PODMAN
    assert found.program == str(tmp_path / "docker")


def test_both_are_tried_docker_first(tmp_path: Path) -> None:
    program(tmp_path, "podman", "echo podman version 9.9")
    program(tmp_path, "docker", "echo Docker version 9.9, build 0")
    assert [found.kind for found in find_engines({"PATH": str(tmp_path)})] == [Kind.DOCKER, Kind.PODMAN]


def test_one_program_under_two_names_is_one_engine(tmp_path: Path) -> None:
    for name in ("docker", "podman"):
        program(tmp_path, name, "echo podman version 9.9")
    assert len(find_engines({"PATH": str(tmp_path)})) == 1


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert find_engines({"PATH": str(tmp_path)}) == ()
    assert find_engines({}) == ()


@pytest.mark.parametrize("body", ["echo toolbox 1.0", "exit 1", "echo docker version 1; exit 1"])
def test_a_named_program_that_is_no_engine_is_refused(tmp_path: Path, body: str) -> None:
    path = program(tmp_path, "thing", body)
    with pytest.raises(Unsound, match="ASSAY_OCI") as raised:
        find_engines({"PATH": "", "ASSAY_OCI": str(path)})
    assert raised.value.exit_code is Exit.INCONCLUSIVE


def test_a_failing_call_says_what_the_engine_said(tmp_path: Path) -> None:
    failing = engine(tmp_path, "echo 'cannot connect' >&2; echo \"See 'docker run --help'.\" >&2; exit 1")
    with pytest.raises(OSError, match="cannot connect"):
        failing.call("version")
    assert failing.try_call("version") == ""


def test_an_image_that_is_there_is_not_imported_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    keep = engine(tmp_path / "a", f'echo "$*" >>{log}; echo id')
    assert import_image(keep, b"x") == import_image(keep, b"x") != import_image(keep, b"y")
    assert "import" not in log.read_text()
    absent = engine(tmp_path / "b", f'[ "$1" = image ] && exit 1; echo "$*" >>{log}; cat >{tmp_path}/content')
    name = import_image(absent, b"x")
    assert f"import - {name}" in log.read_text()
    assert (tmp_path / "content").read_bytes() == b"x"


def lister(tmp_path: Path) -> tuple[Engine, Path]:
    log = tmp_path / "log"
    names = "assay-0-dead-1\nassay-0-live-1\nother"
    body = f'case "$1 $2" in ps*) echo "{names}";; "volume ls") echo "{names}";; *) echo "$*" >>{log};; esac'
    return engine(tmp_path, body), log


def test_only_what_belongs_to_runs_that_are_over_is_removed(tmp_path: Path) -> None:
    stub, log = lister(tmp_path)
    remove_named(stub, "assay-0-", ["live"])
    assert log.read_text().splitlines() == [
        "rm --force --volumes assay-0-dead-1",
        "volume rm --force assay-0-dead-1",
    ]


def test_a_killed_engines_containers_can_be_removed_by_a_shell(tmp_path: Path) -> None:
    import subprocess

    log = tmp_path / "log"
    odd = tmp_path / "it's here"
    body = f'case "$1 $2" in ps*) echo c1;; "volume ls") echo v1;; *) echo "$*" >>{log};; esac'
    subprocess.run(["/bin/sh", "-c", farewell(engine(odd, body), "assay-0-x-")], check=True)
    assert log.read_text().splitlines() == ["rm --force --volumes c1", "volume rm --force v1"]


def test_names_tell_caches_apart() -> None:
    assert prefix(Path("/a")) != prefix(Path("/b"))
