"""The page as text for a terminal.

Promises: no line is wider than asked for, except commands, which are to be copied whole; without colour
there is no escape sequence at all, with it only the handful written here; nothing that a candidate chose
reaches the terminal unsanitised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from assay.delta.page import Entry, Group, Line, Page, Section, Span, Tone
from assay.delta.sanitise import cells, cut, plain

_NARROWEST = 40
_LABEL = 14
_ASCII = str.maketrans({"✓": "+", "✗": "x", "→": "->", "·": "|", "…": "...", "×": "x", "\u00a0": " "})
_CODES = {
    Tone.STRONG: "1",
    Tone.DIM: "2",
    Tone.GOOD: "32",
    Tone.BAD: "31",
    Tone.DOUBT: "33",
}


def text(page: Page, *, width: int = 80, color: bool = False, unicode: bool = True) -> str:
    """The page in lines of at most `width` columns (40 at least).

    Without `unicode` everything beyond ASCII is replaced or escaped. Ends with a line end.
    """
    ink = _Ink(max(width, _NARROWEST), color)
    blocks = [
        [*ink.wrap(page.headline), *ink.wrap(page.facts), *(row for n in page.notes for row in ink.wrap(n))],
        [row for entry in _laid_out(page.entries, ink) for row in entry],
        *(_section(section, ink) for section in page.sections),
        _closing(page, ink),
    ]
    whole = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
    return whole if unicode else whole.translate(_ASCII).encode("ascii", "backslashreplace").decode()


class _Ink:
    """Lays spans into lines of a width, with or without colour."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = width
        self._color = color

    def wrap(self, line: Line, *, first: int = 0, rest: int = 0) -> list[str]:
        """Rows of a line: the first starts at column `first`, the others are indented by `rest`.

        The first row comes without its indentation, since something may stand there already.
        """
        rows: list[list[tuple[str, Tone]]] = [[]]
        at, room = 0, self.width - first
        for word, tone in _words(line):
            if at and at + cells(word) > room:
                rows.append([])
                at, room = 0, self.width - rest
            if not at and not word.strip():
                continue
            for piece in _pieces(word, room - at, self.width - rest):
                if at + cells(piece) > room:
                    rows.append([])
                    at, room = 0, self.width - rest
                rows[-1].append((piece, tone))
                at += cells(piece)
        head, *others = map(self._painted, rows)
        return [head, *(" " * rest + row for row in others)]

    def _painted(self, row: list[tuple[str, Tone]]) -> str:
        """A row with each run of one tone painted at once, and nothing blank at its end."""
        while row and not row[-1][0].strip():
            row = row[:-1]
        runs = groupby(row, key=lambda part: part[1])
        return "".join(self.paint("".join(text for text, _ in run), tone) for tone, run in runs)

    def paint(self, text: str, tone: Tone) -> str:
        if not (self._color and tone in _CODES) or not text.strip():
            return text
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m"


def _words(line: Line) -> Iterator[tuple[str, Tone]]:
    """Words and the single spaces between them, sanitised."""
    for span in line:
        head, *others = plain(span.text).split(" ")
        if head:
            yield head, span.tone
        for word in others:
            yield " ", span.tone
            if word:
                yield word, span.tone


def _pieces(word: str, first: int, rest: int) -> Iterator[str]:
    """A word cut where it must be: only one that is wider than a whole row is."""
    room = first if cells(word) <= first or first > rest // 2 else rest
    while cells(word) > room:
        end = 1
        while cells(word[: end + 1]) <= room:
            end += 1
        yield word[:end]
        word, room = word[end:], rest
    yield word


def _laid_out(entries: Iterable[Entry], ink: _Ink) -> Iterator[list[str]]:
    listed = list(entries)
    names = [plain(entry.name) for entry in listed]
    column = min(max(map(cells, names), default=0), max(ink.width // 3, 12))
    verdicts = max((len(entry.verdict) for entry in listed), default=0)
    for entry, name in zip(listed, names, strict=True):
        yield _entry(entry, name, column, verdicts, ink)


def _entry(entry: Entry, name: str, column: int, verdicts: int, ink: _Ink) -> list[str]:
    shown = cut(name, max(column, ink.width - verdicts - 6))
    padding = " " * max(column - cells(shown), 0)
    head = f"{ink.paint(entry.mark, entry.tone)} {ink.paint(shown, Tone.STRONG)}{padding}  "
    start = 2 + max(column, cells(shown)) + 2
    verdict = ink.paint(entry.verdict, entry.tone)
    after = start + verdicts + 2
    why = sum(cells(plain(span.text)) for span in entry.why)
    if after + why <= ink.width:
        rows = [f"{head}{verdict}{' ' * (verdicts - len(entry.verdict) + 2)}{_joined(entry.why, ink)}"]
    else:
        rows = [head + verdict, *_indented(entry.why, 4, ink)]
    for detail in entry.details:
        rows += _indented(detail, 6, ink)
    return [row.rstrip() for row in rows]


def _joined(line: Line, ink: _Ink) -> str:
    return "".join(ink.paint(plain(span.text), span.tone) for span in line)


def _indented(line: Line, indent: int, ink: _Ink) -> list[str]:
    first, *rest = ink.wrap(line, first=indent, rest=indent + 2)
    return [" " * indent + first, *rest]


def _section(section: Section, ink: _Ink) -> list[str]:
    title = Span(text=section.title, tone=Tone.STRONG)
    rows = ink.wrap((title, Span(text="  "), *section.summary), rest=2)
    label = max([_LABEL, *(len(group.label) + 1 for group in section.groups)])
    for group in section.groups:
        rows += _group(group, label, ink)
    return rows


def _group(group: Group, width: int, ink: _Ink) -> list[str]:
    start = 2 + width
    rows: list[str] = []
    for index, line in enumerate(group.lines):
        label = f"  {group.label:<{width}}" if index == 0 else " " * start
        first, *rest = ink.wrap(line, first=start, rest=start + 2)
        rows += [label + first, *rest]
    return rows


def _closing(page: Page, ink: _Ink) -> list[str]:
    rows = [row for line in page.closing for row in ink.wrap(line)]
    if page.commands:
        rows += [ink.paint("next:", Tone.DIM), *(f"  {command}" for command in page.commands)]
    return rows
