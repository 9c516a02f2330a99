"""What a hook calls is compared without asking whoever may have been put in between."""

from unittest import mock

import pluggy
import pytest

from assay.gates.inject.hooking import Hooking
from assay.gates.inject.machinery import HOOKS

spec = pluggy.HookspecMarker("pytest")
impl = pluggy.HookimplMarker("pytest")


class Specs:
    """The hooks of a test, without arguments."""


for _name in HOOKS:
    setattr(Specs, _name, spec(lambda self: None))
    getattr(Specs, _name).__name__ = _name


class Plugin:
    @impl
    def pytest_pyfunc_call(self):
        return 1


@pytest.fixture
def manager():
    made = pluggy.PluginManager("pytest")
    made.add_hookspecs(Specs)
    made.register(Plugin())
    return made


def implementation(manager):
    return manager.hook.pytest_pyfunc_call.get_hookimpls()[0]


def test_nothing_changed(manager):
    hooking = Hooking(manager)
    assert hooking.whole()
    assert hooking.altered() == []


def test_a_function_that_took_another_s_place(manager):
    hooking = Hooking(manager)
    other = lambda: 2  # noqa: E731
    implementation(manager).function = other
    assert not hooking.whole()
    assert hooking.altered() == [("the hook pytest_pyfunc_call", other)]
    hooking.again()
    assert hooking.whole()


def test_a_plugin_that_came_later(manager):
    hooking = Hooking(manager)
    late = Plugin()
    manager.register(late)
    assert not hooking.whole()
    assert [(name, function.__self__) for name, function in hooking.altered()] == [
        ("the hook pytest_pyfunc_call", late)
    ]


def test_a_class_that_hides_what_is_there(manager):
    hooking = Hooking(manager)
    made = implementation(manager)
    old, other = made.function, lambda: 2
    made.function = other
    # pytest itself runs by these classes: nothing of it may run in between.
    with mock.patch.object(type(made), "function", property(lambda self: old)):
        whole, found = hooking.whole(), hooking.altered()
    assert not whole
    assert found == [("the hook pytest_pyfunc_call", other)]


def test_how_hooks_are_called(manager):
    hooking = Hooking(manager)
    manager._inner_hookexec = print
    assert hooking.altered() == [("how hooks are called", print)]


def test_a_function_that_is_gone(manager):
    hooking = Hooking(manager)
    made = implementation(manager)
    del made.function
    assert not hooking.whole()
    assert hooking.altered() == [("the hook pytest_pyfunc_call", None)]
    hooking.again()
    assert hooking.altered() == []
