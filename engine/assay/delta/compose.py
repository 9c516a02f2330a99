"""Compose the page of a report: the verdict first, then why, then what it does, then what to do next.

Promises: pure and deterministic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from assay.delta import compose_delta, compose_profile
from assay.delta.compose_candidates import entries, findings_of, names_of
from assay.delta.compose_commands import SHORT, commands
from assay.delta.page import Group, Line, Page, Section, Span, Tone, bounded, code, count, dim, line, seconds
from assay.model.delta import Delta, MemberShare
from assay.model.errors import Exit
from assay.model.report import CandidateReport, Conflict, FailingGroup, MergedFile, PatchSet, Report
from assay.model.tool import Tier
from assay.model.verdict import Decision

_TONES = {Decision.ACCEPTED: Tone.GOOD, Decision.REJECTED: Tone.BAD, Decision.INCONCLUSIVE: Tone.DOUBT}
_MOST = 20
_MOST_WORDS = 100
"""Characters of a list of names."""

_SURE = 0.995


def compose(report: Report, *, profile: bool = False, exit_code: Exit | None = None) -> Page:
    """The page of `report`; with `profile` it ends by where the time went. `exit_code` is what the process
    ends with, where that does not follow from the verdicts alone (`grade --first`)."""
    names = names_of(report.candidates)
    return Page(
        headline=_headline(report, exit_code),
        facts=_facts(report),
        notes=tuple(_notes(report)),
        entries=entries(report.candidates),
        sections=tuple(_sections(report, names, profile=profile)),
        closing=tuple(_closing(report)),
        commands=tuple(commands(report)),
    )


def _headline(report: Report, code: Exit | None) -> Line:
    word, tone = _verdict(report, code)
    counts = Counter(candidate.verdict for candidate in report.candidates)
    total = len(report.candidates)
    if total == 1:
        said = ""
    else:
        told = ", ".join(f"{counts[decision]} {decision}" for decision in Decision if counts[decision])
        said = f"{count(total, 'candidate')}: {told}" if total else ""
    return line(Span(text=word.upper(), tone=tone), "  " if said else "", said)


def _verdict(report: Report, code: Exit | None) -> tuple[str, Tone]:
    """One word for the whole run, in agreement with its exit code."""
    if report.command == "land":
        return _of_landing(report)
    decisions = {candidate.verdict for candidate in report.candidates}
    if not decisions:
        return "nothing to check", Tone.GOOD
    if decisions == {Decision.ACCEPTED}:
        return "accepted", Tone.GOOD
    if code is Exit.ACCEPTED:
        return "enough accepted", Tone.GOOD
    if Decision.REJECTED in decisions and code is not Exit.INCONCLUSIVE:
        return "rejected", Tone.BAD
    return "inconclusive", Tone.DOUBT


def _of_landing(report: Report) -> tuple[str, Tone]:
    if report.landed is not None:
        return "landed", Tone.GOOD
    chosen = report.patch_set
    if chosen is not None and chosen.verdict is Decision.ACCEPTED and chosen.members:
        return "verified, not published", Tone.GOOD
    return "not landed", Tone.BAD


def _facts(report: Report) -> Line:
    commit = report.base.commit
    facts = [
        f"{report.command} on {commit[:SHORT]}" if commit else f"{report.command} on an empty history",
        f"policy {report.policy.name}",
    ]
    if report.transaction:
        facts += [
            f"isolation {report.isolation.tier} ({report.isolation.backend})",
            f"{seconds(report.seconds)}, CPU {seconds(report.cpu_seconds)}",
            f"transaction {report.transaction}",
        ]
    return line(dim(" · ".join(facts)))


def _notes(report: Report) -> Iterator[Line]:
    if not report.transaction:
        return
    if report.isolation.tier is Tier.NONE:
        yield line(
            Span(text="no isolation: ", tone=Tone.BAD), "candidates ran with all rights of this account"
        )
    for note in (*report.isolation.notes, *report.notes):
        yield _note(note)


def _note(sentence: str) -> Line:
    return line(Span(text="note: ", tone=Tone.DOUBT), sentence)


def _sections(report: Report, names: Mapping[str, str], *, profile: bool) -> Iterator[Section]:
    chosen = report.patch_set
    if chosen is not None and (chosen.members or chosen.left_out or chosen.conflicts) and _several(report):
        yield _patch_set(chosen, names, report.delta)
    if report.delta is not None:
        yield compose_delta.section(_unseen(report.delta, report.candidates))
    if profile and report.profile is not None:
        yield compose_profile.section(report.profile)


def _several(report: Report) -> bool:
    """Whether there can be a set to speak of: one candidate is its own."""
    return len(report.candidates) > 1 or report.command == "land"


def _unseen(delta: Delta, candidates: tuple[CandidateReport, ...]) -> Delta:
    """The delta without the findings that the entry of its only candidate is about."""
    if len(candidates) != 1:
        return delta
    seen = findings_of(candidates[0])
    return replace(delta, findings_introduced=tuple(f for f in delta.findings_introduced if f not in seen))


def unverified_words(chosen: PatchSet) -> str:
    """What stands in the place of the verdict of a set that was only chosen."""
    return "nothing to combine" if len(chosen.members) == 1 else "not verified together"


def _patch_set(chosen: PatchSet, names: Mapping[str, str], delta: Delta | None) -> Section:
    shares = {share.candidate: share for share in delta.members} if delta else {}
    verdict = (
        Span(text=chosen.verdict.value, tone=_TONES[chosen.verdict])
        if chosen.verdict
        else dim(unverified_words(chosen))
    )
    left = f", {len(chosen.left_out)} left out" if chosen.left_out else ""
    reason = f": {chosen.reason}" if chosen.reason else ""
    groups = (
        Group(
            label="Members",
            lines=bounded([_member(i, names, shares.get(i)) for i in chosen.members], _MOST),
        ),
        Group(
            label="Left out",
            lines=bounded(
                [
                    line(code(names.get(out.id, out.id)), ": ", *compose_delta.quoted(out.why))
                    for out in chosen.left_out
                ],
                _MOST,
            ),
        ),
        Group(label="Merged by syntax", lines=bounded([_merged(f, names) for f in chosen.merged], _MOST)),
        Group(label="Conflicts", lines=bounded([conflict_line(c, names) for c in chosen.conflicts], _MOST)),
        Group(label="Fail together", lines=bounded([_failing(f, names) for f in chosen.failing], _MOST)),
        Group(label="Suspected", lines=bounded([conflict_line(c, names) for c in chosen.suspected], _MOST)),
    )
    return Section(
        title="Patch set",
        summary=line(verdict, f", {count(len(chosen.members), 'member')}{left}{reason}"),
        groups=tuple(group for group in groups if group.lines),
    )


def _member(identity: str, names: Mapping[str, str], share: MemberShare | None) -> Line:
    size = f"  {count(len(share.paths), 'file')} +{share.added_lines} -{share.deleted_lines}" if share else ""
    return line(Span(text="+ ", tone=Tone.GOOD), code(names.get(identity, identity)), dim(size))


def _merged(file: MergedFile, names: Mapping[str, str]) -> Line:
    others = ", ".join(names.get(other, other) for other in file.others)
    mine, theirs = (", ".join(row)[:_MOST_WORDS] for row in (file.added, file.beside))
    added = f": {mine} beside {theirs}" if file.added else ""
    return line(
        code(file.path), " ", code(names.get(file.candidate, file.candidate)), " × ", code(others), added
    )


def conflict_line(conflict: Conflict, names: Mapping[str, str]) -> Line:
    return line(
        code(names.get(conflict.a, conflict.a)),
        " × ",
        code(names.get(conflict.b, conflict.b)),
        f": {conflict.kind.value} at ",
        code(conflict.where),
        ", " if conflict.why else "",
        *compose_delta.quoted(conflict.why),
    )


def _failing(group: FailingGroup, names: Mapping[str, str]) -> Line:
    """Who fails together, where, what it has to do with, and how sure it is that it is just they. Why, the
    conflict that came of it says."""
    parts: list[str | Span] = []
    for member in group.members:
        parts += [" × " if parts else "", code(names.get(member, member))]
    tests = [code(test) for test in group.tests if test != group.where]
    parts += [f": {group.gate} at ", code(group.where)]
    for other in (*tests, *map(code, group.symbols)):
        parts += [", ", other]
    if group.call:
        parts += [", shown by ", code(group.call)]
    if group.chance < _SURE:
        parts.append(f"; that it is just these has a chance of {group.chance:.0%}")
    return line(*parts)


def _closing(report: Report) -> Iterator[Line]:
    if report.landing:
        yield line(report.landing)
    if report.landed is not None:
        old, new = report.landed.old[:SHORT], report.landed.new[:SHORT]
        yield line(code(report.landed.ref), f" {old} → {new}")
        for note in report.landed.notes:
            yield _note(note)
