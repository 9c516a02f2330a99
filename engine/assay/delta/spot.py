"""Where two texts differ in a few tokens only: which ones, and in which line.

Promises: pure; time in proportion to the texts.
"""

from __future__ import annotations

from assay.delta.secrets import hide, scrub
from assay.delta.shingles import placed_tokens
from assay.model.delta import Aspect, Detail

_MOST_TOKENS = 6
_MOST_TEXT = 60
_MOST_LINE = 90
_LARGE = 200_000


def spot(old: str, new: str, first_line: int = 1) -> Detail | None:
    """The one small difference of two texts; None if there is none, or more than that. `first_line` is the
    number of the new text's first line."""
    if not old or not new or max(len(old), len(new)) > _LARGE:
        return None
    one, other = placed_tokens(old), placed_tokens(new)
    before, after = [token for token, _ in one], [token for token, _ in other]
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    gone, came = before[start : len(before) - end], after[start : len(after) - end]
    if not (gone or came) or max(len(gone), len(came)) > _MOST_TOKENS:
        return None
    place = other[min(start, len(other) - 1)][1] if other else 0
    line = _line(new, place)
    name = after[start - 2] if start > 1 and after[start - 1] in ("=", ":") else ""
    was, now = hide(name, _joined(old, one, start, gone)), hide(name, _joined(new, other, start, came))
    if max(len(was), len(now)) > _MOST_TEXT:
        return None
    shown = hide(name, line)
    return Detail(
        aspect=Aspect.TOKEN,
        before=was,
        after=now,
        words=_words(was, now) + (f" in `{shown}`" if shown not in (now, was, "") else ""),
        line=first_line + new.count("\n", 0, place),
    )


def _words(before: str, after: str) -> str:
    if before and after:
        return f"`{before}` became `{after}`"
    return f"`{after}` is new" if after else f"`{before}` is gone"


def _common(one: list[str], other: list[str]) -> int:
    """How many tokens two lists begin with alike."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _joined(text: str, placed: list[tuple[str, int]], start: int, words: list[str]) -> str:
    """The tokens as they stand in the text, on one line."""
    if not words:
        return ""
    last, at = placed[start + len(words) - 1]
    return " ".join(text[placed[start][1] : at + len(last)].split())


def _line(text: str, place: int) -> str:
    """The line that a place is in; of a long one the part around it."""
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = text[start : end if end >= 0 else len(text)].partition("  #")[0]
    at = max(place - start - _MOST_LINE // 2, 0) if len(line.strip()) > _MOST_LINE else 0
    # Hidden before it is cut: half of a secret looks like none.
    shown = scrub(line)
    if shown != line and at:
        return ""
    part = shown[at : at + _MOST_LINE].strip() if at else shown.strip()[:_MOST_LINE]
    return ("…" if at else "") + part + ("…" if len(part) < len(shown[at:].strip()) else "")
