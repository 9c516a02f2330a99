"""Mutants of changed lines: one small change each, of those lines only, that compiles and means something."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from assay.risk.evidence.mutation.propose import Judge, Unreadable, propose

SOURCE = '''"""Docs with 1 < 2."""
import os

__all__ = ["f"]
LIMIT: "int" = 10

def f(a, b=2, *, c=True):
    """Docs."""
    if a < 3 and not b:
        log.info("seen %s", a + 1)
        return a + 1
    for i in range(3):
        if i in (1,
                 2):
            continue
        a += i
        c[a - 1:-1] = "s"
    try:
        g(a, b)
    except ValueError as error:
        raise KeyError("no %s" % a) from error
    while a >= b:
        break
    del c[0]
    await_ = [y for y in a if y > 0] if a else -b
    assert a == b, "not " + a
    return None

def __repr__(self):
    return "x" + self

if __name__ == "__main__":
    f(1, 2)
'''
EVERY = frozenset(range(1, len(SOURCE.splitlines()) + 1))


def of(body, lines=EVERY):
    """(operator, before, after) of all mutants of a function's body."""
    return {(p.operator, p.before, p.after) for p in propose(f"def f(a, b, c):\n    {body}\n", lines)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a < b", ("boundary", "a < b", "a <= b")),
        ("return a == b", ("negated comparison", "a == b", "a != b")),
        ("return a in b", ("negated comparison", "a in b", "a not in b")),
        ("return(a)is(b)", ("negated comparison", "(a)is(b)", "(a) is not (b)")),
        ("return a and b", ("and/or", "a and b", "a or b")),
        ("return not a", ("dropped not", "not a", "(a)")),
        ("return a // b", ("arithmetic", "a // b", "a * b")),
        ("a -= b", ("arithmetic", "a -= b", "a += b")),
        ("return 7", ("constant", "7", "8")),
        ("return x[-1]", ("constant", "1", "2")),
        ("return 'x'", ("constant", "'x'", "'xXX'")),
        ("return True", ("constant", "True", "False")),
        ("return a.b", ("return value", "return a.b", "return None")),
        ("a.b()", ("removed call", "a.b()", "pass")),
        ("a.b = c", ("removed statement", "a.b = c", "pass")),
        ("del a[b]", ("removed statement", "del a[b]", "pass")),
        ("raise a", ("removed raise", "raise a", "pass")),
        ("raise ValueError(a)", ("exception type", "raise ValueError(a)", "raise RuntimeError(a)")),
        ("x = f(a, b)", ("swapped arguments", "f(a, b)", "f(b, a)")),
        ("x = f(a, b)", ("dropped argument", "f(a, b)", "f(a)")),
        ("return a if b else c", ("swapped choice", "a if b else c", "c if b else a")),
        ("return a[b:c]", ("slice bound", "b:c", ":c")),
        ("return [x for x in a if x]", ("forced condition", "x", "True")),
        ("for x in a: continue", ("continue", "continue", "break")),
        ("if a: b = c", ("forced condition", "a", "True")),
        ("while a: b = c", ("forced condition", "a", "False")),
    ],
)
def test_operators(body, expected):
    assert expected in of(body)


def test_the_type_of_an_exception_that_is_caught_is_a_mutant():
    assert ("caught exception", "A", "()") in of("try: b\n    except A: c")


@pytest.mark.parametrize(
    "body",
    [
        "logger.warning('a %s', b + 1)",
        "self.log.debug('a', 1)",
        "warnings.warn('gone', stacklevel=2)",
        "print(1)",
        "x: Literal[1, 'a']",
        "global a",
        "import a.b",
        "x: int = b",
        "x = b",
        "yield",
        "T = TypeVar('T', bound=1)",
        "'''Only docs, 1 < 2.'''",
    ],
)
def test_what_no_test_is_meant_to_notice_is_left_alone(body):
    assert of(body) == set()


def test_messages_of_errors_are_left_alone_and_conditions_of_assertions_are_not():
    assert of("raise a.b('not %s' % c)") == {("removed raise", "raise a.b('not %s' % c)", "pass")}
    assert of("assert a > 1, 'not ' + b") == {
        ("boundary", "a > 1", "a >= 1"),
        ("negated comparison", "a > 1", "a <= 1"),
        ("constant", "1", "2"),
    }


def test_declarations_texts_for_people_and_scripts_are_left_alone():
    lines = {proposal.line for proposal in propose(SOURCE, EVERY)}
    assert not {1, 2, 4, 8, 10, 29, 30, 32, 33} & lines
    assert {5, 7, 9, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 26} <= lines


@settings(deadline=None, max_examples=20)
@given(st.sets(st.sampled_from(sorted(EVERY))))
def test_only_changed_lines_are_touched_and_each_mutant_compiles_to_something_else(lines):
    judge = Judge(SOURCE)
    for proposal in propose(SOURCE, lines):
        assert proposal.line in lines
        mutant = proposal.of(SOURCE)
        assert judge.tells(proposal)
        assert mutant[: proposal.start] == SOURCE[: proposal.start]
        assert mutant.endswith(SOURCE[proposal.end :])
        assert ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(SOURCE))


def test_what_compiles_to_the_same_or_not_at_all_tells_nothing():
    dead = "def f(a):\n    return a\n    b = 1\n"
    (constant,) = [proposal for proposal in propose(dead, {3}) if proposal.operator == "constant"]
    assert not Judge(dead).tells(constant)
    assert not Judge("x = 1\n").tells(structs.replace(constant, start=4, end=5, text="="))
    assert Judge("x = 1\n").tells(structs.replace(constant, start=4, end=5))
    assert Judge("def f(:").tells(constant)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_did(end):
    source = f"x = 'a\x0cb'{end}y = 1{end}z = 2{end}"
    (proposal,) = propose(source, {3})
    assert proposal.of(source) == f"x = 'a\x0cb'{end}y = 1{end}z = 3{end}"


def test_what_is_no_python_is_unreadable():
    with pytest.raises(Unreadable):
        propose("def f(:\n", {1})


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "+".join(["a"] * 20_000),
        "x = " + "(" * 5_000 + "1" + ")" * 5_000,
        "x = " + "-" * 5_000 + "1",
        "x = a" + ".b()" * 5_000,
        "x = \x00",
    ],
    ids=["chain", "nesting", "signs", "calls", "null"],
)
def test_what_is_built_to_break_a_parser_is_unreadable(source):
    with pytest.raises(Unreadable):
        propose(source, {1})


def test_what_is_long_costs_in_proportion():
    chain = propose("x = f(" + "<".join(["a"] * 1_000) + ", 1)\n", {1})
    assert 0 < len(chain) < 50
    assert len(propose("x = [" + "1," * 2_000 + "]\n", {1})) == 100
