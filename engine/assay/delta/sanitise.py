"""Make text that a candidate may have chosen fit to be shown.

Promises: pure; after `plain` nothing moves a cursor, rings, changes colours, reorders or hides text, or ends
a line: such characters show as escapes (`\\x1b`, `\\n`, `\\u202e`), and bytes of a path that are no UTF-8 as
`\\xNN`. After `markdown` nothing of the text is markup, a mention, a reference or a link either.
"""

from __future__ import annotations

import html
import re
import unicodedata

from assay.model.expressions import expression

_SHOWN_AS_IS = expression(r"[ -~]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MARKUP = expression(r"[\\`*_{}\[\]()#+!|~<>&$^-]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_LINKING = expression(r"@(?=\w)|#(?=\w)|\bGH(?=-\d)|:(?=//|[\w+-]+:)|\bwww(?=\.)", re.IGNORECASE)
_NUMBERED = expression(r"^(\s*\d+)\.")
_APART = "\u200b"
"""A zero-width space: it ends what a forge would otherwise turn into a mention, a link or a picture."""


def plain(text: str) -> str:
    """`text` on one line, without anything that a terminal would act upon."""
    if _SHOWN_AS_IS.fullmatch(text):
        return text
    return "".join(map(_visible, text))


def markdown(text: str) -> str:
    """`text` as Markdown prose (also inside a table) that says exactly this."""
    escaped = _MARKUP.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), _unlinked(text))
    return _NUMBERED.sub(r"\1\.", escaped)


def markdown_html(text: str) -> str:
    """`text` for the places of a Markdown page that are HTML, where backslashes escape nothing."""
    return html.escape(_unlinked(text))


def markdown_code(text: str) -> str:
    """`text` as a Markdown code span, fit for a table: inside one nothing is markup, a mention or a link."""
    shown = plain(text) or " "
    # A bar ends a table's cell even within a code span, unless it is escaped; outside tables the escape
    # would show. An HTML code element reads the same in both places.
    if "|" in shown:
        return f"<code>{_MARKUP.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def cells(text: str) -> int:
    """How many columns a terminal gives to `text` (already plain)."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def cut(text: str, width: int) -> str:
    """`text` (already plain) in at most `width` columns; the end goes, since beginnings tell names apart."""
    if cells(text) <= width:
        return text
    kept = 0
    for index, char in enumerate(text):
        kept += _cells(char)
        if kept > width - 1:
            return text[:index] + "…"
    return text


def _unlinked(text: str) -> str:
    return _LINKING.sub(lambda found: found[0] + _APART, plain(text))


def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
