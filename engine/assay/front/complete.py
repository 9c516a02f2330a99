"""What the shell offers after Tab, beyond commands and options.

Promises: a completer never fails and never writes; where it cannot look it offers nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def policies(incomplete: str) -> list[str]:
    """The shipped packs."""
    return _matching(_quietly(_packs), incomplete)


def branches(incomplete: str) -> list[str]:
    """The branches of the repository around the current directory."""
    return _matching(_quietly(_branches), incomplete)


def _packs() -> list[str]:
    from assay.policy import packs

    return sorted(packs.names())


def _branches() -> list[str]:
    from assay.repo.repository import open_repository

    return sorted(open_repository(Path()).git.branches.local)


def _quietly(look: Callable[[], list[str]]) -> list[str]:
    try:
        return look()
    except Exception:
        return []


def _matching(names: list[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
