"""Objects that are equal to everything are found, and only those."""

import dataclasses

import pytest

from assay.gates.inject.equal import comparisons


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


@pytest.fixture
def probe():
    found = []
    seen = []
    compared, paired = comparisons(
        lambda path: "lib.py" if path == __file__ else "",
        lambda kind, path: found.append(kind),
        lambda: seen.append(1),
    )

    def probe(left, right):
        found.clear()
        compared(left, right, left == right)
        assert paired(left, right) == (left, right)
        assert seen
        return found[:1]

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
