"""Names that come to be between two looks are taken away again."""

import re
import types

import pytest

from assay.gates.inject.lazy import form, undo
from assay.gates.inject.states import differ, of_module

SOURCE = """
CACHE = None
LIST = []
class Thing:
    one = None
THING = Thing()
"""


@pytest.fixture
def module():
    made = types.ModuleType("scratch")
    exec(SOURCE, vars(made))
    return made


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("global CACHE; CACHE = {}", "scratch.CACHE"),
        ("global NEW; NEW = 1", "scratch.NEW"),
        ("Thing.one = Thing()", "Thing.one"),
        ("Thing.two = []", "Thing.two"),
        ("THING.value = 3", "Thing.value"),
    ],
)
def test_what_came_to_be_is_told_and_undone(module, change, name):
    before = of_module(module)
    exec(f"def act():\n    {change}\nact()", vars(module))
    vars(module).pop("act")
    assert [each for each, _ in undo(before, of_module(module))] == [name]
    assert not differ(before.found, of_module(module).found)


@pytest.mark.parametrize("change", ["LIST.append(1)", "global LIST; LIST = [1]", "global LIST; del LIST"])
def test_what_changed_otherwise_stays(module, change):
    before = of_module(module)
    exec(f"def act():\n    {change}\nact()", vars(module))
    vars(module).pop("act")
    assert undo(before, of_module(module)) == []
    assert differ(before.found, of_module(module).found)


def test_a_submodule_that_was_loaded_stays(module):
    before = of_module(module)
    vars(module)["sub"] = types.ModuleType("scratch.sub")
    assert undo(before, of_module(module)) == []
    assert "sub" in vars(module)


def test_what_is_made_anew_in_the_same_way_has_the_same_form():
    def make(word):
        return [{"a": word, "b": re.compile("x+"), "c": (1, None, len)}]

    assert form(make("one")) == form(make("one"))
    assert form(make("one")) != form(make("two"))
    assert form(re.compile("x")) != form(re.compile("y"))
    assert form([]) != form({})
