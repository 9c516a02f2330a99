"""Formats whose entries are lines: requirements, and the points of lists in prose.

Promises: pure; every text is read. Of prose, only points of lists go one after the other; a point is
everything up to what is not indented below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from assay.model.expressions import expression
from assay.patchset.merging.entries import Group, Node, Reach, Rule
from assay.patchset.merging.reasons import Clash, Reason

_REQUIREMENT = expression(r"[ \t]*([A-Za-z0-9][A-Za-z0-9._-]*)")
_OPTION = expression(r"[ \t]*(--?[A-Za-z][\w-]*)")
_ONE = {
    **dict.fromkeys(("-i", "--index-url", "--pypi-url", "--no-index"), "--index-url"),
    **dict.fromkeys(("--no-binary", "--only-binary"), "--only-binary"),
}
"""Options of which the last one counts, or that undo each other, by the name of what they set."""
_POINT = expression(r"([ \t]*)([-*+•])[ \t]+\S")
_COUNTED = expression(r"[ \t]*(?:\d+|#)[.)][ \t]+\S")
_HEADING = expression(r"(#{1,6})[ \t]+\S")
_UNDERLINE = expression(r"([=\-~^\"'`+*#:.])\1{2,}[ \t]*\r?\n?\Z")
SAYS = "\x1f"
"""Stands between the headings above and what a piece of prose says."""
HEADING = "heading"
"""The tag of a heading without a number."""

_MOST_PAIRS = 40_000
_MOST_TITLE = 200
"""Characters of a heading that tell it from others."""

_MANY = 0.6
"""Points that share so many of their words are one point in two wordings."""

_WORD = expression(r"\w+")
_FENCE = expression(r"[ \t]*(`{3,}|~{3,})")


def read_requirements(text: str) -> Group:
    """A requirements or constraints file: a requirement a line, continued by backslashes."""
    entries: list[tuple[str, list[str]]] = []
    lead: list[str] = []
    is_open = False
    for line in text.splitlines(keepends=True):
        comment = line.lstrip().startswith("#")
        if is_open or (comment and line[0] in " \t" and entries and not lead):
            # Continued; or written below what it is about, as by tools that lock requirements.
            entries[-1][1].append(line)
        elif comment or not line.strip():
            lead.append(line)
            continue
        else:
            entries.append(("".join(lead), [line]))
            lead = []
        is_open = not comment and line.rstrip("\r\n").endswith("\\")
    nodes = tuple(_requirement(before, "".join(entry)) for before, entry in entries)
    return Group(rule=Rule.NAMED, nodes=nodes, tail="".join(lead), label="requirements")


def check_requirements(base: str, ours: str, theirs: str, merged: str) -> None:
    """No project is required twice that was not before, and no option given twice that undoes the first."""
    counts = [Counter(node.sort for node in read_requirements(text).nodes) for text in (base, ours, theirs)]
    for name, count in Counter(node.sort for node in read_requirements(merged).nodes).items():
        if count > max(1, *(side[name] for side in counts)):
            raise Clash(Reason.DUPLICATE, name, f"{name} would be there twice")


def read_prose(text: str) -> Group:
    """Points of lists, headings, and what stands between blank lines."""
    nodes: list[Node] = []
    path: list[tuple[str, str]] = []
    lead = ""
    for block in _blocks(text.splitlines(keepends=True)):
        if not "".join(block).strip():
            lead += "".join(block)
            continue
        node = _prose(lead, block, path)
        nodes.append(node)
        lead = ""
    return Group(rule=Rule.ROW, nodes=tuple(nodes), tail=lead, label="a list")


def window(versions: tuple[str, str, str]) -> tuple[str, tuple[str, str, str], str]:
    """The sections in which the versions differ, and what all have before and behind: lists of changes are
    long, and grow in one place."""
    rows = [text.splitlines(keepends=True) for text in versions]
    least = min(map(len, rows))
    first = next((i for i in range(least) if not rows[0][i] == rows[1][i] == rows[2][i]), least)
    most = least - first
    last = next((i for i in range(most) if not rows[0][~i] == rows[1][~i] == rows[2][~i]), most)
    cuts = _headings(versions[0])
    start = max((cut for cut in cuts if cut + 2 <= first), default=0)
    kept = len(rows[0]) - min((cut for cut in cuts if cut >= len(rows[0]) - last), default=len(rows[0]))
    base, ours, theirs = ("".join(row[start : len(row) - kept]) for row in rows)
    return "".join(rows[0][:start]), (base, ours, theirs), "".join(rows[0][len(rows[0]) - kept :])


@lru_cache(maxsize=16)
def _headings(text: str) -> tuple[int, ...]:
    """The numbers of the lines, from 0, at which a section starts."""
    lines = text.splitlines(keepends=True)
    found, at = [], 0
    for block in _blocks(lines):
        if _is_heading(lines, at):
            found.append(at)
        at += len(block)
    return tuple(found)


def check_prose(base: str, ours: str, theirs: str, merged: str) -> None:
    """No side adds points to a section of which the other changes what it says, as when it is released."""
    old, mine, yours = (_sections(text) for text in (base, ours, theirs))
    for one, other in ((mine, yours), (yours, mine)):
        for path, section in old.items():
            grown = path in one and one[path].points - section.points
            if grown and path in other and other[path].texts != section.texts:
                why = "one side adds points to a section, and the other changes what it says of itself"
                raise Clash(Reason.ORDER, path[-80:], why)
    added = [[point for s in side.values() for point in s.points] for side in (mine, yours)]
    known = {point for section in old.values() for point in section.points}
    _unlike(*([point for point in points if point not in known] for points in added))


class _Section(NamedTuple):
    """Below one heading: what is no point of a list, and the points."""

    texts: Counter[str]
    points: Counter[str]


def _sections(text: str) -> dict[str, _Section]:
    found: dict[str, _Section] = {}
    for node in read_prose(text).nodes:
        above, _, said = node.keys[0].rpartition(SAYS)
        section = found.setdefault(above, _Section(Counter(), Counter()))
        (section.points if node.reach.free else section.texts)[said] += 1
    return found


def _unlike(mine: Sequence[str], yours: Sequence[str]) -> None:
    """Both may have added one point in two wordings."""
    if len(mine) * len(yours) > _MOST_PAIRS:
        raise Clash(Reason.ORDER, "", "both add very many points")
    for one in mine:
        words = set(_WORD.findall(one.casefold()))
        for two in yours:
            others = set(_WORD.findall(two.casefold()))
            if (
                one != two
                and min(len(words), len(others)) > 4
                and _MANY * len(words | others) < len(words & others)
            ):
                raise Clash(Reason.SAME_NAME, one[:80], "both add a point that says nearly the same")


def _requirement(lead: str, entry: str) -> Node:
    found = _REQUIREMENT.match(entry)
    said = " ".join(entry.split())
    if found is None:
        option = _OPTION.match(entry)
        sets = _ONE.get(option[1], "") if option else ""
        keys = (sets, said) if sets else (said,)
        return Node(keys=keys, lead=lead, parts=(entry,), sort=sets or said, tag="option")
    name = re.sub(r"[-_.]+", "-", found[1]).lower()
    return Node(keys=(name, said, entry), lead=lead, parts=(entry,), sort=name, tag="requirement")


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Lines that belong together. Blank lines are blocks of their own unless they stand inside of a point."""
    at = 0
    while at < len(lines):
        end = at + 1
        if not lines[at].strip():
            pass
        elif fence := _FENCE.match(lines[at]):
            while end < len(lines) and not lines[end].lstrip().startswith(fence[1]):
                end += 1
            end = min(end + 1, len(lines))
        elif _is_heading(lines, at):
            end = at + (1 if _HEADING.match(lines[at]) else 2)
        elif _POINT.match(lines[at]) or _COUNTED.match(lines[at]):
            end = _point_end(lines, at)
        else:
            while end < len(lines) and lines[end].strip() and not _starts(lines, end):
                end += 1
        yield lines[at:end]
        at = end


def _starts(lines: list[str], at: int) -> bool:
    return bool(_POINT.match(lines[at]) or _FENCE.match(lines[at])) or _is_heading(lines, at)


def _is_heading(lines: list[str], at: int) -> bool:
    if _HEADING.match(lines[at]):
        return True
    under = lines[at + 1] if at + 1 < len(lines) else ""
    title = lines[at].rstrip()
    return (
        bool(title)
        and not title[0].isspace()
        and bool(_UNDERLINE.match(under))
        and not _UNDERLINE.match(title)
    )


def _point_end(lines: list[str], at: int) -> int:
    """Where a point ends: before what is no deeper than its mark, blank lines aside, and before blank
    lines."""
    indent = _indent(lines[at])
    end = last = at + 1
    while end < len(lines):
        if lines[end].strip():
            deeper = _indent(lines[end]) > indent
            lazy = end == last and not (_starts(lines, end) or _COUNTED.match(lines[end]))
            if not deeper and not lazy:
                break
            last = end + 1
        end += 1
    return last


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _prose(lead: str, block: list[str], path: list[tuple[str, str]]) -> Node:
    """A node of a block; a heading becomes the end of `path`, (level, text) of all headings above."""
    text = "".join(block)
    said = " ".join(text.split())
    if level := _level(block):
        while path and level in [known for known, _ in path]:
            path.pop()
        while path and level.startswith("#") and len(path[-1][0]) >= len(level):
            path.pop()
        path.append((level, said[:_MOST_TITLE]))
        tag = "Numbered" if re.search(r"\d", said) else HEADING
        above = " / ".join(title for _, title in path[:-1])
        return Node(keys=(f"{above}{SAYS}{said}", text), lead=lead, parts=(text,), sort=said[:80], tag=tag)
    above = " / ".join(title for _, title in path)
    point = _POINT.match(block[0])
    tag = f"point {point[1]}{point[2]}" if point else "Numbered" if _COUNTED.match(block[0]) else "text"
    return Node(
        keys=(f"{above}{SAYS}{said}", text),
        lead=lead,
        parts=(text,),
        sort=said[:80],
        tag=tag,
        reach=Reach(free=point is not None),
    )


def _level(block: list[str]) -> str:
    """What tells headings of one level from others; empty for what is none."""
    if found := _HEADING.match(block[0]):
        return found[1]
    if len(block) == 2 and (under := _UNDERLINE.match(block[1])) and not block[0][:1].isspace():
        return f"{under[1]}" if not _POINT.match(block[0]) else ""
    return ""
