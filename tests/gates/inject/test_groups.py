"""Looks at names as they were: what is altered is seen, also after something else was told."""

from __future__ import annotations

import types
from typing import Any

import pytest

from assay.gates.inject.groups import Group, Look, groups_of, is_a, of_module


def one() -> int:
    return 1


def two() -> int:
    return 2


class Held:
    def method(self) -> int:
        return 3


@pytest.fixture
def space() -> dict[str, Any]:
    return {"one": types.FunctionType(one.__code__, {}), "len": len, "word": "no kind that is looked at"}


def altered(look: Look) -> list[str]:
    """What a look tells when asked, as the watch asks: it is settled then."""
    found = [group.found() for group in look.groups]
    pairs = list(zip(look.groups, found, strict=True))
    told = [name for group, state in pairs for name, _ in group.altered(state)]
    told += [name for group, state in pairs for name, _ in group.added(state)]
    look.settle(found)
    return told


def test_what_is_as_it_was_is_whole(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    assert look.whole(codes=False)
    assert look.whole(codes=True)
    assert altered(look) == []


def test_what_was_told_is_nothing_new_until_it_changes_again(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    first = space["one"]
    space["one"] = two
    assert not look.whole(codes=False)
    assert altered(look) == ["one"]
    assert look.whole(codes=False)
    assert look.whole(codes=True)
    space["len"] = two
    assert not look.whole(codes=False)
    assert altered(look) == ["one", "len"]
    space.update(one=first, len=len)
    assert look.whole(codes=True), "what there was at first is never news"


def test_a_name_that_comes_to_a_whole_namespace_is_told(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    space["two"] = two
    assert not look.whole(codes=False)
    assert altered(look) == ["two"]
    assert look.whole(codes=False)
    space["three"] = two
    assert altered(look) == ["two", "three"]


def test_names_that_were_not_asked_for_may_come(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there", ["one", "len"])])
    space["two"] = two
    assert look.whole(codes=True)


def test_other_code_in_a_function_is_seen_where_codes_are_compared(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    space["one"].__code__ = two.__code__
    assert look.whole(codes=False)
    assert not look.whole(codes=True)
    assert altered(look) == ["one"]
    assert look.whole(codes=True)
    space["one"].__code__ = Held.method.__code__
    assert not look.whole(codes=True)


def test_it_knows_whose_code_it_compares(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    assert look.has(space["one"])
    assert not look.has(types.FunctionType(one.__code__, {})), "a library's own may get what code it likes"


def test_a_class_of_two_names_is_one() -> None:
    kind = type("Kind", (), {"__module__": "made", "method": one})
    groups = list(of_module({"Kind": kind, "Same": kind}, "made"))
    assert [group.label for group in groups] == ["made", "made.Kind"]


def test_a_name_that_is_gone_is_altered_each_time(space: dict[str, Any]) -> None:
    look = Look([Group(space, "there")])
    del space["one"]
    assert not look.whole(codes=False)
    assert altered(look) == ["one"]
    assert not look.whole(codes=False)


def test_classes_of_a_module_are_looked_at_by_themselves() -> None:
    module = types.ModuleType("made")
    kind = type("Kind", (), {"__module__": "made", "method": one})
    vars(module).update(Kind=kind, Other=Held)
    import sys

    sys.modules["made"] = module
    try:
        groups = list(groups_of(["made", "not there"]))
    finally:
        del sys.modules["made"]
    assert [group.label for group in groups] == ["made", "made.Kind"]
    look = Look(groups)
    kind.method = two  # type: ignore[attr-defined]
    assert set(altered(look)) == {"method"}


def test_a_kind_is_the_real_one() -> None:
    class Liar:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            return str

    assert isinstance(Liar(), str)
    assert not is_a(Liar(), (str,))


class Above:
    def inherited(self) -> int:
        return 4


class Below(Above):
    data = "no kind that is looked at"


@pytest.fixture
def cls() -> Any:
    return type("Below", (Above,), {"data": 1, "own": one})


def of_class(cls: Any) -> Look:
    return Look([Group(vars(cls), "Below", cls=cls)])


def test_a_name_that_goes_for_another_to_come_hides_nothing(cls: Any) -> None:
    look = of_class(cls)
    del cls.data
    cls.inherited = two
    assert not look.whole(codes=False)
    assert altered(look) == ["inherited"]


def test_nor_does_one_that_came_and_was_settled(cls: Any) -> None:
    look = of_class(cls)
    cls.harmless = 5
    assert altered(look) == ["harmless"]
    assert look.whole(codes=False)
    del cls.harmless
    cls.inherited = two
    assert not look.whole(codes=False)
    assert altered(look) == ["inherited"]


def test_a_class_that_comes_from_others_is_altered(cls: Any) -> None:
    look = of_class(cls)
    cls.__bases__ = (Below,)
    assert not look.whole(codes=False)
    assert altered(look) == ["__bases__"]


def test_a_class_of_another_kind_is_altered() -> None:
    class First(type):
        pass

    class Kind(type):
        pass

    cls: Any = First("Below", (Above,), {})
    look = of_class(cls)
    cls.__class__ = Kind
    assert altered(look) == ["__bases__"]


class _Descriptor:
    def __get__(self, *_args: object) -> int:
        return 5


@pytest.mark.parametrize(
    ("name", "value", "hides"),
    [
        ("inherited", str, True),
        ("inherited", _Descriptor(), True),
        ("__getattribute__", two, True),
        ("inherited", 5, False),
        ("new", two, False),
        ("__annotations_cache__", {}, False),
    ],
)
def test_what_comes_hides_what_is_inherited_or_changes_how_the_class_works(
    cls: Any, name: str, value: object, hides: bool
) -> None:
    assert Group(vars(cls), "Below", cls=cls).hides(name, value) is hides
    assert not Group(vars(cls), "Below").hides(name, value), "of a module nothing is inherited"


def test_no_name_is_asked_what_it_is_equal_to(space: dict[str, Any]) -> None:
    class Name(str):
        asked = False

        def __eq__(self, other: object) -> bool:
            Name.asked = True
            return True

        __hash__ = str.__hash__

    look = Look([Group(space, "there")])
    space[Name("odd")] = two
    Name.asked = False
    assert not look.whole(codes=True)
    assert altered(look) == ["odd"]
    assert look.whole(codes=True)
    assert not Name.asked
