"""Objects that are equal to everything are found, and only those."""

import dataclasses

import pytest

from assay.gates.inject import equal
from assay.gates.inject.deciders import Deciders, name_of


class Everything:
    def __eq__(self, other):
        return True

    __hash__ = None


class Modulo(int):
    def __eq__(self, other):
        return (int(self) - other) % 2 == 0

    __hash__ = None


@dataclasses.dataclass
class Point:
    x: int


class Text(str):
    def __eq__(self, other):
        return self.lower() == other.lower()

    __hash__ = None


class Yes:
    def __call__(self, other):
        return True


class Called:
    __eq__ = Yes()
    __hash__ = None


class Told:
    """Stands for the vault: answers who decides, and keeps what is told."""

    def __init__(self):
        self.deciders = Deciders(lambda path: "lib.py" if path == __file__ else "")
        self.found = []
        self.assertions = 0

    def __call__(self, event, *arguments):
        if event == "assay.decides":
            kind, relation, box = arguments
            box.append(self.deciders.path(kind, relation))
        elif event == "assay.equal":
            self.found.append(name_of(arguments[0]))
        else:
            assert event == "assay.paired"
            self.assertions += 1


@pytest.fixture
def told(monkeypatch):
    told = Told()
    monkeypatch.setattr(equal, "audit", told)
    return told


@pytest.fixture
def probe(told):
    def probe(left, right):
        told.found.clear()
        equal.compared(left, right, left == right)
        assert equal.paired(left, right) == (left, right)
        assert told.assertions
        return told.found[:1]

    return probe


@pytest.mark.parametrize(
    "value",
    [Everything(), Called(), [Everything()], {"a": (1, Everything())}, (Called(),)],
    ids=["object", "callable", "in a list", "nested", "in a tuple"],
)
def test_found(probe, value):
    like = (
        {"a": (1, 4)}
        if isinstance(value, dict)
        else type(value)([4])
        if isinstance(value, (list, tuple))
        else 4
    )
    assert probe(value, like) in (["Everything"], ["Called"])
    assert probe(like, value) in (["Everything"], ["Called"])


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1), (Point(1), Point(1)), (Text("A"), "a"), ([Point(1)], [Point(1)]), (Everything, Everything)],
)
def test_not_found(probe, left, right):
    assert probe(left, right) == []


class Below(int):
    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = lambda self, other: True


class Once:
    def __init__(self):
        self.asked = 0

    def __eq__(self, other):
        self.asked += 1
        return self.asked == 1

    __hash__ = None


class Hashed(Everything):
    def __hash__(self):
        return 4


class Field:
    def __init__(self, field):
        self.field = field

    def __eq__(self, other):
        return isinstance(other, Field) and self.field == other.field

    __hash__ = None


class Numb(Field):
    def __eq__(self, other):
        return isinstance(other, Numb) and other.field != 5

    __hash__ = None


class Closing(Field):
    closed: list = []  # noqa: RUF012 shared on purpose

    def __del__(self):
        self.closed.append(self.field)


def test_nothing_is_made_that_would_have_to_be_closed(related):
    first, second = Closing(1), Closing(1)
    assert related(first, second) == []
    assert Closing.closed == []


@pytest.fixture
def related(told):
    def related(left, right, kind="Eq"):
        equal.compared(left, right, True, kind)
        return told.found[:1]

    return related


@pytest.mark.parametrize("kind", ["Lt", "LtE", "Gt", "GtE", "NotEq"])
def test_relations_that_cannot_be(related, kind):
    assert related(4, 4 if kind in ("LtE", "GtE") else 5, kind) == []
    assert related(Point(1), Point(2), kind) == []
    assert related(Below(4), 4, kind) == ["Below"]


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        (Once(), 4, "Once"),
        ({Hashed()}, {4}, "Hashed"),
        (Field(Everything()), Field(4), "Field"),
        (Numb(1), Numb(2), "Numb"),
        (Field(3), Field(3), None),
        (float("nan"), float("nan"), None),
    ],
)
def test_equalities_that_cannot_be(related, left, right, name):
    if isinstance(left, Once):
        assert left == right
    assert related(left, right) == ([name] if name else [])


def test_what_is_found_in_a_container_by_an_equality(related):
    assert related(4, [Point(1), 4], "In") == []
    assert related(4, [Everything()], "In") == ["Everything"]


def test_what_is_not_equal_is_not_asked(probe):
    class Strict:
        asked: list = []  # noqa: RUF012 shared on purpose

        def __eq__(self, other):
            self.asked.append(other)
            return False

        __hash__ = None

    strict = Strict()
    probe(strict, 4)
    assert all(asked == 4 for asked in strict.asked)


def test_an_object_that_raises_is_left_alone(probe):
    class Raises:
        def __eq__(self, other):
            if other == 4:
                return True
            raise ValueError(other)

        __hash__ = None

    assert probe(Raises(), 4) == []


class Truth:
    def __eq__(self, other):
        return bool(other)

    __hash__ = None


@pytest.mark.parametrize("value", [Modulo(2), Truth()], ids=["even", "true"])
def test_equal_to_much_is_not_equal_to_everything(probe, value):
    assert probe(value, 4) == []


class Posing(type):
    """A class that answers for itself."""

    def mro(cls):
        return [cls, *type.mro(cls)[1:]]

    @property
    def __dict__(cls):
        raise AssertionError("asked")

    def __getattribute__(cls, name):
        if name in ("__mro__", "__qualname__"):
            raise AssertionError("asked")
        return super().__getattribute__(name)


def test_who_decides_is_not_asked_of_the_class():
    def same(self, other):
        return True

    kind = type.__call__(Posing, "Kind", (), {"__eq__": same})
    deciders = Deciders(lambda path: "lib.py" if path == __file__ else "")
    assert deciders.path(kind, "Eq") == "lib.py"
    assert name_of(kind) == "Kind"
    assert deciders.path(Point, "Lt") == ""
