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
        (RENAMED, "import m\n\nm.listen('job-done')\n", "text:job-done"),
        (RENAMED, "import m\n\nm.listen('end')\n", ""),
        (RENAMED, "print('job-done')\n", ""),
        (RENAMED, "NAME = 'job-done'\n", ""),
        (RENAMED | {"other.py": "WAS = 'job-done'\n"}, "import m\n\nm.listen('job-done')\n", ""),
        ({"m.py": BUS.replace("'end'", "'stop'")}, "import m\n\nm.listen('end')\n", ""),
        ({"m.py": BUS.replace("'end'", "'stop'")}, "import m\n\nm.emit('end')\n", "text:end"),
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


PAIRS = "def pairs():\n    return [(1, 2)]\n\n\ndef opened():\n    yield 1, 2\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("for a, b in m.pairs():\n        print(a, b)", "m:pairs"),
        ("return {a: b for a, b in m.pairs()}", "m:pairs"),
        ("some = m.pairs()\n    for a, b in some:\n        print(a, b)", "m:pairs"),
        ("for each in m.pairs():\n        print(each)", ""),
        ("for a, b in m.opened():\n        print(a, b)", "m:opened"),
    ],
)
def test_what_comes_out_one_by_one(tmp_path: Path, line: str, found: str) -> None:
    a = {"m.py": PAIRS.replace("1, 2", "1, 2, 3")}
    b = {"b.py": f"import m\n\n\ndef use():\n    {line}\n"}
    assert label(met(tmp_path, {"m.py": PAIRS, "b.py": ""}, dict(a), dict(b))) == found


CODES = """class Failure:
    code = None


class A(Failure):
    code = 10


class B(Failure):
    code = 20


class C(Failure):
    code = 30


def last():
    pass
"""


@pytest.mark.parametrize(("code", "found"), [("40", "m:D"), ("50", "")])
def test_a_mark_that_two_take(tmp_path: Path, code: str, found: str) -> None:
    a = {"m.py": CODES.replace("class A(", "class D(Failure):\n    code = 40\n\n\nclass A(")}
    b = {"m.py": CODES.replace("def last", f"class E(Failure):\n    code = {code}\n\n\ndef last")}
    assert label(met(tmp_path, {"m.py": CODES}, dict(a), dict(b))) == found


def test_a_mark_that_others_share_is_none(tmp_path: Path) -> None:
    base = CODES.replace("20", "10")
    a = {"m.py": base.replace("class A(", "class D(Failure):\n    code = 40\n\n\nclass A(")}
    b = {"m.py": base.replace("def last", "class E(Failure):\n    code = 40\n\n\ndef last")}
    assert label(met(tmp_path, {"m.py": base}, dict(a), dict(b))) == ""


ROUTES = (
    "def register(name, f):\n    pass\n\n\ndef setup():\n    register('one', 1)\n\n    register('two', 2)\n"
)


@pytest.mark.parametrize(("name", "found"), [("new", "m:setup"), ("newer", "")])
def test_a_name_that_both_register(tmp_path: Path, name: str, found: str) -> None:
    a = {"m.py": ROUTES.replace("    register('one'", "    register('new', 3)\n    register('one'")}
    b = {"m.py": f"{ROUTES}    register({name!r}, 4)\n"}
    assert label(met(tmp_path, {"m.py": ROUTES}, dict(a), dict(b))) == found


TABLE = "KINDS = {\n    'a': 1,\n    'b': 2,\n    'c': 3,\n}\n"
LONGER = TABLE.replace("    'a'", "    'new': 0,\n    'a'")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("WIDTHS = {'a': 1, 'b': 2, 'c': 3}\n\n\ndef width(k):\n    return WIDTHS[k]\n", "other:WIDTHS"),
        ("WIDTHS = {'a': 1, 'b': 2, 'c': 3}\n\n\ndef width(k):\n    return WIDTHS.get(k, 0)\n", ""),
        ("WIDTHS = {'a': 1, 'b': 2}\n\n\ndef width(k):\n    return WIDTHS[k]\n", ""),
    ],
    ids=["has all", "does without", "has some"],
)
def test_a_table_that_has_all_of_another(tmp_path: Path, text: str, found: str) -> None:
    base = {"m.py": TABLE, "other.py": ""}
    assert label(met(tmp_path, base, {"other.py": text}, {"m.py": LONGER})) == found


MEMBERS = "import enum\n\n\nclass Kind(enum.Enum):\n    A = 1\n    B = 2\n    C = 3\n"
CASES = "from m import Kind\n\n\ndef word(k):\n" + "".join(
    f"    if k is Kind.{name}:\n        return {name!r}\n" for name in "ABC"
)


@pytest.mark.parametrize(("text", "found"), [(CASES, "other:word"), (CASES.replace("Kind.C", "'c'"), "")])
def test_a_function_that_goes_through_all_members(tmp_path: Path, text: str, found: str) -> None:
    base = {"m.py": MEMBERS, "other.py": ""}
    assert label(met(tmp_path, base, {"other.py": text}, {"m.py": f"{MEMBERS}    D = 4\n"})) == found


LOADING = "def load(x):\n    return x\n\n\ndef old(x):\n    return load(x)\n"
GUARDED = LOADING.replace("return x\n\n", "if not x:\n        raise OSError(x)\n    return x\n\n").replace(
    "    return load(x)", "    try:\n        return load(x)\n    except OSError:\n        return None"
)


@pytest.mark.parametrize(
    ("now", "body", "found"),
    [
        (GUARDED, "return m.load(x)", "m:load"),
        (GUARDED, "try:\n        return m.load(x)\n    except OSError:\n        return None", ""),
        (GUARDED.split("def old", 1)[0] + LOADING[LOADING.index("def old") :], "return m.load(x)", ""),
    ],
    ids=["not caught", "caught", "caught nowhere"],
)
def test_an_exception_that_is_caught_where_it_is_called(
    tmp_path: Path, now: str, body: str, found: str
) -> None:
    b = {"b.py": f"import m\n\n\ndef use(x):\n    {body}\n"}
    assert label(met(tmp_path, {"m.py": LOADING, "b.py": ""}, {"m.py": now}, dict(b))) == found


FIELDS = """class Item:
    def __init__(self):
        self.begun_at = 0


def age(item):
    return item.begun_at
"""
BEGUN = FIELDS.replace("begun_at", "started_at")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("b.py", "COLUMNS = ['begun_at']\n", "m:Item.begun_at"),
        ("page.html", "<td>{{ item.begun_at }}</td>\n", "m:Item.begun_at"),
        ("b.py", "'''Says when it was begun_at.'''\n", ""),
        ("b.py", "begun_at = 1\nCOLUMNS = ['begun_at']\n", ""),
        ("notes.txt", "begun_at\n", ""),
        ("b.py", "SHOWN = getattr(b'', 'begun_at', 0)\n", ""),
    ],
    ids=["a text", "a template", "prose", "brought along", "no code", "something to fall back on"],
)
def test_a_word_that_is_renamed_wherever_it_stands(tmp_path: Path, path: str, text: str, found: str) -> None:
    base = {"m.py": FIELDS, "b.py": "", "page.html": "", "notes.txt": ""}
    assert label(met(tmp_path, base, {"m.py": BEGUN}, {path: text})) == found


VISITING = "class Walk:\n    def do_one(self):\n        pass\n\n    def do_two(self):\n        pass\n"
ON = VISITING.replace("def do_", "def on_")


@pytest.mark.parametrize(
    ("now", "text", "found"),
    [
        (
            ON,
            "from m import Walk\n\n\nclass Own(Walk):\n    def do_three(self):\n        pass\n",
            "m:Walk.on_one",
        ),
        (ON, "class Own:\n    def do_three(self):\n        pass\n", ""),
        (
            VISITING.replace("do_two", "on_two"),
            "from m import Walk\n\n\nclass Own(Walk):\n    def do_three(self): ...\n",
            "",
        ),
    ],
    ids=["below it", "of no such kind", "one was renamed"],
)
def test_names_that_begin_otherwise(tmp_path: Path, now: str, text: str, found: str) -> None:
    assert label(met(tmp_path, {"m.py": VISITING, "b.py": ""}, {"m.py": now}, {"b.py": text})) == found


SETTINGS = "OPTIONS = {\n    'wait': 30,\n    'name': 'a',\n}\n"


@pytest.mark.parametrize(("new", "found"), [("30000", "m:options[wait]"), ("45", "")])
def test_a_value_under_a_key_that_counts_in_something_else(tmp_path: Path, new: str, found: str) -> None:
    b = {"b.py": "from m import OPTIONS\n\n\ndef late(x):\n    return x > OPTIONS['wait']\n"}
    base = {"m.py": SETTINGS, "b.py": ""}
    assert label(met(tmp_path, base, {"m.py": SETTINGS.replace("30", new)}, dict(b))) == found


SPLIT = "def split(x):\n    head, tail = x\n    return head, tail\n"


@pytest.mark.parametrize(("place", "found"), [("1", "m:split"), ("0", "")])
def test_what_is_at_another_place_of_a_tuple(tmp_path: Path, place: str, found: str) -> None:
    a = {"m.py": SPLIT.replace("return head, tail", "return head, None, tail")}
    b = {"b.py": f"import m\n\n\ndef use(x):\n    return m.split(x)[{place}]\n"}
    assert label(met(tmp_path, {"m.py": SPLIT, "b.py": ""}, dict(a), dict(b))) == found


FETCH = (
    "async def fetch(x):\n    return x, 1\n\n\ndef find(x):\n    if x:\n        return [x]\n    return None\n"
)


@pytest.mark.parametrize(
    ("old", "new", "body", "found"),
    [
        ("x, 1", "x, 1, 2", "a, b = await m.fetch(x)", "m:fetch"),
        ("x, 1", "x, 1, 2", "await m.fetch(x)", ""),
        (
            "x, 1",
            "x, 1, 2",
            "match await m.fetch(x):\n        case (a, b):\n            print(a, b)",
            "m:fetch",
        ),
        ("return None", "raise OSError", "if (y := m.find(x)) is not None:\n        print(y)", "m:find"),
        ("def find(x)", "def find(x, y)", "Thread(target=m.find, args=(x,)).start()", "m:find"),
        ("def find(x)", "def find(x, y=1)", "Thread(target=m.find, args=(x,)).start()", ""),
        ("def find(x)", "def find(x, y)", "return field(default_factory=m.find)", ""),
    ],
)
def test_results_by_other_ways(tmp_path: Path, old: str, new: str, body: str, found: str) -> None:
    b = {"b.py": f"import m\n\n\nasync def use(x):\n    {body}\n"}
    assert (
        label(met(tmp_path, {"m.py": FETCH, "b.py": ""}, {"m.py": FETCH.replace(old, new)}, dict(b))) == found
    )


CUT = "def cut(x, most=9, mark='-'):\n    return x[:most] + mark\n"


@pytest.mark.parametrize(
    ("guard", "call", "found"),
    [
        ("most <= 0", "m.cut(x, 0)", "m:cut"),
        ("most <= 0", "m.cut(x, most=-1)", "m:cut"),
        ("most <= 0", "m.cut(x, 1)", ""),
        ("most <= 0", "m.cut(x, y)", ""),
        ("not mark or len(mark) > 1", "m.cut(x, mark='')", "m:cut"),
        ("mark not in ('-', '+')", "m.cut(x, mark='=')", "m:cut"),
        ("not isinstance(most, int)", "m.cut(x, None)", "m:cut"),
        ("forbidden(most)", "m.cut(x, 0)", ""),
    ],
)
def test_what_is_newly_refused_and_given(tmp_path: Path, guard: str, call: str, found: str) -> None:
    a = {"m.py": CUT.replace("    return", f"    if {guard}:\n        raise ValueError(x)\n    return")}
    b = {"b.py": f"import m\n\n\ndef use(x, y):\n    return {call}\n"}
    assert label(met(tmp_path, {"m.py": CUT, "b.py": ""}, dict(a), dict(b))) == found


CODE_NUMBERS = "OP_A = 10\nOP_B = 11\nOP_C = 12\n\n\ndef run():\n    pass\n\n\nEND = 1\n"


@pytest.mark.parametrize(("value", "found"), [("13", "m:OP_D"), ("14", "")])
def test_a_number_that_two_constants_take(tmp_path: Path, value: str, found: str) -> None:
    a = {"m.py": CODE_NUMBERS.replace("OP_A", "OP_D = 13\nOP_A", 1)}
    b = {"m.py": CODE_NUMBERS.replace("END", f"OP_E = {value}\nEND")}
    assert label(met(tmp_path, {"m.py": CODE_NUMBERS}, dict(a), dict(b))) == found
