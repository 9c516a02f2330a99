"""Which tree is run: the candidate's own, or with existing tests and pytest's configuration from the base.

Promises: reads git objects only. With `from_base`, no file that a base test consists of, and no setting that
governs how base tests are found or run, comes from the candidate (invariant 3); the candidate's own new test
files stay. A file that merely also holds other settings (pyproject.toml) is restored only if pytest's part of
it differs.
"""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Iterable, Sequence

from assay.gates.testing.compare import Touched
from assay.model.candidate import Candidate, Change, ChangeKind, Record
from assay.policy.schema import Tests
from assay.repo.globs import Matcher, compile_globs
from assay.repo.repository import Repository
from assay.repo.trees import restore

_WHOLLY = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"})
_INI_SECTIONS = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_MAGIC = re.compile(r"([*?\[])")


class Subject(Record, frozen=True, kw_only=True):
    """The tree to run, what of it differs from the base, and the paths that were taken from the base."""

    tree: str
    touched: Touched
    restored: tuple[str, ...] = ()


def subject(repo: Repository, candidate: Candidate, rules: Tests) -> Subject:
    """What to run for `candidate`, which has a tree."""
    assert candidate.tree is not None
    base = candidate.base.tree
    configuration = {path for path in _sides(candidate.changes) if _governs(repo, base, candidate.tree, path)}
    paths = frozenset(_sides(candidate.changes))
    if not rules.from_base:
        touched = Touched(paths=paths, configured=bool(configuration))
        return Subject(tree=candidate.tree, touched=touched)
    restored = sorted(configuration | _tests(candidate.changes, compile_globs(rules.paths), repo, base))
    tree = restore(repo, candidate.tree, base, literal(restored)) if restored else candidate.tree
    return Subject(
        tree=tree,
        touched=Touched(paths=paths - frozenset(restored), trusted=True),
        restored=tuple(restored),
    )


def literal(paths: Iterable[str]) -> tuple[str, ...]:
    """Globs that match exactly these paths."""
    return tuple(_MAGIC.sub(r"[\1]", path) for path in paths)


def pytest_section(name: str, data: bytes | None) -> object:
    """pytest's own part of a configuration file, in a form that can be compared; None if it has none.

    A file that does not parse counts whole, since nobody knows what pytest will make of it.
    """
    if data is None:
        return None
    if name in _WHOLLY:
        return data
    text = data.decode("utf-8", "replace")
    try:
        if name == "pyproject.toml":
            tool = tomllib.loads(text).get("tool", {})
            return tool.get("pytest") if isinstance(tool, dict) else None
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        section = _INI_SECTIONS[name]
        return dict(parser[section]) if parser.has_section(section) else None
    except (tomllib.TOMLDecodeError, configparser.Error):
        return data


def _governs(repo: Repository, base: str, tree: str, path: str) -> bool:
    name = posixpath.basename(path)
    if name not in _WHOLLY and name not in _INI_SECTIONS and name != "pyproject.toml":
        return False
    return pytest_section(name, repo.read(base, path)) != pytest_section(name, repo.read(tree, path))


def _tests(changes: Sequence[Change], is_test: Matcher, repo: Repository, base: str) -> set[str]:
    """The paths among `changes` that make up tests of the base."""
    found: set[str] = set()
    for change in changes:
        if change.kind is ChangeKind.RENAMED:
            if is_test(change.old_path):
                # The base's file comes back under its old name; keeping it twice would run it twice.
                found |= {change.old_path, *({change.path} if is_test(change.path) else ())}
        elif change.kind is ChangeKind.ADDED:
            if posixpath.basename(change.path) == "conftest.py" and _has_files(repo, base, change.path):
                found.add(change.path)
        elif is_test(change.path):
            found.add(change.path)
    return found


def _has_files(repo: Repository, base: str, path: str) -> bool:
    """Whether the base has the directory of `path`: a new conftest.py there would govern the base's tests."""
    directory = posixpath.dirname(path)
    return not directory or repo.entry(base, directory) is not None


def _sides(changes: Iterable[Change]) -> set[str]:
    return {path for change in changes for path in (change.path, change.old_path)}
