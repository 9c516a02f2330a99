"""The report as JUnit XML, for whatever draws test results: a candidate is a suite, a gate a case.

Promises: valid against the schemas of Ant and of Jenkins, whatever a candidate named or printed; a suite
that is all green is one of a candidate that was accepted; at most `MOST` lines of findings in all, and what
was left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as Xml

from assay.delta.compose import unverified_words
from assay.delta.compose_candidates import finding_line, names_of
from assay.delta.compose_risk import risk_words
from assay.delta.moment import began
from assay.delta.notices import PATCH_SET
from assay.delta.sanitise import plain
from assay.model.outcome import Outcome
from assay.model.report import CandidateReport, GateReport, PatchSet, Report
from assay.model.verdict import Decision

MOST = 20_000
_MOST_OF_GATE = 100
_UNKNOWN = "1970-01-01T00:00:00"
"""The schema wants a moment; this is the one that nobody takes for one."""

_FAILURES = frozenset({Outcome.FAILED, Outcome.TAMPERED, Outcome.EXHAUSTED})


def junit(report: Report) -> str:
    """The document, with a line end."""
    names = names_of(report.candidates)
    writer = _Writer(began(report.transaction) or _UNKNOWN)
    for candidate in report.candidates:
        writer.candidate(candidate, names[candidate.id])
    if report.patch_set is not None and (report.patch_set.gates or report.command == "land"):
        writer.patch_set(report.patch_set)
    Xml.indent(writer.root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(writer.root, encoding="unicode") + "\n"


class _Writer:
    """Collects suites, and knows how many lines may still be written."""

    def __init__(self, moment: str) -> None:
        self.root = Xml.Element("testsuites")
        self._moment = moment
        self._left = MOST

    def candidate(self, candidate: CandidateReport, name: str) -> None:
        properties = {
            "id": candidate.id,
            "tree": candidate.tree or "",
            "verdict": candidate.verdict.value,
            "reason": candidate.reason,
            "rejected_by": candidate.rejected_by or "",
            "equivalent_to": candidate.equivalent_to or "",
            "cached": str(candidate.cached).lower(),
            "cpu_seconds": f"{candidate.cpu_seconds:.3f}",
        }
        if candidate.risk is not None:
            properties["risk"] = risk_words(candidate.risk)
        self._suite(name, candidate.gates, properties, candidate.verdict, candidate.reason, candidate.seconds)

    def patch_set(self, chosen: PatchSet) -> None:
        verdict = chosen.verdict or Decision.INCONCLUSIVE
        properties = {
            "members": " ".join(chosen.members),
            "tree": chosen.tree or "",
            "verdict": chosen.verdict.value if chosen.verdict else unverified_words(chosen),
            "reason": chosen.reason,
        }
        seconds = sum(gate.seconds for gate in chosen.gates)
        self._suite(PATCH_SET, chosen.gates, properties, verdict, chosen.reason, seconds)

    def _suite(
        self,
        name: str,
        gates: Sequence[GateReport],
        properties: dict[str, str],
        verdict: Decision,
        reason: str,
        seconds: float,
    ) -> None:
        suite = Xml.SubElement(self.root, "testsuite")
        kept = Xml.SubElement(suite, "properties")
        for key, value in properties.items():
            Xml.SubElement(kept, "property", name=key, value=plain(value))
        title = _token(name)
        for gate in gates:
            self._gate(suite, title, gate)
        if verdict is not Decision.ACCEPTED and not (suite.findall("*/failure") or suite.findall("*/error")):
            # No gate spoke against it, and yet it is not accepted: that must not look green.
            case = _case(suite, title, "verdict", 0.0)
            kind = "failure" if verdict is Decision.REJECTED else "error"
            Xml.SubElement(case, kind, type=verdict.value, message=plain(reason))
        Xml.SubElement(suite, "system-out")
        Xml.SubElement(suite, "system-err")
        suite.attrib.update(
            name=title,
            package="assay",
            id=str(len(self.root) - 1),
            timestamp=self._moment,
            hostname="localhost",
            tests=str(len(suite.findall("testcase"))),
            failures=str(len(suite.findall("*/failure"))),
            errors=str(len(suite.findall("*/error"))),
            skipped=str(len(suite.findall("*/skipped"))),
            time=f"{seconds:.3f}",
        )

    def _gate(self, suite: Xml.Element, title: str, gate: GateReport) -> None:
        case = _case(suite, title, _token(gate.gate), gate.seconds)
        message = plain(gate.reason)
        if gate.outcome in _FAILURES:
            said = Xml.SubElement(case, "failure", type=gate.outcome, message=message)
            said.text = self._findings(gate)
        elif gate.outcome == Outcome.INFRA:
            said = Xml.SubElement(case, "error", type=gate.outcome, message=message)
            said.text = self._findings(gate)
        elif gate.outcome == Outcome.SKIPPED:
            Xml.SubElement(case, "skipped", message=message).text = gate.skip

    def _findings(self, gate: GateReport) -> str:
        most = min(_MOST_OF_GATE, self._left)
        lines = [_words(span.text for span in finding_line(finding)) for finding in gate.findings[:most]]
        self._left -= len(lines)
        if len(gate.findings) > len(lines):
            lines.append(f"… and {len(gate.findings) - len(lines)} more")
        return "\n".join(lines)


def _case(suite: Xml.Element, title: str, name: str, seconds: float) -> Xml.Element:
    return Xml.SubElement(suite, "testcase", name=name, classname=title, time=f"{seconds:.3f}")


def _words(texts: Iterable[str]) -> str:
    return plain("".join(texts))


def _token(name: str) -> str:
    """A name that the schema takes: one that is not blank. `plain` leaves nothing that XML forbids."""
    return plain(name).strip() or "unnamed"
