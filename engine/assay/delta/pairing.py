"""What was renamed or moved: definitions that went, paired with definitions that came.

Promises: pure; pairs are one to one and do not depend on the order of files; what is the same token by token
pairs first, then the most alike. Short definitions pair only if they are the same and nothing else is: many
short functions look alike. Time in proportion to what came and went.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from assay.delta.meetings import Meeting, Members, within
from assay.delta.outline import MODULE, What
from assay.delta.parse import Outlines
from assay.delta.shingles import Shingles, nearest, shingles, tokens
from assay.model.candidate import Record

_GROUPS = {
    What.FUNCTION: "callable",
    What.METHOD: "callable",
    What.CLASS: "class",
    What.CONSTANT: "value",
    What.ATTRIBUTE: "value",
}
_SHORT, _MIDDLING = 12, 30
"""Tokens. Below the first only equal ones pair, below the second only those that are much alike."""
_SAME_NAME, _LONG, _MUCH = 0.5, 0.68, 0.85
_SAYS_LITTLE = 8
"""Tokens of a definition that is like many others (`X = 1`, `def f(): pass` without its name)."""
_NAME = "\0"


class _Piece(Record, frozen=True, kw_only=True):
    meeting: Meeting
    words: tuple[str, ...]
    """Its tokens, its own name left open."""
    hidden: bool = False
    """Whether it is part of a class that came or went as a whole, and so not in the list itself."""

    @property
    def name(self) -> str:
        return self.meeting.last.name

    @property
    def path(self) -> str:
        return self.meeting.path


def paired(found: Sequence[Meeting], files: Mapping[str, Outlines]) -> list[Meeting]:
    """`found` with each pair as one meeting. `files` are the outlines by the path of the meetings."""
    below = _Below(files)
    classes = _join(_pieces(found, "class", below))
    rest = _without(found, classes)
    for one in classes:
        rest += within(one, below.of(one.old_path, old=True), below.of(one.path, old=False))
    for group in ("callable", "value"):
        pairs = _join(_pieces(rest, group, below))
        rest = [*_without(rest, pairs), *pairs]
    return [*rest, *classes]


class _Below:
    """The members of classes, file by file, looked up once."""

    def __init__(self, files: Mapping[str, Outlines]) -> None:
        self._files = files
        self._known: dict[tuple[str, bool], Members] = {}

    def of(self, path: str, *, old: bool) -> Members:
        if (path, old) not in self._known:
            file = self._files[path]
            self._known[path, old] = Members(file.old if old else file.new)
        return self._known[path, old]


def _without(found: Iterable[Meeting], pairs: Sequence[Meeting]) -> list[Meeting]:
    went = {(pair.old_path, pair.old_symbol) for pair in pairs}
    came = {(pair.path, pair.symbol) for pair in pairs}
    return [
        met
        for met in found
        if (met.before and met.after)
        or ((met.old_path, met.old_symbol) not in went if met.before else (met.path, met.symbol) not in came)
    ]


def _pieces(found: Iterable[Meeting], group: str, below: _Below) -> tuple[list[_Piece], list[_Piece]]:
    """What went and what came of one group, with the methods of classes that did so as a whole."""
    went: list[_Piece] = []
    came: list[_Piece] = []
    whole: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for met in found:
        if (met.before and met.after) or met.symbol == MODULE:
            continue
        if met.last.what is What.CLASS:
            whole[met.old_path if met.before else met.path, bool(met.before)].append(
                met.old_symbol if met.before else met.symbol
            )
        if _GROUPS.get(met.last.what) == group:
            (went if met.before else came).append(_piece(met))
    if group == "callable" and (went or came):
        for (path, gone), symbols in whole.items():
            (went if gone else came).extend(_hidden(below.of(path, old=gone), path, symbols, gone=gone))
    if not (went and came):
        return [], []
    return sorted(went, key=_place), sorted(came, key=_place)


def _place(piece: _Piece) -> tuple[str, str]:
    return piece.path, piece.meeting.symbol


def _hidden(all_of: Members, path: str, symbols: Sequence[str], *, gone: bool) -> Iterator[_Piece]:
    for symbol, found in all_of.methods(symbols):
        met = Meeting(
            path=path,
            symbol=symbol,
            before=found if gone else (),
            after=() if gone else found,
            old_path=path,
            old_symbol=symbol,
        )
        yield _piece(met, hidden=True)


def _piece(met: Meeting, *, hidden: bool = False) -> _Piece:
    name = met.symbol.rpartition(".")[2]
    texts = [d.text or f"{d.signature}\n{d.body}" for d in (met.after or met.before)]
    words = [word for text in texts for word in _open(tokens(text), name)]
    return _Piece(meeting=met, words=tuple(words), hidden=hidden)


def _open(words: list[str], name: str) -> Iterator[str]:
    """The tokens with the name left open where it is defined or called: locals may be called the same."""
    before = ""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        own = before in ("", "def", "class") or after == "("
        yield _NAME if word == name and own else word
        before = word


def _join(sides: tuple[list[_Piece], list[_Piece]]) -> list[Meeting]:
    went, came = sides
    pairs = list(_equal(went, came))
    taken = {id(piece) for pair in pairs for piece in pair}
    pairs += _alike([p for p in went if id(p) not in taken], [p for p in came if id(p) not in taken])
    return [_met(one.meeting, other.meeting) for one, other in pairs]


def _met(one: Meeting, other: Meeting) -> Meeting:
    return replace(other, before=one.before, old_path=one.old_path, old_symbol=one.old_symbol, carried=False)


def _equal(went: Sequence[_Piece], came: Sequence[_Piece]) -> Iterator[tuple[_Piece, _Piece]]:
    """Pairs that are the same token by token: of several the one of the same name, then file."""
    by_words: defaultdict[tuple[str, ...], list[_Piece]] = defaultdict(list)
    for piece in came:
        by_words[piece.words].append(piece)
    others = Counter(piece.words for piece in went)
    for one in went:
        there = by_words.get(one.words, [])
        if not there:
            continue
        alone = len(there) == 1 and others[one.words] == 1
        best = min(there, key=lambda other: (other.name != one.name, other.path != one.path))
        known = best.name == one.name or (best.path == one.path and alone)
        if _both_hidden(one, best) or not (known or (alone and len(one.words) >= _SHORT)):
            continue
        if len(one.words) <= _SAYS_LITTLE and best.name != one.name:
            continue
        there.remove(best)
        yield one, best


def _alike(went: Sequence[_Piece], came: Sequence[_Piece]) -> Iterator[tuple[_Piece, _Piece]]:
    ones = [_shingled(piece) for piece in went]
    others = [_shingled(piece) for piece in came]
    scored = sorted(
        (-score, went[one].path != came[other].path, one, other)
        for score, one, other in nearest(ones, others)
        if score >= _needed(went[one], came[other])
    )
    taken: set[int] = set()
    for _score, _elsewhere, one, other in scored:
        if id(went[one]) not in taken and id(came[other]) not in taken:
            taken |= {id(went[one]), id(came[other])}
            yield went[one], came[other]


def _shingled(piece: _Piece) -> Shingles:
    return shingles(piece.words)


def _needed(one: _Piece, other: _Piece) -> float:
    """How alike two pieces have to be."""
    size = min(len(one.words), len(other.words))
    impossible = 2.0
    if _both_hidden(one, other) or size < _SHORT or one.meeting.last.what in (What.CONSTANT, What.ATTRIBUTE):
        return impossible
    if one.name == other.name and not (one.name.startswith("__") and one.name.endswith("__")):
        return _SAME_NAME
    return _MUCH if size < _MIDDLING else _LONG


def _both_hidden(one: _Piece, other: _Piece) -> bool:
    """Whether neither would be listed by itself: then the classes say what happened."""
    return one.hidden and other.hidden
