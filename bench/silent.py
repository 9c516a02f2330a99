"""Silent conflicts: text that merges, green alone, broken together. Are they caught, and is the symbol named?

    python -m bench silent [--corpus DIRECTORY]... [--land] [--policy NAME|FILE] [--verbose]

The shipped pairs (`assay_fixtures.interplay`) and their look-alikes, which work together, are put before the
planner: how many pairs have a conflict, proven or suspected, with the right symbol, and how many look-alikes
have none. `--corpus` adds pairs from elsewhere, such as ones held out: a directory of clones with a
`corpus.toml`, of which each `[[pair]]` gives `repository`, `name`, `symbols` and, as revisions, `base`, `a`,
`b` and `alike` (which works with `a`). With `--land` the real `assay land --dry-run` is asked as well, which
runs tests and probes. Exits 1 if fewer than 14 in 16 pairs of a corpus are caught with their symbol, or fewer
than 95 in 100 look-alikes are let through.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2

from assay.model.candidate import Candidate
from assay.model.report import Cleared, Confidence
from assay.patchset.graph import graph
from assay.repo.diff import changes
from assay.repo.repository import open_repository
from assay_fixtures.interplay import Tree, package, pairs

_CAUGHT = 14 / 16
_ADMITTED = 0.95
_AUTHOR = pygit2.Signature("bench", "bench@example.org", 1_700_000_000, 0)


@dataclass(frozen=True)
class Case:
    """Two changes: a conflict about one of `symbols` ('' where no symbol is meant), or, without any, two
    that work together."""

    name: str
    repository: Path
    base: str
    a: str
    b: str
    symbols: tuple[str, ...]
    runnable: bool = True


@dataclass
class Score:
    """What was said of the pairs and of the look-alikes of one corpus."""

    pairs: int = 0
    proven: int = 0
    suspected: int = 0
    named: int = 0
    alike: int = 0
    admitted: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, case: Case, edge: str, symbols: tuple[str, ...], why: str) -> None:
        if not case.symbols:
            self.alike += 1
            self.admitted += not edge
            wrong = f"works, and is kept apart: {why}" if edge else ""
        else:
            named = any(symbol in word for symbol in case.symbols for word in ("", *symbols))
            self.pairs += 1
            self.proven += edge == Confidence.PROVEN
            self.suspected += edge == Confidence.SUSPECTED
            self.named += bool(edge) and named
            wrong = "" if edge and named else f"another symbol: {why}" if edge else f"missed: {why}"
        if wrong:
            self.notes.append(f"{case.name}: {wrong}")

    @property
    def good(self) -> bool:
        """Whether the aims are met."""
        return self.named >= _CAUGHT * self.pairs and self.admitted >= _ADMITTED * self.alike


def main(argv: list[str]) -> int:
    """Print a line for each corpus and way of asking; 1 if an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench silent", description=__doc__)
    parser.add_argument("--corpus", action="append", default=[], type=Path, metavar="DIRECTORY")
    parser.add_argument("--land", action="store_true", help="ask `assay land` as well")
    parser.add_argument("--policy", default="agent", help="of `assay land`")
    parser.add_argument("--verbose", action="store_true", help="name what is not as it should be")
    options = parser.parse_args(argv)
    heads = ("pairs", "proven", "maybe", "symbol", "alike", "admitted")
    print(f"{'corpus':<28}{''.join(f'{head:>9}' for head in heads)}")
    good = True
    with tempfile.TemporaryDirectory(prefix="assay-silent-") as scratch:
        corpora = {"shipped": list(shipped(Path(scratch)))}
        corpora |= {f"held out: {place.name}": list(held_out(place)) for place in options.corpus}
        for name, cases in corpora.items():
            score = Score()
            for case in cases:
                score.add(case, *planned(case))
            good &= _show(f"{name}, planner", score, options.verbose)
            if options.land:
                score = Score()
                for case in cases:
                    if case.runnable:
                        score.add(case, *landed(case, options.policy, Path(scratch)))
                good &= _show(f"{name}, land", score, options.verbose)
    return 0 if good else 1


def _show(name: str, score: Score, verbose: bool) -> bool:
    cells = (score.pairs, score.proven, score.suspected, score.named, score.alike, score.admitted)
    print(f"{name:<28}{''.join(f'{cell:>9}' for cell in cells)}", flush=True)
    for note in score.notes if verbose else ():
        print(f"    {note}")
    return score.good


def shipped(scratch: Path) -> Iterator[Case]:
    """The pairs that the fixtures hold, each package with all of its changes in one repository."""
    commits: dict[str, str] = {}
    for pair in pairs():
        place = scratch / pair.package
        if pair.package not in commits:
            pygit2.init_repository(str(place), initial_head="main")
            commits[pair.package] = commit(place, package(pair.package), "refs/heads/main", None)
        base = commits[pair.package]
        a, b = (commit(place, tree, None, base) for tree in (pair.a, pair.b))
        symbols = (pair.symbol,) if pair.edge else ()
        yield Case(pair.name, place, "main", a, b, symbols, runnable=bool(pair.probe))


def commit(place: Path, tree: Tree, ref: str | None, parent: str | None) -> str:
    """A commit of a tree, at `ref` if there is one: its name."""
    git = pygit2.Repository(str(place))
    index = pygit2.Index()
    for path, file in tree.items():
        index.add(pygit2.IndexEntry(path, git.create_blob(file.data), pygit2.enums.FileMode.BLOB))
    tree_id = index.write_tree(git)
    parents = [parent] if parent else []
    return str(git.create_commit(ref, _AUTHOR, _AUTHOR, "a change", tree_id, parents))


def held_out(place: Path) -> Iterator[Case]:
    """The pairs of a directory with a `corpus.toml`."""
    for entry in tomllib.loads((place / "corpus.toml").read_text(encoding="utf-8"))["pair"]:
        where, base = place / entry["repository"], entry.get("base", "main")
        yield Case(entry["name"], where, base, entry["a"], entry["b"], tuple(entry["symbols"]))
        if "alike" in entry:
            yield Case(f"{entry['name']}, alike", where, base, entry["a"], entry["alike"], ())


def planned(case: Case) -> tuple[str, tuple[str, ...], str]:
    """What the planner says without running anything: the conflict's confidence ('' if none), its symbols,
    and why."""
    repo = open_repository(case.repository)
    base = repo.resolve(case.base)
    people = []
    for side, revision in (("a", case.a), ("b", case.b)):
        tree = repo.resolve(revision).tree
        people.append(
            Candidate(
                id=side,
                name=side,
                source=revision,
                base=base,
                tree=tree,
                changes=changes(repo, base.tree, tree),
            )
        )
    found = graph(repo, base, people).between("a", "b")
    return ("", (), found.why) if isinstance(found, Cleared) else (found.confidence, found.symbols, found.why)


def landed(case: Case, policy: str, scratch: Path) -> tuple[str, tuple[str, ...], str]:
    """What `assay land` says: proven if the two do not land together."""
    result = scratch / "land.json"
    result.unlink(missing_ok=True)
    argv = [
        sys.executable,
        "-m",
        "assay",
        "land",
        case.a,
        case.b,
        "--onto",
        case.base,
        "--dry-run",
        "--quiet",
    ]
    argv += ["--policy", policy, "--format", "json", "--output", str(result)]
    with tempfile.TemporaryFile() as told:
        environ = {**os.environ, "ASSAY_CACHE_DIR": str(scratch / "cache")}
        subprocess.run(argv, cwd=case.repository, stdout=told, stderr=told, env=environ, check=False)
    said: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    refused = [one for one in said.get("candidates", ()) if one["verdict"] != "accepted"]
    together = said.get("patch_set") or {}
    if refused or not together:
        return "", (), f"no verdict on both: {refused[0]['reason'] if refused else 'nothing was said'}"
    edges = [*together["conflicts"], *together["suspected"], *together["failing"]]
    symbols = tuple(symbol for edge in edges for symbol in edge["symbols"])
    if len(together["members"]) == 2:
        return "", symbols, "both land"
    return Confidence.PROVEN, symbols, "; ".join(edge["why"] for edge in edges)
