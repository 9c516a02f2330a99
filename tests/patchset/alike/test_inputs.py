"""Calls that are made up for a function."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from assay.patchset.alike.inputs import CALLS, arguments


def function(source):
    return ast.parse(source).body[0]


def made(source, tests="", *, bound=False):
    body = function(source)
    return arguments(body, body.name, [ast.parse(tests)], [body], bound=bound)


def positional(calls):
    return [call.positional for call in calls]


def test_calls_of_tests_come_first_and_as_they_are():
    tests = "def test_f():\n    assert f(3, by='x') == 4\n    assert f(other) == g(5)\n"
    first, *rest = made("def f(n, by=''):\n    return n\n", tests)
    assert (first.positional, first.named, first.made_up) == (("3",), (("by", "'x'"),), False)
    assert rest and all(call.made_up for call in rest)


def test_examples_in_docstrings_are_made_up_calls():
    example = 'def f(n):\n    """Words.\n\n    >>> f("shown")\n    1\n    >>> f(\n    >>> x = 3\n    """\n'
    first = made(example)[0]
    assert (first.positional, first.made_up) == (("'shown'",), True)


def test_rows_of_parametrised_tests_are_tried():
    rows = "@pytest.mark.parametrize('a, b, c', [(17, 'q', 1), (19, 'r', 2)])\n"
    tests = rows + "def test_f(a, b, c):\n    f(a, b)\n"
    assert positional(made("def f(a, b):\n    pass\n", tests))[:2] == [("17", "'q'"), ("19", "'r'")]


def test_annotations_and_defaults_say_what_is_given():
    kinds = {
        type(ast.literal_eval(text)) for (text,) in positional(made("def f(n: 'int | None'):\n    pass\n"))
    }
    assert kinds == {int, type(None)}
    kinds = {type(ast.literal_eval(row[0])) for row in positional(made("def f(n=''):\n    pass\n")) if row}
    assert kinds == {str}


def test_defaults_are_left_to_the_function_as_well():
    rows = positional(made("def f(n: int, by: int = 3):\n    pass\n"))
    assert {len(row) for row in rows} == {1, 2}


def test_numbers_in_the_body_are_tried_with_their_neighbours():
    values = {row[0] for row in positional(made("def f(n: int):\n    return n > 41\n"))}
    assert {"40", "41", "42"} <= values


def test_what_needs_words_is_called_as_tests_do_or_not_at_all():
    assert made("def f(*, n):\n    pass\n") == ()
    assert len(made("def f(*, n):\n    pass\n", "def test_f():\n    f(n=2)\n")) == 1


def test_a_receiver_fills_the_first_parameter():
    assert {len(row) for row in positional(made("def f(self, n: int):\n    pass\n", bound=True))} == {1}


def test_what_could_take_long_is_not_given():
    calls = made("def f(n: int):\n    return n > 10 ** 9 + 123456789\n", "def test_f():\n    f(99999999)\n")
    assert all(abs(int(row[0])) <= 10_001 for row in positional(calls))


@given(
    st.integers(0, 4),
    st.lists(
        st.sampled_from(["int", "str", "list[int]", "Optional[str]", "Any", "'dict'"]), min_size=4, max_size=4
    ),
)
def test_calls_are_different_bounded_and_literal(count: int, notes: list[str]):
    names = ", ".join(f"p{index}: {notes[index]}" for index in range(count))
    calls = made(f"def f({names}):\n    return 5\n")
    assert 1 <= len(calls) <= CALLS
    assert len(set(calls)) == len(calls)
    for call in calls:
        assert len(call.positional) == count
        for text in call.positional:
            assert text == "set()" or repr(ast.literal_eval(text)) == text


def test_what_cannot_be_read_back_is_no_argument():
    tests = "def test_f():\n    f((1, ...))\n    f(...)\n    f([set()])\n    x: tuple[int, ...]\n"
    calls = made("def f(n: list = ...):\n    return n[..., 0]\n", tests)
    assert positional(calls)[0] == ("[set()]",)
    assert not any("Ellipsis" in text for call in calls for text in call.positional)
