from __future__ import annotations

from collections.abc import Callable

from assay.policy.explain import BUILT_IN, explain
from assay.policy.schema import Policy


def test_every_setting_names_the_layer_that_set_it(load_base: Callable[..., Policy]) -> None:
    text = '[scope]\nmax_files = 3\nprotected = ["...", "x/**"]\n[limits]\nmemory = "1MiB"\n'
    found = {each.key: each for each in explain(load_base({"assay.toml": text}, pack="agent"))}
    assert found["scope.max_files"].source == "assay.toml of the base"
    assert found["scope.max_files"].value == 3
    assert found["scope.protected"].source == "assay.toml of the base"
    assert found["scope.protected"].value[-1] == "x/**"
    assert found["limits.memory"].value == 1024**2
    assert found["tests.from_base"].source == "pack agent"
    assert found["tests.flaky"].source == "pack default"
    assert found["limits.pids"].source == BUILT_IN
    assert found['scope.severity."scope/suppression"'].source == "pack agent"


def test_reserved_fields_are_no_settings(load_base: Callable[..., Policy]) -> None:
    keys = {each.key.partition(".")[0] for each in explain(load_base({}))}
    assert keys.isdisjoint({"name", "digest", "origin", "sources"})


def test_a_policy_made_by_hand_is_all_built_in() -> None:
    assert {each.source for each in explain(Policy(name="x"))} == {BUILT_IN}
