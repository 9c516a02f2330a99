"""Writes policies and loads them, for the tests of the policy room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from assay.policy.load import load
from assay.policy.schema import Policy


@pytest.fixture
def load_base() -> Callable[..., Policy]:
    """Loads the policy of a base commit that holds `files`."""

    def _load(files: Mapping[str, str], *, name: str | None = None, pack: str = "default") -> Policy:
        def read(path: str) -> bytes | None:
            return files[path].encode() if path in files else None

        return load(name, default_pack=pack, base_reader=read)

    return _load


@pytest.fixture
def policy_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a policy file on disk."""

    def _write(text: str, name: str = "policy.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return _write
