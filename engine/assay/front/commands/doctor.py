"""`assay doctor`: what this host can isolate, and the remedy for what it cannot."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from assay import __version__
from assay.delta.sanitise import plain
from assay.front import options
from assay.front.answer import answer, columns
from assay.front.options import PlainFormat
from assay.model.errors import Exit

if TYPE_CHECKING:
    from assay.sandbox.probe import Probe


def doctor(*, format_: options.PlainFormatName = PlainFormat.TEXT) -> int:
    """Say what this machine can isolate; exit 3 if it cannot run candidates."""
    from assay.sandbox.probe import probe

    found = probe(None, os.environ)
    document = {
        "assay": __version__,
        "python": platform.python_version(),
        "tier": found.tier,
        "isolation": found.isolation if found.tier is not None else None,
        "facts": found.facts,
        "remedies": found.remedies,
    }
    answer(format_, _page(found), document)
    return int(Exit.ACCEPTED if found.tier is not None else Exit.INCONCLUSIVE)


def _page(found: Probe) -> str:
    rows = [("ok" if fact.ok else "missing", fact.name, fact.detail) for fact in found.facts]
    blocks = [f"assay {__version__}, Python {platform.python_version()}", columns(rows), _result(found)]
    if found.remedies:
        title = "To get there:" if found.tier is None else "To make it stronger:"
        blocks.append("\n".join([title, *(f"  {plain(remedy)}" for remedy in found.remedies)]))
    return "\n\n".join(blocks)


def _result(found: Probe) -> str:
    if found.tier is None:
        return "Candidates cannot be isolated here, so assay runs none."
    return f"Candidates are isolated by {found.isolation.backend}, tier {found.tier}."
