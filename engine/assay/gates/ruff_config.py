"""Which ruff configuration the base has, and a tree on which no other counts.

Promises: reads git objects only. The rules come from the run's base (invariant 3): a candidate's
configuration files, new ones and those named by `extend` included, are replaced before ruff sees them.
"""

from __future__ import annotations

import hashlib
import posixpath
import tomllib
from collections.abc import Iterable
from typing import Any

from msgspec import field

from assay.gates import memo
from assay.gates.protocol import Toolbox
from assay.gates.ruff_default import STATING, runs_later, written_out
from assay.gates.ruff_pin import without_pin
from assay.model.candidate import Oid, Record
from assay.model.errors import BadInput
from assay.repo import trees
from assay.repo.repository import FILE, Repository

NAMES = frozenset({"pyproject.toml", "ruff.toml", ".ruff.toml"})
_GLOBS = tuple(f"**/{name}" for name in sorted(NAMES))
_SOURCES = (".py", ".pyi", ".pyw", ".ipynb")
_REVISION = "lint/rules/2"


class RuffRules(Record, frozen=True, kw_only=True):
    """The base's configuration files (`paths`), the directories they govern, and a digest of it all and of
    the names and modes of the directories and Python files around which the rules are asked.
    `unpinned` are those that require a version of ruff, as they are without that; `selecting` those that
    leave their rules to ruff's default, as they are with the one that the project knows
    (`ruff_default`)."""

    paths: frozenset[str]
    directories: frozenset[str]
    named: str
    unpinned: dict[str, bytes] = field(default_factory=dict)
    selecting: dict[str, bytes] = field(default_factory=dict)
    digest: str

    def governs(self, path: str) -> bool:
        """Whether some configuration on the base speaks for this file."""
        return bool(self.named) or any(parent in self.directories for parent in _parents(path))


async def base_rules(toolbox: Toolbox) -> RuffRules:
    """The rules of the run's base, read once per run. Raises `BadInput` if the policy names none."""

    tree, named = toolbox.base.tree, toolbox.policy.lint.config

    async def make() -> RuffRules:
        # The one thing here that costs in proportion to the repository: done once for a base, not for a run.
        key = memo.key(_REVISION, tree, named)
        rules = await memo.recall(toolbox, key, RuffRules)
        if rules is None:
            rules = read_rules(toolbox.repo, tree, named)
            await memo.remember(toolbox, key, rules)
        return rules

    return await toolbox.once("lint/rules", make)


def read_rules(repo: Repository, tree: str, named: str) -> RuffRules:
    """The rules of `tree`; `named` is the policy's own choice of file, or empty."""
    if named and repo.read(tree, named) is None:
        raise BadInput(
            f"the policy names {named} as ruff's configuration, and the base has no such file",
            fix="correct lint.config",
        )
    files, layout = _survey(repo, tree)
    directories = {posixpath.dirname(path) for path in files if _governs(path, repo.read(tree, path))}
    todo = [*files, named] if named else [*files]
    paths: set[str] = set()
    unpinned: dict[str, bytes] = {}
    selecting: dict[str, bytes] = {}
    contents: dict[str, bytes] = {}
    digest = hashlib.sha256(layout)
    while todo:
        path = todo.pop()
        content = None if path in paths else repo.read(tree, path)
        if content is None:
            continue
        paths.add(path)
        contents[path] = content
        if (free := without_pin(path, content)) is not None:
            unpinned[path] = free
        todo.extend(_extends(path, content))
    stating = {path: repo.read(tree, path) or b"" for path in STATING}
    if not runs_later({**stating, **contents}):
        for path, content in contents.items():
            if (chosen := written_out(path, unpinned.get(path, content))) is not None:
                selecting[path] = chosen
    for path in sorted(paths):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + contents[path] + b"\0")
        digest.update(selecting.get(path, b"") + b"\0")
    return RuffRules(
        paths=frozenset(paths),
        directories=frozenset(directories),
        named=named,
        unpinned=unpinned,
        selecting=selecting,
        digest=digest.hexdigest(),
    )


def trusted(toolbox: Toolbox, rules: RuffRules, tree: str) -> str:
    """`tree` with the configuration of the run's base, and no other, in it; `tree` itself if it agrees."""
    return trees.restore(toolbox.repo, tree, toolbox.base.tree, (*_GLOBS, *_literal(rules.paths)))


def unpinned(toolbox: Toolbox, rules: RuffRules, tree: str) -> str:
    """`tree`, which has the base's configuration, with no version of ruff required in it, and none relied on
    for what its default is."""
    repo = toolbox.repo
    edits: dict[str, tuple[int, Oid] | None] = {}
    for path, content in {**rules.unpinned, **rules.selecting}.items():
        if (entry := repo.entry(tree, path)) is not None:
            edits[path] = (entry.mode, Oid(str(repo.git.create_blob(content))))
    return trees.edit(repo, tree, edits) if edits else tree


def _literal(paths: Iterable[str]) -> tuple[str, ...]:
    """Globs that match exactly these paths."""
    special = str.maketrans({char: f"[{char}]" for char in "*?["})
    return tuple(path.translate(special) for path in sorted(paths))


def _governs(path: str, content: bytes | None) -> bool:
    if posixpath.basename(path) != "pyproject.toml":
        return True
    table = _parsed(content)
    # One that does not parse is ruff's to complain about: it would have been looked at.
    return table is None or "ruff" in table.get("tool", {})


def _extends(path: str, content: bytes) -> list[str]:
    table = _parsed(content) or {}
    if posixpath.basename(path) == "pyproject.toml":
        table = table.get("tool", {}).get("ruff", {})
    extended = table.get("extend") if isinstance(table, dict) else None
    if not isinstance(extended, str):
        return []
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), extended))
    return [] if joined.startswith(("../", "/")) else [joined]


def _parsed(content: bytes | None) -> dict[str, Any] | None:
    try:
        return tomllib.loads((content or b"").decode())
    except (ValueError, RecursionError):
        return None


def _survey(repo: Repository, tree: str) -> tuple[list[str], bytes]:
    """The configuration files of a tree, and a digest of its directories and Python files by name and mode:
    by them ruff tells first-party imports, packages and programs from the rest."""
    found: list[str] = []
    directories: set[str] = set()
    digest = hashlib.sha256()
    for entry in repo.files(tree):
        above, name = posixpath.split(entry.path)
        if name in NAMES:
            found.append(entry.path)
        if above not in directories:
            directories.add(above)
            digest.update(f"{above}/\0".encode("utf-8", "surrogateescape"))
        if name.endswith(_SOURCES) or entry.mode != FILE:
            digest.update(f"{entry.path}\0{entry.mode:o}\0".encode("utf-8", "surrogateescape"))
    return found, digest.digest()


def _parents(path: str) -> list[str]:
    parents = [""]
    for part in path.split("/")[:-1]:
        parents.append(posixpath.join(parents[-1], part))
    return parents
