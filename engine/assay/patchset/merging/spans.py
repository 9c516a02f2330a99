"""Where the parts of a syntax tree stand in its text.

Promises: pure. The syntax tree counts columns in UTF-8 bytes and lines from 1; everything here is offsets of
characters in the text.
"""

from __future__ import annotations

import ast
from bisect import bisect_right

_Placed = ast.expr | ast.stmt | ast.alias | ast.keyword | ast.arg


class Text:
    """A text and its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def line_start(self, line: int) -> int:
        """The offset at which a line starts (one past the last: the end of the text)."""
        return min(self._starts[line - 1], len(self.text))

    def line_of(self, offset: int) -> int:
        """The number of the line that holds an offset."""
        return bisect_right(self._starts, offset)

    def start(self, node: _Placed) -> int:
        """Where a node starts."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: _Placed) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def blank(self, line: int) -> bool:
        """Whether a line holds nothing, or only a comment."""
        return self._lines[line - 1].lstrip(" \t\f\r").startswith("#") or not self._lines[line - 1].strip()

    def _offset(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        if not text.isascii():
            column = len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))
        return self._starts[line - 1] + column
