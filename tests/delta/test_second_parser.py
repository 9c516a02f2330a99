from __future__ import annotations

import pytest

from assay.delta import second_parser
from assay.delta.parse import Pair, parse
from assay.delta.second_parser import outlines

NESTED = b"(" * 20_000 + b"1" + b")" * 20_000


def test_a_source_that_ends_the_parser_costs_only_itself():
    before, hostile, after = outlines([b"def f[T](x: T) -> T: ...\n", NESTED, b"type X = int\n"])
    assert before is not None
    assert hostile is None
    assert after is not None
    assert "X" in after.by_symbol()


def test_a_source_that_takes_too_long_ends_in_time():
    assert outlines([b"x = 1\n"], seconds=0.0) == [None]


def test_syntax_that_no_parser_knows_has_no_outline():
    assert outlines([b"print 'python 2'\n"]) == [None]


def test_text_that_json_cannot_hold_is_no_crash():
    assert outlines([b"def f():\n    '\\ud800'\n", b"x = 1\n"])[1] is not None


def test_both_sides_of_a_pair_are_read_by_one_parser():
    """The new side is beyond the grammar of Python 3.11: then the old one is read by libcst as well."""
    (found,) = parse([Pair(old=b"def f(a): return 1\n", new=b"type X = int\ndef f(a): return (1)  # one\n")])
    assert found is not None
    assert found.old.by_symbol()["f"] == found.new.by_symbol()["f"]


def test_a_pair_with_one_unreadable_side_has_no_outlines():
    assert parse([Pair(old=b"x = 1\n", new=NESTED), Pair(old=None, new=b"y = 1\n")])[0] is None


def test_an_oversized_source_is_given_to_no_parser(monkeypatch):
    monkeypatch.setattr(second_parser, "outlines", lambda sources: pytest.fail("asked the second parser"))
    large = b"x = 1\n" * 400_000
    assert parse([Pair(old=None, new=large), Pair(old=b"print 'python 2'\n", new=large)]) == [None, None]
