"""What tests tell of a change: the same call, of which another result is expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared
from assay.patchset.graph import graph

CODE = b"def price(item, rate=1):\n    value = item * rate\n    return value\n"
TEST = b"from shop import price\n\n\ndef test_price():\n    assert price(2) == 2\n    price(3)\n"
USER = b"from shop import price\n\n\ndef total(items):\n    return sum(price(item) for item in items)\n"


def cleared(tmp_path: Path, old: bytes, new: bytes) -> bool:
    """Whether who changes `price` so, with its test, goes with somebody who newly uses it."""
    lab = Lab(tmp_path / "r.git", {"shop.py": CODE, "tests/test_shop.py": TEST})
    code = CODE.replace(b"item * rate", b"item * rate * 100")
    a = lab.candidate("a", {"shop.py": code, "tests/test_shop.py": TEST.replace(old, new)})
    b = lab.candidate("b", {"total.py": USER})
    return isinstance(graph(lab.repo, lab.base, [a, b]).between(a.id, b.id), Cleared)


def test_another_result_of_the_same_call_is_told(tmp_path: Path) -> None:
    assert not cleared(tmp_path, b"price(2) == 2", b"price( 2 ) == 200")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"price(2) == 2", b"price(5) == 500"),  # of other arguments
        (b"from shop import price\n", b"import os\n\nfrom shop import CODE, price\n"),
        (b"    price(3)", b"    assert price(3) == 300"),  # nothing was expected before
        (
            b"    assert price(2) == 2\n    price(3)",
            b"    x = price(4)\n    if x:\n        assert price(2) == 2",
        ),
    ],
)
def test_other_edits_of_tests_tell_nothing(tmp_path: Path, old: bytes, new: bytes) -> None:
    assert cleared(tmp_path, old, new)
