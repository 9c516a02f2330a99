from __future__ import annotations

from assay.policy.document import Document, parse


def _parsed(text: str) -> Document:
    document = parse(text.encode(), "x")
    assert isinstance(document, Document)
    return document


def test_lines_of_tables_arrays_and_dotted_keys() -> None:
    document = _parsed('a.b = 1\n[t."q/r"]\nk = [\n "x = y",\n]\nl = 2\n[[c]]\n[[c]]\nz = 1\n[c.in]\ny = 1\n')
    assert document.line(("a", "b")) == 1
    assert document.line(("t", "q/r", "k")) == 3
    assert document.line(("t", "q/r", "k", 0)) == 3
    assert document.line(("t", "q/r", "l")) == 6
    assert document.line(("c", 1, "z")) == 9
    assert document.line(("c", 0)) == 7
    assert document.line(("nowhere",)) == 0


def test_a_byte_order_mark_does_not_matter() -> None:
    document = parse(b"\xef\xbb\xbfgates = []\n", "x")
    assert isinstance(document, Document)
    assert document.data == {"gates": []}
