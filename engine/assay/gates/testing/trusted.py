"""Which tree is run: the candidate's own, or with tests and pytest's configuration as the base has them.

Promises: reads git objects only. With tests from the base, no file that a base test consists of, none that
runs before tests do, and no setting that governs how they are found or run comes from the candidate
(invariant 3): what it changed or deleted is as on the base, what it added is absent. A file that merely also
holds other settings (pyproject.toml) is restored only if pytest's part of it differs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from assay.gates.testing import definitions
from assay.gates.testing.compare import Touched
from assay.gates.testing.settings import FILES, named_by, section
from assay.gates.testing.shadows import shadowing
from assay.model.candidate import Candidate, Change, Record
from assay.policy.schema import Tests
from assay.repo.globs import Matcher, compile_globs
from assay.repo.repository import Repository
from assay.repo.trees import restore

_START = (
    "**/__pycache__/**",
    "**/*.pyc",
    "**/*.pyo",
    "**/.pytest_cache/**",
    "**/*.pth",
    "**/*.egg-link",
    "**/*.egg-info",
    "**/*.egg-info/**",
    "**/*.dist-info/**",
    "**/sitecustomize.*",
    "**/sitecustomize/**",
    "**/usercustomize.*",
    "**/usercustomize/**",
    "**/conftest.py",
)
"""What Python or pytest loads by itself: compiled files in place of sources, plug-ins that installed packages
announce, start-up modules, what an earlier run is said to have left."""

_MAGIC = re.compile(r"([*?\[])")
_MOST_SOURCE = 4 * 1024 * 1024
"""Bytes of changed test files of one candidate that are parsed; the others are named as a whole."""


class Subject(Record, frozen=True, kw_only=True):
    """The tree to run, and what of it differs from the base. `restored` are paths of the base that the
    candidate changed or deleted and that are as on the base; `absent` are paths it added that were left out;
    `shadows` are paths that hide a module which tests are run with."""

    tree: str
    touched: Touched
    restored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()


def subject(repo: Repository, candidate: Candidate, rules: Tests) -> Subject:
    """What to run for `candidate`, which has a tree."""
    if rules.tests_of_base:
        return with_base_tests(repo, candidate, rules)
    assert candidate.tree is not None
    paths = frozenset(_sides(candidate.changes))
    configured = any(_governs(repo, candidate, path, rules) for path in paths)
    return Subject(tree=candidate.tree, touched=Touched(paths=paths, configured=configured))


def with_base_tests(repo: Repository, candidate: Candidate, rules: Tests) -> Subject:
    """The candidate's product under the base's tests, whatever the policy says of whose tests count."""
    assert candidate.tree is not None
    base = candidate.base.tree
    is_test = compile_globs((*rules.paths, *_START))
    paths = _sides(candidate.changes)
    back = {path for path in paths if is_test(path) or _governs(repo, candidate, path, rules)}
    restored = {path for path in back if repo.entry(base, path) is not None}
    return Subject(
        tree=restore(repo, candidate.tree, base, literal(sorted(back))) if back else candidate.tree,
        touched=Touched(paths=frozenset(paths - back), trusted=True),
        restored=tuple(sorted(restored)),
        absent=tuple(sorted(back - restored)),
        shadows=shadowing(repo, candidate, compile_globs(rules.paths)),
    )


def changed_tests(repo: Repository, candidate: Candidate, rules: Tests) -> tuple[str, ...]:
    """`path::name` of what the candidate changed or took away in the base's test files, sorted: by syntax
    tree, `name` as in `definitions`. A file that is no Python is named as a whole."""
    is_test = compile_globs(rules.paths)
    found: list[str] = []
    budget = _MOST_SOURCE
    for change in candidate.changes:
        if not is_test(change.old_path):
            continue
        old, new = _versions(repo, candidate, change, is_test)
        budget -= len(old or b"") + len(new or b"")
        found += _differing(change.old_path, old, new, parse=budget >= 0)
    return tuple(sorted(found))


def own_files(
    repo: Repository, candidate: Candidate, rules: Tests, suffixes: Collection[str] = ()
) -> tuple[str, ...]:
    """The test files that the candidate added or changed, sorted: Python, and files of these further
    `suffixes` (with their dot), in which the project keeps tests too."""
    is_test = compile_globs(rules.paths)
    found = []
    for change in candidate.changes:
        if not is_test(change.path) or change.new_mode & 0o170000 != 0o100000:
            continue
        if PurePosixPath(change.path).suffix not in {".py", *suffixes}:
            continue
        old, new = _versions(repo, candidate, change, is_test)
        if new is not None and (change.old_path != change.path or old != new):
            found.append(change.path)
    return tuple(sorted(found))


def literal(paths: Iterable[str]) -> tuple[str, ...]:
    """Globs that match exactly these paths."""
    return tuple(_MAGIC.sub(r"[\1]", path) for path in paths)


def _versions(
    repo: Repository, candidate: Candidate, change: Change, is_test: Matcher
) -> tuple[bytes | None, bytes | None]:
    """A test file on the base and on the candidate. One that moved out of the tests is there no more."""
    assert candidate.tree is not None
    old = repo.read(candidate.base.tree, change.old_path)
    return old, repo.read(candidate.tree, change.path) if is_test(change.path) else None


def _differing(path: str, old: bytes | None, new: bytes | None, *, parse: bool) -> list[str]:
    if old is None or old == new:
        return []
    if PurePosixPath(path).suffix != ".py":
        return [path]
    diff = definitions.differ(old, new) if parse else definitions.TestDiff(changed=(definitions.MODULE,))
    return [f"{path}::{name}" for name in (*diff.changed, *diff.removed)]


def _governs(repo: Repository, candidate: Candidate, path: str, rules: Tests) -> bool:
    """Whether a changed path changes how pytest finds and runs tests."""
    assert candidate.tree is not None
    if path in map(posixpath.normpath, named_by(rules.args)):
        return True
    name = posixpath.basename(path)
    if name not in FILES:
        return False
    return section(name, repo.read(candidate.base.tree, path)) != section(
        name, repo.read(candidate.tree, path)
    )


def _sides(changes: Iterable[Change]) -> set[str]:
    return {path for change in changes for path in (change.path, change.old_path)}
