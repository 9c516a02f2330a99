"""What ruff says about versions of files: remembered, else asked in the warm worker, else in a jail apart.

Promises: the three ways give the same findings. A finding is remembered by the file's path and content and
all else that the rules asked for can see: for files under the base's rules also those rules and the names
around them, so that what a candidate with other names hears is not kept.

Ruff reads UTF-8 alone. A file that says what else it is written in, and is, is good Python that ruff cannot
look at: where nobody chose ruff, that is no finding. Under rules of the project's own, ruff's word stands.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping, Sequence

import msgspec

from assay.gates import memo
from assay.gates.files import Side
from assay.gates.fingerprint import RawFinding
from assay.gates.protocol import Toolbox
from assay.gates.ruff_config import RuffRules
from assay.gates.ruff_run import REAL_ERRORS, RuffRun, run_ruff
from assay.gates.ruff_warm import ask_warm, question
from assay.gates.ruff_wave import Question
from assay.gates.tools import installed_version
from assay.model.candidate import Record
from assay.model.outcome import ResourceUse

_REVISION = "lint/4"
_UNREADABLE = "E902"


class Seen(Record, frozen=True, kw_only=True):
    """The findings of one version of one file. `looked_at`: whether ruff looks at the file at all, or its
    configuration leaves it out; None where nobody asked."""

    findings: tuple[RawFinding, ...] = ()
    looked_at: bool | None = None


def key(rules: RuffRules, side: Side) -> str:
    """Everything that a remembered answer depends on."""
    governed = rules.digest if rules.governs(side.path) else REAL_ERRORS
    return memo.key(_REVISION, installed_version("ruff"), governed, side.path, side.blob)


async def seen(
    toolbox: Toolbox, rules: RuffRules, tree: str, sides: Sequence[Side], label: str, *, of_base: bool
) -> RuffRun:
    """What ruff says about these files of `tree`. Of the base's it is not asked whether ruff leaves them
    out: then `looked_at_none` means nothing."""
    asked = question(toolbox, rules, tree, [side.path for side in sides])
    lasting = {side.path: key(rules, side) for side in sides if _lasts(rules, asked, side)}
    known: dict[str, Seen] = {}
    for path, name in lasting.items():
        found = await memo.recall(toolbox, name, Seen)
        if found is not None and (of_base or found.looked_at is not None):
            known[path] = found
    missing = {side.path: toolbox.repo.blob(side.blob) for side in sides if side.path not in known}
    run = RuffRun()
    if missing:
        run, fresh = await _ask(toolbox, rules, tree, asked, missing, label, of_base=of_base)
        if run.problem:
            return run
        fresh = {path: _readable(rules, path, missing[path], found) for path, found in fresh.items()}
        for path, found in fresh.items():
            if path in lasting and (of_base or found.looked_at is not None):
                await memo.remember(toolbox, lasting[path], found)
        known |= fresh
    return msgspec.structs.replace(
        run,
        findings=tuple(finding for found in known.values() for finding in found.findings),
        looked_at_none=all(found.looked_at is False for found in known.values()),
    )


def _lasts(rules: RuffRules, asked: Question | None, side: Side) -> bool:
    """Whether the answer depends on nothing but its key: not on names that another tree has not."""
    return not rules.governs(side.path) or (asked is not None and not asked.alters)


async def _ask(
    toolbox: Toolbox,
    rules: RuffRules,
    tree: str,
    asked: Question | None,
    contents: Mapping[str, bytes],
    label: str,
    *,
    of_base: bool,
) -> tuple[RuffRun, dict[str, Seen]]:
    """Ask warm, or else cold: the run, and what it says of each file."""
    if asked is not None:
        unknown = frozenset() if of_base else frozenset(contents)
        told = await ask_warm(toolbox, rules, asked.about(contents.keys(), unknown), contents)
        if told is not None:
            run = RuffRun(findings=told.findings, use=ResourceUse(cpu_seconds=told.cpu_seconds))
            return run, {
                path: Seen(findings=_of(run, path), looked_at=None if of_base else path in told.looked_at)
                for path in contents
            }
    run = await run_ruff(toolbox, rules, tree, contents, label)
    return run, {
        path: Seen(findings=_of(run, path), looked_at=_looked_at(run, path, alone=len(contents) == 1))
        for path in contents
    }


def _of(run: RuffRun, path: str) -> tuple[RawFinding, ...]:
    return tuple(finding for finding in run.findings if finding.path == path)


def _readable(rules: RuffRules, path: str, content: bytes, found: Seen) -> Seen:
    """What was found, or that nothing was looked at, if all that ruff has against a file is its encoding."""
    unread = bool(found.findings) and all(finding.rule == _UNREADABLE for finding in found.findings)
    return Seen(looked_at=False) if unread and not rules.governs(path) and _in_other_words(content) else found


def _in_other_words(content: bytes) -> bool:
    """Whether a source declares an encoding other than UTF-8, and is in it."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        content.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        return False
    return encoding not in {"utf-8", "utf-8-sig"}


def _looked_at(run: RuffRun, path: str, *, alone: bool) -> bool | None:
    if run.looked_at_none:
        return False
    return True if alone or _of(run, path) else None
