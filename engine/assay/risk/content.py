"""What the lines of a change are: code or words, branches, definitions, handling of errors, moved or new.

Promises: pure, from the lines of a diff alone, without parsing (a half of a file cannot be parsed); the same
for a commit of the past and for a candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log2

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.risk.history.log import FileEdit, Hunk

_WORD = expression(r"@|[A-Za-z_]\w*")
_PROSE = expression(r"[A-Za-z`*:(][^=()\[\]{}]*$")
_DEF = expression(r"(?:async\s+)?def\s+(\w+)|class\s+(\w+)")
_CALL = expression(r"\w\s*\(")
_OPERATOR = expression(r"==|!=|<=|>=|[<>+\-*/%](?!=)|\b(?:and|or|not|in|is)\b")
_ALNUM = expression(r"[^\w]+")
_BRANCH = frozenset(["if", "elif", "for", "while", "except", "case", "match"])
_ERRORS = frozenset(["try", "except", "raise", "finally", "assert"])
_QUOTES = ('"""', "'''")
_TAB = 4


class LinesFacts(Record, frozen=True, kw_only=True):
    """Counts over lines. `code` excludes blank lines, comments, imports and what reads like prose."""

    lines: int = 0
    code: int = 0
    branches: int = 0
    definitions: int = 0
    imports: int = 0
    errors: int = 0
    returns: int = 0
    calls: int = 0
    operators: int = 0
    nesting: int = 0
    names: frozenset[str] = frozenset()
    """The functions and classes that these lines define."""


def lines_facts(lines: Sequence[str]) -> LinesFacts:
    """Count `lines`, the added or the deleted ones of one place."""
    n: Counter[str] = Counter()
    names: set[str] = set()
    nesting = 0
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _WORD.match(text)
        word = found[0] if found else ""
        if word == "async":
            word = text[5:].strip().partition(" ")[0]
        if word in ("import", "from") and (word == "import" or " import" in text):
            n["imports"] += 1
            continue
        if not _is_code(text, word):
            continue
        n["code"] += 1
        indent = len(line.expandtabs(_TAB)) - len(line.expandtabs(_TAB).lstrip())
        nesting = max(nesting, min(indent // _TAB, 20))
        n["branches"] += word in _BRANCH
        n["errors"] += word in _ERRORS
        n["returns"] += word in ("return", "yield")
        if word in ("def", "class") and (definition := _DEF.match(text)):
            n["definitions"] += definition[1] is not None
            names.add(definition[1] or definition[2])
        n["calls"] += len(_CALL.findall(text))
        n["operators"] += len(_OPERATOR.findall(text))
    return LinesFacts(lines=len(lines), nesting=nesting, names=frozenset(names), **n)


def _is_code(text: str, word: str) -> bool:
    if text.startswith((*_QUOTES, ":param", ":return", ":type", ":rtype", ".. ")):
        return False
    prose = _PROSE.match(text) and text.count(" ") >= 3 and not text.endswith(":")
    return word in _KEYWORDS or not prose


_KEYWORDS = frozenset(
    [
        "if",
        "elif",
        "else",
        "for",
        "while",
        "except",
        "case",
        "match",
        "try",
        "finally",
        "raise",
        "assert",
        "return",
        "yield",
        "with",
        "def",
        "class",
        "lambda",
        "not",
        "del",
        "global",
        "nonlocal",
        "await",
        "async",
        "pass",
        "break",
        "continue",
        "@",
        "import",
        "from",
    ]
)


class ContentFacts(Record, frozen=True, kw_only=True):
    """What the lines of one change to source files amount to."""

    added: LinesFacts
    deleted: LinesFacts
    places: int
    fresh: int
    """Added lines of code that were not taken from elsewhere in the same file."""
    gone: int
    """Deleted lines of code that do not come again in the same file."""
    reshaped: int
    """Places where the text is the same but for white space, quotes and brackets."""
    signatures: int
    """Definitions that are on both sides of the diff."""
    entropy: float


def entropy(sizes: Sequence[int]) -> float:
    """Shannon entropy of how changed lines spread over files, divided by its greatest value: 0 to 1."""
    total = sum(sizes)
    if len(sizes) < 2 or not total:
        return 0.0
    return -sum(size / total * log2(size / total) for size in sizes if size) / log2(len(sizes))


def content(edits: Sequence[FileEdit]) -> ContentFacts:
    """The facts of `edits`, all of source files."""
    added: list[LinesFacts] = []
    deleted: list[LinesFacts] = []
    fresh = gone = reshaped = 0
    sizes: list[int] = []
    for edit in edits:
        plus = [line for hunk in edit.hunks for line in hunk.added]
        minus = [line for hunk in edit.hunks for line in hunk.deleted]
        added.append(lines_facts(plus))
        deleted.append(lines_facts(minus))
        new, old = _plain_lines(plus), _plain_lines(minus)
        fresh += (new - old).total()
        gone += (old - new).total()
        reshaped += sum(_same(hunk) for hunk in edit.hunks)
        sizes.append(len(plus) + len(minus))
    ups, downs = together(added), together(deleted)
    return ContentFacts(
        added=ups,
        deleted=downs,
        places=sum(len(edit.hunks) for edit in edits),
        fresh=fresh,
        gone=gone,
        reshaped=reshaped,
        signatures=sum(len(one.names & other.names) for one, other in zip(added, deleted, strict=True)),
        entropy=entropy(sizes),
    )


def together(parts: Sequence[LinesFacts]) -> LinesFacts:
    """One record for all: sums, and the deepest nesting."""
    fields = [name for name in LinesFacts.__struct_fields__ if name not in ("nesting", "names")]
    sums = {name: sum(getattr(part, name) for part in parts) for name in fields}
    names = frozenset[str]().union(*(part.names for part in parts))
    return LinesFacts(**sums, nesting=max((part.nesting for part in parts), default=0), names=names)


def _plain_lines(lines: Sequence[str]) -> Counter[str]:
    """Lines that count, without white space, so that a line that moved is the same line."""
    texts = (line.strip() for line in lines if not blameless(line))
    return Counter("".join(text.split()) for text in texts if len(text) > 2 and not text.startswith(_QUOTES))


def _same(hunk: Hunk) -> bool:
    if not hunk.added or not hunk.deleted:
        return False
    return _ALNUM.sub("", "".join(hunk.added)) == _ALNUM.sub("", "".join(hunk.deleted))


def blameless(line: str) -> bool:
    """Whether a line is nobody's fault: blank, a comment or an import."""
    text = line.strip()
    return not text or text.startswith(("#", "import ")) or (text.startswith("from ") and " import" in text)
