"""A stand-in for /etc: what programs need to start and to resolve names, and nothing that names this host.

Promises: only files that any user of the host may read are copied; accounts, host names and resolvers are
synthetic. Links are copied as links. The shell of a jail's first process is there too, and nobody in the jail
may read it.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_COPIED = (
    "ca-certificates",
    "debian_version",
    "gai.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "magic.mime",
    "maven",
    "mime.types",
    "os-release",
    "pki/ca-trust",
    "pki/tls",
    "protocols",
    "redhat-release",
    "rpc",
    "services",
    "shells",
    "ssl/cert.pem",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "xml",
)
SHOWN = ("alternatives", "fonts", "ssl/certs")
"""Large directories that name nothing of this host: shown as they are instead of being copied."""

SHELL = "/etc/assay/sh"
"""A copy of the host's shell that can be started but not read. The kernel lets nobody look into, write to or
trace a process that runs such a program, nor open its descriptors: that is what keeps the jail's first
process, which says how the program ended, apart from the program."""

_COPIED_PREFIXES = ("python", "java", "perl")
_MAX_FILE = 4 * 1024 * 1024
_MAX_DEPTH = 6


def build_etc(directory: Path, synthetic: Mapping[str, str], host: Path = Path("/etc")) -> None:
    """Fill `directory`, which must not exist, from the host's /etc and the given texts."""
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    names = list(_COPIED)
    with contextlib.suppress(OSError):
        names += sorted(path.name for path in host.iterdir() if path.name.startswith(_COPIED_PREFIXES))
    for name in names:
        with _if_readable():
            _copy(host / name, directory / name, _MAX_DEPTH)
    for name in shown(host):
        _make_parents(directory / name / "x")
    for name, text in synthetic.items():
        path = directory / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o644)
    shell = directory / Path(SHELL).relative_to("/etc")
    _make_parents(shell)
    shutil.copyfile(Path("/bin/sh").resolve(), shell)
    shell.chmod(0o111)


def shown(host: Path = Path("/etc")) -> tuple[str, ...]:
    """Those of `SHOWN` that are directories here."""
    return tuple(name for name in SHOWN if (host / name).is_dir() and not (host / name).is_symlink())


@contextmanager
def _if_readable() -> Iterator[None]:
    """What cannot be read is left out; what there is no room for would be there in part."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise


def _copy(source: Path, target: Path, depth: int) -> None:
    status = source.lstat()
    readable = status.st_mode & stat.S_IROTH
    if stat.S_ISLNK(status.st_mode):
        _make_parents(target)
        target.symlink_to(source.readlink())
    elif stat.S_ISREG(status.st_mode) and readable and status.st_size <= _MAX_FILE:
        _make_parents(target)
        target.write_bytes(source.read_bytes())
        target.chmod(0o644 | (status.st_mode & 0o111))
    elif stat.S_ISDIR(status.st_mode) and readable and status.st_mode & stat.S_IXOTH and depth:
        _make_parents(target / "x")
        for entry in sorted(source.iterdir()):
            with _if_readable():
                _copy(entry, target / entry.name, depth - 1)


def _make_parents(path: Path) -> None:
    if not path.parent.is_dir():
        _make_parents(path.parent)
        path.parent.mkdir(mode=0o755)
        path.parent.chmod(0o755)
