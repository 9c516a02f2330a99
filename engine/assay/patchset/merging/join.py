"""Three versions of the same entries, made one.

Promises: pure; raises `Clash` where it is not plain what both sides want. What neither side touched, and what
only one side touched, is taken as it stands; what both added at one place goes one after the other if that is
all there is to it, in an order that does not depend on which side is which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from assay.patchset.merging.align import Gap, Row, gaps, name_rows
from assay.patchset.merging.beside import Beside
from assay.patchset.merging.entries import IN_TURN, SPREAD, Group, Node, Rule, body, label, write
from assay.patchset.merging.layout import fit
from assay.patchset.merging.order import SortKey, sorted_by, take_turns
from assay.patchset.merging.pick import content, pick, pick_space, squeeze
from assay.patchset.merging.reasons import Clash, Reason
from assay.patchset.merging.sections import by_sections

_MOST_ENTRIES = 20_000
"""Of one group, in all versions together."""

_VALUES = frozenset({"int", "float", "complex", "bool", "NoneType", "atom"})
"""Entries of which a list is rather a measured or counted row than a collection."""

Meaning = Callable[[Node], object]
"""What a node says whatever its layout, to be compared; None where that cannot be told."""


Lines = Callable[[str, str, str], str | None]
"""Merges three versions of a text line by line as git does; None where that conflicts."""


class Join:
    """One merge of a file. `ours` and `theirs` hold what each side added where the other did, in words."""

    def __init__(self, meaning: Meaning, lines: Lines) -> None:
        self._meaning = meaning
        self._lines = lines
        self._firsts: list[int] = []
        """Of each list that both grow: -1 if what ours adds is first, 1 if last, 0 if they are mixed."""
        self.ours: list[str] = []
        self.theirs: list[str] = []
        self.groups: set[str] = set()
        self.settled: dict[str, str] = {}
        """Entries that were merged line by line, as each side and the result have them, with the result."""

    def merge(self, base: Group, ours: Group, theirs: Group) -> Group:
        """The whole of a file. Raises `Clash`."""
        merged = self._group(base, ours, theirs, "")
        if len(self._firsts) > 1 and {*self._firsts} not in ({-1}, {1}):
            why = "both add to several lists, and the order in one would not be that in the other"
            raise Clash(Reason.ORDER, "", why)
        return merged

    def _group(self, base: Group, ours: Group, theirs: Group, where: str) -> Group:
        texts = [write(group) for group in (base, ours, theirs)]
        if (picked := pick(*texts)) is not None:
            return theirs if picked == texts[2] else ours
        versions = [group.nodes for group in (base, ours, theirs)]
        if sum(map(len, versions)) > _MOST_ENTRIES:
            raise Clash(Reason.UNREADABLE, where, f"there are more than {_MOST_ENTRIES} entries")
        _same_spreads(base, versions, where)
        rows = name_rows(versions)
        order = self._order(base, versions)
        nodes = self._by_name(rows, order, where) if order is not None else self._by_place(base, rows, where)
        _unique(nodes, rows, base, where)
        self._note(base, nodes, rows)
        return fit(base, ours, theirs, list(nodes.values()), where)

    def _order(self, base: Group, versions: Sequence[Sequence[Node]]) -> SortKey | None:
        if base.rule is Rule.SUITE or base.ordered:
            return None
        if any(node.tag in (SPREAD, IN_TURN) for row in versions for node in row):
            return None
        if base.rule is Rule.ROW and any(map(_is_command, versions)):
            return None
        if any(squeeze(node.lead) or node.lead.count("\n") > 0 for row in versions for node in row):
            return None  # comments and blank lines divide it into parts
        words = base.rule is Rule.NAMED or all(node.tag == "Text" for row in versions for node in row)
        return sorted_by(versions, 2 if base.rule is Rule.NAMED else 3) if words else None

    def _by_name(self, rows: Sequence[Row], order: SortKey, where: str) -> Row:
        base, ours, theirs = rows
        found: Row = {}
        for key in dict.fromkeys([*base, *ours, *theirs]):
            node = self._one(base.get(key), ours.get(key), theirs.get(key), where)
            if node is not None:
                found[key] = node
        return dict(sorted(found.items(), key=lambda item: order(item[1].sort)))

    def _by_place(self, group: Group, rows: Sequence[Row], where: str) -> Row:
        base, ours, theirs = rows
        beside, before = Beside(), None
        found: list[tuple[str, Node]] = []
        for gap in gaps(base, ours, theirs):
            found += self._gap(group, rows, gap, where)
            if group.rule is Rule.SUITE:
                around = [node for node in (before, base.get(gap.then or "")) if node is not None]
                beside.gap([base[k] for k in gap.base], *_sides(rows, gap), around, where)
            before = base.get(gap.then or "")
            if gap.then is not None:
                three = base[gap.then], ours[gap.then], theirs[gap.then]
                node = self._both(*three, where)
                found.append((gap.then, node))
                if group.rule is Rule.SUITE:
                    beside.entry(*three, where)
        if len({key for key, _ in found}) < len(found):
            raise Clash(Reason.ORDER, where, "both move the same entries")
        return dict(found)

    def _gap(self, group: Group, rows: Sequence[Row], gap: Gap, where: str) -> list[tuple[str, Node]]:
        """What stands between two entries that all have."""
        base, ours, theirs = rows
        here = frozenset(gap.base)
        _no_lost_moves(base, theirs, gap.ours, here, where)
        _no_lost_moves(base, ours, gap.theirs, here, where)
        texts = [
            [(key, content(row[key])) for key in keys]
            for row, keys in ((base, gap.base), (ours, gap.ours), (theirs, gap.theirs))
        ]
        if (picked := pick(*texts)) is not None:
            row, keys = (theirs, gap.theirs) if picked == texts[2] else (ours, gap.ours)
            return [(key, row[key]) for key in keys]
        if group.rule is Rule.ROW and gap.base:
            raise Clash(Reason.SAME_PLACE, _at(where, base[gap.base[0]]), "both change the same entries")
        there = [(ours, frozenset(gap.ours)), (theirs, frozenset(gap.theirs))]
        for key in gap.base:
            self._gone(base[key], [row[key] for row, keys in there if key in keys], where)
        mine = [key for key in gap.ours if key not in here]
        yours = [key for key in gap.theirs if key not in here]
        return self._added(group, rows, mine, yours, where)

    def _gone(self, node: Node, kept: Sequence[Node], where: str) -> None:
        """An entry that one side at least removed from here: the other may not have changed it."""
        if len(kept) > 1:
            raise Clash(Reason.ORDER, _at(where, node), f"both move {label(node)}")
        if kept and content(kept[0]) != content(node):
            raise Clash(
                Reason.REMOVED, _at(where, node), f"one side changes {label(node)}, the other removes it"
            )

    def _added(
        self, group: Group, rows: Sequence[Row], mine: list[str], yours: list[str], where: str
    ) -> list[tuple[str, Node]]:
        _, ours, theirs = rows
        both = frozenset(mine) & frozenset(yours)
        common = [key for key in mine if key in both]
        if common != [key for key in yours if key in both]:
            raise Clash(Reason.ORDER, where, "both add the same entries in different orders")
        own = [ours[k] for k in mine if k not in both], [theirs[k] for k in yours if k not in both]
        if own[0] and own[1]:
            _may_join(group, *own, [ours[k] for k in common], where)
        found: list[tuple[str, Node]] = []
        for key in [*common, None]:
            head, mine = _split(mine, key)
            tail, yours = _split(yours, key)
            names = {id(ours[k]): k for k in head} | {id(theirs[k]): k for k in tail}
            turns = _in_turn(group, [ours[k] for k in head], [theirs[k] for k in tail], where)
            found += [(names[id(node)], node) for node in turns]
            if key is not None:
                found.append((key, self._united(ours[key], theirs[key], where)))
        return found

    def _one(self, base: Node | None, ours: Node | None, theirs: Node | None, where: str) -> Node | None:
        """An entry that is told by its name alone, wherever it stands."""
        if base is None:
            return self._united(ours, theirs, where) if ours and theirs else ours or theirs
        if ours is None or theirs is None:
            self._gone(base, [node for node in (ours, theirs) if node], where)
            return None
        return self._both(base, ours, theirs, where)

    def _united(self, ours: Node, theirs: Node, where: str) -> Node:
        """An entry that both add."""
        at = _at(where, ours)
        if content(ours) == content(theirs) or self._same(ours, theirs):
            return min(ours, theirs, key=lambda node: (-len(body(node)), node.lead, body(node), node.trail))
        if not (ours.unites and theirs.unites):
            raise Clash(Reason.SAME_NAME, at, f"both add {label(ours)}, with different content")
        empty = tuple(part if isinstance(part, str) else replace(part, nodes=()) for part in ours.parts)
        return self._both(replace(ours, parts=empty), ours, theirs, where)

    def _both(self, base: Node, ours: Node, theirs: Node, where: str) -> Node:
        """An entry that all have."""
        at = _at(where, base)
        lead = pick_space(base.lead, ours.lead, theirs.lead, at)
        texts = [content(node) for node in (base, ours, theirs)]
        if (picked := pick(*texts)) is not None:
            return replace(theirs if picked == texts[2] else ours, lead=lead)
        bodies = [body(node) for node in (base, ours, theirs)]
        picked_body = pick(*bodies)
        if picked_body is not None:
            source = theirs if picked_body == bodies[2] else ours
        elif self._same(ours, base) or self._same(theirs, base):
            source = theirs if self._same(ours, base) else ours
        elif (text := self._by_lines(bodies)) is not None:
            source = replace(theirs, parts=(text,))
            self.settled |= dict.fromkeys((*bodies[1:], text), text)
        else:
            source = replace(theirs, parts=self._parts(base, ours, theirs, at))
        return replace(
            source,
            lead=lead,
            gap=pick_space(base.gap, ours.gap, theirs.gap, at),
            trail=pick_space(base.trail, ours.trail, theirs.trail, at),
        )

    def _by_lines(self, texts: Sequence[str]) -> str | None:
        """What git makes of an entry of many lines, if it is the same either way."""
        base, ours, theirs = texts
        if not all(text.count("\n") > 2 and text.endswith("\n") for text in texts):
            return None
        found = self._lines(base, ours, theirs)
        return found if found == self._lines(base, theirs, ours) else None

    def _parts(self, base: Node, ours: Node, theirs: Node, where: str) -> tuple[str | Group, ...]:
        if not _alike(base, ours) or not _alike(base, theirs):
            raise Clash(Reason.SAME_PLACE, where, f"both change {label(base)}")
        found: list[str | Group] = []
        for old, mine, yours in zip(base.parts, ours.parts, theirs.parts, strict=True):
            if isinstance(old, Group) and isinstance(mine, Group) and isinstance(yours, Group):
                found.append(self._group(old, mine, yours, where))
            else:
                assert isinstance(old, str) and isinstance(mine, str) and isinstance(yours, str)
                text = pick(old, mine, yours)
                if text is None:
                    raise Clash(Reason.SAME_PLACE, where, f"both change {label(base)}")
                found.append(text)
        return tuple(found)

    def _same(self, one: Node, other: Node) -> bool:
        """Whether two versions differ in layout alone."""
        meaning = self._meaning(one)
        return meaning is not None and meaning == self._meaning(other)

    def _note(self, group: Group, nodes: Row, rows: Sequence[Row]) -> None:
        """Remember what both sides added here, and, of lists, whose came first."""
        base, ours, theirs = rows
        mine = [key for key in nodes if key in ours and key not in base and key not in theirs]
        yours = [key for key in nodes if key in theirs and key not in base and key not in ours]
        if not mine or not yours:
            return
        self.groups.add(group.label)
        self.ours += [label(nodes[key]) for key in mine]
        self.theirs += [label(nodes[key]) for key in yours]
        if group.paired:
            place = {key: index for index, key in enumerate(nodes)}
            if max(place[key] for key in mine) < min(place[key] for key in yours):
                self._firsts.append(-1)
            elif max(place[key] for key in yours) < min(place[key] for key in mine):
                self._firsts.append(1)
            else:
                self._firsts.append(0)


def _sides(rows: Sequence[Row], gap: Gap) -> tuple[list[Node], list[Node]]:
    return [rows[1][key] for key in gap.ours], [rows[2][key] for key in gap.theirs]


def _split(keys: list[str], end: str | None) -> tuple[list[str], list[str]]:
    if end is None:
        return keys, []
    at = keys.index(end)
    return keys[:at], keys[at + 1 :]


def _alike(one: Node, other: Node) -> bool:
    return [type(part) for part in one.parts] == [type(part) for part in other.parts]


def _at(where: str, node: Node) -> str:
    return f"{where}.{label(node)}" if where else label(node)


def _no_lost_moves(base: Row, other: Row, keys: Iterable[str], here: frozenset[str], where: str) -> None:
    """What a side moved to here must be as it was on the other side."""
    for key in keys:
        if (
            key in base
            and key not in here
            and (key not in other or content(other[key]) != content(base[key]))
        ):
            what = f"one side moves {label(base[key])}, the other changes or removes it"
            raise Clash(Reason.REMOVED, _at(where, base[key]), what)


def _may_join(
    group: Group, mine: Sequence[Node], yours: Sequence[Node], common: Sequence[Node], where: str
) -> None:
    """Whether what both add at one place can stand one after the other; `common` is what both add alike."""
    at = _at(where, mine[0])
    counted = [any(node.tag == "Numbered" for node in nodes) for nodes in (common, mine, yours)]
    if counted[0] or (counted[1] and counted[2]):
        raise Clash(Reason.NUMBER, at, f"both add what comes next: {label(mine[0])} and {label(yours[0])}")
    if group.ordered or all(any(node.tag == IN_TURN for node in nodes) for nodes in (mine, yours)):
        raise _order_matters(group, mine, where)
    if group.rule is not Rule.ROW or not group.separator:
        return
    added = {node.tag for node in (*mine, *yours)}
    fits = (
        added == {node.tag for node in group.nodes}
        and not added & _VALUES
        and not _is_command((*group.nodes, *mine, *yours))
    )
    if not fits or (_is_mixed(mine, yours) and not (_in_order(mine) and _in_order(yours))):
        raise _order_matters(group, mine, where)


def _same_spreads(group: Group, versions: Sequence[Sequence[Node]], where: str) -> None:
    """What is spread out between others replaces those before it, and is replaced by those behind: where both
    change such a group, all versions have to agree on it."""
    spreads = [[body(node) for node in version if node.tag == SPREAD] for version in versions]
    if not spreads[0] == spreads[1] == spreads[2]:
        what = f"both change {group.label}, and one what is spread out in it"
        raise Clash(Reason.ORDER, where, what)


def _in_turn(group: Group, mine: Sequence[Node], yours: Sequence[Node], where: str) -> tuple[Node, ...]:
    """What both add between two entries that both have, in one row."""
    if not mine or not yours or group.rule is not Rule.ROW or group.separator:
        return take_turns(mine, yours)
    found = by_sections(mine, yours)
    if found is None:
        raise _order_matters(group, mine, where)
    return found


def _order_matters(group: Group, mine: Sequence[Node], where: str) -> Clash:
    what = f"both add to {group.label or 'one place'}, where it may matter what comes first"
    return Clash(Reason.ORDER, _at(where, mine[0]), what)


def _is_command(nodes: Iterable[Node]) -> bool:
    """Whether a list holds options of a program, some of which go with what follows them, or patterns that
    take back what those before them said."""
    return any(node.tag == "Text" and node.sort.startswith(("-", "!")) for node in nodes)


def _is_mixed(mine: Sequence[Node], yours: Sequence[Node]) -> bool:
    """Whether taking turns tears apart what one side wrote in a row."""
    turns = [id(node) for node in take_turns(mine, yours)]
    return turns not in ([id(n) for n in (*mine, *yours)], [id(n) for n in (*yours, *mine)])


def _in_order(nodes: Sequence[Node]) -> bool:
    return all(take_turns([two], [one])[0] is one for one, two in pairwise(nodes))


def _unique(nodes: Row, rows: Sequence[Row], group: Group, where: str) -> None:
    """Numbers that were given once each stay so."""
    base, *sides = (Counter(node.number for node in row.values() if node.number) for row in rows)
    if len(base) < 2 or max(base.values()) > 1:
        return
    for number, count in Counter(node.number for node in nodes.values() if node.number).items():
        if count > max(1, *(side[number] for side in sides)):
            raise Clash(Reason.NUMBER, where or group.label, f"both give the number {number}")
