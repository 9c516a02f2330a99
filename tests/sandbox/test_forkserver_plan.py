"""What a fork server sees and its children mount: nothing of the stage stays, everything private is anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.sandbox.forkserver_plan import AREA, STAGE, child_steps, on_stage, server_mounts
from assay.sandbox.plan import plan
from assay.sandbox.spec import Bind, JailCommand, Stack
from assay.sandbox.view import Mount, MountKind, System, within

SYSTEM = System(
    links={"bin": "usr/bin"},
    directories=("usr",),
    etc="/cache/etc",
    hidden=(("keys", False), ("fs", True)),
)
PRIVATE = (MountKind.PROC, MountKind.PTS, MountKind.TMPFS, MountKind.OVERLAY)


def mounts_of(root: str, *binds: Bind) -> tuple[Mount, ...]:
    stack = Stack(layers=(Path("/cache/l/x"),), tree="t")
    return plan(SYSTEM, JailCommand(label="x", argv=("x",), root=Path(root), stack=stack, binds=binds))


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return tmp_path


roots = st.sampled_from(["/srv/p", "/tmp/x/repo", "/home/u/r", "/home/assay", "/root/r"])


@given(roots, st.booleans())
def test_everything_private_is_mounted_by_each_child_and_the_stage_goes_last(root: str, inside: bool) -> None:
    target = Path(root, ".venv") if inside else Path("/opt/env")
    mounts = mounts_of(root, Bind(source=Path("/usr"), target=target))
    steps = child_steps(mounts, "lowerdir=x")
    made = {step.target for step in steps}
    tops = [mount.target for mount in mounts if mount.kind in PRIVATE]
    assert set(tops) <= made
    assert made == {mount.target for mount in mounts if any(within(mount.target, top) for top in tops)}
    assert steps[-1].target == STAGE
    assert not [step for step in steps[:-1] if within(step.target, STAGE)]
    places = [step.target for step in steps[:-1]]
    for at, place in enumerate(places):
        assert not [later for later in places[at + 1 :] if later != place and within(place, later)]
    assert [step.options for step in steps if step.kind == "overlay"] == ["lowerdir=x"]


@given(roots)
def test_what_children_bind_is_on_the_servers_stage(root: str) -> None:
    mounts = mounts_of(root, Bind(source=Path("/usr"), target=Path(root, ".venv")))
    served = {mount.target: mount for mount in server_mounts(mounts, {"/cache": f"{STAGE}/c", "/area": AREA})}
    binds = [step for step in child_steps(mounts, "") if step.kind in ("file", "directory")]
    assert Path(root, ".venv") in {Path(step.target) for step in binds}
    for step in binds:
        assert step.source in served or step.source == "/dev/null"


def test_a_server_has_no_tree_a_whole_proc_and_only_its_area_to_write_to() -> None:
    mounts = server_mounts(mounts_of("/srv/p"), {"/cache": f"{STAGE}/c", "/area": AREA})
    kinds = {mount.target: mount.kind for mount in mounts}
    assert kinds["/srv/p"] is MountKind.TMPFS
    assert not [target for target in kinds if target.startswith("/proc/")]
    binds = {mount.target for mount in mounts if mount.kind is MountKind.BIND and mount.writable}
    assert {target for target in binds if not target.startswith("/dev/") or target.startswith(STAGE)} == {
        AREA
    }


def test_masks_of_proc_cannot_be_written_through() -> None:
    steps = {step.target: step for step in child_steps(mounts_of("/srv/p"), "")}
    assert steps["/proc/keys"].source == "/dev/null"
    assert all(steps[name].flags & 1 for name in ("/proc", "/proc/keys", "/proc/fs"))
    assert not steps["/tmp"].flags & 1


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/c/l/x", "/s/c/l/x"),
        ("/c/run/a", "/s/a"),
        ("/c/run/a/1/u", "/s/a/1/u"),
        ("/c/run/ab", "/s/c/run/ab"),
        ("/cd", None),
        ("/", None),
    ],
)
def test_a_path_is_found_by_the_nearest_place(path: str, place: str | None) -> None:
    assert on_stage(Path(path), {"/c": "/s/c", "/c/run/a": "/s/a"}) == place
