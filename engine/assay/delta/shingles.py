"""How alike two pieces of program text are, and which of many are the most alike.

Promises: pure; time in proportion to the text, since pieces are compared only with those that share an
uncommon run of tokens with them. (Shingling: Broder, "On the resemblance and containment of documents",
1997; likeness is Dice's coefficient of the sets of shingles.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from assay.model.expressions import expression

_TOKEN = expression(
    r"[rbfuRBFU]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|#[^\n]*|\w+|\*\*=?|//=?|<<=?|>>=?|->|:=|[-+*/%&|^@<>=!]=|\.\.\.|\S"
)
_WIDTH = 3
_COMMON = 25
"""A shingle that more pieces have says nothing about which of them is meant."""

Shingles = frozenset[int]


def tokens(text: str) -> list[str]:
    """The tokens of Python text (or anything like it), without comments and layout."""
    return [token for token in _TOKEN.findall(text) if not token.startswith("#")]


def placed_tokens(text: str) -> list[tuple[str, int]]:
    """The same, each with where it begins."""
    return [(m[0], m.start()) for m in _TOKEN.finditer(text) if not m[0].startswith("#")]


def shingles(words: Sequence[str]) -> Shingles:
    """The runs of three tokens that a text has, as numbers."""
    if len(words) < _WIDTH:
        return frozenset([hash(tuple(words))])
    return frozenset(hash((a, b, c)) for a, b, c in zip(words, words[1:], words[2:], strict=False))


def likeness(one: Shingles, other: Shingles) -> float:
    """Dice's coefficient, 0 to 1."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0


def nearest(ones: Sequence[Shingles], others: Sequence[Shingles]) -> Iterator[tuple[float, int, int]]:
    """Pairs that share an uncommon shingle, with their likeness, by index; in no order."""
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for index, piece in enumerate(others):
        for shingle in piece:
            holders[shingle].append(index)
    for index, piece in enumerate(ones):
        met: Counter[int] = Counter(
            other
            for shingle in piece
            if len(holders.get(shingle, ())) <= _COMMON
            for other in holders.get(shingle, ())
        )
        best = sorted(met, key=lambda other: (-met[other], other))
        for other in best[:_COMMON]:
            yield likeness(piece, others[other]), index, other
