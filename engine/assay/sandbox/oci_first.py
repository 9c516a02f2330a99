"""A container's first process, as the text of a shell script, and the named pipes that it opens.

An engine's command line passes on no descriptor but the standard ones, and these mixed with its own words.
So everything a program says or hears goes through named pipes in a directory of the jail's own, which the
first process opens and moves to the numbers that programs expect. Promises: the script holds everything a
candidate can choose quoted as data; once the jail stands the engine removes all names in the directory, so
that no program can open them; the first process speaks as `supervise` expects, and after its last word it
waits for leave to end, so that the container's accounts can be read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from assay.sandbox.backend import Pipes
from assay.sandbox.identity import Identity
from assay.sandbox.supervise import GO, LOG, REPORT, STATUS

SCRIPT = "first"
_HELD = {0: 9, 1: 7, 2: 8, REPORT: REPORT, STATUS: STATUS, GO: GO}
"""Numbers under which the supervisor outside holds the far ends, by the program's numbers: a pipe then ends
when the container and its supervisor have."""

_SPEAK = """\
umask 022
printf 'S\\n' >&4
read -r _ <&5 || exit 125
exec 7>&2 2>&4
if cd -- {cwd} 2>&7; then
    unset OLDPWD
    ( exec {argv} 2>&7 7>&- 5<&- 4>&- )
    code=$?
else
    code=126
fi
printf 'X%s\\n' "$code" >&4
read -r _ <&5
exit "$code"
"""


def script(
    *,
    place: str,
    numbers: Sequence[int],
    cwd: str,
    argv: Sequence[str],
    variables: Mapping[str, str],
    links: Mapping[str, str],
) -> bytes:
    """The first process: opens the pipes `numbers` in `place`, makes `links`, runs `argv` in `cwd` with
    exactly `variables`."""
    lines = [f"exec {n}{'<' if n in (0, GO) else '>'}{quote(f'{place}/{n}')} || exit 125" for n in numbers]
    for target, text in links.items():
        parent = quote(str(PurePosixPath(target).parent))
        lines.append(f"mkdir -p -- {parent} && ln -s -- {quote(text)} {quote(target)} || exit 125")
    lines.append("unset PWD OLDPWD")
    lines += [f"export {name}={quote(value)}" for name, value in sorted(variables.items())]
    speak = _SPEAK.format(cwd=quote(cwd), argv=" ".join(quote(argument) for argument in argv))
    # Read whole before any of it is done, since its name goes meanwhile.
    text = "{\n" + "\n".join(lines) + "\n" + speak + "}\n"
    return text.encode("utf-8", "surrogateescape")


def quote(text: str) -> str:
    """`text` as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


class Names:
    """The directory of one container's pipes and script."""

    def __init__(self, directory: Path, identity: Identity) -> None:
        self.directory = directory
        self._identity = identity
        directory.mkdir(mode=0o711)
        directory.chmod(0o711)

    def write(self, name: str, content: bytes) -> None:
        """A file that only the jail's user can read."""
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        self._give(path)

    def connect(self, pipes: Pipes) -> tuple[tuple[int, ...], dict[int, int]]:
        """Replace both ends of `pipes` by those of named pipes; the numbers made, and what the supervisor
        must hold, by its number. What is not a pipe but the whole input becomes a file."""
        held = {}
        for number in sorted({0, *pipes.ours} - {LOG}):
            path = self.directory / str(number)
            if number == 0 and 0 not in pipes.ours:
                with os.fdopen(pipes.theirs.pop(0), "rb") as source:
                    self.write("0", source.read())
                continue
            os.mkfifo(path, 0o600)
            self._give(path)
            self._replace(pipes, number, path)
            held[_HELD[number]] = pipes.theirs[number]
        return tuple(sorted({0, *pipes.ours} - {LOG})), held

    def forget(self) -> None:
        """Remove every name: what is open stays open, and nothing else can be opened."""
        for path in list(self.directory.iterdir()):
            path.unlink(missing_ok=True)

    def _give(self, path: Path) -> None:
        if not self._identity.is_self:
            os.chown(path, self._identity.uid, self._identity.gid)

    def _replace(self, pipes: Pipes, number: int, path: Path) -> None:
        # The reading end first: it can be had without anybody at the other one, and then the other as well.
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            writing = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except BaseException:
            os.close(reading)
            raise
        speaks = number not in (0, GO)
        ours, theirs = (reading, writing) if speaks else (writing, reading)
        for table, end in ((pipes.ours, ours), (pipes.theirs, theirs)):
            os.close(table[number])
            table[number] = end
        if number != GO:
            os.set_blocking(ours, False)
