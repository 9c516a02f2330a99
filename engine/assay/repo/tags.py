"""The nearest tag of a commit, for whoever may know its name but not the history that leads to it.

Promises: reads refs and commits only.
"""

from __future__ import annotations

import pygit2
from pygit2.enums import DescribeStrategy

from assay.model.candidate import Record
from assay.repo.repository import Repository


class Tag(Record, frozen=True, kw_only=True):
    """A tag's name without `refs/tags/`, and whether it is an object of its own."""

    name: str
    annotated: bool


def nearest_tag(repo: Repository, commit: str | None) -> Tag | None:
    """The tag that `git describe --tags` names for `commit`; None where there is none, or none is found for
    want of history."""
    if commit is None:
        return None
    try:
        name = repo.git.describe(commit, describe_strategy=DescribeStrategy.TAGS, abbreviated_size=0)
        target = repo.git.references[f"refs/tags/{name}"].target
    except (KeyError, ValueError, pygit2.GitError):
        return None
    return Tag(name=name, annotated=isinstance(repo.git.get(target), pygit2.Tag))
