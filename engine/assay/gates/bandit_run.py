"""Ask the warm bandit worker about file versions, and read its answers.

Promises: an answer is one of findings, left out by the configuration, or unreadable with the reason; bandit
itself would pass an unreadable file over with exit code 0 (invariant 5).
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from assay.gates import memo
from assay.gates.bandit_config import BanditRules
from assay.gates.batch import Reply, ask
from assay.gates.files import line_at, split_lines
from assay.gates.fingerprint import RawFinding, fold_space
from assay.gates.frames import BadReply, Unit
from assay.gates.protocol import Toolbox
from assay.gates.tools import installed_version, own_interpreter, own_interpreter_binds, package_directories
from assay.model.candidate import Record
from assay.sandbox.spec import Bind, JailCommand

WORKER = Path(__file__).with_name("workers") / "bandit_worker.py"

_PACKAGES = ("bandit", "yaml", "stevedore")
_RANKS = ("undefined", "low", "medium", "high")


class State(StrEnum):
    """What became of one file version."""

    READ = "read"
    EXCLUDED = "excluded"
    NOT_PYTHON = "not-python"
    UNREADABLE = "unreadable"


class Version(Record, frozen=True, kw_only=True):
    """One version of one file to scan; `ignore_nosec` asks for what `nosec` comments hide as well."""

    path: str
    content: bytes
    ignore_nosec: bool = False


class Issue(Record, frozen=True, kw_only=True):
    """One finding of bandit's, with the lines its statement spans."""

    raw: RawFinding
    first: int
    last: int


class Scan(Record, frozen=True, kw_only=True):
    """Everything bandit said about one version. `crashed` names checks that raised instead of answering."""

    state: State
    issues: tuple[Issue, ...] = ()
    reason: str = ""
    crashed: tuple[str, ...] = ()


async def scan(toolbox: Toolbox, rules: BanditRules, versions: Sequence[Version]) -> list[Scan]:
    """One scan for each version, in order. Raises `BadReply` where the configuration or worker is bad."""
    keys = [_key(toolbox, rules, version) for version in versions]
    known = [await memo.recall(toolbox, key, Scan) for key in keys]
    fresh = iter(
        await _ask(toolbox, rules, [v for v, found in zip(versions, known, strict=True) if not found])
    )
    scans = []
    for key, remembered in zip(keys, known, strict=True):
        found = remembered or next(fresh)
        # A crash may be the machine's; it is looked at again the next time.
        if not remembered and found.state is not State.UNREADABLE and not found.crashed:
            await memo.remember(toolbox, key, found)
        scans.append(found)
    return scans


async def _ask(toolbox: Toolbox, rules: BanditRules, versions: Sequence[Version]) -> list[Scan]:
    units = [
        Unit(
            id=number,
            content=version.content,
            meta={"path": version.path, "ignore_nosec": version.ignore_nosec},
        )
        for number, version in enumerate(versions)
    ]

    async def start() -> JailCommand:
        return _command(toolbox)

    answers = await ask(toolbox, "bandit", start, units, {"config": rules.settings})
    policy = toolbox.policy.security
    return [
        _scan(answer, version, _rank(policy.min_severity), _rank(policy.min_confidence))
        for answer, version in zip(answers, versions, strict=True)
    ]


def tool_version() -> str:
    """Everything about bandit and its worker that an answer depends on."""
    own = hashlib.sha256(WORKER.read_bytes()).hexdigest()[:16]
    return f"bandit {installed_version('bandit')};python {platform.python_version()};{own}"


def _key(toolbox: Toolbox, rules: BanditRules, version: Version) -> str:
    policy = toolbox.policy.security
    return memo.key(
        "security/1",
        tool_version(),
        rules.digest,
        f"{policy.min_severity}/{policy.min_confidence}/{version.ignore_nosec}",
        version.path,
        hashlib.sha256(version.content).hexdigest(),
    )


def _scan(reply: Reply | None, version: Version, severity: int, confidence: int) -> Scan:
    if reply is None:
        return Scan(state=State.UNREADABLE, reason="it crashes bandit")
    status = reply.get("status")
    if status == "excluded":
        return Scan(state=State.EXCLUDED)
    if status == "skipped":
        reason = str(reply.get("reason"))
        state = State.NOT_PYTHON if reason.startswith("syntax error") else State.UNREADABLE
        return Scan(state=state, reason=reason)
    if status != "ok":
        raise BadReply("a unit's reply has no status")
    lines = split_lines(version.content)
    try:
        issues = tuple(
            _issue(item, version.path, lines)
            for item in reply["findings"]
            if _rank(item["severity"]) >= severity and _rank(item["confidence"]) >= confidence
        )
        return Scan(state=State.READ, issues=issues, crashed=tuple(reply["crashed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadReply(f"a unit's reply is not understood ({error!r})") from None


def _issue(item: dict[str, Any], path: str, lines: list[str]) -> Issue:
    line = int(item["line"])
    raw = RawFinding(
        rule=str(item["rule"]),
        path=path,
        line=line,
        message=str(item["message"]),
        text=fold_space(line_at(lines, line)),
        end_line=int(item["last"]),
        column=int(item["column"]),
        level=f"{item['severity']}/{item['confidence']}",
    )
    return Issue(raw=raw, first=int(item["first"]), last=int(item["last"]))


def _rank(word: str) -> int:
    return _RANKS.index(word.lower())


def _command(toolbox: Toolbox) -> JailCommand:
    directories = package_directories(_PACKAGES)
    # A warm worker lives as long as the run: time is limited per request, not here.
    limits = msgspec.structs.replace(toolbox.policy.limits, seconds=0.0, cpu_seconds=0.0)
    return JailCommand(
        label="bandit worker",
        argv=(
            str(own_interpreter()),
            *("-I", "-S", "-X", "utf8", "-W", "ignore"),
            str(WORKER),
            *map(str, directories),
        ),
        root=toolbox.repo.root,
        cwd=Path("/"),  # there is no tree in this jail
        binds=(
            *own_interpreter_binds(),
            *(Bind(source=directory) for directory in directories),
            Bind(source=WORKER),
        ),
        limits=limits,
        report=True,
    )
