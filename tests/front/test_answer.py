from __future__ import annotations

import json

from assay.front.answer import answer, columns
from assay.front.options import PlainFormat


def test_columns_align_and_escape():
    assert columns([("A", "B"), ("long", "x\ny"), ("\x1b[2J", "")]) == "A        B\nlong     x\\ny\n\\x1b[2J"


def test_a_document_is_json_with_a_version_even_for_names_that_are_no_utf8(capsys):
    answer(PlainFormat.JSON, "unused", {"path": "a\udcff", "nested": [{"\udcfe": ("x",)}]})
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema_version": 1, "path": "a\\udcff", "nested": [{"\\udcfe": ["x"]}]}
