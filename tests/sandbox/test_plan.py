"""The plan of mounts: order, and refusal to write to the host or to follow links."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.model.errors import BadInput
from assay.sandbox.plan import plan, points_below
from assay.sandbox.spec import Bind, JailCommand, Stack
from assay.sandbox.view import MountKind, System, home_for, overlay_options, within

SYSTEM = System(links={"lib": "usr/lib", "bin": "usr/bin"}, directories=("usr",), etc="/area/etc")


def targets(root: str, *binds: Bind) -> list[str]:
    command = JailCommand(
        label="x", argv=("x",), root=Path(root), stack=Stack(layers=(), tree=""), binds=binds
    )
    return [mount.target for mount in plan(SYSTEM, command)]


@pytest.mark.parametrize("root", ["/tmp/x/repo", "/home/u/x", "/srv/x y/ü", "/a:b/c,d", "/var/tmp/x", "/r"])
def test_parents_are_mounted_before_children(root: str) -> None:
    order = targets(root)
    for index, target in enumerate(order):
        assert not any(within(target, later) and later != target for later in order[index + 1 :])
    assert root in order


def test_a_link_is_left_out_where_a_mount_point_would_lead_through_it() -> None:
    assert "/var/tmp" in targets("/srv/x")
    assert "/var/tmp" not in targets("/var/tmp/x")


def test_a_bind_that_is_shown_already_is_no_second_mount() -> None:
    usr_lib = Path("/usr/lib")
    assert "/usr/lib" not in targets("/srv/x", Bind(source=usr_lib))
    assert "/lib" not in [t for t in targets("/srv/x", Bind(source=Path("/lib"))) if t == "/usr/lib"]


def test_invariant_1_no_mount_point_is_made_in_what_the_host_shows(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        targets("/srv/x", Bind(source=tmp_path, target=Path("/usr/not/there")))
    with pytest.raises(BadInput):
        targets("/usr/not/there")
    shown = tmp_path / "shown"
    (shown / "real").mkdir(parents=True)
    (shown / "link").symlink_to("real")
    outer = Bind(source=shown)
    with pytest.raises(BadInput):
        targets("/srv/x", outer, Bind(source=tmp_path, target=shown / "link"))
    assert str(shown / "real") in targets("/srv/x", outer, Bind(source=tmp_path, target=shown / "real"))


def test_a_link_leads_into_the_tree_or_is_refused(tmp_path: Path) -> None:
    link = Bind(source=Path("/srv/x/src"), target=tmp_path / "other" / "src", link=True)
    command = JailCommand(
        label="x", argv=("x",), root=Path("/srv/x"), stack=Stack(layers=(), tree=""), binds=(link,)
    )
    (mount,) = [each for each in plan(SYSTEM, command) if each.target == str(link.target)]
    assert (mount.kind, mount.source) == (MountKind.SYMLINK, "/srv/x/src")
    (tmp_path / "other").mkdir()
    with pytest.raises(BadInput, match="another checkout"):
        targets("/srv/x", Bind(source=tmp_path / "other"), link)


@pytest.mark.parametrize("target", ["/proc/x", "/dev/x", "/etc/x"])
def test_nothing_is_shown_in_our_own_places(tmp_path: Path, target: str) -> None:
    with pytest.raises(BadInput):
        targets("/srv/x", Bind(source=tmp_path, target=Path(target)))


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing"):
        targets("/srv/x", Bind(source=tmp_path / "missing"))


def test_a_bind_may_not_replace_the_tree(tmp_path: Path) -> None:
    command = JailCommand(
        label="x", argv=("x",), root=Path("/srv/x"), binds=(Bind(source=tmp_path, target=Path("/srv/x")),)
    )
    with pytest.raises(BadInput):
        points_below(command)


def test_a_bind_over_a_private_directory_takes_its_place(tmp_path: Path) -> None:
    command = JailCommand(
        label="x", argv=("x",), root=Path("/srv/x"), binds=(Bind(source=tmp_path, target=Path("/tmp")),)
    )
    assert [m.kind for m in plan(SYSTEM, command) if m.target == "/tmp"] == [MountKind.BIND]


@pytest.mark.parametrize("root", ["/home/assay", "/home", "/home/assay/x", "/srv"])
def test_home_and_tree_are_apart(root: str) -> None:
    assert not within(home_for(root), root)
    assert not within(root, home_for(root))


def test_overlay_options_put_the_top_layer_first() -> None:
    assert overlay_options(("/a", "/b"), "/u", "/w") == "lowerdir=/b:/a,upperdir=/u,workdir=/w,userxattr"


@pytest.mark.parametrize("layer", ["/a:b", "/a,b", "/a\\b", "/" + "x" * 4096])
def test_overlay_options_refuse_what_they_cannot_hold(layer: str) -> None:
    with pytest.raises(ValueError):
        overlay_options((layer,), "/u", "/w")
