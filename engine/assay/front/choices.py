"""What options may say, and the environment that a request carries: all that needs no parser.

Promises: pure, and cheap to import; a hook pays for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """Renderings of a report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    HTML = "html"
    GITHUB = "github"


def shows_excerpts(format_: Format) -> bool:
    """Whether a rendering shows diffs, which cost time to make and make a report long."""
    return format_ is Format.HTML


class PlainFormat(StrEnum):
    """Renderings of what is no report."""

    TEXT = "text"
    JSON = "json"


class Wanted(StrEnum):
    """What `--isolation` may name."""

    AUTO = "auto"
    HARDENED = "hardened"
    NAMESPACED = "namespaced"
    CONTAINER = "container"
    NSJAIL = "nsjail"
    NONE = "none"


def project_environment(environ: Mapping[str, str], own_prefix: str) -> dict[str, str]:
    """The environment in which the project's interpreter is looked for: without what pre-commit put over it.

    pre-commit runs us from an environment of its own and names that in VIRTUAL_ENV. The user's is still on
    the path, behind it.
    """
    named = environ.get("VIRTUAL_ENV")
    if named and "PRE_COMMIT" in environ and Path(named).resolve() == Path(own_prefix).resolve():
        return {name: value for name, value in environ.items() if name != "VIRTUAL_ENV"}
    return dict(environ)
