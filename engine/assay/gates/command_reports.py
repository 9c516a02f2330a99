"""Reports of any program, read strictly: SARIF, JUnit XML, or lines that match a pattern.

Promises: pure. A report that is missing, cut short or of another shape is `Unreadable` (invariant 5), never
an empty one. XML with a document type (entities, external files) is refused before it is parsed.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from assay.gates.fingerprint import RawFinding
from assay.model.candidate import Record

_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MAX_DEPTH = 64

LineOf = Callable[[str, int], str]
"""The folded text of a line (path, number) of the tree that the program ran on; '' where there is none."""


class Unreadable(Exception):
    """A report that is not one."""


class Cases(Record, frozen=True, kw_only=True):
    """Test cases of a JUnit report by name: those that failed (with the message) and those that passed."""

    failed: dict[str, str]
    passed: frozenset[str]
    skipped: frozenset[str]


def read_sarif(data: bytes, root: str, line_of: LineOf) -> tuple[RawFinding, ...]:
    """The results of a SARIF 2.1.0 log that are not suppressed. `root` is stripped from absolute paths."""
    try:
        log = json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("the SARIF report is no JSON") from None
    if not isinstance(log, dict) or not isinstance(log.get("runs"), list) or not log["runs"]:
        raise Unreadable("the SARIF report has no runs")
    try:
        return tuple(
            _sarif_result(result, run, root, line_of)
            for run in log["runs"]
            for result in run.get("results") or ()
            if not result.get("suppressions") and result.get("kind", "fail") == "fail"
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"the SARIF report is not understood ({error!r})") from None


def read_junit(data: bytes) -> Cases:
    """Every test case of a JUnit report. A case that is listed twice fails if either does."""
    root = _parse_xml(data)
    if root.tag not in ("testsuites", "testsuite"):
        raise Unreadable(f"the JUnit report is a <{root.tag[:40]}>")
    bad: dict[str, str] = {}
    good: set[str] = set()
    skipped: set[str] = set()
    for case in root.iter("testcase"):
        name = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            bad[name] = (trouble.get("message") or (trouble.text or "").strip()[:500]) or "failed"
        elif case.find("skipped") is not None:
            skipped.add(name)
        else:
            good.add(name)
    if not (bad or good or skipped):
        raise Unreadable("the JUnit report has no test case")
    return Cases(failed=bad, passed=frozenset(good - bad.keys()), skipped=frozenset(skipped - bad.keys()))


def read_lines(data: bytes, pattern: re.Pattern[str], root: str, line_of: LineOf) -> tuple[RawFinding, ...]:
    """One finding for each match of `pattern` (named groups path, message; line and rule if it has them)."""
    found = []
    for match in pattern.finditer(data.decode("utf-8", "replace")):
        groups = match.groupdict()
        path = relative(groups["path"] or "", root)
        digits = groups.get("line") or ""
        line = int(digits) if digits.isascii() and digits.isdigit() else 0
        found.append(
            RawFinding(
                rule=groups.get("rule") or "finding",
                path=path,
                line=line,
                message=(groups["message"] or "").strip(),
                text=line_of(path, line),
            )
        )
    return tuple(found)


def relative(path: str, root: str) -> str:
    """A program's way of naming a file, as the tree's."""
    stripped = path.removeprefix(root.rstrip("/") + "/")
    return posixpath.normpath(stripped) if stripped else ""


def _sarif_result(result: dict[str, Any], run: dict[str, Any], root: str, line_of: LineOf) -> RawFinding:
    places = result.get("locations") or [{}]
    physical = places[0].get("physicalLocation") or {}
    region = physical.get("region") or {}
    uri = str((physical.get("artifactLocation") or {}).get("uri", ""))
    path = relative(unquote(urlsplit(uri).path) if uri.startswith("file:") else unquote(uri), root)
    line = int(region.get("startLine") or 0)
    return RawFinding(
        rule=str(result.get("ruleId") or (result.get("rule") or {}).get("id") or "result"),
        path=path,
        line=line,
        message=_sarif_message(result["message"]),
        text=line_of(path, line),
        end_line=int(region.get("endLine") or 0),
        column=int(region.get("startColumn") or 0),
        level=str(result.get("level") or _default_level(result, run)),
    )


def _sarif_message(message: dict[str, Any]) -> str:
    return str(message.get("text") or message.get("markdown") or message["id"])


def _default_level(result: dict[str, Any], run: dict[str, Any]) -> str:
    for rule in ((run.get("tool") or {}).get("driver") or {}).get("rules") or ():
        if rule.get("id") == result.get("ruleId"):
            return str((rule.get("defaultConfiguration") or {}).get("level") or "warning")
    return "warning"


def _parse_xml(data: bytes) -> ElementTree.Element:
    try:
        # Only one encoding, so that no other spelling of a document type gets past the search for one.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("the JUnit report is no UTF-8") from None
    if _DOCTYPE.search(text):
        raise Unreadable("the JUnit report declares a document type")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1)
    # An iterative parse: a document nested by the thousand would exhaust the stack of a recursive reader.
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    depth = 0
    top: list[ElementTree.Element] = []
    try:
        parser.feed(text)
        parser.close()
        for kind, element in cast("Iterable[tuple[str, ElementTree.Element]]", parser.read_events()):
            depth += 1 if kind == "start" else -1
            if depth > _MAX_DEPTH:
                raise Unreadable("the JUnit report is nested too deeply")
            top = top or [element]
    except ElementTree.ParseError as error:
        raise Unreadable(f"the JUnit report is no XML ({error})") from None
    if not top:
        raise Unreadable("the JUnit report is empty")
    return top[0]
