"""Acceptance tests and lists as the user gives them, held against the base and fitted to the candidates.

Promises: whatever is wrong with them is a `BadInput` of one sentence, before anything is run; nothing of
them is written to the repository. A directory's files are laid over the root, a patch is applied to the base,
and of instance records each candidate gets that of its own task.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from assay.gates.acceptance import AcceptanceGate
from assay.gates.examining import GATE
from assay.gates.protocol import Gate
from assay.gates.testing.package import Laid, Package, laid_over
from assay.gates.testing.required import Required
from assay.gates.testing.selection import collectable
from assay.land.given import Given, read_given, read_required
from assay.land.request import Request
from assay.model.candidate import Base, Candidate
from assay.model.errors import BadInput
from assay.policy.overrides import ACCEPTANCE, REQUIRE
from assay.repo.overlay import files_of_patch
from assay.repo.repository import Repository
from assay.repo.veil import Veil


def fit(
    request: Request, repo: Repository, base: Base, candidates: Sequence[Candidate]
) -> tuple[AcceptanceGate, tuple[Candidate, ...]]:
    """The gate with what the candidates need, and the candidates, of which only those are still called
    equivalent that are attempts at the same task. Raises `BadInput`."""
    given = _given(request, repo)
    several = len(given) > 1
    chosen = {c.id: _choice(given, c) for c in candidates if c.tree is not None}
    needed = {one.instance: one for one in (chosen.values() if several else given)}
    packages = tuple(_package(repo, base, one) for one in needed.values())
    return AcceptanceGate(packages), _apart(candidates) if several else tuple(candidates)


def with_gate(gates: Sequence[Gate], gate: AcceptanceGate) -> tuple[Gate, ...]:
    """`gates` with this one in the place of the one of its name."""
    return tuple(gate if each.name == GATE else each for each in gates)


def _given(request: Request, repo: Repository) -> tuple[Given, ...]:
    for option, path in ((ACCEPTANCE, request.acceptance), (REQUIRE, request.require)):
        # A variable that is not set, in a script: taken for a path it would be the directory we are in.
        if path is not None and not path.strip():
            raise BadInput("the path is empty", where=option)
    required = read_required(Path(request.require)) if request.require is not None else None
    if request.acceptance is None:
        assert required is not None and request.require is not None
        return (Given(source=request.require, required=required),)
    _stands_apart(Path(request.acceptance), repo)
    given = read_given(Path(request.acceptance))
    if required is None:
        return given
    if len(given) > 1 or given[0].required.ids:
        raise BadInput(
            "its records have lists of their own", where=request.acceptance, fix="leave --require out"
        )
    return (replace(given[0], required=required),)


def _stands_apart(path: Path, repo: Repository) -> None:
    """A directory that holds the repository would be laid over the very change that it is to examine, and put
    the work tree's product in the place of the candidate's."""
    if repo.root.resolve().is_relative_to(path.resolve()):
        raise BadInput(
            "this holds the repository itself",
            where=str(path),
            fix="give a directory with nothing but the hidden tests",
        )


def _choice(given: Sequence[Given], candidate: Candidate) -> Given:
    """What a candidate is examined by."""
    task = candidate.instance
    if len(given) == 1:
        if task and given[0].instance and task != given[0].instance:
            raise BadInput(
                f"{candidate.name} is an attempt at {task}, and the tests are for {given[0].instance}",
                where=given[0].source,
            )
        return given[0]
    found = next((one for one in given if one.instance == task), None)
    if task and found is not None:
        return found
    what = (
        f"there is no instance {task!r}"
        if task
        else f"{candidate.name} does not say which instance it is for"
    )
    fix = "" if task else "give predictions with an instance_id, or a file of one instance"
    raise BadInput(what, where=given[0].source.rpartition(":")[0], fix=fix)


def _apart(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, equal trees told apart by their tasks."""
    first: dict[tuple[str | None, str], str] = {}
    found = []
    for candidate in candidates:
        twin = None
        if candidate.tree is not None:
            twin = first.setdefault((candidate.tree, candidate.instance), candidate.id)
        found.append(replace(candidate, equivalent_to=twin if twin != candidate.id else None))
    return tuple(found)


def _package(repo: Repository, base: Base, given: Given) -> Package:
    files = given.files
    if given.patch is not None:
        files = tuple(
            Laid(path=path, mode=mode, content=content)
            for path, mode, content in files_of_patch(repo, base.tree, given.patch, given.source)
        )
    if not files and not given.required.ids:
        raise BadInput("it has neither files nor lists of tests", where=given.source)
    veil = Veil(repo)
    tree = laid_over(veil, base.tree, files)
    return Package(
        instance=given.instance,
        source=given.source,
        files=files,
        required=given.required,
        run=_listed(veil, tree, given, hidden=bool(files)) or _all(veil, tree, given, files),
    )


def _listed(veil: Repository, tree: str, given: Given, *, hidden: bool) -> tuple[str, ...]:
    """The files that the lists name. Some may be the candidate's to write, if none come from outside: then
    nothing can be narrowed."""
    found = set()
    for file in given.required.files:
        path = _path(veil, tree, file)
        if path is not None:
            found.add(path)
        elif hidden:
            raise BadInput(
                f"the lists name tests in {file}, which neither the base nor the acceptance tests have",
                where=given.source,
            )
        else:
            return ()
    return tuple(sorted(found))


def _path(veil: Repository, tree: str, file: str) -> str | None:
    """Where a file that an id names lies. Ids are relative to pytest's root directory, which need not be the
    repository's."""
    if veil.entry(tree, file) is not None:
        return file
    below = (entry.path for entry in veil.files(tree) if entry.path.endswith(f"/{file}"))
    return next(below, None)


def _all(veil: Repository, tree: str, given: Given, files: Sequence[Laid]) -> tuple[str, ...]:
    """Every test file among those that were given; none where lists say what to run."""
    if given.required != Required():
        return ()
    found = collectable(veil, tree, (laid.path for laid in files if laid.content is not None))
    if not found:
        names = ", ".join(PurePosixPath(laid.path).name for laid in files[:3])
        raise BadInput(
            f"none of its files is a test file by the project's pytest settings ({names})",
            where=given.source,
            fix="name them as pytest expects (test_*.py), or list the tests with --require",
        )
    return found
