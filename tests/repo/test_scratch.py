from __future__ import annotations

import os
import tempfile

import pytest

from assay.repo.scratch import scratch


@pytest.fixture(autouse=True)
def _temporary(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_directory_ends_with_its_context(tmp_path) -> None:
    with pytest.raises(RuntimeError), scratch() as here:
        (here / "file").write_text("")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_invariant_10_what_a_killed_run_left_goes_with_the_next(tmp_path) -> None:
    child = os.fork()
    if child == 0:
        with scratch() as here:
            (here / "file").write_text("")
            os._exit(0)
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    with scratch():
        assert left.exists()  # so young that its owner may just be about to lock it
    os.utime(left, (0, 0))
    with scratch() as here:
        assert list(tmp_path.iterdir()) == [here]


def test_a_directory_in_use_is_left_alone_however_old() -> None:
    with scratch() as mine:
        os.utime(mine, (0, 0))
        with scratch():
            assert mine.is_dir()
