"""A container's command line: what is always in it, and what no path can put into it."""

from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import BadInput
from assay.policy.schema import Limits
from assay.sandbox.identity import Identity
from assay.sandbox.oci_engine import Kind
from assay.sandbox.oci_plan import (
    container_arguments,
    fields,
    image_content,
    private_place,
    split_links,
)
from assay.sandbox.view import Mount, MountKind

SHM = "/dev/shm"
MOUNTS = (
    Mount(kind=MountKind.BIND, source="/usr", target="/usr"),
    Mount(kind=MountKind.SYMLINK, source="usr/bin", target="/bin"),
    Mount(kind=MountKind.BIND, source="/area/etc0", target="/etc"),
    Mount(kind=MountKind.PROC, target="/proc"),
    Mount(kind=MountKind.TMPFS, target="/proc/fs", options="mode=0555,size=4k"),
    Mount(kind=MountKind.BIND, source="/dev/null", target="/dev/null", writable=True, directory=False),
    Mount(kind=MountKind.SYMLINK, source="pts/ptmx", target="/dev/ptmx"),
    Mount(kind=MountKind.TMPFS, target="/tmp", options="mode=1777,size=64,nr_inodes=7", writable=True),
    Mount(kind=MountKind.TMPFS, target=SHM, options="mode=1777,size=32,nr_inodes=7", writable=True),
    Mount(kind=MountKind.OVERLAY, target="/srv/project", writable=True),
    Mount(kind=MountKind.SYMLINK, source="/srv/project", target="/tmp/other"),
)


def arguments(
    *more: Mount, kind: Kind = Kind.DOCKER, limits: Limits | None = None, files: int = 1000
) -> tuple[str, ...]:
    return container_arguments(
        kind=kind,
        name="assay-1",
        image="assay-root:x",
        identity=Identity(uid=64177, gid=64178),
        mounts=(*MOUNTS, *more),
        volume="assay-1",
        private=Path("/area/0/n"),
        private_target="/.assay0",
        cidfile=Path("/area/0/id"),
        limits=limits or Limits(),
        hard={"nofile": files, "nproc": 500},
        shell="/etc/assay/sh",
        script="first",
    )


def mounted(line: tuple[str, ...]) -> list[dict[str, str]]:
    options = [word.removeprefix("--mount=") for word in line if word.startswith("--mount=")]
    return [dict(field.split("=", 1) for field in next(csv.reader([option]))) for option in options]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_container_has_no_network_no_privilege_and_no_root(kind: Kind) -> None:
    line = arguments(kind=kind)
    assert {
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--read-only",
        "--ipc=private",
        "--pull=never",
        "--user=64177:64178",
        "--hostname=assay",
        "--log-driver=none",
    } <= set(line)
    # The engine's own filter of system calls stays on.
    assert not any("seccomp" in word or "apparmor" in word or "privileged=true" in word for word in line)
    assert "--privileged" not in line


def test_the_program_itself_is_not_on_the_command_line() -> None:
    line = arguments()
    assert line[-5:] == ("assay-root:x", "/usr/bin/env", "-i", "/etc/assay/sh", "/.assay0/first")


def test_every_limit_is_set() -> None:
    limits = Limits(memory=64 << 20, pids=9, cpu_seconds=1.5, file_size=77, open_files=50)
    line = arguments(limits=limits)
    assert {"--memory=67108864b", "--memory-swap=67108864b", "--pids-limit=11", "--shm-size=32"} <= set(line)
    assert {"--ulimit=cpu=2:2", "--ulimit=fsize=77:77", "--ulimit=nofile=50:50", "--ulimit=core=0:0"} <= set(
        line
    )
    assert "--tmpfs=/tmp:rw,exec,mode=1777,size=64,nr_inodes=7" in line


def test_no_more_is_asked_for_than_this_process_may_have() -> None:
    line = arguments(limits=Limits(open_files=5000), kind=Kind.PODMAN)
    assert "--ulimit=nofile=1000:1000" in line
    assert "--ulimit=nproc=500:500" in line
    assert "--ulimit=nofile=5000:5000" in arguments(limits=Limits(open_files=5000), files=-1)


def test_what_the_engine_makes_itself_is_left_to_it() -> None:
    line = arguments()
    assert not any("/proc" in word or "/dev/null" in word or f"tmpfs={SHM}" in word for word in line)
    # It would write these anew, with the names of this host in them.
    assert {"/etc", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname"} <= {m["target"] for m in mounted(line)}


def test_only_what_is_asked_for_can_be_written_to() -> None:
    more = Mount(kind=MountKind.BIND, source="/w", target="/w", writable=True)
    writable = {m["target"] for m in mounted(arguments(more)) if "readonly" not in m}
    assert writable == {"/srv/project", "/w"}


paths = st.text(
    st.characters(blacklist_characters="\r\n\0", blacklist_categories=["Cs"]), min_size=1, max_size=30
).map(lambda text: "/" + text)


@given(source=paths, target=paths)
def test_no_path_adds_a_field_or_an_option(source: str, target: str) -> None:
    target = "/x" + target
    bind = Mount(kind=MountKind.BIND, source=source, target=target)
    line = arguments(bind)
    assert {"type": "bind", "source": source, "target": target, "readonly": "true"} in mounted(line)
    assert len(line) == len(arguments()) + 1
    assert all(word.startswith("--") for word in line[1:-5])


def test_a_colon_and_a_comma_are_plain_characters() -> None:
    assert fields(type="bind", source="/a:b,c", target='/q"') == 'type=bind,"source=/a:b,c","target=/q"""'


@pytest.mark.parametrize("path", ["/a\nb", "/a\rb", "/a\0b", "/a\udc80"])
def test_a_path_that_cannot_be_written_down_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        fields(type="bind", source=path)


def test_links_are_in_the_image_unless_something_private_covers_them() -> None:
    links = split_links(MOUNTS)
    assert links.rooted == {"/bin": "usr/bin"}
    assert links.late == {"/tmp/other": "/srv/project"}


def test_an_image_holds_nothing_but_links_and_is_always_the_same() -> None:
    links = {"/opt/a/b": "/srv/project", "/bin": "usr/bin"}
    content = image_content(links)
    assert content == image_content(dict(reversed(links.items())))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        found = {entry.name: entry for entry in archive}
    assert {name for name, entry in found.items() if entry.isdir()} == {"opt", "opt/a"}
    assert {name: entry.linkname for name, entry in found.items() if entry.issym()} == {
        "opt/a/b": "/srv/project",
        "bin": "usr/bin",
    }
    assert {entry.uid for entry in found.values()} == {0}


def test_the_private_directory_is_where_nothing_else_is() -> None:
    assert private_place(["/srv/project", "/usr"]) == "/.assay0"
    assert private_place(["/.assay0/tree", "/.assay1"]) == "/.assay2"
