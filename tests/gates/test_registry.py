"""Which gates a policy means."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from assay.gates import registry
from assay.model.errors import BadInput
from assay.policy.schema import Command, Policy


def test_the_default_gates_in_the_policys_order() -> None:
    gates = registry.gates_for(Policy(name="p"))
    assert [gate.name for gate in gates] == ["apply", "scope", "compile", "lint", "security", "tests"]


def test_command_entries_go_by_their_names() -> None:
    command = Command(name="go", run=("go", "vet"))
    gates = registry.gates_for(Policy(name="p", gates=("go", "apply"), command=(command,)))
    assert [gate.name for gate in gates] == ["go", "apply"]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            Policy(name="p", gates=("nope",)),
            "known gates: acceptance, apply, compile, lint, scope, security, tests",
        ),
        (Policy(name="p", gates=("apply", "apply")), "twice"),
        (Policy(name="p", gates=("c",), command=(Command(name="c", run=()),)), "runs nothing"),
        (Policy(name="p", gates=("c",), command=(Command(name="c", run=("x",)),) * 2), "two command gates"),
    ],
)
def test_what_names_nothing_is_bad_input(policy: Policy, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        registry.gates_for(policy)


def test_third_party_gates_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {
        "mine": EntryPoint("mine", "assay.gates.apply:ApplyGate", registry.GROUP),
        "broken": EntryPoint("broken", "no.such.module:X", registry.GROUP),
    }

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == registry.GROUP
        return [point for key, point in points.items() if name in (None, key)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    (gate,) = registry.gates_for(Policy(name="p", gates=("mine",)))
    assert gate.name == "apply"
    with pytest.raises(BadInput, match="broken"):
        registry.gates_for(Policy(name="p", gates=("broken",)))
    with pytest.raises(BadInput, match="mine"):
        registry.gates_for(Policy(name="p", gates=("nope",)))
