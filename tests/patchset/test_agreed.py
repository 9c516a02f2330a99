"""What two sides agree upon and nothing checks: texts, files, unknown receivers, exceptions further in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import label, met

BUS = "def emit(event):\n    pass\n\n\ndef done():\n    emit('job-done')\n    emit('end')\n"
BASE = {"m.py": BUS, "other.py": "", "b.py": "", "data/page.html": "x\n", "data/list.html": "y\n"}
RENAMED = {"m.py": BUS.replace("job-done", "job.finished")}


@pytest.mark.parametrize(
    ("a", "text", "found"),
    [
        (RENAMED, "import m\n\nm.listen('job-done')\n", "m:done"),
        (RENAMED, "import m\n\nm.listen('end')\n", ""),
        (RENAMED, "print('job-done')\n", ""),
        (RENAMED, "NAME = 'job-done'\n", ""),
        (RENAMED | {"other.py": "WAS = 'job-done'\n"}, "import m\n\nm.listen('job-done')\n", ""),
        ({"m.py": BUS.replace("'end'", "'stop'")}, "import m\n\nm.listen('end')\n", ""),
        ({"m.py": BUS.replace("'end'", "'stop'")}, "import m\n\nm.emit('end')\n", "m:done"),
    ],
    ids=["given up", "another", "shown", "named", "still there", "anybody's word", "the same call"],
)
def test_a_text_that_is_given_up(tmp_path: Path, a: dict[str, str | None], text: str, found: str) -> None:
    assert label(met(tmp_path, BASE, a, {"b.py": text})) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [("page.html", "file:page.html"), ("data/page.html", "file:data/page.html"), ("list.html", "")],
)
def test_a_file_that_is_moved(tmp_path: Path, name: str, found: str) -> None:
    a = {"data/page.html": None, "data/start.html": "x\n"}
    assert label(met(tmp_path, BASE, a, {"b.py": f"import m\n\nm.render({name!r})\n"})) == found


STORE = "class Store:\n    def all_items(self):\n        return []\n\n    def put(self, x):\n        pass\n"
TWO = STORE + "\n\nclass Other:\n    def all_items(self):\n        return []\n"


@pytest.mark.parametrize(
    ("base", "line", "found"),
    [
        (STORE, "x.all_items()", "m:Store.all_items"),
        (TWO, "store.all_items()", "m:Store.all_items"),
        (TWO, "thing.all_items()", "m:Store.all_items"),
    ],
    ids=["nothing else has it", "bears the name", "another has it"],
)
def test_a_member_behind_a_name_that_nobody_knows(tmp_path: Path, base: str, line: str, found: str) -> None:
    a = {"m.py": base.replace("def all_items", "def every_item", 1)}
    text = f"def use(x, store, thing):\n    return {line}\n"
    said = met(tmp_path, {"m.py": base, "b.py": ""}, dict(a), {"b.py": text})
    assert label(said) == found
    assert getattr(said, "followed", None) is ("thing" not in line)


RAISING = "def _inner(x):\n    raise KeyError(x)\n\n\ndef outer(x):\n    return _inner(x)\n"
CATCHING = (
    "import m\n\n\ndef use(x):\n    try:\n        return m.outer(x)\n    except {}:\n        return None\n"
)


@pytest.mark.parametrize(
    ("now", "caught", "found"),
    [
        ("raise OSError(x)", "KeyError", "m:_inner"),
        ("return None", "KeyError", "m:_inner"),
        ("raise OSError(x)", "(KeyError, OSError)", ""),
        ("raise OSError(x)", "Exception", ""),
        ("raise KeyError(x, 1)", "KeyError", ""),
        ("raise KeyError(x, 1)", "ValueError", ""),
    ],
)
def test_what_is_raised_further_in(tmp_path: Path, now: str, caught: str, found: str) -> None:
    a = {"m.py": RAISING.replace("raise KeyError(x)", now)}
    b = {"b.py": CATCHING.format(caught)}
    assert label(met(tmp_path, {"m.py": RAISING, "b.py": ""}, dict(a), dict(b))) == found


HOOKS = """class Base:
    def hook(self, x):
        return True

    def run(self, x):
        return not self.hook(x)
"""
PAIR = HOOKS.replace("return True", "return True, ''").replace(
    "return not self.hook(x)", "fine, why = self.hook(x)\n        return why"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [("return x > 1", "m:Base.hook"), ("return super().hook(x)", ""), ("return x > 1, 'no'", "")],
    ids=["as it was", "goes above", "as it is"],
)
def test_an_override_of_what_is_used_in_another_way(tmp_path: Path, body: str, found: str) -> None:
    b = f"from m import Base\n\n\nclass Own(Base):\n    def hook(self, x):\n        {body}\n"
    assert label(met(tmp_path, {"m.py": HOOKS, "b.py": ""}, {"m.py": PAIR}, {"b.py": b})) == found


TAKES = "def take(record, limit=3):\n    return record['name']\n"


@pytest.mark.parametrize(
    ("now", "line", "found"),
    [
        ("record['owner']", "m.take({'name': 1})", "m:take"),
        ("record['owner']", "m.take({'name': 1, 'owner': 2})", ""),
        ("record['owner']", "m.take(known)", ""),
        ("record['owner'] if 'owner' in record else 0", "m.take({'name': 1})", ""),
    ],
    ids=["lacks it", "has it", "nobody knows", "does without"],
)
def test_what_a_function_asks_of_what_it_is_given(tmp_path: Path, now: str, line: str, found: str) -> None:
    a = {"m.py": TAKES.replace("record['name']", now)}
    b = {"b.py": f"import m\n\n\ndef use(known):\n    return {line}\n"}
    assert label(met(tmp_path, {"m.py": TAKES, "b.py": ""}, dict(a), dict(b))) == found


LIMIT = "UNSET = object()\nMOST = 512\n\n\ndef cut(x, size=0.5, by=None, mark=None):\n    return x\n"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("size=0.5", "size=0.75", "m:cut"),
        ("size=0.5", "size=MOST / 1024", ""),
        ("by=None", "by=UNSET", ""),
        ("mark=None", "mark=False", ""),
        ("mark=None", "mark='x'", "m:cut"),
    ],
)
def test_another_default_that_comes_to_the_same(tmp_path: Path, old: str, new: str, found: str) -> None:
    a = {"m.py": LIMIT.replace(old, new)}
    b = {"b.py": "import m\n\n\ndef use(x):\n    return m.cut(x)\n"}
    assert label(met(tmp_path, {"m.py": LIMIT, "b.py": ""}, dict(a), dict(b))) == found


def test_a_default_that_is_put_in_the_place_of_none(tmp_path: Path) -> None:
    base = "def cut(x, size=5):\n    return x[:size]\n"
    now = "def cut(x, size=None):\n    if size is None:\n        size = 5\n    return x[:size]\n"
    b = {"b.py": "import m\n\n\ndef use(x):\n    return m.cut(x)\n"}
    assert label(met(tmp_path, {"m.py": base, "b.py": ""}, {"m.py": now}, dict(b))) == ""


STATES = "import enum\n\n\nclass State(enum.Enum):\n    NEW = 'new'\n    DONE = 'done'\n"


@pytest.mark.parametrize(("value", "found"), [("done", "m:State"), ("new", "")])
def test_a_member_that_is_looked_up_by_its_old_value(tmp_path: Path, value: str, found: str) -> None:
    a = {"m.py": STATES.replace("'done'", "'finished'")}
    b = {"b.py": f"import m\n\nFIRST = m.State({value!r})\n"}
    assert label(met(tmp_path, {"m.py": STATES, "b.py": ""}, dict(a), dict(b))) == found


@pytest.mark.parametrize(("given", "found"), [("'a', 1", "m:Item"), ("name='a', size=1", "")])
def test_fields_that_are_given_by_name_alone(tmp_path: Path, given: str, found: str) -> None:
    base = (
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Item:\n    name: str\n    size: int = 0\n"
    )
    a = {"m.py": base.replace("@dataclass\n", "@dataclass(kw_only=True)\n")}
    b = {"b.py": f"import m\n\nFIRST = m.Item({given})\n"}
    assert label(met(tmp_path, {"m.py": base, "b.py": ""}, dict(a), dict(b))) == found
