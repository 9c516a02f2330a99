"""Which candidates may be graded quickly, and that what lands never is."""

import pytest
from msgspec import structs

from assay.policy.pace import Pace, paced
from assay.policy.schema import Policy, Select, Tests


def policy(select=Select.MANY, warm=True):
    return Policy(name="p", tests=Tests(select=select, warm=warm))


@pytest.mark.parametrize(
    ("select", "pace", "settled"),
    [
        (Select.MANY, Pace.TOGETHER, Select.ALWAYS),
        (Select.MANY, Pace.CHOSEN, Select.NEVER),
        (Select.MANY, Pace.ALONE, Select.NEVER),
        (Select.ALWAYS, Pace.ALONE, Select.ALWAYS),
        (Select.MANY, Pace.LANDING, Select.NEVER),
        (Select.MANY, Pace.FULL, Select.NEVER),
        (Select.ALWAYS, Pace.CHOSEN, Select.ALWAYS),
        (Select.ALWAYS, Pace.LANDING, Select.ALWAYS),
        (Select.ALWAYS, Pace.FULL, Select.NEVER),
        (Select.NEVER, Pace.TOGETHER, Select.NEVER),
    ],
)
def test_only_what_does_not_land_runs_a_selection_unless_the_policy_says_so(select, pace, settled):
    assert paced(policy(select), pace).tests.select is settled


def test_what_lands_starts_anew():
    assert paced(policy(), Pace.TOGETHER).tests.warm
    assert paced(policy(), Pace.CHOSEN).tests.warm
    assert not paced(policy(), Pace.ALONE).tests.warm
    assert not paced(policy(), Pace.LANDING).tests.warm
    assert not paced(policy(), Pace.FULL).tests.warm
    assert not paced(policy(warm=False), Pace.TOGETHER).tests.warm


def test_a_warm_linter_is_for_several_candidates():
    """For one it costs more than it saves; and what lands starts anew."""
    warm = {pace for pace in Pace if paced(policy(), pace).lint.warm}
    assert warm == {Pace.TOGETHER, Pace.CHOSEN}


def test_a_quick_run_and_a_thorough_one_have_different_digests():
    """Invariant 8: a selection's pass is never served where everything has to run."""
    quick, landing = paced(policy(), Pace.TOGETHER), paced(policy(), Pace.LANDING)
    assert quick.digest != landing.digest
    assert structs.replace(paced(policy(), Pace.TOGETHER), digest="") == structs.replace(quick, digest="")
