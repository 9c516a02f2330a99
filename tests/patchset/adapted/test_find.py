"""A new place of a kind in the old form: proven where all others were adapted, else suspected."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph


class Case(NamedTuple):
    """`adapt` are the edits of all places there are, by file; the last is one that can be left out."""

    base: dict[str, str]
    adapt: tuple[tuple[str, str, str], ...]
    old: str
    alike: str
    symbol: str
    spared: Confidence | None = Confidence.SUSPECTED
    """What is said if one place was left in the old form."""


PATHS = "def text_of(path, quote='x'):\n    return quote + path + quote\n"
CALLS = (
    "from m import text_of\n\n\n"
    "def one(p):\n    return text_of(p)\n\n\n"
    "def two(p):\n    return text_of(p)\n\n\n"
    "def three(p):\n    return text_of(p)\n"
)
HOOKS = "def find(name):\n    if not name:\n        return None\n    return [name]\n"
ASKING = (
    "import m\n\n\n"
    "def one(n):\n    return m.find(n) is None\n\n\n"
    "def two(n):\n    return m.find(n) is not None\n\n\n"
    "def three(n):\n    return m.find(n) is None\n"
)
MADE = (
    "import os\n\n\n"
    "def load():\n    def read(path):\n        return os.stat(path).st_mtime\n\n    return read, print\n\n\n"
    "age_of, show = load()\n"
)
AGES = (
    "from datetime import datetime\n\nfrom m import age_of\n\n\n"
    "def shown(age):\n    return datetime.fromtimestamp(age)\n\n\n"
    "def one(p):\n    age = age_of(p)\n    return shown(age)\n\n\n"
    "def two(p):\n    age = age_of(p)\n    return datetime.fromtimestamp(age).year\n\n\n"
    "def three(p):\n    return datetime.fromtimestamp(age_of(p))\n"
)
ERROR = (
    "UNSET = object()\n\n\nclass Error(Exception):\n    def __init__(self, text, schema=UNSET):\n"
    "        self.text = text\n        self.schema = schema\n\n"
    "    def one(self):\n        return '' if self.schema is UNSET else 'x'\n\n"
    "    def two(self):\n        return self.schema is UNSET\n"
)
SHAPES = (
    "class Shape:\n    def area(self):\n        raise NotImplementedError\n\n\n"
    "class Square(Shape):\n    def area(self):\n        return 1\n\n\n"
    "class Disc(Shape):\n    def area(self):\n        return 3\n\n\n"
    "class Line(Shape):\n    def area(self):\n        return 0\n\n\n"
    "def total(shapes):\n    return sum(s.area() for s in shapes)\n"
)
SINKS = "".join(
    f"class {name}:\n    def write(self, text):\n        print({n})\n\n    def stop(self):\n        pass\n\n"
    "    def pending(self):\n        return []\n\n\n"
    for n, name in enumerate(["FileSink", "TextSink", "NullSink"])
)
USED = "import m\n\n\ndef end(sink):\n    sink.stop()\n"
HANDLERS = "".join(
    f"def {name}(error, request, schema, status):\n    raise error\n\n\n"
    for name in ("strict", "plain", "loose")
)
ASKS = "import m\n\n\ndef fail(handler, e, r, s):\n    return handler(e, r, s, status=1)\n"

CASES = {
    "a default that is pinned": Case(
        {"m.py": PATHS, "calls.py": CALLS},
        (
            ("m.py", "quote='x'", "quote='y'"),
            (
                "calls.py",
                "def one(p):\n    return text_of(p)",
                "def one(p):\n    return text_of(p, quote='x')",
            ),
            (
                "calls.py",
                "def two(p):\n    return text_of(p)",
                "def two(p):\n    return text_of(p, quote='x')",
            ),
            (
                "calls.py",
                "def three(p):\n    return text_of(p)",
                "def three(p):\n    return text_of(p, quote='x')",
            ),
        ),
        "def use(p):\n    return m.text_of(p)\n",
        "def use(p):\n    return m.text_of(p, quote='x')\n",
        "m:text_of",
    ),
    "a test for None": Case(
        {"m.py": HOOKS, "calls.py": ASKING},
        (
            ("m.py", "return None", "return []"),
            (
                "calls.py",
                "def one(n):\n    return m.find(n) is None",
                "def one(n):\n    return not m.find(n)",
            ),
            ("calls.py", "m.find(n) is not None", "bool(m.find(n))"),
            (
                "calls.py",
                "def three(n):\n    return m.find(n) is None",
                "def three(n):\n    return not m.find(n)",
            ),
        ),
        "def use(n):\n    return m.find(n) is None\n",
        "def use(n):\n    return not m.find(n)\n",
        "m:find",
    ),
    "a test for a mark": Case(
        {"m.py": ERROR},
        (
            ("m.py", "schema=UNSET", "schema=None"),
            ("m.py", "'' if self.schema is UNSET", "'' if self.schema is None"),
            ("m.py", "return self.schema is UNSET", "return self.schema is None"),
        ),
        "def use(error: m.Error):\n    return error.schema is not m.UNSET\n",
        "def use(error: m.Error):\n    return error.text is not m.UNSET\n",
        "m:Error.__init__",
    ),
    "a unit": Case(
        {"m.py": MADE, "calls.py": AGES},
        (
            ("m.py", "st_mtime", "st_mtime_ns"),
            (
                "calls.py",
                "    return datetime.fromtimestamp(age)\n",
                "    return datetime.fromtimestamp(age / 1e9)\n",
            ),
            ("calls.py", "fromtimestamp(age).year", "fromtimestamp(age / 1e9).year"),
            ("calls.py", "fromtimestamp(age_of(p))", "fromtimestamp(age_of(p) / 1e9)"),
        ),
        "def use(p, now):\n    return now - m.age_of(p) > 9\n",
        "def use(paths):\n    return sorted(paths, key=m.age_of)\n",
        "m:age_of",
    ),
    "a method below a base": Case(
        {"m.py": SHAPES},
        (
            (
                "m.py",
                "        raise NotImplementedError\n",
                "        raise NotImplementedError\n\n"
                "    def label(self):\n        raise NotImplementedError\n",
            ),
            (
                "m.py",
                "def total(shapes):\n",
                "def names(shapes):\n    return [s.label() for s in shapes]\n\n\ndef total(shapes):\n",
            ),
            ("m.py", "        return 1\n", "        return 1\n\n    def label(self):\n        return 's'\n"),
            ("m.py", "        return 3\n", "        return 3\n\n    def label(self):\n        return 'd'\n"),
            ("m.py", "        return 0\n", "        return 0\n\n    def label(self):\n        return 'l'\n"),
        ),
        "class Dot(m.Shape):\n    def area(self):\n        return 0\n\n\nDOT = Dot()\n",
        "class Dot(m.Line):\n    def area(self):\n        return 0\n\n\nDOT = Dot()\n",
        "m:Shape.label",
    ),
    "a method of all with the same methods": Case(
        {"m.py": SINKS, "calls.py": USED},
        (
            ("calls.py", "    sink.stop()\n", "    sink.flush()\n    sink.stop()\n"),
            ("m.py", "        print(0)\n", "        print(0)\n\n    def flush(self):\n        pass\n"),
            ("m.py", "        print(1)\n", "        print(1)\n\n    def flush(self):\n        pass\n"),
            ("m.py", "        print(2)\n", "        print(2)\n\n    def flush(self):\n        pass\n"),
        ),
        "class ListSink:\n    def write(self, text):\n        print(text)\n\n"
        "    def stop(self):\n        pass\n\n"
        "    def pending(self):\n        return []\n\n\nSINK = ListSink()\n",
        "class ListSink(m.NullSink):\n    def write(self, text):\n        print(text)\n\n"
        "    def stop(self):\n        pass\n\n"
        "    def pending(self):\n        return []\n\n\nSINK = ListSink()\n",
        "m:FileSink.flush",
        None,
    ),
    "a parameter of all that take the same": Case(
        {"m.py": HANDLERS, "calls.py": ASKS},
        (
            ("calls.py", "status=1", "status=1, place='x'"),
            (
                "m.py",
                "strict(error, request, schema, status",
                "strict(error, request, schema, status, place=None",
            ),
            (
                "m.py",
                "plain(error, request, schema, status",
                "plain(error, request, schema, status, place=None",
            ),
            (
                "m.py",
                "loose(error, request, schema, status",
                "loose(error, request, schema, status, place=None",
            ),
        ),
        "def mine(error, request, schema, status):\n    raise error\n\n\nHANDLER = mine\n",
        "def mine(error, request, schema, status, **more):\n    raise error\n\n\nHANDLER = mine\n",
        "m:strict",
    ),
}


def between(place: Path, case: Case, adapt: tuple[tuple[str, str, str], ...], use: str) -> Conflict | Cleared:
    lab = Lab(place / "repo.git", {path: text.encode() for path, text in case.base.items()})
    edited = dict(case.base)
    for path, old, new in adapt:
        assert edited[path].count(old) == 1, old
        edited[path] = edited[path].replace(old, new)
    a = lab.candidate("a", {path: text.encode() for path, text in edited.items()})
    b = lab.candidate("b", {"use.py": f"import m\n\n\n{use}".encode()})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_new_place_in_the_old_form_is_proven(tmp_path: Path, case: Case) -> None:
    found = between(tmp_path, case, case.adapt, case.old)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.PROVEN
    assert case.symbol in found.symbols
    assert found.witness[1].path == "use.py"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_new_place_in_another_form_is_cleared(tmp_path: Path, case: Case) -> None:
    assert isinstance(between(tmp_path, case, case.adapt, case.alike), Cleared)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_where_another_place_was_left_as_well_nothing_is_proven(tmp_path: Path, case: Case) -> None:
    found = between(tmp_path, case, case.adapt[:-1], case.old)
    assert (found.confidence if isinstance(found, Conflict) else None) is case.spared


def test_a_place_that_the_candidate_writes_itself_is_no_other(tmp_path: Path) -> None:
    case = CASES["a default that is pinned"]
    more = (
        "calls.py",
        "from m import text_of\n",
        "from m import text_of\n\n\ndef four(p):\n    return text_of(p)\n",
    )
    found = between(tmp_path, case, (*case.adapt, more), case.old)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.PROVEN


def test_what_is_pinned_to_something_new_proves_nothing(tmp_path: Path) -> None:
    case = CASES["a default that is pinned"]
    adapt = tuple((path, old, new.replace("quote='x'", "quote='z'")) for path, old, new in case.adapt)
    found = between(tmp_path, case, adapt, case.old)
    assert isinstance(found, Conflict)
    assert found.confidence is Confidence.SUSPECTED


def test_what_is_asked_for_with_care_is_not_demanded(tmp_path: Path) -> None:
    case = CASES["a method of all with the same methods"]
    careful = (
        "calls.py",
        "    sink.stop()\n",
        "    if hasattr(sink, 'flush'):\n        sink.flush()\n    sink.stop()\n",
    )
    assert isinstance(between(tmp_path, case, (careful, *case.adapt[1:]), case.old), Cleared)


def test_who_scales_what_is_given_has_seen_to_it(tmp_path: Path) -> None:
    case = CASES["a unit"]
    use = "def use(p, now):\n    age = m.age_of(p)\n    return now - age > age / 5\n"
    assert isinstance(between(tmp_path, case, case.adapt, use), Cleared)


def test_what_the_classes_do_among_themselves_asks_nothing_of_others(tmp_path: Path) -> None:
    case = CASES["a method of all with the same methods"]
    own = tuple(
        ("m.py", f"print({n})\n", f"self.flush({n})\n\n    def flush(self, text):\n        print(text)\n")
        for n in range(3)
    )
    assert isinstance(between(tmp_path, case, own, case.old), Cleared)


def test_who_converts_what_did_not_change_says_nothing_of_it(tmp_path: Path) -> None:
    case = CASES["a unit"]
    other = ("m.py", "import os\n", "import os\n\nNEAR = 3\n")
    assert isinstance(between(tmp_path, case, (other, *case.adapt[1:]), case.old), Cleared)


def test_who_goes_through_nothing_as_through_none_is_right(tmp_path: Path) -> None:
    case = CASES["a test for None"]
    use = (
        "def use(n):\n    found = m.find(n)\n    if found is None:\n        return\n"
        "    for each in found:\n        print(each)\n"
    )
    assert isinstance(between(tmp_path, case, case.adapt, use), Cleared)
