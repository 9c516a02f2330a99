from __future__ import annotations

import ast

import pytest

from assay.patchset.merging.file import MergedFile, Unmergeable, merge_file
from assay.patchset.merging.ordered import keeps_order, registered
from assay.patchset.merging.reasons import Reason


def grown(path: str, base: str, ours: str, theirs: str) -> str | Reason:
    """What becomes of a text in which both sides put something in the place of `$`, the same both ways."""
    sides = [base.replace("$", text).encode() for text in ("", ours, theirs)]
    found, back = (merge_file(path, sides[0], *pair) for pair in (sides[1:], sides[:0:-1]))
    if isinstance(found, Unmergeable):
        assert isinstance(back, Unmergeable)
        return found.reason
    assert isinstance(back, MergedFile) and back.data == found.data
    return found.data.decode()


_FLAGS = "class S(IntFlag):\n    A = 1\n    B = 2\n$"
_WATCHED = (
    "class A:\n    def __init__(self, n):\n        self.m = n\n$\n"
    "    {}\n    def n(self, v):\n        use(v)\n"
)
_ATTRS = "@attr.s\nclass C:\n    a = attr.ib()\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "reason"),
    [
        ('D = {\n    "a": 1,\n$}\n', '    "k": 5,\n', "    **other,\n", Reason.ORDER),
        ('D = {\n    "a": 1,\n$    **more,\n}\n', '    "k": 5,\n', "    **other,\n", Reason.ORDER),
        ("f(\n    a=1,\n$)\n", "    b=2,\n", '    **{"b": 3},\n', Reason.ORDER),
        ("X = [a, b$]\n", ", c", ", *d", Reason.ORDER),
        ('D = {\n    0: "z",\n$}\n', '    1: "a",\n', '    True: "b",\n', Reason.DUPLICATE),
        ('D = {\n    0: "z",\n$}\n', '    2: "a",\n', '    2.0: "b",\n', Reason.DUPLICATE),
        ('D = {\n    0: "z",\n$}\n', '    1 << 1: "a",\n', '    2: "b",\n', Reason.DUPLICATE),
        ("D = {0$}\n", ", -1", ", 1 - 2", Reason.DUPLICATE),
        (_FLAGS, "    C = 1 << 2\n", "    D = 4\n", Reason.NUMBER),
        (_FLAGS.replace("    B = 2\n", ""), "    C = 1 << 2\n", "    D = 4\n", Reason.DUPLICATE),
        ("class S(Enum):\n    A = 0\n$", "    C = 1\n", "    D = True\n", Reason.DUPLICATE),
        (_FLAGS, "    C = LIMIT\n", "    D = 4\n", Reason.ORDER),
        (_FLAGS, "    C = auto()\n", "    D = 4\n", Reason.ORDER),
        (
            "class S(Enum):\n    A = 1, 'a'\n    B = 2, 'b'\n$",
            "    C = 3, 'c'\n",
            "    D = 3, 'd'\n",
            Reason.NUMBER,
        ),
    ]
    + [
        (
            f"{row}\n{row.replace('(a', '(b')}\n$",
            f"{row.replace('(a', '(x')}\n",
            f"{row.replace('(a', '(y')}\n",
            Reason.ORDER,
        )
        for row in (
            "filterwarnings(a)",
            "warnings.simplefilter(a)",
            "app.add_route(a, a)",
            "app.add_middleware(a)",
            "sys.path.append(a)",
            "atexit.register(a)",
            "router.register(a, A)",
        )
    ]
    + [
        ("register(a, A)\n$", "register(b, B)\n", "register(b, C)\n", Reason.ORDER),
        ("register(1, A)\n$", "register(2, B)\n", "register(3 - 1, C)\n", Reason.ORDER),
        (
            "def up(cur):\n    cur.execute(a)\n    cur.execute(b)\n$",
            "    cur.execute(x)\n",
            "    cur.execute(y)\n",
            Reason.ORDER,
        ),
        (
            "def f():\n    out.append(a)\n    out.append(b)\n$    return out\n",
            "    out.append(x)\n",
            "    out.append(y)\n",
            Reason.ORDER,
        ),
        ("def f():\n    register(a)\n$", "    register(x)\n", "    register(y)\n", Reason.ORDER),
        ("class S(Structure):\n    _fields_ = [('a', int)$]\n", ", ('b', int)", ", ('c', int)", Reason.ORDER),
        ("class S:\n    __match_args__ = ('a', 'b'$)\n", ", 'c'", ", 'd'", Reason.ORDER),
        ("class S:\n    _fields = ('a', 'b'$)\n", ", 'c'", ", 'd'", Reason.ORDER),
        ("MIDDLEWARE = ['a', 'b', 'c'$]\n", ", 'd'", ", 'e'", Reason.ORDER),
        ("MIDDLEWARE += ['a', 'b'$]\n", ", 'd'", ", 'e'", Reason.ORDER),
        ("urlpatterns = [path('', a)$]\n", ", path('b', b)", ", path('c', c)", Reason.ORDER),
        ("A = {'MIDDLEWARE': ['a', 'b'$]}\n", ", 'd'", ", 'e'", Reason.ORDER),
        ("setup(filters=['a', 'b'$])\n", ", 'd'", ", 'e'", Reason.ORDER),
        ("sys.path.extend(['a', 'b'$])\n", ", 'd'", ", 'e'", Reason.ORDER),
        ("X = [(r'a', A), (r'b', B)$]\n", ", (r'.', D)", ", (r'e', E)", Reason.ORDER),
        ("def f():\n    x = ['<a>', '<b>'$]\n", ", '<d>'", ", '<e>'", Reason.ORDER),
        ("def f():\n    return [a(), b()$]\n", ", d()", ", e()", Reason.ORDER),
        ("a, b = ['x', 'y'$]\n", ", 'd'", ", 'e'", Reason.SAME_PLACE),
        (_ATTRS + "$", "    b = attr.ib(default=1)\n", "    z = attr.ib(default=2)\n", Reason.ORDER),
        (_ATTRS + "$", "    b = field(default=1)\n", "    z = attrs.field()\n", Reason.ORDER),
        ("class C(BaseModel):\n    a: int\n$", "    b: int = 1\n", "    z: int = 2\n", Reason.ORDER),
        (
            "@app.middleware('http')\ndef a():\n    pass\n$",
            "\n@app.middleware('http')\ndef b():\n    pass\n",
            "\n@app.middleware('http')\ndef c():\n    pass\n",
            Reason.ORDER,
        ),
        ("class S(Enum):\n    A: int = 1\n$", "    C: int = 2\n", "    D = 2\n", Reason.DUPLICATE),
        ("class S(Enum):\n    A = 1, 'a'\n$", "    C = 2, 'c'\n", "    D = 2, 'd'\n", Reason.DUPLICATE),
        (
            "class S(Enum):\n    if X:\n        A = 1\n$",
            "        C = 2\n",
            "        D = 2\n",
            Reason.DUPLICATE,
        ),
        (
            "def test_f(self):\n    self.assertEqual(a, b)\n$",
            "    self.assertEqual(it.pop(), 1)\n",
            "    self.assertEqual(it.pop(), 2)\n",
            Reason.ORDER,
        ),
        ("C = ['-a', '-b', '-c'$]\n", ", '-n', '5'", ", '-p', 'x'", Reason.ORDER),
        ("def f():\n    return ['git', 'log'$]\n", ", 'a'", ", 'b'", Reason.ORDER),
        (
            "@dataclass(kw_only=False)\nclass C:\n    a: int\n$",
            "    b: int = 1\n",
            "    c: int = 2\n",
            Reason.ORDER,
        ),
        ("D = {'ab': 1$}\n", ", 'c' + 'd': 2", ", 'cd': 3", Reason.DUPLICATE),
        ("X = [{'n': 'x'}, {'n': 'y'}$]\n", ", {'n': 'z', 'v': a}", ", {'n': 'z', 'v': b}", Reason.NUMBER),
        ("X = [Opt('x'), Opt('y')$]\n", ", Opt('z', a)", ", Opt('z', b)", Reason.NUMBER),
        ("D = {'a': 1$}\n", ", 'z': s.read(1)", ", 'b': s.read(2)", Reason.ORDER),
        ("f(\n    a=1,\n$)\n", "    z=next(s),\n", "    b=next(s),\n", Reason.ORDER),
        ("X = [next(s)$]\n", ", next(s).z", ", next(s).b", Reason.ORDER),
        ("A = next(ids)\n$", "Z = next(ids)\n", "B = next(ids)\n", Reason.ORDER),
        ("X = [('a', 1), ('b', 2)$]\n", ", ('z', 3)", ", ('z', 4)", Reason.NUMBER),
        ("X = ['a', 'b'$]\n", ", '!d'", ", 'd'", Reason.ORDER),
        (
            "@app.get('/a')\ndef a():\n    pass\n$",
            "\n@app.get('/u/{id}')\ndef b():\n    pass\n",
            "\n@app.get('/u/me')\ndef c():\n    pass\n",
            Reason.ORDER,
        ),
        (_WATCHED.format("@n.setter"), "        self.size = n\n", "        self.cache = 1\n", Reason.ORDER),
        (
            _WATCHED.replace("def n", "def __setattr__").format(""),
            "        self.size = n\n",
            "        self.cache = 1\n",
            Reason.ORDER,
        ),
    ],
)
def test_what_has_an_order_in_python_is_not_put_into_one(
    base: str, ours: str, theirs: str, reason: Reason
) -> None:
    assert grown("m.py", base, ours, theirs) is reason


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        (
            'D = {\n    **other,\n    "a": 1,\n$}\n',
            '    "k": 6,\n',
            '    "b": 5,\n',
            '    "b": 5,\n    "k": 6,\n',
        ),
        ("INSTALLED_APPS = ['z', 'b'$]\n", ", 'd'", ", 'c'", ", 'c', 'd'"),
        ("class S:\n    __slots__ = ('a', 'b'$)\n", ", 'd'", ", 'c'", ", 'c', 'd'"),
        ("def f():\n    names = ['z', 'b'$]\n", ", 'd'", ", 'c'", ", 'c', 'd'"),
        (
            "@pytest.mark.parametrize('a', [r'z', r'b'$])\ndef f(a):\n    pass\n",
            ", r'd'",
            ", r'c'",
            ", r'c', r'd'",
        ),
        (_FLAGS, "    D = 1 << 3\n", "    C = 4\n", "    C = 4\n    D = 1 << 3\n"),
        (
            "class S(Enum):\n    A = auto()\n$",
            "    D = auto()\n",
            "    C = auto()\n",
            "    C = auto()\n    D = auto()\n",
        ),
        (
            _WATCHED.format("@n.getter"),
            "        self.size = n\n",
            "        self.cache = 1\n",
            "        self.cache = 1\n        self.size = n\n",
        ),
        (
            "@app.get('/a')\ndef a():\n    pass\n$",
            "\n@app.get('/u/{id}')\ndef b():\n    pass\n",
            "\n@app.get('/v/me')\ndef c():\n    pass\n",
            "\n@app.get('/u/{id}')\ndef b():\n    pass\n\n@app.get('/v/me')\ndef c():\n    pass\n",
        ),
        (
            "def test_f(self):\n    self.assertEqual(a, b)\n$",
            "    self.assertEqual(d, 1)\n",
            "    self.assertEqual(c, 2)\n",
            "    self.assertEqual(c, 2)\n    self.assertEqual(d, 1)\n",
        ),
        ("register(a)\n$", "register(d)\n", "register(c)\n", "register(c)\nregister(d)\n"),
        (
            _ATTRS.replace("attr.s", "attr.s(kw_only=True)") + "$",
            "    d = attr.ib()\n",
            "    c = attr.ib()\n",
            "    c = attr.ib()\n    d = attr.ib()\n",
        ),
    ],
)
def test_what_has_none_is_merged(base: str, ours: str, theirs: str, result: str) -> None:
    assert grown("m.py", base, ours, theirs) == base.replace("$", result)


_WARNS = '[tool.pytest.ini_options]\nfilterwarnings = [\n    "error",\n$]\n'


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "reason"),
    [
        ("p.toml", _WARNS, '    "ignore::D",\n', '    "error::D:foo",\n', Reason.ORDER),
        ("p.toml", '[t]\naddopts = ["a", "b", "c"$]\n', ', "d"', ', "e"', Reason.ORDER),
        ("p.toml", '[t]\n"x.addopts" = ["a", "b", "c"$]\n', ', "d"', ', "e"', Reason.ORDER),
        (
            "p.toml",
            "[[p.source]]\nn = 1\n\n$",
            "[[p.source]]\nn = 2\n",
            "[[p.source]]\nn = 3\n",
            Reason.ORDER,
        ),
        (
            "p.json",
            '[{"n": "a", "v": "x"}, {"n": "b", "v": "y"}$]\n',
            ', {"n": "c", "v": "x"}',
            ', {"n": "c", "v": "y"}',
            Reason.NUMBER,
        ),
        ("p.json", '{"steps": ["a", "b", "c"$]}\n', ', "d"', ', "e"', Reason.ORDER),
        ("p.json", '{"exports": {".": {"a": "1"$}}}\n', ', "d": "2"', ', "e": "3"', Reason.ORDER),
        ("requirements.txt", "a==1\n$", "--index-url https://x\n", "-i https://y\n", Reason.SAME_NAME),
        ("requirements.txt", "a==1\n$", "--index-url https://x\n", "--no-index\n", Reason.SAME_NAME),
        ("requirements.txt", "--no-binary=a\n$", "--no-binary=b\n", "--only-binary b\n", Reason.DUPLICATE),
    ],
)
def test_what_has_an_order_in_data_is_not_put_into_one(
    path: str, base: str, ours: str, theirs: str, reason: Reason
) -> None:
    assert grown(path, base, ours, theirs) is reason


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "result"),
    [
        ("p.toml", '[t]\nselect = ["Z", "F"$]\n', ', "D"', ', "B"', ', "B", "D"'),
        (
            "p.toml",
            "[[t.overrides]]\nm = 'a'\n\n$",
            "[[t.overrides]]\nm = 'd'\n",
            "[[t.overrides]]\nm = 'c'\n",
            "[[t.overrides]]\nm = 'c'\n\n[[t.overrides]]\nm = 'd'\n",
        ),
        (
            "requirements.txt",
            "a==1\n$",
            "--find-links https://x\n",
            "-f https://y\n",
            "--find-links https://x\n-f https://y\n",
        ),
    ],
)
def test_what_has_none_in_data_is_merged(path: str, base: str, ours: str, theirs: str, result: str) -> None:
    assert grown(path, base, ours, theirs) == base.replace("$", result)


@pytest.mark.parametrize(
    ("name", "ordered"),
    [
        ("settings.MIDDLEWARE", True),
        ("exceptionHandlers", True),
        ("URLPatterns", True),
        ("__all__", False),
        ("reordered", False),
        ("sort_order", True),
        ("", False),
    ],
)
def test_names_are_told_by_their_words(name: str, ordered: bool) -> None:
    assert keeps_order(name) is ordered


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("register('a', A)", 'register("a", B)', True),
        ("register(a, A)", "register(b, A)", False),
        ("x.register(a)", "y.register(a)", False),
    ],
)
def test_registrations_are_one_if_they_are_under_one_name(one: str, two: str, same: bool) -> None:
    found = [registered(_call(source)) for source in (one, two)]
    assert all(found) and (found[0] == found[1]) is same


@pytest.mark.parametrize(
    "source", ["register()", "register(*a)", "f().register(a)", "print(a)", "a[0].register(a)"]
)
def test_other_calls_register_nothing(source: str) -> None:
    assert registered(_call(source)) == ""


def _call(source: str) -> ast.Call:
    found = ast.parse(source, mode="eval").body
    assert isinstance(found, ast.Call)
    return found
