"""The page as Markdown: a comment on a pull request.

Promises: valid in GitHub's dialect; nothing that a candidate chose is markup, a mention or a link; never
longer than `LIMIT`: what does not fit is left out from the end, block by block, and the last line says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.delta.page import Entry, Group, Line, Page, Section, Span, Tone
from assay.delta.sanitise import markdown as escape
from assay.delta.sanitise import markdown_code, markdown_html

LIMIT = 60_000
"""Characters. GitHub refuses comments of more than 65,536."""

_MOST_ROWS = 100
_FOLDED_FROM = 4
_CUT = "\n_The rest does not fit into a comment; the text and JSON reports have it all._\n"
_STRONG = frozenset({Tone.STRONG, Tone.GOOD, Tone.BAD, Tone.DOUBT})


def markdown(page: Page, *, limit: int = LIMIT) -> str:
    """The page in at most `limit` characters, ending with a line end."""
    parts: list[str] = []
    left = limit - len(_CUT)
    for block in _blocks(page):
        if len(block) + 1 > left:
            return "\n".join(parts) + _CUT
        parts.append(block)
        left -= len(block) + 1
    return "\n".join(parts)


def _blocks(page: Page) -> Iterator[str]:
    yield f"### Assay: {_inline(page.headline, flat=True)}\n"
    yield f"{_inline(page.facts, flat=True)}\n"
    if page.notes:
        yield "\n".join(f"> {_inline(note)}  " for note in page.notes) + "\n"
    yield from _table(page.entries)
    for entry in page.entries:
        if entry.details:
            yield _folded(_flat((Span(text=f"{entry.name}: "), *entry.why)), _bullets(entry.details))
    for section in page.sections:
        yield from _section(section)
    if page.closing:
        yield "\n".join(f"{_inline(line)}  " for line in page.closing) + "\n"
    if page.commands:
        yield "Next:\n\n```sh\n" + "\n".join(page.commands) + "\n```\n"


def _table(entries: tuple[Entry, ...]) -> Iterator[str]:
    if not entries:
        return
    yield "| | Candidate | Verdict | Why |\n| --- | --- | --- | --- |"
    for entry in entries[:_MOST_ROWS]:
        why = _inline(entry.why)
        yield f"| {entry.mark} | {markdown_code(entry.name)} | {entry.verdict} | {why} |"
    yield f"\n… and {len(entries) - _MOST_ROWS} more\n" if len(entries) > _MOST_ROWS else ""


def _section(section: Section) -> Iterator[str]:
    yield f"#### {escape(section.title)}\n"
    yield f"{_inline(section.summary)}\n"
    for group in section.groups:
        yield _group(group)


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
    stripped = text.strip()
    if not stripped:
        return text
    if span.tone is Tone.CODE:
        return markdown_code(text)
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    shown = escape(stripped)
    if span.tone in _STRONG and stripped.isalnum():
        shown = f"**{shown}**"
    elif span.tone is Tone.DIM and not flat:
        shown = f"<sub>{shown}</sub>"
    return f"{before}{shown}{after}"
