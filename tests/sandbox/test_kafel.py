"""What the reader of Kafel understands, and that it refuses the rest with a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import Unsound
from assay.sandbox.kafel import (
    Both,
    Compare,
    Condition,
    Either,
    Masked,
    Name,
    Number,
    Policy,
    Rule,
    Value,
    parse,
)
from assay.sandbox.seccomp import policy


def is_equal(name: str, value: int, *, equal: bool = True) -> Compare:
    return Compare(left=Name(name=name), right=Number(value=value), equal=equal)


def condition(text: str) -> Condition | None:
    (rule,) = parse(f"ERRNO(1) {{ call {{ {text} }} }} DEFAULT ALLOW").rules
    return rule.condition


def test_a_policy_is_its_rules_in_the_order_in_which_they_are_tried() -> None:
    found = parse(
        """
        // A comment: POLICY { none of this counts
        POLICY first { ERRNO(1) { one, two ON x86_64 }, ERRNO(38) { SYSCALL[470] } }
        POLICY second { ALLOW { one }, USE first, ERRNO(2) {} } // and one more
        POLICY nothing {}
        USE second, ERRNO(5) { three ON arm64 { a == 1 } }
        USE nothing DEFAULT ERRNO(13)
        """
    )
    first = (
        Rule(call="one", error=1),
        Rule(call="two", error=1, machine="x86_64"),
        Rule(call=470, error=38),
    )
    last = Rule(call="three", error=5, machine="aarch64", condition=is_equal("a", 1))
    assert found == Policy(rules=(Rule(call="one", error=None), *first, last), default=13)


def test_a_policy_that_is_not_used_does_not_count() -> None:
    assert parse("POLICY unused { ERRNO(1) { one } } DEFAULT ALLOW") == Policy(rules=(), default=None)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a == 0x10", is_equal("a", 16)),
        ("a != 10", is_equal("a", 10, equal=False)),
        ("((a)) == (1)", is_equal("a", 1)),
        (
            "a & 3 == b",
            Compare(
                left=Masked(left=Name(name="a"), right=Number(value=3)), right=Name(name="b"), equal=True
            ),
        ),
        (
            "a == 1 || b == 2 && c == 3",
            Either(left=is_equal("a", 1), right=Both(left=is_equal("b", 2), right=is_equal("c", 3))),
        ),
        (
            "(a == 1 || b == 2) && c == 3",
            Both(left=Either(left=is_equal("a", 1), right=is_equal("b", 2)), right=is_equal("c", 3)),
        ),
        (
            "a == 1 && b == 2 && c == 3",
            Both(left=Both(left=is_equal("a", 1), right=is_equal("b", 2)), right=is_equal("c", 3)),
        ),
    ],
)
def test_conditions_bind_as_in_kafel(text: str, meaning: Condition) -> None:
    assert condition(text) == meaning


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "1:1", "there is no DEFAULT"),
        ("USE none DEFAULT ALLOW", "1:5", "no policy of this name so far: 'none'"),
        ("POLICY a {} POLICY a {} DEFAULT ALLOW", "1:20", "a second policy of this name: 'a'"),
        ("POLICY a { USE a } DEFAULT ALLOW", "1:16", "no policy of this name so far: 'a'"),
        ("DEFAULT ALLOW DEFAULT ALLOW", "1:15", "a second DEFAULT"),
        ("DEFAULT KILL", "1:9", "not an action that is known here (ERRNO, ALLOW): 'KILL'"),
        ("ERRNO(5000) { a } DEFAULT ALLOW", "1:7", "not the number of an error"),
        ("ERRNO(1) { a\n  b } DEFAULT ALLOW", "2:3", "not the } that belongs here: 'b'"),
        ("ERRNO(1) { a, } DEFAULT ALLOW", "1:15", "not a name: '}'"),
        ("ERRNO(1) { USE } DEFAULT ALLOW", "1:12", "not a name: 'USE'"),
        ("ERRNO(1) { a ON mips } DEFAULT ALLOW", "1:17", "not a machine"),
        ("ERRNO(1) { a(fd) } DEFAULT ALLOW", "1:13", "not the } that belongs here: '('"),
        ("ERRNO(1) { SYSCALL[0x100000000] } DEFAULT ALLOW", "1:20", "not the number of a call"),
        ("ERRNO(1) { a { } } DEFAULT ALLOW", "1:16", "not a name: '}'"),
        ("ERRNO(1) { a { b } } DEFAULT ALLOW", "1:16", "a value where a condition belongs: 'b'"),
        ("ERRNO(1) { a { b && c == 1 } } DEFAULT ALLOW", "1:16", "a value where a condition belongs"),
        ("ERRNO(1) { a { (b == 1) & 1 == 0 } } DEFAULT ALLOW", "1:16", "a condition where a value belongs"),
        ("ERRNO(1) { a { b == 1 == 2 } } DEFAULT ALLOW", "1:23", "not the } that belongs here: '=='"),
        ("ERRNO(1) { a { b == 1, c == 2 } } DEFAULT ALLOW", "1:22", "not the } that belongs here: ','"),
        ("ERRNO(1) { a { b < 1 } } DEFAULT ALLOW", "1:18", "not of the language"),
        ("ERRNO(1) { a { !(b == 1) } } DEFAULT ALLOW", "1:16", "not of the language"),
        ("ERRNO(1) { a { b | 1 == 1 } } DEFAULT ALLOW", "1:18", "not of the language"),
        ("ERRNO(1) { a { b == 017 } } DEFAULT ALLOW", "1:21", "not of the language"),
        ("ERRNO(1) { a { b == 1a } } DEFAULT ALLOW", "1:21", "not of the language"),
        ("ERRNO(1) { a { b == -1 } } DEFAULT ALLOW", "1:21", "not of the language"),
        ("ERRNO(1) { a { b == 0x10000000000000000 } } DEFAULT ALLOW", "1:21", "more than 64 bits"),
        ("/* no */ DEFAULT ALLOW", "1:1", "not of the language"),
        ("#define A 1\nDEFAULT ALLOW", "1:1", "not of the language"),
        ("ERRNO(1) { a {" + "(" * 200, "1:115", "parentheses too deep"),
        ("ERRNO(1) { a", "1:13", "not the } that belongs here"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(Unsound) as error:
        parse(text)
    assert error.value.where == where
    assert what in error.value.what


def test_the_shipped_list_is_understood_for_every_machine() -> None:
    for machine in ("x86_64", "aarch64"):
        found = parse(policy(machine))
        assert found.default is None
        assert {rule.error for rule in found.rules} == {1, 38, 93, 95, 97}


names = st.sampled_from(("a", "b", "some_name", "x9"))
values: st.SearchStrategy[Value] = st.recursive(
    st.builds(Number, value=st.integers(0, (1 << 64) - 1)) | st.builds(Name, name=names),
    lambda inner: st.builds(Masked, left=inner, right=inner),
    max_leaves=4,
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.builds(Compare, left=values, right=values, equal=st.booleans()),
    lambda inner: st.builds(Both, left=inner, right=inner) | st.builds(Either, left=inner, right=inner),
    max_leaves=6,
)
errors = st.none() | st.integers(0, 4095)
rules = st.builds(
    Rule,
    call=names | st.integers(0, (1 << 32) - 1),
    error=errors,
    machine=st.sampled_from(("", "x86_64", "aarch64")),
    condition=st.none() | conditions,
)


def written(part: Value | Condition) -> str:
    if isinstance(part, Number):
        return hex(part.value)
    if isinstance(part, Name):
        return part.name
    if isinstance(part, Compare):
        sign = "==" if part.equal else "!="
    else:
        sign = {Masked: "&", Both: "&&", Either: "||"}[type(part)]
    return f"({written(part.left)}) {sign} ({written(part.right)})"


def action(error: int | None) -> str:
    return "ALLOW" if error is None else f"ERRNO({error})"


def block(rule: Rule) -> str:
    call = f"SYSCALL[{rule.call}]" if isinstance(rule.call, int) else rule.call
    guard = f" ON {rule.machine}" if rule.machine else ""
    when = f" {{ {written(rule.condition)} }}" if rule.condition is not None else ""
    return f"{action(rule.error)} {{ {call}{guard}{when} }}"


@given(st.builds(Policy, rules=st.lists(rules, min_size=1, max_size=5).map(tuple), default=errors))
def test_what_is_written_is_read(found: Policy) -> None:
    text = ", ".join(map(block, found.rules)) + f" DEFAULT {action(found.default)}"
    assert parse(text) == found
