"""Pairs of real feature patches, with both sides' tests: what works together, and what `assay land` admits.

    python -m bench pairs --kept DIRECTORY --history NAME=REPOSITORY... [--count N] [--conflicts N]
        [--window N] [--seconds S] [--probes N] [--plan | --static] [--show DIRECTORY] [--verbose]

Successive feature commits of a project are put on one base (`pairs_made`), and its whole suite is run on the
base, on each side alone, and on both merged by git, outside of any jail (`pairs_truth`). A pair counts whose
sides each pass alone and bring tests of their own. It works if it merges as text, with nothing failing that
passes alone and no new test missing; it is broken if it merges and does not work. Then `assay land --dry-run`
is asked about the pair, with tests on and suspicions parting as in the policy `agent` (`pairs_landed`).

DIRECTORY/NAME holds the clone, an environment with pytest (installed at first with what `pairs_places` names,
and with the project itself), and what the tests said of which tree: a second run asks them nothing. `--plan`
asks the planner instead, which runs no tests; `--static` as well, and takes what merges to work. `--seconds`
ends the run after that time, with what is known. `--show` writes the versions of every file that was merged
by syntax.

Prints of the pairs that work how many are admitted, of the broken ones how many are, and of those that
conflict as text how many are merged by syntax with everything green. Exits 1 if fewer than 95 in 100 of those
that work are admitted, if a broken one is, or if a merge by syntax that is not green is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from assay.model.candidate import Oid
from assay.patchset.combine import combine
from assay.repo.repository import Repository
from bench.merging import compare
from bench.pairs_landed import Answer, landed, planned
from bench.pairs_made import Window, windows
from bench.pairs_places import Place, ready
from bench.pairs_truth import Pair, Texts, Truth, Truths

_ADMITTED = 0.95
_STRANGE = 4
"""After so many windows in a row that the environment cannot run, older ones are not looked at."""
_HEADS = ("pairs", "works", "admitted", "broken", "let in", "text", "merged", "green", "wrong", "other")


@dataclass
class Score:
    """What came of pairs. `text` conflict as text; of them `merged` are merged by syntax, `green` of these
    pass everything, and `wrong` do not and are admitted. `other` are pairs that land gave no answer on."""

    works: int = 0
    admitted: int = 0
    broken: int = 0
    let_in: int = 0
    text: int = 0
    merged: int = 0
    green: int = 0
    wrong: int = 0
    other: int = 0

    @property
    def cells(self) -> tuple[int, ...]:
        """A row of the table."""
        pairs = self.works + self.broken + self.text + self.other
        counts = (self.works, self.admitted, self.broken, self.let_in)
        return (pairs, *counts, self.text, self.merged, self.green, self.wrong, self.other)

    def add(self, truth: Truth, answer: Answer) -> None:
        """Count one pair."""
        if answer.admitted is None:
            self.other += 1
        elif not truth.textual:
            self.works += truth.works
            self.admitted += truth.works and answer.admitted
            self.broken += not truth.works
            self.let_in += answer.admitted and not truth.works
        else:
            self.text += 1
            self.merged += truth.merged is not None
            self.green += truth.works
            self.wrong += answer.admitted and not truth.works

    def take(self, other: Score) -> None:
        """Count another's pairs as well."""
        for name in ("works", "admitted", "broken", "let_in", "text", "merged", "green", "wrong", "other"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def good(self) -> bool:
        """Whether the aims are met."""
        return self.admitted >= _ADMITTED * self.works and not self.let_in and not self.wrong


def _word(truth: Truth, answer: Answer) -> str:
    if answer.admitted is None:
        return "NO ANSWER"
    verb = "admitted" if answer.admitted else "parted"
    if not truth.textual:
        return f"{'works' if truth.works else 'broken'}, {verb}"
    if truth.merged is None:
        return f"text, {verb}"
    return f"by syntax {'green' if truth.works else 'red'}, {verb}"


def main(argv: list[str]) -> int:
    """Run it; the exit code says whether the aims are met."""
    parser = argparse.ArgumentParser(prog="python -m bench pairs", description=__doc__)
    parser.add_argument("--history", action="append", default=[], metavar="NAME=REPOSITORY")
    parser.add_argument("--kept", required=True, type=Path, metavar="DIRECTORY")
    parser.add_argument("--count", type=int, default=20, help="pairs per project")
    parser.add_argument(
        "--conflicts", type=int, default=6, help="go on until so many of them conflict as text"
    )
    parser.add_argument("--window", type=int, default=6, help="features on one base")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--probes", type=int, default=4, help="pairs of a set that are probed")
    parser.add_argument("--plan", action="store_true", help="ask the planner, and not `assay land`")
    parser.add_argument(
        "--static", action="store_true", help="run no tests at all: what merges is taken to work"
    )
    parser.add_argument("--show", type=Path, metavar="DIRECTORY")
    parser.add_argument("--verbose", action="store_true", help="a line for each pair")
    options = parser.parse_args(argv)
    end = time.monotonic() + options.seconds
    print(f"{'project':<16}{''.join(f'{head:>9}' for head in _HEADS)}")
    total = Score()
    for each in options.history:
        name, _, history = each.partition("=")
        place = ready(name, Path(history), options.kept.absolute(), install=not options.static)
        score = _project(place, options, lambda: time.monotonic() > end)
        _print(name, score)
        total.take(score)
    _print("all", total)
    print(
        f"admitted: {total.admitted} of {total.works} that work, {total.let_in} of {total.broken} broken ones"
    )
    print(f"conflicts of text merged, all green: {total.green} of {total.text}; wrong: {total.wrong}")
    return 0 if total.good else 1


def _project(place: Place, options: argparse.Namespace, late: Callable[[], bool]) -> Score:
    score = Score()
    for judged in _judged(place, options, late):
        for (pair, truth), answer in zip(judged.items(), _answers(place, list(judged), options), strict=True):
            score.add(truth, answer)
            if options.verbose:
                why = "; ".join(part for part in (answer.why, *truth.newly[:3]) if part)
                print(f"    {_word(truth, answer):<26} {pair.name}: {why}", flush=True)
            if truth.merged is not None and options.show:
                _show(options.show / place.name, place.repo, pair, truth)
    return score


def _answers(place: Place, pairs: list[Pair], options: argparse.Namespace) -> Iterator[Answer]:
    if options.plan or options.static:
        return (planned(place.repo, pair) for pair in pairs)
    return landed(place, pairs, options.probes)


def _print(name: str, score: Score) -> None:
    print(f"{name:<16}{''.join(f'{cell:>9}' for cell in score.cells)}", flush=True)


def _judged(
    place: Place, options: argparse.Namespace, late: Callable[[], bool]
) -> Iterator[dict[Pair, Truth]]:
    """Pairs of a project with what is true of them, a window at a time, the latest first; once there are
    enough, those alone that conflict as text, until there are enough of these."""
    with tempfile.TemporaryDirectory(prefix="assay-pairs-") as scratch:
        truths = Texts(place.repo) if options.static else Truths(place, Path(scratch))
        count, conflicts, strange = options.count, options.conflicts, 0
        for window in windows(place.repo, options.window):
            pairs = [pair for pair in _pairs(window) if count > 0 or truths.is_textual(pair)]
            if not pairs:
                continue
            if late() or (count <= 0 and conflicts <= 0) or strange == _STRANGE:
                return
            if not truths.is_sound(window.base):
                strange += 1
                continue
            strange, judged = 0, {}
            for pair in pairs:
                textual = truths.is_textual(pair)
                wanted = count > 0 or (textual and conflicts > 0)
                if wanted and not late() and truths.passes_alone(pair):
                    count -= 1
                    conflicts -= textual
                    judged[pair] = truths.of(pair)
            if judged:
                yield judged


def _pairs(window: Window) -> Iterator[Pair]:
    people = list(zip(window.features, window.candidates, strict=True))
    for (early, a), (late, b) in combinations(people, 2):
        yield Pair(window.base, (early, late), (a, b))


def _show(show: Path, repo: Repository, pair: Pair, truth: Truth) -> None:
    assert truth.merged is not None
    a, b = pair.candidates
    found = combine(repo, pair.base, pair.candidates)
    for path in sorted({file.path for file in getattr(found, "merged", ())}):
        person = pair.person(repo, path)
        merged = repo.read(truth.merged, path) or b""
        outcome = compare(path, merged, person).replace(" ", "-").replace(",", "")
        there = show / f"{a.name}-{b.name}-{path.replace('/', '_')}-{outcome}"
        there.mkdir(parents=True, exist_ok=True)
        trees: dict[str, Oid] = {"base": pair.base.tree, "merged": truth.merged}
        trees |= {name: one.tree for name, one in zip("ab", pair.candidates, strict=True) if one.tree}
        for name, tree in trees.items():
            (there / name).write_bytes(repo.read(tree, path) or b"")
        if person is not None:
            (there / "person").write_bytes(person)
