"""What the gates' tests share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A scratch repository, a policy and a toolbox over plain subprocesses."""
    from tests.gates.static_fakes import Bench

    return Bench(tmp_path)
