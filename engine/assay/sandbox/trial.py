"""One small jail, started to see whether jails work here.

Promises: tries what real jails use, on the file system that they use: all namespaces, an overlay with a
whiteout, writing through it, a new /proc; for the tier `hardened` also calls that must be denied. Gives up
after some seconds.
"""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from assay.model.expressions import expression
from assay.model.tool import Tier
from assay.sandbox.backend import Backend, open_pipes
from assay.sandbox.identity import INSIDE_ID, Identity
from assay.sandbox.probe import Probe, runs_directory
from assay.sandbox.scratch import open_area
from assay.sandbox.spec import JailCommand, Stack
from assay.sandbox.supervise import LOG

_SECONDS = 20.0
_ROOT = Path("/srv/assay trial")
_PROGRAM = """
[ -f kept ] || exit 11
[ ! -e hidden ] || exit 12
echo more >>kept || exit 13
rm kept || exit 14
[ "$(id -u)" = "$1" ] || exit 15
[ -d /proc/self ] || exit 16
[ ! -e "$2" ] || exit 17
echo text >/tmp/file || exit 18
[ -z "$3" ] || [ -z "$(ls -A "$3")" ] || exit 19
"""
# Both programs come with the setpriv that starts every jail. Without a filter each of these calls succeeds,
# with no privilege: unshare(0), and a personality without randomised addresses.
_DENIED = """
command -v unshare setarch >/tmp/file || exit 21
grep -q '^Seccomp:.2$' /proc/self/status || exit 22
unshare true 2>/tmp/file && exit 23
setarch --addr-no-randomize true 2>/tmp/file && exit 24
[ ! -r /proc/1/fd ] || exit 25
exit 0
"""
_WORDS = {
    11: "the overlay does not show its lower layer",
    12: "the overlay does not honour whiteouts",
    13: "the overlay cannot be written to",
    14: "nothing can be deleted in the overlay",
    15: "the user is not mapped",
    16: "there is no /proc",
    17: "a directory of the host is visible",
    18: "the private /tmp cannot be written to",
    19: "what only the server of a warm jail may see is visible",
    21: "util-linux is not complete, so that nothing can be tried",
    22: "no filter of system calls is in force",
    23: "the filter lets unshare(2) through",
    24: "the filter lets personality(2) through",
    25: "the jail's first process can be looked into",
}


_PREFIX = expression(r"^\[\w\]\[[^\]]*\]\[\d+\]\s*(?:\w+\(\):\d+\s*)?")
_LONGEST = 300


def try_jail(backend: Backend, found: Probe, user: int = INSIDE_ID) -> str:
    """Run one jail, in which programs are to have the number `user`. Empty when all went well, else what did
    not, in a few words."""
    hardened = backend.isolation.tier is Tier.HARDENED
    area = open_area(runs_directory(found.cache))
    try:
        layers = make_layers(area.path, found.identity)
        command = JailCommand(
            label="trial",
            argv=command_line(hardened=hardened, user=user),
            root=_ROOT,
            stack=Stack(layers=layers, tree=""),
        )
        prepared = backend.prepare(command)
        try:
            pipes = open_pipes(command, keep_stdin=False)
            try:
                started = prepared.start(pipes)
                words = converse(started.status, started.go)
                started.kill()
                os.waitpid(started.pid, 0)
                log = os.pread(pipes.ours[LOG], 4096, 0).decode("utf-8", "replace")
            finally:
                pipes.close()
        finally:
            prepared.remove()
    finally:
        area.close()
    return judge(words, log)


def command_line(
    *, hardened: bool, user: int = INSIDE_ID, hidden: str = "/root", empty: str = ""
) -> tuple[str, ...]:
    """The program of a trial. `hidden` is a directory of the host that must not be there, `empty` one that
    has to be empty."""
    program = _PROGRAM + (_DENIED if hardened else "")
    return ("/bin/sh", "-c", program, "trial", str(user), hidden, empty)


def make_layers(directory: Path, identity: Identity) -> tuple[Path, Path]:
    """The two layers of a trial's tree."""
    lower, upper = directory / "a", directory / "b"
    for layer in (lower, upper):
        layer.mkdir(mode=0o755)
    for name in ("kept", "hidden"):
        (lower / name).write_text("text\n")
    os.mknod(upper / "hidden", stat.S_IFCHR, os.makedev(0, 0))
    if not identity.is_self:
        for path in (lower, upper, lower / "kept", lower / "hidden"):
            os.chown(path, identity.uid, identity.gid)
    return lower, upper


def converse(status: int, go: int) -> bytes:
    """Let the program go; everything that the first process says until it is done or gone."""
    words, end = b"", time.monotonic() + _SECONDS
    poll = select.poll()
    poll.register(status, select.POLLIN)
    while (left := end - time.monotonic()) > 0 and poll.poll(left * 1000):
        chunk = os.read(status, 4096)
        if not chunk:
            break
        if not words:
            os.write(go, b"\n")
        words += chunk
        if b"X" in words and words.endswith(b"\n"):
            break
    return words


def judge(words: bytes, log: str) -> str:
    """Empty when all went well, else what did not, in a few words."""
    if not words.startswith(b"S\n"):
        return complaint(log) or "nsjail does not start"
    code = words.rpartition(b"X")[2].strip()
    if code == b"0":
        return ""
    number = int(code) if code.isdigit() else -1
    return _WORDS.get(number, f"the trial ended with {number}")


def complaint(log: str) -> str:
    """What nsjail says first went wrong, without its level, time and place in the source."""
    lines = [_PREFIX.sub("", line) for line in log.splitlines() if line.startswith(("[W]", "[E]", "[F]"))]
    return next((line for line in lines if " failed" in line), lines[-1] if lines else log.strip())[
        -_LONGEST:
    ]
