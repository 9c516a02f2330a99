"""What keeps its name and form and means something else: suspected where it matters, cleared where not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patchset.support import Lab

from assay.model.report import Cleared, Confidence, Conflict
from assay.patchset.graph import graph

CASES = {
    "a class in an annotation": (
        "class Span:\n    @classmethod\n    def each(cls, n):\n        yield n\n\n\n"
        "class Maker:\n    kind: type[Span]\n\n    def __init__(self, kind: type[Span] = Span):\n"
        "        self.kind = kind\n",
        ("        yield n\n", "        return [n]\n"),
        "def first(maker: m.Maker):\n    return next(maker.kind.each(1))\n",
        "def count(maker: m.Maker):\n    return sum(1 for _ in maker.kind.each(1))\n",
        "m:Span.each",
    ),
    "a generic class in an annotation": (
        "class Stack(list):\n    @property\n    def top(self):\n        return self[-1]\n",
        ("return self[-1]", "return self[-1] if self else None"),
        "def top(stack: 'm.Stack[int]'):\n    try:\n        return stack.top\n    except IndexError:\n"
        "        return 0\n",
        "def top(stack: 'm.Stack[int]'):\n    return stack.top if stack else 0\n",
        "m:Stack.top",
    ),
    "None in place of an exception": (
        "def flag(text):\n    if text == 'on':\n        return True\n    raise ValueError(text)\n",
        ("    if text == 'on'", "    if not text:\n        return None\n    if text == 'on'"),
        "def flag_or(text, default):\n    try:\n        return m.flag(text)\n    except ValueError:\n"
        "        return default\n",
        "def is_on(text):\n    return bool(m.flag(text) is not None)\n",
        "m:flag",
    ),
    "an attribute that may be None": (
        "class Closed(Exception):\n    def __init__(self, reason: str | None = None):\n"
        "        self.reason = reason or ''\n",
        ("reason or ''\n", "reason\n"),
        "def cut(error: m.Closed):\n    return error.reason[:9]\n",
        "def cut(error: m.Closed):\n    return (error.reason or '')[:9]\n",
        "m:Closed.reason",
    ),
    "a context manager made asynchronous": (
        "from contextlib import asynccontextmanager, contextmanager\n\n\n@contextmanager\n"
        "def held():\n    yield 1\n",
        ("@contextmanager\ndef", "@asynccontextmanager\nasync def"),
        "def f():\n    with m.held() as found:\n        return found\n",
        "async def f():\n    return m.held\n",
        "m:held",
    ),
    "a field more in a named tuple": (
        "from typing import NamedTuple\n\n\nclass Version(NamedTuple):\n    major: int\n    minor: int\n\n\n"
        "def parse(text) -> Version:\n    return Version(*map(int, text.split('.')))\n",
        ("    minor: int\n", "    minor: int\n    micro: int = 0\n"),
        "def major(text):\n    major, minor = m.parse(text)\n    return major\n",
        "def major(text):\n    return m.parse(text).major\n",
        "m:Version",
    ),
    "an attribute of a function": (
        "def match(value):\n    return value is match.ANY\n\n\nmatch.ANY = object()\n",
        ("match.ANY = object()\n", "ANY = object()\n"),
        "def anything():\n    return m.match(m.match.ANY)\n",
        "def something():\n    return m.match(1), m.match.__name__\n",
        "m:match.ANY",
    ),
    "what an annotated container holds": (
        "class Theme(dict):\n    pass\n\n\nclass Themes:\n    def __init__(self, first):\n"
        "        self.every: list[dict] = [first]\n",
        ("list[dict] = [first]", "list[Theme] = [Theme(first)]"),
        "def last(themes: m.Themes):\n    return sorted(themes.every[-1])\n",
        "def depth(themes: m.Themes):\n    return len(themes.every)\n",
        "m:Themes.every",
    ),
    "a list made a dictionary": (
        "FOUND = []\n",
        ("[]", "{}"),
        "def codes():\n    return [one.code for one in m.FOUND]\n",
        "def count():\n    return len(m.FOUND)\n",
        "m:FOUND",
    ),
    "something else returned at times": (
        "class All:\n    def __init__(self, parts):\n        self.parts = parts\n\n\n"
        "def every(*parts):\n    return All(parts)\n",
        ("    return All(", "    if len(parts) == 1:\n        return parts[0]\n    return All("),
        "def flat(*parts):\n    return m.every(*parts).parts\n",
        "def pair(one, other):\n    return m.every(one, other)\n",
        "m:every",
    ),
    "another formula": (
        "class Size:\n    low = high = 0\n\n    @property\n    def span(self):\n"
        "        return self.high - self.low\n",
        ("self.high - self.low", "self.high - self.low + 1"),
        "def rigid(size: m.Size):\n    return size.span == 0\n",
        "def widest(sizes: list):\n    return max(sizes, key=lambda size: size.span)\n",
        "m:Size.span",
    ),
    "a class that is spoken of beside it": (
        "class Once:\n    def __init__(self):\n        self.called = False\n",
        ("self.called = False", "self.calls = 0"),
        "def pending(actions):\n    return [a for a in actions if isinstance(a, m.Once) and not a.called]\n",
        "def count(actions):\n    return sum(isinstance(a, m.Once) for a in actions)\n",
        "m:Once.called",
    ),
    "another sentinel": (
        "def place(texts, text):\n    for at, one in enumerate(texts):\n        if one == text:\n"
        "            return at\n    return -1\n",
        ("return -1", "return None"),
        "def has(texts, text):\n    return m.place(texts, text) != -1\n",
        "def show(texts, text):\n    print(m.place(texts, text))\n",
        "m:place",
    ),
    "something in place of None": (
        "def name(user):\n    if user is None:\n        return None\n    return user.name\n",
        ("return None", "return ''"),
        "def known(user):\n    return m.name(user) is not None\n",
        "def known(user):\n    return bool(m.name(user))\n",
        "m:name",
    ),
    "a copy that is none any more": (
        "class Bag:\n    def __init__(self):\n        self._all = []\n\n    def every(self):\n"
        "        return list(self._all)\n",
        ("list(self._all)", "self._all"),
        "def more(bag: m.Bag):\n    found = bag.every()\n    found.append(1)\n    return found\n",
        "def more(bag: m.Bag):\n    return [*bag.every(), 1]\n",
        "m:Bag.every",
    ),
    "a result that is remembered": (
        "from functools import cache\n\n\ndef options():\n    found = {}\n    return dict(found)\n",
        ("def options", "@cache\ndef options"),
        "def verbose():\n    found = m.options()\n    found['verbose'] = True\n    return found\n",
        "def verbose():\n    return {**m.options(), 'verbose': True}\n",
        "m:options",
    ),
    "words that say otherwise": (
        'def age(day):\n    """The age of a thing in days."""\n    return sum(1 for _ in day)\n',
        ('days."""\n    return sum(1 for _ in day)', 'hours."""\n    return sum(24 for _ in day)'),
        "def is_old(day):\n    return m.age(day) > 7\n",
        "def check(day):\n    m.age(day)\n",
        "m:age",
    ),
    "a receiver that bears the name of its class": (
        "class TaskQueue:\n    def push(self, task):\n        print(task)\n",
        ("    def push", "    async def push"),
        "def both(task_queue):\n    task_queue.push(1)\n",
        "def both(stack):\n    stack.push(1)\n",
        "m:TaskQueue.push",
    ),
    "how a cache is keyed": (
        "CACHE = make()\n\n\ndef load(a, b):\n    return CACHE[a][b]\n\n\ndef keep(a, b, value):\n"
        "    CACHE.setdefault(a, {})[b] = value\n",
        (
            "    return CACHE[a][b]\n\n\ndef keep(a, b, value):\n    CACHE.setdefault(a, {})[b] = value\n",
            "    return CACHE[a, b]\n\n\ndef keep(a, b, value):\n    CACHE[a, b] = value\n",
        ),
        "def has(a, b):\n    return b in m.CACHE[a]\n",
        "def has(a, b):\n    return m.CACHE.clear()\n",
        "m:CACHE",
    ),
    "behind a function that passes it on": (
        "class Box:\n    def size(self):\n        return (1, 2)\n\n\ndef size(box: Box):\n"
        "    return box.size()\n",
        ("return (1, 2)", "return (1, 2, 3)"),
        "def wide(box):\n    width, height = m.size(box)\n    return width\n",
        "def wide(box):\n    return m.size(box)[0]\n",
        "m:Box.size",
    ),
    "an exception that is caught inside": (
        "def read(path):\n    return open(path).read()\n",
        (
            "    return open(path).read()\n",
            "    try:\n        return open(path).read()\n    except FileNotFoundError:\n        return ''\n",
        ),
        "def there(path):\n    try:\n        m.read(path)\n    except FileNotFoundError:\n"
        "        return False\n    return True\n",
        "def twice(path):\n    return m.read(path) * 2\n",
        "m:read",
    ),
    "None where nothing is found": (
        "PRICES = {}\n\n\ndef price(name):\n    return PRICES[name]\n",
        ("PRICES[name]", "PRICES.get(name)"),
        "def cost(name):\n    try:\n        return m.price(name)\n    except KeyError:\n        return 0\n",
        "def cost(name):\n    return m.price(name) or 0\n",
        "m:price",
    ),
    "a key of a returned dictionary": (
        "def info(name):\n    found = {'name': name, 'size': 1}\n    return found\n",
        ("'size': 1", "'bytes': 1"),
        "def size(name):\n    found = m.info(name)\n    return found['size']\n",
        "def name(name):\n    return m.info(name)['name']\n",
        "m:info",
    ),
    "parts that change places": (
        "def corner(box):\n    return box.x, box.y\n",
        ("box.x, box.y", "box.y, box.x"),
        "def left(box):\n    x, y = m.corner(box)\n    return x\n",
        "def show(box):\n    print(m.corner(box))\n",
        "m:corner",
    ),
    "the format of a text": (
        "def ident(a, b):\n    return f'{a}-{b}'\n",
        ("{a}-{b}", "{a}/{b}"),
        "def first(a, b):\n    return m.ident(a, b).split('-')[0]\n",
        "def show(a, b):\n    print(m.ident(a, b))\n",
        "m:ident",
    ),
    "a list that is searched by its order": (
        "class Board:\n    def __init__(self):\n        self.scores = []\n\n    def rank(self, score):\n"
        "        return self.scores.index(score)\n",
        (
            "    def __init__(self):\n        self.scores = []\n\n    def rank(self, score):\n"
            "        return self.scores.index(score)\n",
            "    def __init__(self):\n        self.scores = []\n\n    def rank(self, score):\n"
            "        from bisect import bisect_left\n\n        return bisect_left(self.scores, score)\n",
        ),
        "def late(board: m.Board):\n    board.scores.append(1)\n",
        "def count(board: m.Board):\n    return len(board.scores)\n",
        "m:Board.scores",
    ),
    "keys that are made otherwise": (
        "KINDS = {}\n\n\ndef add(name, kind):\n    KINDS[name] = kind\n\n\ndef find(name):\n"
        "    return KINDS[name]\n",
        (
            "    KINDS[name] = kind\n\n\ndef find(name):\n    return KINDS[name]\n",
            "    KINDS[name.lower()] = kind\n\n\ndef find(name):\n    return KINDS[name.lower()]\n",
        ),
        "def use(name):\n    return m.KINDS[name]()\n",
        "def use(name):\n    return m.KINDS[name.lower()]()\n",
        "m:KINDS",
    ),
    "a constructor above that is not called": (
        "class Sink:\n    def __init__(self):\n        self.open = True\n\n    def write(self, text):\n"
        "        print(text)\n",
        (
            "        self.open = True\n\n    def write(self, text):\n",
            "        self.open = True\n        self.count = 0\n\n    def write(self, text):\n"
            "        self.count += 1\n        print(self.count)\n",
        ),
        "class Mine(m.Sink):\n    def __init__(self, path):\n        self.path = path\n",
        "class Mine(m.Sink):\n    def __init__(self, path):\n        super().__init__()\n"
        "        self.path = path\n",
        "m:Sink.count",
    ),
    "a new constructor above that is not called": (
        "class Sink:\n    def write(self, text):\n        print(text)\n",
        (
            "    def write(self, text):\n",
            "    def __init__(self):\n        self.count = 0\n\n    def write(self, text):\n"
            "        print(self.count)\n",
        ),
        "class Mine(m.Sink):\n    def __init__(self, path):\n        self.path = path\n",
        "class Mine(m.Sink):\n    def __init__(self, path):\n        super().__init__()\n"
        "        self.path = path\n",
        "m:Sink.__init__",
    ),
    "what all others of its kind have": (
        "class Rule:\n    def run(self):\n        return self.test()\n\n    def test(self):\n"
        "        return True\n\n\nclass Length(Rule):\n    limit = 3\n\n\nclass Spelling(Rule):\n"
        "    words = 4\n",
        (
            "        return self.test()\n\n    def test(self):\n        return True\n\n\n"
            "class Length(Rule):\n    limit = 3\n\n\nclass Spelling(Rule):\n",
            "        return self.code, self.test()\n\n    def test(self):\n        return True\n\n\n"
            "class Length(Rule):\n    code = 'L'\n    limit = 3\n\n\nclass Spelling(Rule):\n"
            "    code = 'S'\n",
        ),
        "class Mine(m.Rule):\n    limit = 5\n",
        "class Mine(m.Rule):\n    code = 'M'\n",
        "m:Length.code",
    ),
    "an object that is gone through": (
        "class Page:\n    def __iter__(self):\n        return iter([1])\n\n    def every(self):\n"
        "        return [1]\n",
        ("    def __iter__(self):\n        return iter([1])\n\n", ""),
        "def first(page: m.Page):\n    for one in page:\n        return one\n",
        "def first(page: m.Page):\n    for one in page.every():\n        return one\n",
        "m:Page.__iter__",
    ),
    "a parameter of another unit": (
        "def wait(seconds):\n    print(seconds)\n",
        ("def wait(seconds):\n    print(seconds)", "def wait(millis):\n    print(millis / 1000)"),
        "def pause():\n    m.wait(2)\n",
        "def pause():\n    return m.wait\n",
        "m:wait",
    ),
    "a list made a mapping": (
        "def every():\n    found = []\n    found.append(1)\n    return found\n",
        ("found = []\n    found.append(1)", "found = {}\n    found[1] = 1"),
        "def names():\n    return [one.name for one in m.every()]\n",
        "def count():\n    return bool(m.every())\n",
        "m:every",
    ),
    "awaited by another": (
        "async def load(name):\n    return name\n",
        ("async def", "def"),
        "import asyncio\n\n\nasync def both(a, b):\n    return await asyncio.gather(m.load(a), m.load(b))\n",
        "def name():\n    return m.load.__name__\n",
        "m:load",
    ),
    "another exception than is caught": (
        "def find(name):\n    raise LookupError(name)\n",
        ("LookupError", "ValueError"),
        "def has(name):\n    try:\n        m.find(name)\n    except LookupError:\n        return False\n",
        "def has(name):\n    try:\n        m.find(name)\n    except (LookupError, ValueError):\n"
        "        return False\n",
        "m:find",
    ),
    "a text put together": (
        "def ident(a, b):\n    return str(a) + '-' + str(b)\n",
        ("'-'", "'/'"),
        "def parts(a, b):\n    return m.ident(a, b).split('-')\n",
        "def show(a, b):\n    print(m.ident(a, b))\n",
        "m:ident",
    ),
    "a key of a dictionary that is written out": (
        "LIMITS = {'max': 3, 'min': 1}\n",
        ("'max'", "'most'"),
        "def top():\n    return m.LIMITS['max']\n",
        "def low():\n    return m.LIMITS['min']\n",
        "m:LIMITS",
    ),
    "what a hook returns": (
        "class Field:\n    def clean(self, value):\n        return value\n\n    def set(self, value):\n"
        "        self.clean(value)\n        self.value = value\n",
        (
            "        self.clean(value)\n        self.value = value\n",
            "        self.value = self.clean(value)\n",
        ),
        "class Short(m.Field):\n    def clean(self, value):\n        assert len(value) < 9\n",
        "class Short(m.Field):\n    def clean(self, value):\n        return value[:9]\n",
        "m:Field.clean",
    ),
    "the text of an object": (
        "class Version:\n    major = minor = 1\n\n    def __str__(self):\n"
        "        return f'{self.major}.{self.minor}'\n",
        ("{self.major}.{", "v{self.major}.{"),
        "def major(version: m.Version):\n    text = str(version)\n    return int(text.split('.')[0])\n",
        "def show(version: m.Version):\n    print(str(version))\n",
        "m:Version.__str__",
    ),
    "through a function that makes it": (
        "class Pool:\n    def stats(self):\n        return {'free': 1}\n\n\ndef make():\n    return Pool()\n",
        ("'free'", "'idle'"),
        "def free():\n    return m.make().stats()['free']\n",
        "def stats():\n    return m.make().stats()\n",
        "m:Pool.stats",
    ),
    "an attribute that a built-in result lacks": (
        "HANDLERS = {}\n\n\ndef handle(kind, event):\n    return HANDLERS[kind](event)\n",
        ("HANDLERS[kind](event)", "[one(event) for one in HANDLERS[kind]]"),
        "def ok(event):\n    return m.handle('ok', event).status\n",
        "def ok(event):\n    return m.handle('ok', event)\n",
        "m:handle",
    ),
    "an attribute made a method": (
        "class Pool:\n    def __init__(self):\n        self.closed = False\n",
        (
            "        self.closed = False\n",
            "        self._closed = False\n\n    def closed(self):\n        return self._closed\n",
        ),
        "def check(pool: m.Pool):\n    return 1 if pool.closed else 2\n",
        "def check(pool: m.Pool):\n    return isinstance(pool, m.Pool)\n",
        "m:Pool.closed",
    ),
}


def between(place: Path, base: str, edit: tuple[str, str], use: str) -> Conflict | Cleared:
    assert base.count(edit[0]) == 1
    lab = Lab(place / "repo.git", {"m.py": base.encode()})
    a = lab.candidate("a", {"m.py": base.replace(*edit).encode()})
    b = lab.candidate("b", {"use.py": f"import m\n\n\n{use}".encode()})
    return graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_relies_on_the_old_meaning_is_seen(
    tmp_path: Path, case: tuple[str, tuple[str, str], str, str, str]
) -> None:
    base, edit, use, _, symbol = case
    found = between(tmp_path, base, edit, use)
    assert isinstance(found, Conflict)
    assert symbol in found.symbols
    assert found.followed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_does_not_is_cleared(tmp_path: Path, case: tuple[str, tuple[str, str], str, str, str]) -> None:
    base, edit, _, use, _ = case
    assert isinstance(between(tmp_path, base, edit, use), Cleared)


def test_an_override_that_takes_whatever_comes_is_cleared(tmp_path: Path) -> None:
    base = (
        "class Ask:\n    def check(self, text):\n        return True\n\n"
        "    def ask(self, text):\n        return self.check(text)\n"
    )
    edited = base.replace("check(self, text)", "check(self, text, value)").replace(
        "self.check(text)", "self.check(text, 1)"
    )
    lab = Lab(tmp_path / "repo.git", {"m.py": base.encode()})
    a = lab.candidate("a", {"m.py": edited.encode()})
    for number, (parameters, clear) in enumerate([("self, text, *_", True), ("self, text", False)]):
        heir = f"import m\n\n\nclass Mine(m.Ask):\n    def check({parameters}):\n        return False\n"
        b = lab.candidate(f"b{number}", {"use.py": heir.encode()})
        found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
        assert isinstance(found, Cleared) == clear
        assert clear or (isinstance(found, Conflict) and found.confidence is Confidence.PROVEN)


SHELF = (
    "class Shelf:\n    def __init__(self):\n        self.books = []\n\n    def add(self, book):\n"
    "        self.books.append(book)\n\n    def drop(self, book):\n        self.books.remove(book)\n"
)
EMPTIED = SHELF.replace("(book)\n\n", "(book)\n        self._forget()\n\n").replace(
    "remove(book)\n",
    "remove(book)\n        self._forget()\n\n    def _forget(self):\n        self._sorted = None\n",
)


@pytest.mark.parametrize(
    ("method", "clear"),
    [
        ("def empty(self):\n        self.books.clear()\n", False),
        ("def count(self):\n        return len(self.books)\n", True),
        ("def replace(self, one, other):\n        self.drop(one)\n        self.add(other)\n", True),
    ],
)
def test_what_is_kept_in_step_and_changed_alone(tmp_path: Path, method: str, clear: bool) -> None:
    lab = Lab(tmp_path / "repo.git", {"m.py": SHELF.encode()})
    b_text = SHELF.replace("    def add(", f"    {method}\n    def add(")
    a = lab.candidate("a", {"m.py": EMPTIED.encode()})
    b = lab.candidate("b", {"m.py": b_text.encode()})
    found = graph(lab.repo, lab.base, [a, b]).between(a.id, b.id)
    assert isinstance(found, Cleared) == clear
    assert clear or (isinstance(found, Conflict) and found.symbols[0] == "m:Shelf._sorted")


@pytest.mark.parametrize(("expects", "clear"), [("3.1", False), ("3.14", True)])
def test_what_tests_expect_of_it(tmp_path: Path, expects: str, clear: bool) -> None:
    source = "def rounded(value):\n    return round(value, 2)\n"
    test = "from m import rounded\n\n\ndef test_rounded():\n    assert rounded(3.14159) == 3.14\n"
    lab = Lab(tmp_path / "repo.git", {"m.py": source.encode(), "test_m.py": test.encode()})
    edits = {
        "m.py": source.replace("2)", "1)").encode(),
        "test_m.py": test.replace("3.14\n", f"{expects}\n").encode(),
    }
    use = b"import m\n\n\ndef cents(value):\n    return m.rounded(value) * 100\n"
    a, b = lab.candidate("a", edits), lab.candidate("b", {"use.py": use})
    assert isinstance(graph(lab.repo, lab.base, [a, b]).between(a.id, b.id), Cleared) == clear


@pytest.mark.parametrize(
    ("base", "edit", "use"),
    [
        (
            "def find(name):\n    raise LookupError(name)\n",
            ("LookupError", "KeyError"),
            "def has(name):\n    try:\n        m.find(name)\n    except LookupError:\n        return False\n",
        ),
        (
            "from typing import NamedTuple\n\n\nclass Pair(NamedTuple):\n    a: int\n    b: int\n\n\n"
            "def both(a, b):\n    return a, b\n",
            ("return a, b", "return Pair(a, b)"),
            "def first(a, b):\n    one, other = m.both(a, b)\n    return one\n",
        ),
        ("MOST = 100\n", ("100", "200"), "def fits(count):\n    return count <= m.MOST\n"),
        (
            "class Pool:\n    def __init__(self):\n        self.free = []\n",
            ("[]", "deque()"),
            "def count(pool: m.Pool):\n    return len(pool.free)\n",
        ),
    ],
    ids=["a more special exception", "a tuple with names", "a bound", "another container"],
)
def test_what_stands_in_for_the_old(tmp_path: Path, base: str, edit: tuple[str, str], use: str) -> None:
    assert isinstance(between(tmp_path, base, edit, use), Cleared)


@pytest.mark.parametrize(("counts", "clear"), [("1", True), ("24", False)])
def test_words_alone_say_nothing_new(tmp_path: Path, counts: str, clear: bool) -> None:
    base = 'def age(day):\n    """The age of a thing in days."""\n    return sum(1 for _ in day)\n'
    edited = base.replace("The age of a thing in days", "How old it is").replace("sum(1", f"sum({counts}")
    use = "def is_old(day):\n    return m.age(day) > 7\n"
    assert isinstance(between(tmp_path, base, (base, edited), use), Cleared) == clear
