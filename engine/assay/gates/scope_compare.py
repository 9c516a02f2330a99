"""The base's tests against the candidate's: which is which, and what each one checks less.

Promises: pure. Only functions whose text differs are looked into. An assertion that another of the changed
functions gained counts as moved, not as lost.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from assay.gates.scope_checks import Check, Conduct, conduct, statements
from assay.gates.scope_suite import Piece, Suite
from assay.gates.syntax import REFUSED, Function
from assay.gates.testing.definitions import FIXTURE, digest, is_test
from assay.model.candidate import Record

Place = tuple[str, str]
"""(path in the candidate, qualified name)."""

_ALIKE = 0.5
_MOST_PAIRS = 4096
"""Beyond so many comparisons only equal bodies and equal names are paired."""

_MOST_LOOKED_INTO = 1000
"""Beyond so many functions only names are paired."""


class Loss(Record, frozen=True, kw_only=True):
    """What one test checks less than on the base."""

    rule: str
    path: str
    name: str
    line: int
    message: str
    what: str


class _Side(Record, frozen=True, kw_only=True):
    """One version of one function: what it is (name aside), its statements, and how it tests."""

    form: str
    statements: Counter[str]
    conduct: Conduct
    guard: str
    line: int


class Pairing:
    """Which function of the base is which of the candidate. `gone` has no counterpart; `pairs` are those that
    have one and are not the same text, `(old, new)` under the candidate's place."""

    def __init__(self, files: Sequence[tuple[str, Suite, Suite]]) -> None:
        self.pairs: list[tuple[Place, Piece, Piece]] = []
        self.fresh: dict[Place, Piece] = {}
        self.gone: dict[Place, Piece] = {}
        for path, old, new in files:
            for name, piece in old.pieces.items():
                other = new.pieces.get(name)
                if other is None:
                    self.gone[path, name] = piece
                elif (other.text, other.guard) != (piece.text, piece.guard):
                    self.pairs.append(((path, name), piece, other))
            self.fresh |= {(path, name): new.pieces[name] for name in new.pieces.keys() - old.pieces.keys()}
        self._match()

    def _match(self) -> None:
        """Find where the missing went: the same body, else the same name elsewhere, else one much like it."""
        if not self.gone or not self.fresh:
            return
        few = len(self.gone) + len(self.fresh) <= _MOST_LOOKED_INTO
        for key in (_body, _bare_name) if few else (_bare_name,):
            homes: dict[tuple[str, str], list[Place]] = {}
            for place in sorted(self.fresh, reverse=True):
                homes.setdefault((_kind(place[1]), key(place, self.fresh[place])), []).append(place)
            for place in sorted(self.gone):
                found = homes.get((_kind(place[1]), key(place, self.gone[place])))
                if found:
                    self._pair(place, found.pop())
        if len(self.gone) * len(self.fresh) <= _MOST_PAIRS:
            for place in sorted(self.gone):
                alike = (other for other in sorted(self.fresh) if self._is_alike(place, other))
                if (other := next(alike, None)) is not None:
                    self._pair(place, other)

    def _pair(self, old: Place, new: Place) -> None:
        self.pairs.append((new, self.gone.pop(old), self.fresh.pop(new)))

    def _is_alike(self, old: Place, new: Place) -> bool:
        """Whether two functions of one file share most of what they do."""
        if old[0] != new[0] or _kind(old[1]) != _kind(new[1]):
            return False
        before, after = _side(self.gone[old]), _side(self.fresh[new])
        if before is None or after is None:
            return False
        shared = (before.statements & after.statements).total()
        return shared > 0 and shared >= _ALIKE * max(before.statements.total(), after.statements.total())


def compare(pairing: Pairing) -> tuple[list[Loss], set[Place]]:
    """What the paired functions lost, and which of them differ at all. Beyond a number that no person changes
    at once, functions differ if their texts do, and are not looked into."""
    looked = pairing.pairs[:_MOST_LOOKED_INTO]
    changed = {place for place, _old, _new in pairing.pairs[_MOST_LOOKED_INTO:]}
    sides: list[tuple[Place, _Side, _Side]] = []
    for place, before, after in looked:
        old, new = _side(before), _side(after)
        if old is None or new is None:
            changed.add(place)
        elif (old.form, old.guard) != (new.form, new.guard):
            changed.add(place)
            sides.append((place, old, new))
    gained: Counter[str] = Counter()
    for piece in islice(pairing.fresh.values(), _MOST_LOOKED_INTO if sides else 0):
        side = _side(piece)
        gained += Counter(check.form for check in side.conduct.checks) if side else Counter()
    for _place, old, new in sides:
        gained += _forms(new) - _forms(old)
    return [loss for place, old, new in sides for loss in _losses(place, old, new, gained)], changed


def _losses(place: Place, old: _Side, new: _Side, gained: Counter[str]) -> Iterator[Loss]:
    path, name = place
    told: set[str] = set()

    def loss(message: str, *, rule: str = "scope/test-weakened", line: int = 0) -> Loss:
        told.add(rule)
        return Loss(
            rule=rule, path=path, name=name, line=line or new.line, message=message, what=f"{name}\0{message}"
        )

    yield from (loss(message) for message in _conduct_losses(name, old, new))
    removed = [check for check in _without(old, _forms(new)) if not _moved(check, gained)]
    added = _without(new, _forms(old))
    fewer: list[Check] = []
    for check in removed:
        twin = next((each for each in added if each.subjects & check.subjects), None)
        if twin is None:
            fewer.append(check)
            continue
        added.remove(twin)
        if _weaker(check, twin):
            yield loss(f"`{check.text}` became `{twin.text}`", line=new.line)
        elif (twin.strength, twin.breadth) == (check.strength, check.breadth):
            yield loss(f"`{check.text}` became `{twin.text}`", rule="scope/test-expectation")
    missing = len(fewer) - len(added)
    if missing > 0:
        more = f" (such as `{fewer[0].text}`)" if fewer[0].text else ""
        yield loss(f"{missing} fewer assertion{'' if missing == 1 else 's'} than on the base{more}")
    elif sum(check.strength for check in added) < sum(check.strength for check in fewer):
        yield loss(f"`{fewer[0].text}` made way for weaker assertions")


def _conduct_losses(name: str, old: _Side, new: _Side) -> Iterator[str]:
    before, after = old.conduct, new.conduct
    if after.cases < before.cases:
        yield f"{before.cases - after.cases} of {before.cases} listed cases are gone"
    if after.markers > before.markers:
        yield "is skipped, or its failure expected"
    if after.empty and not before.empty and not before.checks:
        yield "its body is empty now"
    if new.guard != old.guard and new.guard:
        yield f"is only defined under a condition now ({new.guard.strip(' ;')})"
    if is_test(name):
        if after.exits > before.exits:
            yield "a new way out before its last assertion"
        if after.generator and not before.generator:
            yield "has become a generator, which pytest does not run"
        if after.coroutine and not before.coroutine:
            yield "has become a coroutine, which pytest does not run by itself"


def _weaker(old: Check, new: Check) -> bool:
    return new.strength < old.strength or (new.strength == old.strength and new.breadth > old.breadth)


def _moved(check: Check, gained: Counter[str]) -> bool:
    if gained[check.form] <= 0:
        return False
    gained[check.form] -= 1
    return True


def _without(side: _Side, forms: Counter[str]) -> list[Check]:
    """The checks of a side beyond those that `forms` has as well."""
    left = Counter(forms)
    found = []
    for check in side.conduct.checks:
        if left[check.form] > 0:
            left[check.form] -= 1
        else:
            found.append(check)
    return found


def _forms(side: _Side) -> Counter[str]:
    return Counter(check.form for check in side.conduct.checks)


@lru_cache(maxsize=2 * _MOST_LOOKED_INTO)
def _side(piece: Piece) -> _Side | None:
    """A piece looked into; None where even that is more than a parser here bears."""
    function = piece.function()
    if function is None:
        return None
    try:
        return _Side(
            form=_form(function),
            statements=Counter(statements(function)),
            conduct=conduct(function),
            guard=piece.guard,
            line=piece.line,
        )
    except REFUSED:
        return None


def _form(function: Function) -> str:
    rest = [getattr(function, field) for field in function._fields if field not in ("name", "body")]
    docs = function.body[0] if _has_docs(function) else None
    return digest(type(function).__name__, *rest, *(each for each in function.body if each is not docs))


def _has_docs(function: Function) -> bool:
    """Whether the first statement is words for readers; one with a doctest is more than that."""
    first = function.body[0]
    value = first.value if isinstance(first, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and ">>>" not in value.value


def _kind(name: str) -> str:
    """Tests go with tests and fixtures with fixtures; a test that became a helper is no test any more."""
    return "test" if is_test(name) else "fixture" if name.startswith(FIXTURE) else "helper"


def _body(place: Place, piece: Piece) -> str:
    """What a function does, whatever its name; what cannot be told is like nothing else."""
    side = _side(piece)
    return side.form if side is not None else f"{place}"


def _bare_name(place: Place, _piece: Piece) -> str:
    return place[1].rpartition(":")[2].rpartition(".")[2]
