"""What of a process is seen to last from test to test."""

import contextvars
import functools
import itertools
import types
from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.inject.states import caches, differ, of_module, of_value, world

SOURCE = """
import functools, itertools, threading
LIST, DICT, SET = [], {}, set()
NESTED = {"a": [{"b": []}]}
NUMBER = 1
COUNT = itertools.count()
LOCAL = threading.local()
class Thing:
    shared = []
    def __init__(self): self.x = []
class Slotted:
    __slots__ = ("y",)
THING, SLOTTED = Thing(), Slotted()
def with_default(a=[]): return a
def make():
    memo = {}
    def closed(k): memo[k] = 1
    return closed
closed = make()
@functools.lru_cache(maxsize=None)
def cached(x): return x
"""


@pytest.fixture
def module():
    made = types.ModuleType("scratch")
    exec(SOURCE, vars(made))
    return made


@pytest.mark.parametrize(
    "change",
    [
        "LIST.append(1)",
        "DICT[1] = 1",
        "SET.add(1)",
        "NESTED['a'][0]['b'].append(1)",
        "global NUMBER; NUMBER = 2",
        "next(COUNT)",
        "LOCAL.x = 1",
        "Thing.shared.append(1)",
        "Thing.more = 1",
        "THING.x.append(1)",
        "THING.z = 1",
        "SLOTTED.y = 1",
        "with_default().append(1)",
        "with_default.note = 1",
        "closed(1)",
        "global NEW; NEW = 1",
        "global LIST; del LIST",
    ],
)
def test_a_change_is_seen(module, change):
    before = of_module(module)
    assert not differ(before.found, of_module(module).found)
    assert before.same()
    exec(f"def act():\n    {change}\nact()", vars(module))
    vars(module).pop("act")
    assert differ(before.found, of_module(module).found)
    assert not before.same()


def test_what_is_kept_by_others_is_no_change(module):
    before = of_module(module)
    vars(module)["__warningregistry__"] = {1: 2}
    module.Thing.__slotnames__ = []
    vars(module)["sub"] = types.ModuleType("scratch.sub")
    assert not differ(before.found, of_module(module).found)


def test_an_equal_number_in_place_of_another_is_no_change():
    assert not differ([10**9, "a" * 50], [int("1" + "0" * 9), "".join(["a"] * 50)])
    assert differ([1], [True])


def test_looking_calls_nothing_of_the_project():
    class Touchy(dict):
        def __getattribute__(self, name):
            raise AssertionError(name)

        __iter__ = __len__ = values = keys = items = __hash__ = __eq__ = None

    class Lazy:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert of_value([Touchy(a=1), Lazy(), Counter("a"), deque([1])])


def test_a_circle_has_an_end():
    circle = []
    circle.append({"again": circle})
    assert not differ(of_value(circle).found, of_value(circle).found)


def test_caches_are_found(module):
    module.cached(1)
    of_others = functools.lru_cache()(len)
    module.Thing.held = staticmethod(of_others)
    found = caches([module])
    assert any(each is module.cached for each in found)
    assert any(each is of_others for each in found)


def test_caches_in_objects_and_below_other_decorators_are_found(module):
    cached = module.cached
    hidden = types.SimpleNamespace(get=cached)
    del module.cached
    assert any(each is hidden.get for each in caches([module]))
    assert not any(each is hidden.get for each in caches([types]))


VARIABLE = contextvars.ContextVar("scratch")


@pytest.mark.parametrize("what", ["environ", "directory", "context"])
def test_the_world_is_seen(what, monkeypatch, tmp_path):
    before = world()
    assert not differ(before, world())
    if what == "environ":
        monkeypatch.setenv("SCRATCH", "1")
    elif what == "directory":
        monkeypatch.chdir(tmp_path)
    else:
        token = VARIABLE.set(object())
    assert differ(before, world())
    if what == "context":
        VARIABLE.reset(token)


def test_a_generator_that_went_on_is_another():
    numbers = (x for x in itertools.count())
    before = of_value(numbers)
    next(numbers)
    assert differ(before.found, of_value(numbers).found)
    assert not before.same()


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held):
        self.held = held


def nested():
    leaves = st.integers() | st.text(max_size=3)
    holders = (
        lambda inner: st.lists(inner, max_size=3),
        lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
        lambda inner: st.builds(Slotted, inner),
        lambda inner: st.builds(types.SimpleNamespace, held=inner),
        lambda inner: st.lists(inner, max_size=3).map(deque),
        lambda inner: st.binary(max_size=3).map(bytearray),
    )
    return st.recursive(leaves, lambda inner: st.one_of([each(inner) for each in holders]), max_leaves=12)


def holders_in(value):
    inner = []
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list | deque):
        inner = list(value)
    elif isinstance(value, Slotted | types.SimpleNamespace):
        inner = [value.held]
    found = [] if isinstance(value, int | str) else [value]
    return found + [each for one in inner for each in holders_in(one)]


def put_into(holder):
    if isinstance(holder, dict):
        holder["another"] = object()
    elif isinstance(holder, bytearray):
        holder.append(1)
    elif isinstance(holder, list | deque):
        holder.append(object())
    else:
        holder.held = object()


@given(nested(), st.randoms(use_true_random=False))
def test_what_another_look_would_see_is_known_without_it(value, rng):
    before = of_value(value)
    assert before.same()
    if holders := holders_in(value):
        put_into(rng.choice(holders))
        assert not (differ(before.found, of_value(value).found) and before.same())


def test_of_much_only_the_size_is_kept_in_mind():
    much = {"all": list(range(10_000))}
    before = of_value(much)
    much["all"][0] = object()
    assert before.same()
    much["all"].append(1)
    assert not before.same()
