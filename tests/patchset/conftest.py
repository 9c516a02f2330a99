from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab, lines


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(
        tmp_path / "repo.git",
        {
            "a.py": lines(30),
            "b.py": lines(30),
            "dir/c.py": lines(30),
            "latin.txt": b"\xe9\n" * 20,
            "const.py": b"LIMIT = 3\n",
        },
    )
