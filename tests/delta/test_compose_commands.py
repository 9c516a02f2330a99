"""Which commands follow from a report."""

import pytest
from msgspec.structs import replace
from tests.delta.conftest import candidate, finding, gate, report

from assay.delta.compose_commands import commands
from assay.model.report import Landed, PolicyStamp
from assay.model.verdict import Decision


def of(*candidates, **rest):
    return list(commands(report(*candidates, **rest)))


def refused(*rules, by="scope"):
    found = tuple(finding(rule=rule, path="tests/test_a.py", line=1, message="m") for rule in rules)
    return candidate(
        "a.patch", Decision.REJECTED, rejected_by=by, gates=(gate(by, "failed", findings=found),)
    )


def under(name, *overrides):
    return PolicyStamp(name=name, digest="d", overrides=overrides)


def test_what_is_accepted_can_land():
    accepted = candidate("a.patch")
    assert of(accepted) == [f"assay land {accepted.ref} --onto BRANCH"]


def test_many_are_named_by_their_sources():
    assert of(*(candidate(f"{n}.patch") for n in range(7))) == ["assay land SOURCE... --onto BRANCH"]


@pytest.mark.parametrize(
    ("policy", "options"),
    [
        (under("agent"), ""),
        (under("assay.toml"), ""),
        (under("strict"), " --policy strict"),
        (under("rules.toml"), " --policy FILE"),
        (under("agent", "--trust-tests"), " --trust-tests"),
        (under("default", "--acceptance", "--allow"), " --policy default --acceptance TESTS --allow GLOB"),
        (under("agent", "--require"), " --require LIST"),
    ],
)
def test_what_lands_is_held_to_the_rules_it_was_graded_by(policy, options):
    (land,) = of(candidate("a.patch"), policy=policy)
    assert land.endswith(f"--onto BRANCH{options}")


def test_of_what_is_refused_the_first_can_be_looked_at():
    one, other = refused("tests/newly-failing", by="tests"), candidate("b.patch", Decision.INCONCLUSIVE)
    found = report(one, other)
    assert list(commands(found)) == [f"assay audit show {found.transaction}", f"git show {one.ref}"]
    assert list(commands(replace(found, command="check"))) == [f"assay audit show {found.transaction}"]


def test_who_is_refused_for_changed_tests_alone_is_told_how_to_vouch_for_them():
    one = refused("scope/test-changed", "scope/test-expectation")
    assert of(one)[-1].startswith(f"assay grade {one.ref} --trust-tests  #")
    assert "--policy strict --trust-tests" in of(one, policy=under("strict"))[-1]


@pytest.mark.parametrize("rules", [("scope/test-changed", "scope/protected"), ("scope/protected",), ()])
def test_nobody_is_told_to_vouch_for_more_than_tests(rules):
    assert not any("--trust-tests" in command for command in of(refused(*rules)))


def test_what_has_landed_can_be_seen():
    landed = Landed(ref="refs/heads/main", old="1" * 40, new="2" * 40)
    assert of(candidate("a.patch"), landed=landed) == ["git show 2222222222"]
