"""Candidates for the benchmarks: the real difference of two releases, its parts, broken variants, repeats.

Promises: the same releases give the same candidates, byte for byte, on every machine.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.projects import Checkout, git

_OPERATORS = {
    "==": "!=",
    "!=": "==",
    " < ": " >= ",
    " > ": " <= ",
    " and ": " or ",
    " + ": " - ",
    "True": "False",
}
_MUTABLE = re.compile("|".join(re.escape(operator) for operator in _OPERATORS))


@dataclass(frozen=True)
class Patch:
    """One candidate patch as a file on disk."""

    name: str
    path: Path


def make(project: Checkout, count: int, directory: Path) -> list[Patch]:
    """`count` patches against the project's base, written into `directory`."""
    rng = random.Random(project.project.name)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        git(project.repo, "worktree", "add", "-q", "--detach", str(tree), "HEAD")
        try:
            texts = _texts(project, tree, count, rng)
        finally:
            git(project.repo, "worktree", "remove", "--force", str(tree))
    directory.mkdir(parents=True, exist_ok=True)
    patches = []
    for index, (kind, text) in enumerate(texts):
        path = directory / f"{index:03d}-{kind}.patch"
        path.write_text(text, newline="")
        patches.append(Patch(path.name, path))
    return patches


def _texts(project: Checkout, tree: Path, count: int, rng: random.Random) -> list[tuple[str, str]]:
    changed = _lay_over(project.newer, tree)
    git(tree, "add", "-A")
    whole = git(tree, "diff", "--cached", "--binary", "HEAD").stdout
    texts = [("release", whole)]
    sources = [path for path in changed if "test" not in path]
    texts += [
        ("part", git(tree, "diff", "--cached", "--binary", "HEAD", "--", path).stdout) for path in sources[:4]
    ]
    texts.append(("broken-syntax", _edited(tree, sources[0], "\ndef broken(:\n")))
    texts.append(("does-not-apply", whole.replace("\n ", "\n  ", 5)))
    every = sorted(
        path
        for path in git(tree, "ls-files", "*.py").stdout.splitlines()
        if "test" not in path and "doc" not in path
    )
    while len(texts) < count - 1:
        if rng.random() < 0.2:
            texts.append(("repeat", rng.choice(texts)[1]))
        elif text := _mutant(tree, rng.choice(every), rng):
            texts.append(("mutant", text))
    return [*texts, ("repeat", whole)][:count]


def _lay_over(newer: Path, tree: Path) -> list[str]:
    """Make `tree`'s Python files those of the newer release; the paths that changed or came."""
    changed = []
    for source in sorted(newer.rglob("*.py")):
        relative = source.relative_to(newer)
        target = tree / relative
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            changed.append(relative.as_posix())
    return changed


def _edited(tree: Path, path: str, addition: str) -> str:
    git(tree, "reset", "-q", "--hard", "HEAD")
    target = tree / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a") as stream:
        stream.write(addition)
    git(tree, "add", "-A")
    return git(tree, "diff", "--cached", "HEAD").stdout


def _mutant(tree: Path, path: str, rng: random.Random) -> str:
    """A patch that changes one operator of one file, or nothing where the file has none."""
    git(tree, "reset", "-q", "--hard", "HEAD")
    target = tree / path
    if not target.exists():
        return ""
    text = target.read_text()
    places = list(_MUTABLE.finditer(text))
    if not places:
        return ""
    place = rng.choice(places)
    target.write_text(text[: place.start()] + _OPERATORS[place.group()] + text[place.end() :])
    return git(tree, "diff", "HEAD").stdout
