from __future__ import annotations

import pytest

from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file
from assay.patchset.merging.reasons import Reason


def merged(path: str, base: str, ours: str, theirs: str) -> str | Reason:
    """The text that comes out, the same both ways round, or the reason why none does."""
    versions = base.encode(), ours.encode(), theirs.encode()
    found = merge_file(path, *versions)
    back = merge_file(path, versions[0], versions[2], versions[1])
    if isinstance(found, Unmergeable):
        assert isinstance(back, Unmergeable) and found.why
        return found.reason
    assert isinstance(back, MergedFile) and back.data == found.data
    return found.data.decode()


def at(base: str, mark: str, ours: str, theirs: str) -> tuple[str, str, str]:
    """A base without its mark, and both sides with their text in its place."""
    return base.replace(mark, ""), base.replace(mark, ours), base.replace(mark, theirs)


MODULE = """\
import os
import re
@imports
from pkg import alpha, beta@names

__all__ = ["alpha", "beta"@all]
SIZES = {
    "small": 1,
    "large": 9,
@sizes}


class Colour(Enum):
    RED = 1
    BLUE = 2
@members

class Shape:
    kind = "shape"
@attributes
    def area(self):
        return 0
@methods

register(Shape)
@calls

def use(a, b):
    return os.path.join(a, re.escape(b))
@functions"""


def module(**marks: str) -> str:
    text = MODULE
    for name in (
        "imports",
        "names",
        "all",
        "sizes",
        "members",
        "attributes",
        "methods",
        "calls",
        "functions",
    ):
        text = text.replace(f"@{name}", marks.get(name, ""))
    return text


def of_module(ours: dict[str, str], theirs: dict[str, str]) -> str | Reason:
    return merged("m.py", module(), module(**ours), module(**theirs))


@pytest.mark.parametrize(
    ("ours", "theirs", "result"),
    [
        ({"imports": "import sys\n"}, {"imports": "import io\n"}, {"imports": "import io\nimport sys\n"}),
        ({"names": ", gamma"}, {"names": ", delta"}, {"names": ", delta, gamma"}),
        ({"all": ', "zeta"'}, {"all": ', "gamma"'}, {"all": ', "gamma", "zeta"'}),
        (
            {"sizes": '    "b": 3,  # b\n'},
            {"sizes": "    'a': 4,\n"},
            {"sizes": "    \"b\": 3,  # b\n    'a': 4,\n"},
        ),
        ({"members": "    X = 4\n"}, {"members": "    Y = 3\n"}, {"members": "    Y = 3\n    X = 4\n"}),
        (
            {"attributes": "    b = 1\n"},
            {"attributes": "    a = 1\n"},
            {"attributes": "    a = 1\n    b = 1\n"},
        ),
        (
            {"methods": "\n    def b(self):\n        pass  # b\n"},
            {"methods": "\n    # a\n    def a(self):\n        pass\n"},
            {"methods": "\n    # a\n    def a(self):\n        pass\n\n    def b(self):\n        pass  # b\n"},
        ),
        ({"calls": "register(B)\n"}, {"calls": "register(A)\n"}, {"calls": "register(A)\nregister(B)\n"}),
        (
            {"functions": "\n\ndef test_b():\n    assert 1\n"},
            {"functions": "\n\n@mark\ndef test_a():\n    assert 2\n"},
            {"functions": "\n\n@mark\ndef test_a():\n    assert 2\n\n\ndef test_b():\n    assert 1\n"},
        ),
    ],
    ids=["imports", "names", "__all__", "keys", "members", "attributes", "methods", "calls", "functions"],
)
def test_what_both_add_at_one_place_goes_one_after_the_other(
    ours: dict[str, str], theirs: dict[str, str], result: dict[str, str]
) -> None:
    assert of_module(ours, theirs) == module(**result)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"imports": "from a import x\n"}, {"imports": "from b import x\n"}, Reason.DUPLICATE),
        ({"names": ", one as x"}, {"names": ", two as x"}, Reason.DUPLICATE),
        ({"sizes": '    "mid": 3,\n'}, {"sizes": '    "mid": 4,\n'}, Reason.SAME_NAME),
        ({"sizes": '    "a": 3,\n'}, {"sizes": '    "b": 3,\n'}, Reason.NUMBER),
        ({"sizes": '    "a": 3,\n'}, {"sizes": "    'a': 4,\n"}, Reason.DUPLICATE),
        ({"members": "    X = 3\n"}, {"members": "    Y = 3\n"}, Reason.NUMBER),
        (
            {"methods": "\n    def a(self):\n        pass\n"},
            {"methods": "\n    def a(self):\n        1\n"},
            Reason.SAME_NAME,
        ),
        (
            {"methods": "\n    def a(self):\n        pass\n"},
            {"methods": "\n    @property\n    def a(self):\n        pass\n"},
            Reason.SAME_NAME,
        ),
        ({"attributes": "    a = 1\n"}, {"attributes": "    b = a\n"}, Reason.ORDER),
        ({"calls": "register(B)\n"}, {"calls": "unregister(A)\n"}, Reason.ORDER),
        (
            {"functions": "\n\ndef open():\n    pass\n"},
            {"functions": "\n\ndef a():\n    open('x')\n"},
            Reason.NAMES,
        ),
        (
            {"functions": "\n\ndef a(): pass\n"},
            {"methods": "\n    def q(self):\n        return a()\n", "functions": "\n\nx = 1\n"},
            Reason.NAMES,
        ),
    ],
)
def test_what_cannot_stand_together_stays_a_conflict(
    ours: dict[str, str], theirs: dict[str, str], reason: Reason
) -> None:
    assert of_module(ours, theirs) is reason


_RECORD = "class P(Struct):\n    x: int\n@"
_BRANCH = "def f(x):\n    if x == 1:\n        return 1\n@    return 0\n"


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "reason"),
    [
        ("m.py", _RECORD, "    y: int = 0\n", "    z: str = ''\n", Reason.ORDER),
        ("m.py", "def f(a@):\n    return a\n", ", b=1", ", c=2", Reason.SAME_PLACE),
        ("m.py", "def f():\n    return a, b@\n", ", c", ", d", Reason.SAME_PLACE),
        ("m.py", "C = ['git', 'log'@]\n", ", '--since'", ", '--until'", Reason.ORDER),
        ("m.py", "C = ['a'@]\n", ", 'k', 'a'", ", 'b', 'z'", Reason.ORDER),
        ("m.py", "V = (1, 2@)\n", ", 3", ", 4", Reason.ORDER),
        ("m.py", "V = (1, 2, @3)\n", "4, ", "5, ", Reason.ORDER),
        ("m.py", "P = namedtuple('P', ['x'@])\n", ", 'y'", ", 'z'", Reason.SAME_PLACE),
        (
            "m.py",
            _BRANCH,
            "    elif x == 2:\n        return 2\n",
            "    elif x == 3:\n        return 3\n",
            Reason.SAME_PLACE,
        ),
        (
            "m.py",
            _BRANCH,
            "    if x == 2:\n        return 2\n",
            "    if x == 3:\n        return 3\n",
            Reason.ORDER,
        ),
        ("m.py", "def f():\n    print(1)\n@", "    print(2)\n", "    print(3)\n", Reason.ORDER),
        ("m.py", "@def f():\n    pass\n", "@a\n", "@b\n", Reason.SAME_PLACE),
        ("m.py", "class A(B@):\n    pass\n", ", C", ", D", Reason.SAME_PLACE),
        (
            "m.py",
            "o = [\n    O(1, 'a'),\n    O(2, 'b'),\n@]\n",
            "    O(3, 'c'),\n",
            "    O(3, 'd'),\n",
            Reason.NUMBER,
        ),
        ("d.json", '[{"id": 1}, {"id": 2}@]\n', ', {"id": 3, "a": 1}', ', {"id": 3, "b": 1}', Reason.NUMBER),
        ("p.toml", '[project]\ndependencies = ["a"@]\n', ', "b>1"', ', "b>2"', Reason.DUPLICATE),
        ("p.toml", "[a]\nx = 1\n@", "y = 1\n", "y = 2\n", Reason.SAME_NAME),
        ("requirements.txt", "a\n@", "Some.Name>1\n", "some-name>2\n", Reason.SAME_NAME),
        ("CHANGES.md", "# T\n\n1. a\n@", "2. b\n", "2. c\n", Reason.NUMBER),
        ("CHANGES.md", "# T\n\n@", "## 1.1\n\n- b\n", "## 1.2\n\n- c\n", Reason.NUMBER),
        ("CHANGES.md", "# T\n\n@## 1.0\n", "## 1.1\n\n- b\n\n", "## 1.1\n\n- c\n\n", Reason.NUMBER),
        ("CHANGES.md", "# T\n\n@", "One.\n", "Two.\n", Reason.ORDER),
        (
            "CHANGES.md",
            "- a\n@",
            "- fix the bug in the parser of rows\n",
            "- Fix the bug in the parser of rows.\n",
            Reason.SAME_NAME,
        ),
        ("CHANGES.md", "# T\n\n## A\n\n- x\n@", "- y\n", "- z\n\nReleased.\n", Reason.ORDER),
        ("m.txt", "a\n@", "b\n", "c\n", Reason.FORMAT),
        ("m.py", "a = 1\n@", "b = '\0'\n", "c = 1\n", Reason.UNREADABLE),
    ],
)
def test_where_it_may_matter_what_comes_first_nothing_is_merged(
    path: str, base: str, ours: str, theirs: str, reason: Reason
) -> None:
    assert merged(path, *at(base, "@", ours, theirs)) is reason


def test_both_add_an_import_of_their_own_from_one_module() -> None:
    base = "from a import b\nfrom a import m\n@\nb, m\n"
    versions = at(base, "@", "from a import x\n", "from a import y\n")
    assert merged("m.py", *versions) == base.replace("@", "from a import x\nfrom a import y\n")


def test_both_add_an_entry_with_the_same_remark() -> None:
    base = "ALL = [\n    'a',\n@]\n"
    versions = at(base, "@", "    # new\n    'b',\n", "    # new\n    'c',\n")
    assert merged("m.py", *versions) == base.replace("@", "    # new\n    'b',\n    # new\n    'c',\n")


def test_a_remark_on_a_statement_has_nothing_to_do_with_what_stands_beside_it() -> None:
    base = "class A:\n    def a(self):\n        pass\n@\nif __name__ == '__main__':\n    main()\n"
    b, c = (f"\n    def {name}(self):\n        pass\n" for name in "bc")
    ours, theirs = base.replace("@", b), base.replace("@", c)
    result = base.replace("@", b + c)
    assert merged(
        "m.py", base.replace("@", ""), ours, theirs.replace("main()", "main()  # run")
    ) == result.replace("main()", "main()  # run")
    assert merged("m.py", base.replace("@", ""), ours, theirs.replace("main()", "main(1)")) is Reason.ORDER


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        ("def f(a, *, b=1@):\n    return a\n", ", d=3", ", c: int = 2", ", c: int = 2, d=3"),
        (
            "def f(\n    *args,\n    b=1,\n@):\n    return b\n",
            "    d=3,  # d\n",
            "    c=(2, 3),\n",
            "    c=(2, 3),\n    d=3,  # d\n",
        ),
        (
            "async def f(\n    *,\n    b=1,\n@    **more: int,\n) -> None:\n    return b\n",
            "    d=3,\n",
            "    c=2,\n",
            "    c=2,\n    d=3,\n",
        ),
    ],
)
def test_keyword_only_parameters_stand_in_any_order(base: str, ours: str, theirs: str, result: str) -> None:
    assert merged("m.py", *at(base, "@", ours, theirs)) == base.replace("@", result)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "reason"),
    [
        ("def f(*, b@):\n    return b\n", ", c=1", ", c=2", Reason.SAME_NAME),
        ("def f(*, b@):\n    return b\n", "=1", "=2", Reason.SAME_PLACE),
        ("def f(a@):\n    return a\n", ", b=1", ", c=2", Reason.SAME_PLACE),
        ("def f(a@):\n    return a\n", ", *, b=1", ", *, c=2", Reason.SAME_PLACE),
        ("def f(a, *, b=(1)@):\n    return a\n", ", c=1", ", d=2", Reason.SAME_PLACE),
    ],
)
def test_other_parameters_stay_a_conflict(base: str, ours: str, theirs: str, reason: Reason) -> None:
    assert merged("m.py", *at(base, "@", ours, theirs)) is reason


_SET_UP = (
    "class A:\n    def __init__(self, n):\n        self.n = n\n@\n    def last(self):\n        return 1\n"
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("self.a = n", "self.b = n + 1"),
        ("self.a: list[int] = []", "self.b = {}"),
        ("self.a = OrderedDict()", "self.b = set()"),
    ],
)
def test_a_constructor_sets_attributes_that_have_nothing_to_do_with_each_other(
    ours: str, theirs: str
) -> None:
    mine, yours = (f"        {line}\n" for line in (ours, theirs))
    assert merged("m.py", *at(_SET_UP, "@", mine, yours)) == _SET_UP.replace("@", mine + yours)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("self.b = n", "self.c = self.b"),  # one reads what the other sets
        ("self.a = n", "self.b = self.total"),  # which may be a property, and read self.a
        ("self.a = lambda: self.n", "self.b = None"),
        ("self.a = n", "n = n or 1"),
        ("self.a = n", "self.b = count(n)"),  # it calls who knows what
        ("self.a = n", "self.b = [self]"),  # everything is handed on
        ("self.a = n", "self.n.b = n"),  # another object's
        ("self.a = n", "self.b += 1"),
        ("self.a = n", "super().__init__()"),
        ("self.a = 1", "self.b, n = n, 1"),
    ],
)
def test_what_else_a_constructor_does_is_done_in_order(ours: str, theirs: str) -> None:
    mine, yours = (f"        {line}\n" for line in (ours, theirs))
    assert merged("m.py", *at(_SET_UP, "@", mine, yours)) is Reason.ORDER
    elsewhere = _SET_UP.replace("__init__", "start")
    assert merged("m.py", *at(elsewhere, "@", "        self.a = 1\n", "        self.b = 2\n")) is Reason.ORDER


def test_functions_that_one_side_moves_stand_beside_what_the_other_adds() -> None:
    one, two, three = (f"def {name}():\n    return 1\n\n\n" for name in ("one", "two", "three"))
    base, ours, theirs = (
        one + two + three,
        one + three + two,
        one + "def new():\n    return 2\n\n\n" + two + three,
    )
    found = merged("m.py", base, ours, theirs)
    assert isinstance(found, str)
    assert sorted(found.split("\n\n\n")) == sorted(theirs.split("\n\n\n"))


def test_sections_that_both_add_to_a_list_of_changes_stand_one_after_the_other() -> None:
    base = "# Changes\n\n## Unreleased\n\n@## 1.0\n\n- a\n"
    versions = at(base, "@", "### Fixed\n\n- f\n\n", "### Added\n\n- b\n\n")
    assert merged("CHANGES.md", *versions) == base.replace("@", "### Added\n\n- b\n\n### Fixed\n\n- f\n\n")


def test_what_one_side_removes_and_the_other_uses_or_changes_stays_a_conflict() -> None:
    base = "import os\n\n\ndef old():\n    return os.x\n\n\ndef last():\n    return 1\n"
    without = base.replace("import os\n\n\n", "").replace("os.x", "2")
    user = base + "\n\ndef user():\n    return os.y\n"
    assert merged("m.py", base, without, user) is Reason.NAMES
    assert merged("m.py", base, base.replace("old", "new"), user.replace("os.y", "old()")) is Reason.NAMES
    assert merged("m.py", base, base.replace("def last", "def end"), base.replace("1", "2")) is Reason.REMOVED


def test_layout_is_kept_and_follows_the_side_that_spread_a_group_over_lines() -> None:
    spread = "from m import (\n    a,\n    b,\n    c,\n)\n"
    assert merged("m.py", "from m import a, b\n", spread, "from m import a, b, d\n") == (
        "from m import (\n    a,\n    b,\n    c,\n    d,\n)\n"
    )
    assert (
        merged("m.py", "import a", "import a\nimport c", "import a\nimport b")
        == "import a\nimport b\nimport c"
    )


@pytest.mark.parametrize("codec", ["utf-8-sig", "latin-1"])
def test_bytes_keep_their_encoding(codec: str) -> None:
    head = "# -*- coding: latin-1 -*-\n" if codec == "latin-1" else ""
    base, ours, theirs = (f"{head}a = 'é'\n{more}".encode(codec) for more in ("", "b = 'ü'\n", "c = 'ö'\n"))
    found = merge_file("m.py", base, ours, theirs)
    assert isinstance(found, MergedFile)
    assert found.data == f"{head}a = 'é'\nb = 'ü'\nc = 'ö'\n".encode(codec)


def test_line_ends_are_not_mixed() -> None:
    assert merged("m.py", "a = 1\n", "a = 1\r\nb = 2\r\n", "a = 1\nc = 2\n") is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "reason"),
    [
        ("m.py", "D = {\n    'a': 1,\n@}\n", "    'k': 2,\n", "    **more,\n", Reason.ORDER),
        ("m.py", "D = {@'a': 1, 'b': 2}\n", "**one, ", "**more, ", Reason.ORDER),
        ("m.py", "call(\n    a=1,\n@)\n", "    b=2,\n", "    **more,\n", Reason.ORDER),
        ("m.py", "D = {\n    0: 'a',\n@}\n", "    1: 'b',\n", "    True: 'c',\n", Reason.DUPLICATE),
        ("m.py", "D = {\n    0: 'a',\n@}\n", "    (0, 'x'): 'b',\n", '    (0,"x"): "c",\n', Reason.DUPLICATE),
        ("m.py", "class F(Flag):\n    A = 1\n@", "    B = 1 << 2\n", "    C = 4\n", Reason.DUPLICATE),
        ("m.py", "class F(IntEnum):\n    A = 1\n@", "    B = -1\n", "    C = -1\n", Reason.DUPLICATE),
        (
            "m.py",
            "def f(out):\n    out.append(1)\n@",
            "    out.append(2)\n",
            "    out.append(3)\n",
            Reason.ORDER,
        ),
        ("m.py", "def f(c):\n    c.execute(A)\n@", "    c.execute(B)\n", "    c.execute(C)\n", Reason.ORDER),
        ("m.py", "simplefilter(A)\n@", "simplefilter(B)\n", "simplefilter(C)\n", Reason.ORDER),
        (
            "m.py",
            "class C:\n    a = attr.ib()\n@",
            "    b = attr.ib(1)\n",
            "    c = attr.ib(2)\n",
            Reason.ORDER,
        ),
        ("m.py", "class C(S):\n    _fields_ = [('a', T)@]\n", ", ('b', T)", ", ('c', T)", Reason.ORDER),
        ("requirements.txt", "a==1\n@", "--index-url https://b\n", "-i https://c\n", Reason.SAME_NAME),
        ("p.toml", 'filterwarnings = [\n  "error",\n@]\n', '  "x",\n', '  "y",\n', Reason.ORDER),
    ],
)
def test_where_the_last_holds_or_the_place_counts_nothing_is_merged(
    path: str, base: str, ours: str, theirs: str, reason: Reason
) -> None:
    assert merged(path, *at(base, "@", ours, theirs)) is reason


def test_shifted_flags_of_both_sides_stay_apart() -> None:
    base = "class F(Flag):\n    A = 1\n@"
    assert merged("m.py", *at(base, "@", "    B = 1 << 1\n", "    C = 1 << 2\n")) == base.replace(
        "@", "    B = 1 << 1\n    C = 1 << 2\n"
    )


def test_calls_that_grow_a_list_have_an_order() -> None:
    base = "plugins.append(A)\n@"
    assert merged("m.py", *at(base, "@", "plugins.append(B)\n", "plugins.append(C)\n")) is Reason.ORDER
