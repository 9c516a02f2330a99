"""Other checkouts of the project: a linked worktree, a clone, a copy, from which it may be installed.

An editable install leads to the checkout it was made in. Where that is not the tree being graded (one virtual
environment shared by several worktrees), tests would import the other checkout's code, and every candidate
would pass. Promises: reads a few small files; runs nothing.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

_MAX_TEXT = 256 * 1024


def own_place(path: Path, repo_root: Path) -> Path | None:
    """What `path` is below `repo_root`, if `path` lies in another checkout of the same project; else None."""
    repository, name = _repository(repo_root), project_name(repo_root)
    for top in (path, *path.parents):
        if top == repo_root:
            return None
        same_repository = repository is not None and _repository(top) == repository
        if same_repository or (name and project_name(top) == name):
            return repo_root / path.relative_to(top)
    return None


def _repository(top: Path) -> Path | None:
    """The git directory that `top` shares with the other worktrees of its repository."""
    if (top / "HEAD").is_file() and (top / "objects").is_dir():
        return top.resolve()
    found = top / ".git"
    if found.is_dir():
        return found.resolve()
    word, _, place = _text(found).partition(":")
    if word != "gitdir":
        return None
    directory = top / place.strip()
    return (directory / (_text(directory / "commondir").strip() or ".")).resolve()


def project_name(top: Path) -> str:
    """The normalised name of the distribution whose sources are at `top`, as far as a file states it."""
    try:
        project = tomllib.loads(_text(top / "pyproject.toml"))
        stated = project.get("project", {}).get("name") or project.get("tool", {}).get("poetry", {}).get(
            "name"
        )
    except (tomllib.TOMLDecodeError, AttributeError):
        stated = None
    if not stated:
        setup = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            setup.read_string(_text(top / "setup.cfg"))
        except configparser.Error:
            return ""
        stated = setup.get("metadata", "name", fallback="")
    return re.sub(r"[-_.]+", "-", str(stated)).lower()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TEXT).decode("utf-8", "replace")
    except OSError:
        return ""
