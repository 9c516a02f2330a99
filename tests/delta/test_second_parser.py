from __future__ import annotations

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
    (found,) = parse([Pair(old=b"def f(a): return 1\n", new=b"except_ = 1\ntry: pass\nexcept A, B: pass\n")])
    if found is not None:
        # Whichever parser reads the new side, the old one's definitions are there in the same form.
        assert "f" in found.old.by_symbol()
        assert "except_" in found.new.by_symbol()


def test_a_pair_with_one_unreadable_side_has_no_outlines():
    assert parse([Pair(old=b"x = 1\n", new=NESTED), Pair(old=None, new=b"y = 1\n")])[0] is None


def test_an_oversized_source_is_not_parsed():
    assert parse([Pair(old=None, new=b"x = 1\n" * 400_000)]) == [None]
