"""Candidates for the benchmarks: the real difference of two releases, its parts, broken variants, mutants,
repeats, and repeats that are laid out anew.

Promises: the same releases give the same candidates, byte for byte, on every machine that has the same ruff.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
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
_REPEATS = 0.15
_LAID_OUT_ANEW = 0.15


@dataclass(frozen=True)
class Patch:
    """One candidate patch as a file on disk. `kind` is what it was made as."""

    name: str
    path: Path
    kind: str = ""


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
        patches.append(Patch(path.name, path, kind))
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
    sound = [text for kind, text in texts if kind in ("release", "part")]
    while len(texts) < count - 1:
        kind, text = _one_more(tree, every, [text for _, text in texts], sound, rng)
        if text:
            texts.append((kind, text))
        if kind == "mutant" and text:
            sound.append(text)
    return [*texts, ("repeat", whole)][:count]


def _one_more(
    tree: Path, every: list[str], texts: list[str], sound: list[str], rng: random.Random
) -> tuple[str, str]:
    dice = rng.random()
    if dice < _REPEATS:
        return "repeat", rng.choice(texts)
    if dice < _REPEATS + _LAID_OUT_ANEW:
        return "laid-out-anew", _laid_out_anew(tree, rng.choice(sound))
    return "mutant", _mutant(tree, rng.choice(every), rng)


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
    idle = _said(text)
    places = [place for place in _MUTABLE.finditer(text) if not idle[place.start()]]
    if not places:
        return ""
    place = rng.choice(places)
    target.write_text(text[: place.start()] + _OPERATORS[place.group()] + text[place.end() :])
    return git(tree, "diff", "HEAD").stdout


def _said(text: str) -> bytearray:
    """By character, whether it is in a string or a comment: what changes there is no mutant."""
    starts = [0, *(place.end() for place in re.finditer("\n", text))]
    found = bytearray(len(text))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            first, last = (starts[line - 1] + column for line, column in (token.start, token.end))
            found[first:last] = b"\1" * (last - first)
    return found


def _laid_out_anew(tree: Path, text: str) -> str:
    """The same patch as another author would lay it out: the files it changes formatted, and a remark."""
    git(tree, "reset", "-q", "--hard", "HEAD")
    git(tree, "clean", "-q", "-f", "-d")
    git(tree, "apply", "--index", "-", input=text)
    names = git(tree, "diff", "--cached", "--name-only", "--diff-filter=d", "HEAD", "--", "*.py").stdout
    files = [tree / name for name in names.split()]
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run(
        [str(ruff), "format", "-q", "--no-cache", "--isolated", "--line-length", "100", *map(str, files)],
        check=False,  # a mutant need not be formattable; the remark makes it another text in any case
        capture_output=True,
    )
    for file in files:
        file.write_text(file.read_text() + "\n# reviewed\n")
    git(tree, "add", "-A")
    return git(tree, "diff", "--cached", "--binary", "HEAD").stdout
