"""A text as nested entries: what a reader for a format makes of a file, and what is merged.

Promises: nothing of the text is lost: writing the entries gives the text they were read from, byte for byte.
A node knows what it is called (so that versions of it find each other) and how far its place matters; how it
is laid out stays text.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from assay.model.candidate import Record

SPREAD = "spread"
"""The tag of an entry that stands for any number of others, which may replace those before it."""
IN_TURN = "in turn"
"""The tag of an entry of a group without order that has an order among its like."""


class Rule(Enum):
    """How the entries of a group go together."""

    NAMED = "named"
    """Told apart by name; their order means nothing: dictionaries, imported names, tables."""
    ROW = "row"
    """Told apart by their text, in an order that may mean something: lists, lines of text."""
    SUITE = "suite"
    """Statements: which of them may change places is for each to say."""


class Reach(Record, frozen=True, kw_only=True):
    """What an entry has to do with others beside it."""

    free: bool = False
    """Its place among others that are free, too, means nothing beyond the names below."""
    binds: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    """Names that it reads at the moment at which it is reached, not later."""
    callee: str = ""
    """What it calls, if it is nothing but a call that registers or asserts something: of these, the order in
    a row means nothing, unless they bind the same."""
    entered: tuple[str, ...] = ()
    """What its decorators enter it as, into tables that are gone through in order (see `routes`)."""
    counted: str = ""
    """How a member of an enumeration comes to its value: it is `given`, or is the `next` one."""


class Node(Record, frozen=True, kw_only=True):
    """One entry, or a piece of text with groups inside. As text: lead, parts, and in brackets what follows.

    `keys` are its names, from the loosest to the strictest (the last tells as much as its text); the first
    that is unique in all versions is used. `sort` is what a sorted group is sorted by. `tag` says of which
    sort it is. `number` is the value, or the number in the name, that may not be given twice.
    """

    keys: tuple[str, ...]
    lead: str
    parts: tuple[str | Group, ...]
    sort: str = ""
    tag: str = ""
    number: str = ""
    section: int = 0
    """Entries of a lower section come before those of a higher one (imports)."""
    unites: bool = False
    """If both sides add it, with different entries inside, it gets the entries of both."""
    reach: Reach = Reach()
    gap: str = ""
    """What stands between it and its separator."""
    separated: bool = False
    trail: str = ""
    """What follows the separator up to the end of the line, that included."""


class Group(Record, frozen=True, kw_only=True):
    """Entries in a row, between what opens and closes them."""

    rule: Rule
    head: str = ""
    nodes: tuple[Node, ...] = ()
    tail: str = ""
    separator: str = ""
    """Stands between entries (the last may have it as well); empty for entries that end by themselves."""
    label: str = ""
    """How to speak of it in a sentence."""
    paired: bool = False
    """Another group may go with it, entry by entry."""
    ordered: bool = False
    """The order of its entries means something, so that nobody may choose it."""


def write(group: Group) -> str:
    """The text of a group."""
    return "".join(_pieces(group))


def body(node: Node) -> str:
    """The text of a node without what leads to it and what follows."""
    return "".join(_body(node))


def label(node: Node) -> str:
    """A node's name, for people."""
    return node.sort or node.keys[0]


def _body(node: Node) -> Iterator[str]:
    for part in node.parts:
        if isinstance(part, str):
            yield part
        else:
            yield from _pieces(part)


def _pieces(group: Group) -> Iterator[str]:
    yield group.head
    for node in group.nodes:
        yield node.lead
        yield from _body(node)
        yield node.gap
        if node.separated:
            yield group.separator
        yield node.trail
    yield group.tail
