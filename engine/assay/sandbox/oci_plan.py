"""One container as command-line arguments of docker or podman.

Promises: pure. Paths stand only in fields of `--mount`, quoted so that no character of theirs ends the
field; everything a candidate can choose (its files, its arguments, its variables) travels in files and never
in an option. No network, no capability, no privilege to gain, a read-only root; every limit is set.
"""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.policy.schema import Limits
from assay.sandbox.identity import Identity
from assay.sandbox.oci_engine import Kind
from assay.sandbox.view import Mount, MountKind, within

_ENGINES_OWN = ("/proc", "/dev")
"""What the engine makes for each container, with its own list of what to cover there."""
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 -- inside the jail
_IDENTITY_FILES = ("hostname", "hosts", "resolv.conf", "passwd", "group")
"""Files of /etc that an engine would write anew for each container, unless something is mounted there."""
_SPARE_PROCESSES = 2
_TASKS = 32_000
"""Of one user, on the whole host: what podman can give even where it may not raise limits."""
_LEAST_MEMORY = 6 * 1024 * 1024
"""Less is refused by docker."""


class Links(Record, frozen=True, kw_only=True):
    """Symbolic links of a jail: `rooted` are part of the image, `late` lie in private file systems or in the
    tree, so that the first process has to make them. Both map a path to the link's text."""

    rooted: dict[str, str]
    late: dict[str, str]


def container_arguments(
    *,
    kind: Kind,
    name: str,
    image: str,
    identity: Identity,
    mounts: Sequence[Mount],
    volume: str,
    private: Path,
    private_target: str,
    cidfile: Path,
    limits: Limits,
    hard: Mapping[str, int],
    shell: str,
    script: str,
) -> tuple[str, ...]:
    """Arguments of `run`. `private` is the directory of the container's descriptors and of the first
    process's `script`, shown at `private_target`; `volume` holds the tree. `hard` are the engine's own hard
    rlimits (`nofile`, `nproc`; -1: none). `shell` runs the script. Raises BadInput for a path that cannot be
    written down."""
    return (
        "run",
        f"--name={name}",
        f"--cidfile={cidfile}",
        "--pull=never",
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--security-opt=label=disable",
        "--userns=host",
        "--ipc=private",
        "--cgroupns=private",
        "--hostname=assay",
        "--log-driver=none",
        "--stop-timeout=0",
        "--read-only",
        *(("--read-only-tmpfs=false", "--http-proxy=false") if kind is Kind.PODMAN else ()),
        f"--user={identity.uid}:{identity.gid}",
        *_limits(kind, limits, hard),
        *_system(kind, mounts),
        *(f"--mount={option}" for option in _mounts(mounts, volume)),
        f"--mount={fields(type='bind', source=str(private), target=private_target, readonly='true')}",
        image,
        "/usr/bin/env",
        "-i",
        shell,
        f"{private_target}/{script}",
    )


def fields(**values: str) -> str:
    """The fields of one `--mount`, in the form of a line of comma-separated values, which both engines read.
    Raises BadInput for a value with the end of a line in it."""
    parts = []
    for key, value in values.items():
        text = f"{key}={value}"
        if set(text) & set("\r\n\0"):
            raise BadInput("a container engine cannot show a path with the end of a line in it", where=value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput(
                "a container engine cannot show a path that is no UTF-8", where=repr(value)
            ) from None
        if set(text) & set(',"') or text.startswith(" "):
            text = '"' + text.replace('"', '""') + '"'
        parts.append(text)
    return ",".join(parts)


def split_links(mounts: Sequence[Mount]) -> Links:
    """Which links of `mounts` are part of the image, and which not. Those in a /dev of the engine's own are
    there already."""
    private = [mount.target for mount in mounts if mount.kind in (MountKind.TMPFS, MountKind.OVERLAY)]
    rooted: dict[str, str] = {}
    late: dict[str, str] = {}
    for mount in mounts:
        if mount.kind is not MountKind.SYMLINK or _is_engines(mount.target):
            continue
        inside = any(within(mount.target, place) for place in private)
        (late if inside else rooted)[mount.target] = mount.source
    return Links(rooted=rooted, late=late)


def image_content(links: Mapping[str, str]) -> bytes:
    """A tar archive of nothing but these links and the directories above them: the same bytes for the same
    links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for directory in _parents(links):
            entry = tarfile.TarInfo(directory.lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for path, text in sorted(links.items()):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, text, 0o777
            archive.addfile(entry)
    return out.getvalue()


def private_place(taken: Iterable[str]) -> str:
    """A directory at the top that none of the paths `taken` is in."""
    places = list(taken)
    number = 0
    while any(within(place, f"/.assay{number}") for place in places):
        number += 1
    return f"/.assay{number}"


def _mounts(mounts: Sequence[Mount], volume: str) -> list[str]:
    options = []
    for mount in mounts:
        if mount.kind is MountKind.OVERLAY:
            options.append(fields(type="volume", source=volume, target=mount.target))
        elif mount.kind is MountKind.BIND and not _is_engines(mount.target):
            readonly = {} if mount.writable else {"readonly": "true"}
            options.append(fields(type="bind", source=mount.source, target=mount.target, **readonly))
            if mount.target == "/etc":
                options += [
                    fields(
                        type="bind", source=f"{mount.source}/{name}", target=f"/etc/{name}", readonly="true"
                    )
                    for name in _IDENTITY_FILES
                ]
    return options


def _system(kind: Kind, mounts: Sequence[Mount]) -> list[str]:
    """Private file systems. They belong to root, so everybody may write to them: there is one user."""
    kept = ("size=", "nr_inodes=") if kind is Kind.DOCKER else ("size=",)
    options = ["--tmpfs=/sys:ro,noexec,nosuid,nodev,size=4k,mode=0555"]
    for mount in mounts:
        shared = mount.target == _SHARED_MEMORY
        if mount.kind is not MountKind.TMPFS or (_is_engines(mount.target) and not shared):
            continue
        bounds = [part for part in mount.options.split(",") if part.startswith(kept)]
        if shared:
            size = next((part[len("size=") :] for part in bounds if part.startswith("size=")), "")
            options += [f"--shm-size={size}"] if size else []
        else:
            # Both engines mount these so that nothing in them can be started, unless told.
            options.append(f"--tmpfs={mount.target}:{','.join(['rw', 'exec', 'mode=1777', *bounds])}")
    return options


def _limits(kind: Kind, limits: Limits, hard: Mapping[str, int]) -> list[str]:
    options = ["--ulimit=core=0:0"]
    if limits.memory:
        memory = max(limits.memory, _LEAST_MEMORY)
        options += [f"--memory={memory}b", f"--memory-swap={memory}b"]
    if limits.pids:
        options.append(f"--pids-limit={limits.pids + _SPARE_PROCESSES}")
    if limits.cpu_seconds:
        seconds = math.ceil(limits.cpu_seconds)
        options.append(f"--ulimit=cpu={seconds}:{seconds}")
    if limits.file_size:
        options.append(f"--ulimit=fsize={limits.file_size}:{limits.file_size}")
    files = hard["nofile"] if not limits.open_files else limits.open_files
    if hard["nofile"] >= 0:
        files = min(files, hard["nofile"])
    if files > 0:
        options.append(f"--ulimit=nofile={files}:{files}")
    if kind is Kind.PODMAN:
        # Its own default may be more than it is allowed to give. The limit that counts is `--pids-limit`.
        tasks = min(n for n in (_TASKS, hard["nproc"]) if n >= 0)
        options.append(f"--ulimit=nproc={tasks}:{tasks}")
    return options


def _is_engines(target: str) -> bool:
    return any(within(target, place) for place in _ENGINES_OWN)


def _parents(paths: Iterable[str]) -> list[str]:
    found = {str(parent) for path in paths for parent in Path(path).parents} - {"/", "."}
    return sorted(found)
