"""Changes of symbols in words, one line each: what stands between backquotes is from the code.

Promises: pure; the same words wherever a change shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.delta import Aspect, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_MOST = 4
_SIGNATURE = 120
_TOLD = frozenset({Aspect.TOKEN, Aspect.DEFAULT, Aspect.VALUE})
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
    value = change.what in ("constant", "attribute")
    if Kind.SIGNATURE in change.aspects or (value and Kind.BODY in change.aspects):
        before, after = _values(change) if value else (change.before, change.after)
        if not (value and any(d.aspect in _TOLD for d in change.details)) and before != after:
            parts.append(f"`{_cut(before)}` → `{_cut(after)}`")
    details = [
        d for d in change.details if d.aspect is not Aspect.DEFAULT or Kind.SIGNATURE not in change.aspects
    ]
    parts += [detail.words for detail in details[:_MOST]]
    if len(details) > _MOST:
        parts.append(f"and {len(details) - _MOST} more")
    told = bool(details)
    for kind in change.aspects:
        if kind in _KINDS and not told and not (value and kind is Kind.BODY):
            parts.append(_KINDS[kind])
    return parts


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


def _cut(text: str) -> str:
    return text if len(text) <= _SIGNATURE else text[: _SIGNATURE - 1] + "…"
