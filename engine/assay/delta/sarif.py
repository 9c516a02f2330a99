"""The report as SARIF 2.1.0, for code scanning.

Promises: valid against the standard's schema; at most `MOST` results, severest first, and a notification says
how many were left out; URIs are relative to the repository's root and name no path of this machine;
fingerprints survive line shifts; equal reports are equal bytes.

All gates are one run of one tool, and rules carry the gate's name: a verdict rests on all of them together,
and code scanning refuses several runs of one category in a file. What has no place in a file of the
repository is a notification of the run, because code scanning refuses results without a location.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from assay import __version__
from assay.delta.moment import began
from assay.delta.notices import Notice, notices
from assay.delta.sanitise import plain
from assay.delta.sarif_rules import LEVELS, rules
from assay.model.errors import Exit
from assay.model.report import CandidateReport, Report
from assay.model.verdict import Decision

MOST = 25_000
"""Results of one run. Code scanning takes no more."""

_MOST_NOTIFICATIONS = 1_000
_SCHEMA = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_FINGERPRINT = "assay/v1"
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_LINK = re.compile(r"\[(?=[^\]]*\]\()")

Json = dict[str, Any]


def sarif(report: Report, *, exit_code: Exit | None = None) -> str:
    """The log, indented by two, with a line end. `exit_code` is what the process ends with."""
    said = notices(report)
    placed = [notice for notice in said if relative_uri(notice.path) is not None]
    unplaced = [notice for notice in said if relative_uri(notice.path) is None]
    shown = placed[:MOST]
    described = rules([*shown, *unplaced])
    index = {rule["id"]: number for number, rule in enumerate(described)}
    run = {
        "tool": {"driver": {"name": "Assay", "version": __version__, "rules": described}},
        "automationDetails": {"id": f"assay/{report.command}/{report.transaction}"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, unplaced, len(placed) - len(shown), exit_code)],
        "results": [_result(notice, index[_id(notice)]) for notice in shown],
        "properties": _properties(report),
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def relative_uri(path: str) -> str | None:
    """The URI of a path below the root; None for a path that is none, or leads out."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts):
        return None
    return quote(path.encode("utf-8", _bytes_of(path)), safe="/")


def _bytes_of(path: str) -> str:
    """How to encode: bytes of git that are no UTF-8 come back as they were, anything else odd is escaped."""
    lone = any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in path)
    return "backslashreplace" if lone else "surrogateescape"


def _id(notice: Notice) -> str:
    return plain(notice.rule)


def _message(text: str) -> Json:
    """Text that says exactly this: the format knows placeholders and links."""
    shown = _PLACEHOLDER.sub(r"{{\1}}", plain(text) or "no message")
    return {"text": _LINK.sub(r"\\[", shown)}


def _result(notice: Notice, index: int) -> Json:
    location: Json = {"artifactLocation": {"uri": relative_uri(notice.path), "uriBaseId": _ROOT}}
    if notice.line:
        region = {"startLine": notice.line}
        if notice.column:
            region["startColumn"] = notice.column
        if notice.end_line:
            region["endLine"] = notice.end_line
        location["region"] = region
    return {
        "ruleId": _id(notice),
        "ruleIndex": index,
        "level": LEVELS[notice.severity],
        "message": _message(notice.message),
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {_FINGERPRINT: plain(notice.fingerprint)},
        "properties": {
            "candidate": notice.candidate,
            "name": plain(notice.name),
            "gate": notice.gate,
            "severity": notice.severity.value,
        },
    }


def _invocation(report: Report, unplaced: Sequence[Notice], left_out: int, exit_code: Exit | None) -> Json:
    undecided = [c for c in report.candidates if c.verdict is Decision.INCONCLUSIVE]
    told: Json = {"executionSuccessful": not undecided}
    if exit_code is not None:
        told["exitCode"] = int(exit_code)
    moment = began(report.transaction)
    if moment:
        told["startTimeUtc"] = f"{moment}Z"
    told["toolExecutionNotifications"] = _notifications(report, unplaced, undecided, left_out)
    return told


def _notifications(
    report: Report, unplaced: Sequence[Notice], undecided: Sequence[CandidateReport], left_out: int
) -> list[Json]:
    said: list[Json] = []
    if left_out:
        said.append(_notification("warning", f"{left_out} more results were left out, the least severe ones"))
    said += [_notification("warning", note) for note in (*report.isolation.notes, *report.notes)]
    said += [_notification("error", f"{candidate.name}: {candidate.reason}") for candidate in undecided]
    said += [
        {
            **_notification(LEVELS[notice.severity], f"{notice.name}: {notice.message}"),
            "associatedRule": {"id": _id(notice)},
        }
        for notice in unplaced
    ]
    if len(said) > _MOST_NOTIFICATIONS:
        more = len(said) - _MOST_NOTIFICATIONS
        said = [*said[:_MOST_NOTIFICATIONS], _notification("warning", f"{more} more notifications")]
    return said


def _notification(level: str, text: str) -> Json:
    return {"level": level, "message": _message(text)}


def _properties(report: Report) -> Json:
    """What the run is about, beyond results: base, policy, isolation and each candidate's verdict."""
    chosen = report.patch_set
    return {
        "transaction": report.transaction,
        "base": report.base.commit,
        "policy": {"name": plain(report.policy.name), "digest": report.policy.digest},
        "isolation": {"backend": report.isolation.backend, "tier": report.isolation.tier.value},
        "candidates": list(_candidates(report.candidates)),
        "patchSet": {
            "members": list(chosen.members),
            "verdict": chosen.verdict.value if chosen.verdict else None,
            "conflicts": len(chosen.conflicts),
        }
        if chosen is not None
        else None,
        "landed": report.landed.new if report.landed else None,
    }


def _candidates(candidates: Iterable[CandidateReport]) -> Iterable[Json]:
    for candidate in candidates:
        told: Json = {
            "id": candidate.id,
            "name": plain(candidate.name),
            "tree": candidate.tree,
            "verdict": candidate.verdict.value,
            "reason": plain(candidate.reason),
            "rejectedBy": candidate.rejected_by,
        }
        if candidate.risk is not None:
            told["risk"] = {
                "band": candidate.risk.band,
                "score": candidate.risk.score,
                "probability": candidate.risk.probability,
                "advice": candidate.risk.advice.action.value if candidate.risk.advice else None,
            }
        yield told
