from __future__ import annotations

from itertools import product

import pytest

from assay.ledger.states import TRANSITIONS, IllegalTransition, State, check


def test_every_state_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == set(State)


def test_what_was_published_is_never_taken_back_or_judged_again() -> None:
    assert TRANSITIONS[State.PUBLISHED] <= {State.PUBLISHED, State.DONE, State.FAILED, State.INTERRUPTED}


def test_publishing_ends_only_where_recovery_knows_what_happened() -> None:
    assert not TRANSITIONS[State.PUBLISHING] & {State.DONE, State.FAILED, State.INTERRUPTED}


def test_from_every_state_a_settled_one_can_be_reached() -> None:
    for state in State:
        seen, todo = {state}, [state]
        while todo:
            for following in TRANSITIONS[todo.pop()] - seen:
                seen.add(following)
                todo.append(following)
        assert any(each.settled for each in seen), state


def test_settled_runs_stay_settled() -> None:
    for state in State:
        if state.settled:
            assert all(following.settled for following in TRANSITIONS[state]), state


def test_check_allows_exactly_the_table() -> None:
    for old, new in product(State, State):
        if new in TRANSITIONS[old]:
            check("t", old, new)
        else:
            with pytest.raises(IllegalTransition, match=f"from {old} to {new}"):
                check("t", old, new)
