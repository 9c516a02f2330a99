"""The page as Markdown: a comment on a pull request, or the summary of a job.

Promises: valid in GitHub's dialect; nothing that a candidate chose is markup, a mention or a link; never
longer than the limit: it is cut by whole blocks, and the last line names what is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from assay.delta.page import Entry, Group, Line, Page, Section, Span, Tone
from assay.delta.sanitise import markdown as escape
from assay.delta.sanitise import markdown_code, markdown_html

LIMIT = 65_536
"""Characters. GitHub refuses longer comments."""

_MOST_ROWS = 100
_FOLDED_FROM = 4
_ROOM_TO_SAY = 600
"""Kept free for the line that names what was cut."""

_MOST_NAMED = 8
_DETAILS = "details"
_STRONG = frozenset({Tone.STRONG, Tone.GOOD, Tone.BAD, Tone.DOUBT})

Block = tuple[str, str]
"""What a reader would call it, and its Markdown."""


def units(text: str) -> int:
    """Length as a forge may count it: a character beyond the basic plane as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def markdown(page: Page, *, limit: int = LIMIT, measure: Callable[[str], int] = units) -> str:
    """The page in at most `limit` of what `measure` counts, ending with a line end."""
    blocks = list(_blocks(page, limit // 2, measure))
    kept: set[int] = set()
    left = limit - _ROOM_TO_SAY
    # The details of candidates are many, and what comes after them matters more.
    for index in sorted(range(len(blocks)), key=lambda index: blocks[index][0] == _DETAILS):
        size = measure(blocks[index][1]) + 1
        if size <= left:
            kept.add(index)
            left -= size
    gone = [name for index, (name, _) in enumerate(blocks) if index not in kept]
    shown = "\n".join(block for index, (_, block) in enumerate(blocks) if index in kept)
    return shown + (f"\n{_cut(gone)}\n" if gone else "")


def _cut(gone: list[str]) -> str:
    named = [name if times == 1 else f"{name} of {times}" for name, times in Counter(gone).items()]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return (
        f"_Left out for its size: {', '.join(named[:_MOST_NAMED])}{more}; "
        "the text, JSON and HTML reports have it all._"
    )


def _blocks(page: Page, most: int, measure: Callable[[str], int]) -> Iterator[Block]:
    """The blocks in reading order, that of the table in at most `most`."""
    yield "the headline", f"### Assay: {_inline(page.headline, flat=True)}\n"
    yield "the facts", f"{_inline(page.facts, flat=True)}\n"
    if page.notes:
        yield "notes", "\n".join(f"> {_inline(note)}  " for note in page.notes) + "\n"
    if page.entries:
        yield "the table of candidates", _table(page.entries, most, measure)
    for entry in page.entries:
        if entry.details:
            why = _flat((Span(text=f"{entry.name}: "), *entry.why))
            yield _DETAILS, _folded(why, _bullets(entry.details))
    for section in page.sections:
        yield from _section(section)
    if page.closing:
        yield "the closing words", "\n".join(f"{_inline(line)}  " for line in page.closing) + "\n"
    if page.commands:
        yield "next commands", "Next:\n\n```sh\n" + "\n".join(page.commands) + "\n```\n"


def _table(entries: tuple[Entry, ...], most: int, measure: Callable[[str], int]) -> str:
    rows = ["| | Candidate | Verdict | Why |\n| --- | --- | --- | --- |"]
    left = most
    for entry in entries[:_MOST_ROWS]:
        row = f"| {entry.mark} | {markdown_code(entry.name)} | {entry.verdict} | {_inline(entry.why)} |"
        left -= measure(row) + 1
        if left < 0:
            break
        rows.append(row)
    more = len(entries) - (len(rows) - 1)
    return "\n".join([*rows, f"\n… and {more} more\n" if more else ""])


def _section(section: Section) -> Iterator[Block]:
    yield section.title, f"#### {escape(section.title)}\n\n{_inline(section.summary)}\n"
    for group in section.groups:
        yield f"{section.title}: {group.label}", _group(group)


def _group(group: Group) -> str:
    bullets = _bullets(group.lines)
    if len(group.lines) >= _FOLDED_FROM:
        return _folded(markdown_html(group.label), bullets)
    return f"**{escape(group.label)}**\n\n{bullets}\n"


def _bullets(lines: tuple[Line, ...]) -> str:
    return "\n".join(f"- {_inline(line)}" for line in lines)


def _folded(summary: str, content: str) -> str:
    """A block that the reader unfolds. The blank lines make its inside Markdown again."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>\n"


def _inline(line: Line, *, flat: bool = False) -> str:
    """A line's spans. `flat` leaves the emphasis of dim text out, where the whole line is dim."""
    return "".join(_span(span, flat=flat) for span in line).strip()


def _flat(line: Line) -> str:
    """A line without any markup, for the summary of a fold, which is HTML and no Markdown."""
    return "".join(markdown_html(span.text) for span in line)


def _span(span: Span, *, flat: bool) -> str:
    text = span.text
    # Blanks alone: a line feed is escaped with the rest of the text, or it would begin a block.
    stripped = text.strip(" ")
    if not stripped:
        return text
    if span.tone is Tone.CODE:
        return markdown_code(text)
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    shown = escape(stripped)
    if span.tone in _STRONG and stripped.isalnum():
        shown = f"**{shown}**"
    elif span.tone is Tone.DIM and not flat:
        shown = f"<sub>{shown}</sub>"
    return f"{before}{shown}{after}"
