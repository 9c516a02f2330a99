"""Values in another form, functions and classes that are put where others are, what has to be done first."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import label, met

READ = "def read(path):\n    return open(path).read()\n"
RAW = "def read(path):\n    return open(path, 'rb').read()\n"
CALLS = """import m


def one(p):
    return m.read(p).split(",")


def two(p):
    return m.read(p).strip()
"""
BASE = {"m.py": READ, "calls.py": CALLS, "b.py": ""}
DECODED = CALLS.replace("m.read(p)", "m.read(p).decode()")


def use(line: str) -> dict[str, str | None]:
    return {"b.py": f"import m\n\n\ndef use(p):\n    return {line}\n"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("m.read(p).upper()", "m:read"),
        ("m.read(p).decode().upper()", ""),
        ("len(m.read(p))", ""),
        ("m.read(p)", ""),
    ],
)
def test_a_value_in_the_old_form(tmp_path: Path, line: str, found: str) -> None:
    assert label(met(tmp_path, BASE, {"m.py": RAW, "calls.py": DECODED}, use(line))) == found


def test_places_that_were_left_say_that_not_all_need_it(tmp_path: Path) -> None:
    one = CALLS.replace("m.read(p).split", "m.read(p).decode().split")
    assert label(met(tmp_path, BASE, {"m.py": RAW, "calls.py": one}, use("m.read(p).upper()"))) == ""


def test_what_did_not_change_needs_no_other_form(tmp_path: Path) -> None:
    assert label(met(tmp_path, BASE, {"calls.py": DECODED}, use("m.read(p).upper()"))) == ""


LISTENING = """HEARD = []


def listen(function):
    HEARD.append(function)


def one(event):
    print(event)


def two(event):
    print(event, 2)


listen(one)
listen(two)
"""
MORE = LISTENING.replace("(event):", "(event, when):")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from m import listen\n\n\ndef three(event):\n    pass\n\n\nlisten(three)\n", "m:"),
        ("from m import listen\n\n\ndef three(event, *more):\n    pass\n\n\nlisten(three)\n", ""),
        ("from m import listen\n\n\ndef three(event):\n    pass\n\n\nprint(three, listen)\n", ""),
    ],
    ids=["the old form", "any form", "not handed over"],
)
def test_functions_that_are_handed_to_where_others_are(tmp_path: Path, text: str, found: str) -> None:
    said = label(met(tmp_path, {"m.py": LISTENING, "b.py": ""}, {"m.py": MORE}, {"b.py": text}))
    assert said.startswith(found)
    assert bool(said) == bool(found)


KINDS = "class Kind:\n    pass\n\n\nclass One(Kind):\n    pass\n\n\nclass Two(Kind):\n    pass\n"
LISTED = KINDS + "\n\nKINDS = [One, Two]\n"


@pytest.mark.parametrize(
    ("listed", "text", "found"),
    [
        (LISTED, "from m import Kind\n\n\nclass Three(Kind):\n    pass\n", "m:Kind"),
        (LISTED, "class Three:\n    pass\n", ""),
        (KINDS + "\n\nKINDS = [One]\n", "from m import Kind\n\n\nclass Three(Kind):\n    pass\n", ""),
    ],
    ids=["not entered", "of no kind", "some are entered"],
)
def test_classes_of_a_kind_that_are_all_entered(tmp_path: Path, listed: str, text: str, found: str) -> None:
    assert label(met(tmp_path, {"m.py": KINDS, "b.py": ""}, {"m.py": listed}, {"b.py": text})) == found


PICK = "def pick(name):\n    return [name]\n"
INDEX = (
    "KNOWN = {}\n\n\ndef index(name):\n    KNOWN[name] = name\n\n\ndef pick(name):\n    return KNOWN[name]\n"
)
NOTED = "def note(name):\n    print(name)\n\n\ndef pick(name):\n    return [name, name]\n"
CALLER = "import m\n\n\ndef call(n):\n    return m.pick(n)\n"


@pytest.mark.parametrize(
    ("made", "first", "found"),
    [(INDEX, "index", "m:pick"), (NOTED, "note", "")],
    ids=["relied on", "beside it"],
)
def test_what_has_to_be_done_first(tmp_path: Path, made: str, first: str, found: str) -> None:
    caller = CALLER.replace("    return", f"    m.{first}(n)\n    return")
    other = {"b.py": "import m\n\n\ndef use(n):\n    return len(m.pick(n))\n"}
    base = {"m.py": PICK, "calls.py": CALLER, "b.py": ""}
    assert label(met(tmp_path, base, {"m.py": made, "calls.py": caller}, dict(other))) == found
