"""A stand-in for /etc is whole, or is not there."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.sandbox import etc, namespaces
from assay.sandbox.probe import Probe


def test_what_there_is_no_room_for_is_not_left_in_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "services").write_text("http 80/tcp\n")

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        etc.build_etc(tmp_path / "etc", {}, host)


def test_what_cannot_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "services").write_text("http 80/tcp\n")

    def denied(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    etc.build_etc(tmp_path / "etc", {}, host)
    assert not (tmp_path / "etc" / "services").exists()


@pytest.mark.jail
def test_a_disk_that_was_full_for_a_moment_spoils_one_jail_and_not_all(
    monkeypatch: pytest.MonkeyPatch, host: Probe
) -> None:
    make, tries = namespaces.build_etc, []

    def full_once(directory: Path, synthetic: Mapping[str, str]) -> None:
        make(directory, synthetic)
        tries.append(directory)
        if len(tries) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(namespaces, "build_etc", full_once)
    backend = host.open_backend()
    try:
        assert isinstance(backend, namespaces.NamespaceBackend)
        with pytest.raises(OSError, match="No space left"):
            backend._etc_for("/home")
        assert Path(backend._etc_for("/home")).is_dir()
    finally:
        backend.close()
