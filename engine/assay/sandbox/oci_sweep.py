"""Removing what containers leave: those of killed engines, and what only root may remove.

Promises: nothing of a live run is touched; the one container that is started here as root runs no program
but the host's own `rm`, on the overlay's work directory, to which no candidate can write.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from assay.sandbox.oci_engine import Engine, import_image, prefix, remove_named
from assay.sandbox.oci_plan import fields, image_content
from assay.sandbox.scratch import settled
from assay.sandbox.tree import remove_tree
from assay.sandbox.view import inspect_system


def sweep_leftovers(engine: Engine, runs: Path) -> None:
    """Remove containers and volumes of runs whose areas are gone, and areas that could not be removed
    because an engine had written to them as root."""
    areas = [path for path in runs.iterdir() if path.is_dir()]
    remove_named(engine, prefix(runs), (area.name for area in areas))
    for area in areas:
        if not os.path.lexists(area / "lock") and settled(area):
            for work in area.glob("*/t/w"):
                clear_work(engine, work)
            remove_tree(area)


def clear_work(engine: Engine, work: Path) -> None:
    """Empty an overlay's work directory, in which the engine, being root, left what an ordinary user cannot
    remove."""
    inner = work / "work"
    with contextlib.suppress(OSError):
        inner.rmdir()
    if os.geteuid() == 0 or not os.path.lexists(inner):
        return
    try:
        engine.call(*_removal(engine, work))
    except OSError:
        return  # what is left is found by the next run


def _removal(engine: Engine, work: Path) -> Sequence[str]:
    system = inspect_system("")
    links = {f"/{name}": text for name, text in system.links.items()}
    shown = [(f"/{name}", f"/{name}", {"readonly": "true"}) for name in system.directories]
    mounts = [*shown, (str(work), "/work", {})]
    return (
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--cap-drop=ALL",
        "--cap-add=DAC_OVERRIDE",
        "--security-opt=no-new-privileges",
        "--security-opt=label=disable",
        "--userns=host",
        "--log-driver=none",
        "--read-only",
        "--user=0:0",
        *(f"--mount={fields(type='bind', source=s, target=t, **more)}" for s, t, more in mounts),
        import_image(engine, image_content(links)),
        "/usr/bin/rm",
        "-rf",
        "/work/work",
    )
