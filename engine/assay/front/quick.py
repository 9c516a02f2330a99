"""`assay check` with plain options, read without the parser, whose import costs a hook more than its gates.

Promises: only command lines that leave no doubt are read here, and they mean what the parser takes them to
mean; of anything else (an option not listed, an odd value, help) this module says nothing, so that every
message is the parser's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay.front.choices import Format, Wanted, project_environment, shows_excerpts
from assay.front.streams import Color

if TYPE_CHECKING:
    from assay.front.session import View
    from assay.land.request import Request

_COMMAND = "check"
_FLAGS = {"--staged": "--staged", "--worktree": "--worktree", "--quiet": "--quiet", "-q": "--quiet"}
_VALUES = {
    **{name: name for name in ("--repo", "--policy", "--jobs", "--base", "--head")},
    **{name: name for name in ("--format", "--color", "--isolation")},
    "-C": "--repo",
    "-j": "--jobs",
}
_ONE_OF: dict[str, frozenset[str]] = {
    "--format": frozenset(Format),
    "--color": frozenset(Color),
    "--isolation": frozenset(Wanted),
}

Given = dict[str, str]
"""Options by their long names; a flag that is set has an empty value."""


def check(arguments: Sequence[str]) -> int | None:
    """Run such a command line to its exit code, or leave it (None)."""
    given = read(arguments)
    if given is None:
        return None
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


def read(arguments: Sequence[str]) -> Given | None:
    """The options of a command line that leaves no doubt, else None."""
    if not arguments or arguments[0] != _COMMAND:
        return None
    given: Given = {}
    words = iter(arguments[1:])
    for word in words:
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            name, value = _FLAGS[word], ""
        elif name in _VALUES and (not equals or name.startswith("--")):
            name, value = _VALUES[name], value if equals else next(words, "")
            if not _is_plain(name, value):
                return None
        else:
            return None
        if name in given:
            return None
        given[name] = value
    return given


def as_request(given: Given) -> Request:
    """What the flow is asked for."""
    from assay.land.request import Request

    isolation = given.get("--isolation", Wanted.AUTO)
    return Request(
        repo=Path(given.get("--repo", "")),
        base=given.get("--base"),
        policy=given.get("--policy"),
        jobs=int(given.get("--jobs", "0")),
        isolation=None if isolation == Wanted.AUTO else isolation,
        excerpts=shows_excerpts(Format(given.get("--format", Format.TEXT))),
        environ=project_environment(os.environ, sys.prefix),
    )


def as_view(given: Given) -> View:
    """How the result is shown."""
    from assay.front.session import View

    return View(
        format=Format(given.get("--format", Format.TEXT)),
        color=Color(given.get("--color", Color.AUTO)),
        quiet="--quiet" in given,
    )


def _is_plain(name: str, value: str) -> bool:
    """Whether the parser takes this value, as it stands."""
    if not value or value.startswith("-"):
        return False
    if name == "--jobs":
        return value.isascii() and value.isdigit() and len(value) < 4
    return value in _ONE_OF.get(name, (value,))
