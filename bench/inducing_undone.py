"""Changes known to be wrong, and their corrections: asking about fixes undone and done.

`python -m bench inducing --undone` takes fixes that bring tests apart (`bench.inducing_apart`), and asks
about each change made of one as it does about commits.

Promises: asked only of a fix whose own tests refuse the undone program, and whose old tests accept it, both
by Assay's own verdict; any other is left out, and its line says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from assay.risk.history.mine import Row
from bench.histories import Ready
from bench.inducing_apart import Apart, apart
from bench.inducing_asked import Told, keep, kept_at, prior, read, rules, tell, verdict, whole
from bench.inducing_sample import Group, eligible, tested_fixes
from bench.inducing_undone_report import report_undone


def undone_at(kept: Path, name: str) -> Path:
    """Where the lines of a project are kept."""
    return kept / f"{name}.undone.jsonl"


def collect_undone(place: Ready, kept: Path, most: int) -> None:
    """Ask about what is made of the first `most` fixes with tests that are not known yet. Of a fix that was
    asked about as it is, and whose evidence no budget had a part in, it is not gathered again."""
    out = undone_at(kept, place.history.name)
    as_is = {told.commit: told for told in read(kept_at(kept, place.history.name)) if whole(told)}
    known = {told.fix for told in read(out)}
    with rules(place, "apply", "tests") as tested, rules(place, "apply") as asking:
        for fix in chosen(place, as_is)[:most]:
            if fix.commit not in known:
                for told in list(_asked(place, fix, as_is.get(fix.commit), tested, asking)):
                    keep(out, told)


def undone_known(names: Sequence[str], kept: Path) -> Iterator[str]:
    """What is known of these projects, in words, beside the ordinary commits that were asked about."""
    told = [each for name in names for each in read(undone_at(kept, name))]
    asked = {each.project for each in told}
    known = [each for name in names if name in asked for each in read(kept_at(kept, name))]
    yield from report_undone(told, [each for each in known if each.group is Group.MATE])


def chosen(place: Ready, as_is: Mapping[str, Told]) -> list[Row]:
    """Fixes that bring tests and were never fixed themselves: those that evidence is known of first, then by
    commit id, which is chance."""
    fixes = tested_fixes(place.repo)
    clean = [each for each in eligible(place.table, place.since) if not each.label(place.table.until)]
    return sorted(
        (each for each in clean if each.commit in fixes),
        key=lambda each: (each.commit not in as_is, each.commit),
    )


def _asked(place: Ready, fix: Row, as_is: Told | None, tested: Path, asking: Path) -> Iterator[Told]:
    """What was found of each change made of a fix. Where one has no evidence, it is the last."""
    try:
        found = apart(place.repo, fix)
        why = unfit(place, found, tested)
    except Exception as error:  # whatever is odd about one old commit, the others count
        found, why = None, repr(error)
    if found is None or why:
        yield _left_out(place, fix, why)
        return
    for turn in found.turns:
        if turn.group is Group.FIX and as_is is not None:
            told = replace(as_is, group=Group.FIX, fix=fix.commit, prior=prior(turn.row))
        else:
            told = tell(place, turn.group, turn.row, asking, base=turn.base, fix=fix.commit)
        yield told
        if told.evidence is None:
            return


def unfit(place: Ready, found: Apart, tested: Path) -> str:
    """Why a fix taken apart shows nothing; empty where it does."""
    told = verdict(place, found.refused, found.fix, tested)
    if told != "tests":
        return f"undone under the tests of the fix: {told}"
    told = verdict(place, found.accepted, found.repaired, tested)
    return "" if told == "accepted" else f"undone under the tests of before: {told}"


def _left_out(place: Ready, fix: Row, why: str) -> Told:
    return Told(
        project=place.history.name,
        commit=fix.commit,
        group=Group.UNDONE,
        time=fix.time,
        size=0.0,
        prior=0.0,
        why=why,
        fix=fix.commit,
    )
