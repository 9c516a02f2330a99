"""Code within reach of a project looks nothing up when it runs."""

import builtins
import types

import pytest

from assay.gates.inject.boot import WITHIN_REACH
from assay.gates.inject.constants import embed, fix
from assay.gates.inject.held import held, source

TEXT = """
from os import sep

LIMIT = 3

def outer(values, *more):
    found = [len(value) for value in values if len(value) < LIMIT]
    def inner():
        return LIMIT, sep, found
    try:
        raise ValueError(values)
    except ValueError as error:
        assert isinstance(error, Exception)
    return inner()
"""


def loaded(text):
    space = {"__builtins__": dict(vars(builtins))}
    exec(compile(text, "<string>", "exec"), space)
    return space, fix(space)


def nested(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested(constant)


def test_what_is_changed_later_is_not_asked():
    space, _ = loaded(held(TEXT))
    whole = space["outer"](["a", "four"])
    space["__builtins__"].clear()
    space.update(LIMIT=0, sep="x", __builtins__={})
    assert space["outer"](["a", "four"]) == whole == (3, "/", [1])


@pytest.mark.parametrize("name", WITHIN_REACH)
def test_no_function_within_reach_looks_up_a_name(name):
    _, functions = loaded(source(name))
    assert functions
    for function in functions:
        assert function.__closure__ is None
        for code in nested(function.__code__):
            # What is left are names of attributes.
            loads = [item for item in dis_of(code) if item.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
            assert not loads, (function.__name__, loads)


def dis_of(code):
    import dis

    return list(dis.get_instructions(code))


def test_what_stands_for_nothing_is_left_alone():
    code = compile("x = '@name'", "t", "exec")
    assert embed(code, {"@other": 1}) is code
    space = {}
    exec(embed(code, {"@name": [1]}), space)
    assert space["x"] == [1]
