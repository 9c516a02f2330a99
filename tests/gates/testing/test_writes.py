"""Where functions may write to what outlives their call."""

import pytest

from assay.gates.testing.units import outline
from assay.gates.testing.writes import OWN, WORLD, Writes, changes_itself

HEAD = """
import os, sys, random
from pkg import registry
from . import settings
CACHE = {}
class C:
    shared = []
"""


def of(body, head="def f(self, a, cache={}):"):
    source = HEAD + head + "\n" + "".join(f"    {line}\n" for line in body.splitlines())
    found = outline(source.encode())
    return Writes(found).of(found.units[-1].node)


@pytest.mark.parametrize(
    "body",
    [
        "x = []\nx.append(a)\nreturn x",
        "self.x = 1\na.y[0] = 2",
        "for each in a:\n    each.z = 1",
        "with open(a) as stream:\n    stream.seek(0)",
        "return sorted(CACHE)",
        "def inner(b):\n    b.x = 1\nreturn inner",
        "{}.update(a)\nlist(a).append(1)\nsuper().update(a)",
        "setattr(self, 'x', 1)",
    ],
)
def test_what_is_the_call_s_own_does_not_outlive_it(body):
    assert of(body) == frozenset()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("global CACHE\nCACHE = a", {OWN}),
        ("CACHE[a] = 1", {OWN}),
        ("CACHE.setdefault(a, []).append(1)", {OWN}),
        ("del CACHE[a]", {OWN}),
        ("C.count = 1", {OWN}),
        ("self.__class__.count += 1", {OWN}),
        ("type(self).count = 1", {OWN}),
        ("self.shared.append(a)", {OWN}),
        ("cache[a] = 1", {WORLD}),
        ("setattr(C, 'x', a)", {OWN}),
        ("registry.add(a)", {"pkg registry"}),
        ("settings.DEBUG = True", {". settings"}),
        ("os.environ['A'] = a", {"os "}),
        ("sys.path.append(a)", {"sys "}),
        ("os.chdir(a)", {WORLD}),
        ("random.seed(1)", {WORLD}),
        ("somewhere.x = 1", {WORLD}),
    ],
)
def test_what_outlives_the_call(body, expected):
    assert of(body) == expected


def test_a_class_method_writes_to_its_class():
    assert of("cls.x = 1", head="def f(cls, a):") == {OWN}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.x = 1", True),
        ("self.x.append(1)", True),
        ("self.x[0].y = 1", True),
        ("del self.x", True),
        ("setattr(self, 'x', 1)", True),
        ("a.x = 1", False),
        ("x = self.x\nreturn x", False),
    ],
)
def test_methods_that_change_what_they_are_called_on(body, expected):
    source = "def f(self, a):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    assert changes_itself(outline(source.encode()).units[0].node) is expected
