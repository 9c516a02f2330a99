"""Changes of symbols in words, one line each: what stands between backquotes is from the code.

Promises: pure; the same words wherever a change shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.delta.short import apart
from assay.model.delta import Aspect, Detail, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_MOST = 4
_SIGNATURE = 120
_SIDE_BY_SIDE = 160
_TOLD = frozenset({Aspect.TOKEN, Aspect.VALUE})
_IN_SIGNATURE = frozenset({Aspect.DEFAULT, Aspect.PARAMETER})
_VALUES = ("constant", "attribute")
_KINDS = {
    Kind.BODY: "changed inside",
    Kind.DECORATORS: "decorated differently",
    Kind.BASES: "other bases",
    Kind.DOCS: "documentation",
    Kind.ANNOTATIONS: "annotations",
}


def listed(names: Sequence[str], most: int) -> str:
    """Names between backquotes, the first few of many."""
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def new_words(change: SymbolChange) -> str:
    """A symbol that is new."""
    under = f", as {listed(change.public_as, 2)}" if change.public_as else ""
    if change.what == "re-export":
        return f"`{change.symbol}` can be imported from {change.path}"
    shown = change.after if change.after and len(change.after) <= _SIGNATURE else ""
    if change.what in ("constant", "attribute"):
        named = f"`{_qualified(change, shown)}`" if shown else f"`{change.symbol}`"
        return f"{change.what} {named} in {change.path}{under}"
    head = _head(change, shown)
    return f"{change.what} {head} in {change.path}{under}"


def changed_words(change: SymbolChange) -> str:
    """A symbol that is there on both sides and differs."""
    name = f"`{change.symbol}`" if change.symbol != "<module>" else f"importing {change.path}"
    said = "; ".join(_parts(change)) or "changed inside"
    place = f" in {change.path}" if change.symbol != "<module>" else ""
    return f"{name}{place}: {said}"


def _parts(change: SymbolChange) -> list[str]:
    parts: list[str] = []
    if change.kind is Kind.RENAMED:
        parts.append(f"renamed from `{change.old_symbol}`")
    elif change.kind is Kind.MOVED:
        same = change.old_path == change.path
        parts.append(f"moved from `{change.old_symbol}`" + ("" if same else f" in {change.old_path}"))
    parts += _signature(change)
    details = _worth_telling(change)
    parts += [detail.words for detail in details[:_MOST]]
    if len(details) > _MOST:
        parts.append(f"and {len(details) - _MOST} more")
    if not details and len(parts) < 2:
        parts += [_KINDS[kind] for kind in change.aspects if kind in _KINDS and not _is_shown(change, kind)]
    return parts


def _signature(change: SymbolChange) -> list[str]:
    """Both signatures, or both values, side by side, where they fit and nothing else tells as much."""
    if change.what in _VALUES:
        before, after = _values(change)
        told = any(detail.aspect in _TOLD for detail in change.details)
        differs = Kind.BODY in change.aspects and before != after and not told
    else:
        before, after = change.before, change.after
        differs = Kind.SIGNATURE in change.aspects and (_fits(change) or not _named(change))
    shown = apart(before, after, _SIGNATURE)
    return [f"`{shown[0]}` → `{shown[1]}`"] if differs else []


def _worth_telling(change: SymbolChange) -> list[Detail]:
    if Kind.SIGNATURE in change.aspects and _fits(change):
        return [detail for detail in change.details if detail.aspect not in _IN_SIGNATURE]
    return list(change.details)


def _fits(change: SymbolChange) -> bool:
    return len(change.before) + len(change.after) <= _SIDE_BY_SIDE


def _named(change: SymbolChange) -> bool:
    """Whether details tell what differs between the signatures."""
    return any(detail.aspect in _IN_SIGNATURE for detail in change.details)


def _is_shown(change: SymbolChange, kind: Kind) -> bool:
    return kind is Kind.BODY and change.what in _VALUES and _values(change)[0] != _values(change)[1]


def _values(change: SymbolChange) -> tuple[str, str]:
    before, after = (text.partition(" = ")[2] or text for text in (change.before, change.after))
    return before, after


def _qualified(change: SymbolChange, shown: str) -> str:
    owner, dot, _name = change.symbol.rpartition(".")
    return f"{owner}{dot}{shown}"


def _head(change: SymbolChange, shown: str) -> str:
    """The symbol as it is called: `Class.method(self, a)`."""
    name = change.symbol.rpartition(".")[2]
    _before, found, rest = shown.partition(f"{name}")
    if not found or ";" in shown:
        return f"`{change.symbol}`"
    return f"`{change.symbol}{rest}`"
