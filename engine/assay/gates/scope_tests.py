"""Scope rules: tests and assertions that the base has and the candidate has not.

Promises: pure. A test that moved to another changed file, or was renamed within its own, is not lost; nor
are assertions that moved along. Counted by tokens, so that neither strings nor comments matter and no
hostile nesting reaches a parser.
"""

from __future__ import annotations

import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from assay.gates.files import PYTHON
from assay.gates.scope_types import ChangedFile, Hit
from assay.gates.tokens import Token, tokens_of
from assay.model.candidate import ChangeKind, Record

_CHECKS = frozenset({"raises", "warns", "deprecated_call", "approx"})
_SOURCE = frozenset(
    {".js", ".jsx", ".mjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".swift"}
)
_NAMED = 3
_QUOTES = re.compile(r"""'{3}|"{3}""")


class Tally(Record, frozen=True, kw_only=True):
    """The test functions of one file by name, and how many assertions it makes."""

    tests: tuple[str, ...] = ()
    assertions: int = 0


class _Pair(Record, frozen=True, kw_only=True):
    file: ChangedFile
    old: Tally
    new: Tally


def weakened(files: Sequence[ChangedFile], is_test: Callable[[str], bool]) -> Iterator[Hit]:
    """Tests deleted and assertions dropped, over all changed test files together."""
    if not any(_may_lose(file) for file in files):
        return
    pairs = [_tally_pair(file, is_test) for file in files]
    reported: set[str] = set()
    for hit in _deleted(pairs):
        reported.add(hit.path)
        yield hit
    if sum(pair.new.assertions for pair in pairs) < sum(pair.old.assertions for pair in pairs):
        for pair in pairs:
            fewer = pair.old.assertions - pair.new.assertions
            if fewer > 0 and pair.file.change.path not in reported:
                yield Hit(
                    rule="scope/test-weakened",
                    path=pair.file.change.path,
                    message=f"{fewer} fewer assertion{_plural(fewer)} than on the base",
                )


def tally(content: bytes | None) -> Tally:
    """Count one Python file's tests and assertions; nothing where it cannot be split into tokens."""
    tokens = tokens_of(content) if content else None
    if tokens is None:
        return Tally()
    code = [token for token in tokens if token.type in (tokenize.NAME, tokenize.OP)]
    names = [
        after.string
        for token, after in pairwise(code)
        if token.string == "def" and after.string.startswith("test")
    ]
    return Tally(tests=tuple(names), assertions=sum(map(_is_assertion, code, [*code[1:], *code[-1:]])))


def _is_assertion(token: Token, after: Token) -> bool:
    if token.type != tokenize.NAME:
        return False
    if token.string == "assert":
        return True
    called = after.string == "("
    return called and (token.string in _CHECKS or token.string.startswith(("assert", "fail_")))


def _plural(count: int) -> str:
    return "" if count == 1 else "s"


def _may_lose(file: ChangedFile) -> bool:
    """Whether this change can take a test away: it deletes lines, or opens a string around some."""
    return file.change.deleted_lines > 0 or any(_QUOTES.search(text) for _line, text in file.added)


def _tally_pair(file: ChangedFile, is_test: Callable[[str], bool]) -> _Pair:
    change = file.change
    old = tally(file.old) if _is_python_test(change.old_path, is_test) else Tally()
    new = tally(file.new) if _is_python_test(change.path, is_test) else Tally()
    return _Pair(file=file, old=old, new=new)


def _is_python_test(path: str, is_test: Callable[[str], bool]) -> bool:
    return is_test(path) and PurePosixPath(path).suffix in PYTHON


def _deleted(pairs: Sequence[_Pair]) -> Iterator[Hit]:
    gained: Counter[str] = Counter()
    for pair in pairs:
        gained += Counter(pair.new.tests) - Counter(pair.old.tests)
    for pair in pairs:
        change = pair.file.change
        moved = Counter(pair.old.tests) - Counter(pair.new.tests)
        lost = moved - gained
        gained -= moved
        renamed = sum((Counter(pair.new.tests) - Counter(pair.old.tests)).values())
        missing = sum(lost.values()) - renamed
        if missing > 0:
            names = ", ".join(sorted(lost)[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
            yield Hit(
                rule="scope/test-deleted",
                path=change.path,
                message=f"{missing} test{_plural(missing)} fewer than on the base (gone: {names})",
                what=names,
            )
        elif change.kind is ChangeKind.DELETED and PurePosixPath(change.path).suffix in _SOURCE:
            yield Hit(rule="scope/test-deleted", path=change.path, message="a test file of the base is gone")
