"""`assay check` and `assay grade` with plain options, read without the parser, whose import costs a hook more
than its gates, and a run whose answers are known a fifth of its time.

Promises: only command lines that leave no doubt are read here, and they mean what the parser takes them to
mean; of anything else (an option not listed, an odd value, help) this module says nothing, so that every
message is the parser's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assay.front.choices import Format, Wanted, project_environment, shows_excerpts
from assay.front.streams import Color, is_terminal

if TYPE_CHECKING:
    from assay.front.session import View
    from assay.land.request import Lane, Request

CHECK, GRADE = "check", "grade"
_SHORT = {"-q": "--quiet", "-C": "--repo", "-j": "--jobs", "-o": "--output"}
_FLAGS = {
    CHECK: frozenset(["--staged", "--worktree", "--quiet"]),
    GRADE: frozenset(["--squash", "--full", "--profile", "--quiet"]),
}
_BOTH = ["--repo", "--policy", "--jobs", "--base", "--format", "--color", "--isolation"]
_VALUES = {
    CHECK: frozenset([*_BOTH, "--head"]),
    GRADE: frozenset([*_BOTH, "--first", "--lane", "--output"]),
}
_ONE_OF: dict[str, frozenset[str]] = {
    "--format": frozenset(Format),
    "--color": frozenset(Color),
    "--isolation": frozenset(Wanted),
    "--lane": frozenset(["interactive", "bulk"]),
}
_NUMBERS = ("--jobs", "--first")

Given = dict[str, str]
"""Options by their long names; a flag that is set has an empty value."""


class Line(NamedTuple):
    """A command line that was read: the command, its options, and what it names besides them."""

    command: str
    given: Given
    sources: tuple[str, ...]


def run(arguments: Sequence[str]) -> int | None:
    """Run such a command line to its exit code, or leave it (None)."""
    line = read(arguments)
    if line is None:
        return None
    return _check(line.given) if line.command == CHECK else _grade(line)


def _grade(line: Line) -> int:
    from assay.front import session
    from assay.land import flow

    request, view = as_request(line.given, line.sources, lane(line.given)), as_view(line.given)
    first = int(line.given.get("--first", "0"))
    return session.conclude(lambda observer: flow.grade(request, observer=observer), view, first)


def _check(given: Given) -> int:
    from assay.front import session
    from assay.front.change import chosen

    request, view, head = as_request(given), as_view(given), given.get("--head")
    change = chosen(
        request.repo,
        staged="--staged" in given,
        worktree="--worktree" in given,
        base=request.base,
        head=head,
    )
    from assay.land import flow

    return session.conclude(lambda observer: flow.check(request, change, head=head, observer=observer), view)


def read(arguments: Sequence[str]) -> Line | None:
    """What a command line that leaves no doubt says, else None."""
    if not arguments or arguments[0] not in _FLAGS:
        return None
    command = arguments[0]
    given: Given = {}
    sources: list[str] = []
    words = iter(arguments[1:])
    for word in words:
        name, equals, value = word.partition("=")
        short, name = name in _SHORT, _SHORT.get(name, name)
        if name in _FLAGS[command] and not equals:
            value = ""
        elif name in _VALUES[command] and not (equals and short):
            value = value if equals else next(words, "")
            if not _is_plain(name, value):
                return None
        elif command == GRADE and word and not word.startswith("-"):
            sources.append(word)
            continue
        else:
            return None
        if name in given:
            return None
        given[name] = value
    return None if command == GRADE and not sources else Line(command, given, tuple(sources))


def as_request(given: Given, sources: tuple[str, ...] = (), lane: Lane | None = None) -> Request:
    """What the flow is asked for. `lane` None: somebody waits."""
    from assay.land.request import Lane, Request

    isolation = given.get("--isolation", Wanted.AUTO)
    return Request(
        repo=Path(given.get("--repo", "")),
        sources=sources,
        base=given.get("--base"),
        policy=given.get("--policy"),
        jobs=int(given.get("--jobs", "0")),
        first=int(given.get("--first", "0")),
        full="--full" in given,
        lane=lane or Lane.INTERACTIVE,
        squash="--squash" in given,
        isolation=None if isolation == Wanted.AUTO else isolation,
        excerpts=shows_excerpts(Format(given.get("--format", Format.TEXT))),
        environ=project_environment(os.environ, sys.prefix),
    )


def lane(given: Given) -> Lane:
    """The lane of a grading: the one that is named, or that of whoever sees its progress and so waits."""
    from assay.land.request import Lane

    if "--lane" in given:
        return Lane(given["--lane"])
    return Lane.INTERACTIVE if is_terminal(sys.stderr) else Lane.BULK


def as_view(given: Given) -> View:
    """How the result is shown."""
    from assay.front.session import View

    return View(
        format=Format(given.get("--format", Format.TEXT)),
        output=Path(given["--output"]) if "--output" in given else None,
        color=Color(given.get("--color", Color.AUTO)),
        quiet="--quiet" in given,
        profile="--profile" in given,
    )


def _is_plain(name: str, value: str) -> bool:
    """Whether the parser takes this value, as it stands."""
    if not value or value.startswith("-"):
        return False
    if name in _NUMBERS:
        return value.isascii() and value.isdigit() and len(value) < 4
    return value in _ONE_OF.get(name, (value,))
