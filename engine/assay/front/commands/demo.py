"""`assay demo`: the main job on the shipped sample, end to end, with the same flows as everything else."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.front import demo_text, options, session, streams
from assay.front.streams import Color
from assay.model.errors import BadInput, Exit
from assay.model.report import Report
from assay.model.verdict import Decision

if TYPE_CHECKING:
    from assay_fixtures import Case

Keep = Annotated[
    Path | None,
    typer.Option("--keep", metavar="DIR", help="Build the sample in this new directory and leave it there."),
]


def demo(
    *,
    keep: Keep = None,
    jobs: options.Jobs = 0,
    isolation: options.IsolationName = options.Wanted.AUTO,
    color: options.ColorChoice = Color.AUTO,
    quiet: options.Quiet = False,
) -> int:
    """Grade and land a shipped corpus of candidates on a sample repository, in a scratch directory."""
    from assay.land import flow
    from assay_fixtures import build_sample, corpus

    view = session.View(color=color, quiet=quiet)
    with _scratch(keep) as scratch:
        root = build_sample(scratch / "sample")
        cases = corpus()
        request = options.make_request(
            repo=root,
            sources=_write(cases, scratch / "candidates"),
            jobs=jobs,
            isolation=isolation,
            environ=_environment(),
        )
        streams.emit(demo_text.opening(root, len(cases)))
        graded = session.perform(lambda observer: flow.grade(request, observer=observer), view)
        streams.emit(demo_text.verdicts(cases, graded, streams.width()))
        landed = session.perform(lambda observer: flow.land(request, onto="main", observer=observer), view)
        streams.emit(demo_text.landing())
        session.show(landed, view)
        streams.emit(demo_text.closing(cases, graded, landed, root if keep else None))
    return _exit_code(cases, graded, landed)


def _exit_code(cases: Sequence[Case], graded: Report, landed: Report) -> int:
    undecided = any(candidate.verdict is Decision.INCONCLUSIVE for candidate in graded.candidates)
    if demo_text.surprises(cases, graded):
        return int(Exit.INCONCLUSIVE if undecided else Exit.REJECTED)
    return int(Exit.ACCEPTED if landed.landed is not None else Exit.REJECTED)


def _write(cases: Sequence[Case], directory: Path) -> tuple[str, ...]:
    """Each case as a patch file; their paths in order."""
    directory.mkdir()
    for case in cases:
        (directory / f"{case.name}.patch").write_bytes(case.patch)
    return tuple(str(directory / f"{case.name}.patch") for case in cases)


def _environment() -> dict[str, str]:
    """This process's environment, with Assay's own interpreter for the sample's tests: it is surely there."""
    return {**os.environ, "VIRTUAL_ENV": sys.prefix}


@contextmanager
def _scratch(keep: Path | None) -> Iterator[Path]:
    """A directory that is gone afterwards, or the one the user wants kept."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="assay-demo-", ignore_cleanup_errors=True) as name:
            yield Path(name).resolve()
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise BadInput("exists and is not empty", where=str(keep), fix="name a new directory for --keep")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()
