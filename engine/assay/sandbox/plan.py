"""All mounts of one jail, in order: the system, the tree, and the binds that the command names.

Promises: parents come before children. No mount point is ever made by following a link, nor by writing to
the host: a point inside another bind must be there already, a point inside the tree must be a real
directory or absent (`workspace.check_point`), and links that a point would pass through are left out or
resolved here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from assay.model.errors import BadInput
from assay.sandbox.spec import Bind, JailCommand
from assay.sandbox.view import Mount, MountKind, System, system_mounts, within

_OURS = ("/proc", "/dev", "/etc")


def plan(system: System, command: JailCommand) -> tuple[Mount, ...]:
    """The mounts of `command`'s jail. Sources are host paths without links; the overlay's options are left
    empty. Raises BadInput for a bind that cannot be shown where it is asked for."""
    root = _resolve_top(system, str(command.root))
    targets = {bind: _resolve_top(system, _target(bind)) for bind in command.binds}
    limits = command.limits
    mounts = [
        mount
        for mount in system_mounts(system, root, limits.scratch, limits.memory, limits.files)
        if mount.kind is not MountKind.SYMLINK
        or not any(within(target, mount.target) for target in (root, *targets.values()))
    ]
    if command.stack is not None:
        tree = Mount(kind=MountKind.OVERLAY, target=root, writable=True)
        around = _enclosing(mounts, root)
        if around is not None and around.kind is MountKind.BIND:
            _require_point(around, tree, directory=True)
        mounts.append(tree)
    for bind, target in sorted(targets.items(), key=lambda pair: _depth(pair[1])):
        if (mount := _bind(bind, target, mounts)) is not None:
            mounts = [other for other in mounts if other.target != target]
            mounts.append(mount)
    return tuple(sorted(mounts, key=lambda mount: _depth(mount.target)))


def points_below(command: JailCommand) -> tuple[tuple[PurePosixPath, Bind], ...]:
    """The binds that are shown inside the tree, with their places relative to its root."""
    root = str(command.root)
    points = []
    for bind in command.binds:
        target = _target(bind)
        if target == root:
            raise BadInput("a bind may not replace the tree itself", where=target)
        if within(target, root):
            points.append((PurePosixPath(target).relative_to(root), bind))
    return tuple(points)


def _bind(bind: Bind, target: str, mounts: Sequence[Mount]) -> Mount | None:
    """The mount of one bind; None when another one shows the same thing already."""
    if any(within(target, place) for place in _OURS):
        raise BadInput("nothing of the host can be shown there", where=target)
    if bind.link:
        return _link(bind, target, mounts)
    source = os.path.realpath(bind.source)
    if not os.path.lexists(source):
        raise BadInput("this path, which jails are to show, does not exist", where=str(bind.source))
    mount = Mount(
        kind=MountKind.BIND,
        source=source,
        target=target,
        writable=bind.writable,
        directory=Path(source).is_dir(),
    )
    around = _enclosing(mounts, target)
    if around is not None and around.kind is MountKind.BIND:
        if os.path.realpath(_shown(around, target)) == source and not bind.writable:
            return None
        _require_point(around, mount, directory=mount.directory)
    return mount


def _link(bind: Bind, target: str, mounts: Sequence[Mount]) -> Mount:
    """A link into the tree. In a bind of the host's it cannot be made, and would not hide what is there."""
    around = _enclosing(mounts, target)
    if around is not None and around.kind is MountKind.BIND:
        raise BadInput(
            f"another checkout of this project is there, which {around.target} would show to the tests "
            "instead of the candidate",
            where=target,
            fix="give this work tree a virtual environment of its own (.venv)",
        )
    return Mount(kind=MountKind.SYMLINK, source=str(bind.source), target=target)


def _enclosing(mounts: Sequence[Mount], target: str) -> Mount | None:
    """The innermost mount in which the point `target` lies, if any."""
    around = [
        mount
        for mount in mounts
        if mount.kind is not MountKind.SYMLINK and mount.target != target and within(target, mount.target)
    ]
    return max(around, key=lambda mount: _depth(mount.target), default=None)


def _require_point(around: Mount, mount: Mount, *, directory: bool) -> None:
    """To make a mount point inside a bind would be to write to the host: it must be there, and no link."""
    shown = _shown(around, mount.target)
    there = os.path.lexists(shown) and os.path.realpath(shown) == shown
    if not there or Path(shown).is_dir() != directory:
        raise BadInput(
            f"nothing can be shown there, since {around.target} is the host's own and has no such place",
            where=mount.target,
        )


def _shown(around: Mount, target: str) -> str:
    return around.source + target[len(around.target) :]


def _resolve_top(system: System, path: str) -> str:
    """`path` past the links that the system has at the top (`/lib` to `usr/lib`)."""
    _, _, rest = path.partition("/")
    name, _, below = rest.partition("/")
    text = system.links.get(name)
    if text is None:
        return path
    return os.path.normpath(f"/{text}/{below}")


def _target(bind: Bind) -> str:
    return str(bind.target or bind.source)


def _depth(path: str) -> int:
    return len(PurePosixPath(path).parts)
