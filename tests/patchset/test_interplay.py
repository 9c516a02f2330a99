"""Silent conflicts of real-looking code are found, with the symbol; their look-alikes are cleared."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.candidate import Candidate
from assay.model.report import Cleared, Confidence
from assay.patchset.combine import Combined, combine
from assay.patchset.graph import graph
from assay_fixtures.interplay import PACKAGES, Pair, package, pairs
from assay_fixtures.sample import Tree

PAIRS = pairs()


RUN = [pair for pair in PAIRS if pair.probe]


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lab]:
    place = tmp_path_factory.mktemp("interplay")
    return {
        name: Lab(place / f"{name}.git", {path: file.data for path, file in package(name).items()})
        for name in PACKAGES
    }


def people(lab: Lab, pair: Pair) -> tuple[Candidate, Candidate]:
    base = package(pair.package)
    a, b = (dict(_edits(base, tree)) for tree in (pair.a, pair.b))
    return lab.candidate("a", a), lab.candidate("b", b)


def _edits(base: Tree, tree: Tree) -> Iterator[tuple[str, bytes | None]]:
    yield from ((path, file.data) for path, file in tree.items() if base.get(path) != file)
    yield from ((path, None) for path in base.keys() - tree.keys())


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_each_pair_is_seen_as_what_it_is(labs: dict[str, Lab], pair: Pair) -> None:
    package_lab = labs[pair.package]
    a, b = people(package_lab, pair)
    known = graph(package_lab.repo, package_lab.base, [a, b])
    found = known.between(a.id, b.id)
    if not pair.edge:
        assert isinstance(found, Cleared), found
        assert known.edges == ()
        return
    assert not isinstance(found, Cleared), found
    assert (found.confidence, found.kind) == (pair.edge, pair.kind or found.kind)
    assert pair.symbol == "" or found.symbols[0].startswith(pair.symbol)
    assert len(found.witness) == 2
    (turned,) = graph(package_lab.repo, package_lab.base, [b, a]).edges
    assert (turned.confidence, turned.kind) == (found.confidence, found.kind)
    assert {w.path for w in turned.witness} == {w.path for w in found.witness}


def test_there_are_enough_of_both() -> None:
    assert sum(bool(pair.edge) for pair in PAIRS) >= 16
    assert sum(not pair.edge for pair in PAIRS) >= 16


@pytest.mark.slow
@pytest.mark.parametrize("pair", RUN, ids=[pair.name for pair in RUN])
def test_the_data_tell_the_truth(labs: dict[str, Lab], pair: Pair, tmp_path: Path) -> None:
    package_lab = labs[pair.package]
    a, b = people(package_lab, pair)
    combined = combine(package_lab.repo, package_lab.base, [a, b])
    assert isinstance(combined, Combined), "the text merges"
    assert _succeeds(package_lab, b.tree or "", pair.probe, tmp_path / "b")
    assert _succeeds(package_lab, combined.tree, pair.probe, tmp_path / "both") == (pair.edge == "")


def _succeeds(lab: Lab, tree: str, probe: str, place: Path) -> bool:
    for entry in lab.repo.files(tree):
        path = place / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lab.repo.blob(entry.blob))
    environ = {"PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    argv = [sys.executable, "-c", probe]
    return subprocess.run(argv, cwd=place, env=environ, capture_output=True, check=False).returncode == 0


def test_suspicion_is_no_proof(labs: dict[str, Lab]) -> None:
    pair = next(pair for pair in PAIRS if pair.edge == Confidence.SUSPECTED)
    package_lab = labs[pair.package]
    known = graph(package_lab.repo, package_lab.base, people(package_lab, pair))
    assert known.proven == () and len(known.suspected) == 1
