"""Describe the rules of a SARIF log: what each is about, how severe, and what to do.

Promises: pure; each rule once, in the order of its first use, at the level of its severest use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.delta.notices import Notice
from assay.delta.sanitise import plain
from assay.model.outcome import Severity

LEVELS = {
    Severity.ERROR: "error",
    Severity.REVIEW: "warning",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_BY_GATE = {
    "apply": (
        "The patch cannot be applied to the base",
        "Make the patch anew against the base that the report names.",
    ),
    "scope": (
        "The change touches what a candidate may not, or what a person has to look at",
        "Leave protected paths, tests, suppressions and dangerous kinds of files alone, or have somebody who "
        "may vouch for the change land it.",
    ),
    "compile": ("A changed file cannot be parsed", "Mend the syntax."),
    "lint": (
        "ruff reports something that the base did not have",
        "`ruff rule CODE` explains the rule, where CODE is the last part of its name.",
    ),
    "security": (
        "bandit reports something that the base did not have",
        "Bandit's documentation explains the test of this number.",
    ),
    "tests": (
        "The project's tests do not hold with this change, or their run was interfered with",
        "Run the named test on the change and on the base; both were run here in the same way.",
    ),
    "acceptance": (
        "A required or hidden test does not hold with this change",
        "The change does not do what was asked, or not all of it.",
    ),
}
_BY_RULE = {
    "evidence/survivor": (
        "No test notices if the changed line were wrong",
        "Add a test that fails when the line is as the message has it.",
    ),
    "evidence/branch": (
        "No test takes this way out of a changed line",
        "Add a test that does, or look at the line with care.",
    ),
}


def rules(notices: Iterable[Notice]) -> list[dict[str, Any]]:
    """The `rules` of a tool component."""
    worst: dict[str, Notice] = {}
    order = list(Severity)
    for notice in notices:
        kept = worst.setdefault(notice.rule, notice)
        if order.index(notice.severity) < order.index(kept.severity):
            worst[notice.rule] = notice
    return [_rule(notice) for notice in worst.values()]


def _rule(notice: Notice) -> dict[str, Any]:
    identity = plain(notice.rule)
    what, remedy = _BY_RULE.get(notice.rule) or _BY_GATE.get(
        notice.gate, (f"The gate {plain(notice.gate)} reports this", "The gate's own messages say more.")
    )
    return {
        "id": identity,
        "shortDescription": {"text": what},
        "fullDescription": {"text": f"{what} ({identity})."},
        "help": {"text": remedy},
        "defaultConfiguration": {"level": LEVELS[notice.severity]},
        "properties": {"tags": [plain(notice.gate)]},
    }
