"""The report's framing: only whole, sealed, consecutive records are taken."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from assay.gates.testing.records import Start, decode

SECRET = "00" * 16


def line(number, secret=SECRET, **fields):
    body = json.dumps({"n": number, "k": "start", "i": number, "id": "t", **fields}).encode()
    seal = hashlib.blake2b(body, key=bytes.fromhex(secret), digest_size=8).hexdigest().encode()
    return seal + b" " + body + b"\n"


def test_whole():
    stream = decode(line(0, id="a::b") + line(1, id="ü\n"), SECRET)
    assert stream.flaw == ""
    assert stream.records == (Start(n=0, i=0, id="a::b"), Start(n=1, i=1, id="ü\n"))


def test_empty_is_no_flaw():
    assert decode(b"", SECRET).records == ()


def test_another_secret():
    assert "not sealed" in decode(line(0, secret="11" * 16), SECRET).flaw


def test_a_missing_record():
    stream = decode(line(0) + line(2) + line(3), SECRET)
    assert len(stream.records) == 1
    assert "missing" in stream.flaw


def test_a_repeated_record():
    assert "missing" in decode(line(0) + line(0), SECRET).flaw


def test_a_torn_line():
    stream = decode(line(0) + line(1)[:-7], SECRET)
    assert len(stream.records) == 1
    assert "inside a line" in stream.flaw


def test_an_unknown_kind():
    assert "line 1" in decode(line(0, k="party"), SECRET).flaw


@given(st.lists(st.text(), min_size=1, max_size=5), st.data())
def test_no_change_of_bytes_goes_unnoticed(ids, data):
    whole = b"".join(line(number, id=test) for number, test in enumerate(ids))
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    stream = decode(whole[:at] + bytes([changed]) + whole[at + 1 :], SECRET)
    assert stream.flaw
    assert len(stream.records) < len(ids) + 1
    assert stream.records == decode(whole, SECRET).records[: len(stream.records)]


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer(data):
    assert decode(data, SECRET).records == ()
