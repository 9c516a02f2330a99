"""The page: what a report says, as data between the report and its renderings for people.

Promises: pure records. Words, numbers and order are decided once, when the page is composed; a rendering
only lays them out. Texts are as they came: whoever renders a span sanitises it.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record


class Tone(StrEnum):
    """What a span is, for a rendering that can show it."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"
    CODE = "code"
    """Names and places out of the code: paths, symbols, tests, commands."""


class Span(Record, frozen=True, kw_only=True):
    """A piece of text of one tone."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]
"""What belongs on one line, if the line is wide enough."""


class Entry(Record, frozen=True, kw_only=True):
    """One candidate: a mark, its name, its verdict, why, and what to look at."""

    mark: str
    tone: Tone
    name: str
    verdict: str
    why: Line
    details: tuple[Line, ...] = ()


class Group(Record, frozen=True, kw_only=True):
    """A label and its lines."""

    label: str
    lines: tuple[Line, ...]


class Section(Record, frozen=True, kw_only=True):
    """A titled part of the page, with a one-line summary."""

    title: str
    summary: Line = ()
    groups: tuple[Group, ...] = ()


class Page(Record, frozen=True, kw_only=True):
    """The whole page, in reading order. `commands` are to be copied: they are never broken or escaped for
    looks, and hold nothing that a candidate chose."""

    headline: Line
    facts: Line
    notes: tuple[Line, ...]
    entries: tuple[Entry, ...]
    sections: tuple[Section, ...]
    closing: tuple[Line, ...]
    commands: tuple[str, ...]


MOST_TEXT = 400
"""Characters of one span or name. A candidate may choose messages of any length."""


def clip(text: str) -> str:
    """`text`, shortened if it is longer than a page should show."""
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def line(*parts: str | Span) -> Line:
    """A line of spans, each clipped; plain strings are plain spans, empty ones vanish."""
    spans = (part if isinstance(part, Span) else Span(text=part) for part in parts)
    return tuple(Span(text=clip(span.text), tone=span.tone) for span in spans if span.text)


def code(text: str) -> Span:
    return Span(text=text, tone=Tone.CODE)


def dim(text: str) -> Span:
    return Span(text=text, tone=Tone.DIM)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def bounded(lines: list[Line], most: int) -> tuple[Line, ...]:
    """At most `most` lines and, if some were left out, one that says how many."""
    if len(lines) <= most + 1:
        return tuple(lines)
    return (*lines[:most], line(dim(f"… and {len(lines) - most} more")))


def seconds(value: float) -> str:
    """A duration in words: milliseconds below a tenth, minutes above a hundred."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{int(value // 60)} min {int(value % 60)} s"
