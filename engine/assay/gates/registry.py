"""Which gates a policy means, by name.

Promises: each name of the policy's `gates` gives exactly one gate, in the policy's order; shipped gates
first, then the policy's own `command` entries, then entry points of the group `assay.gates` from Assay's
own installation (never the project's, invariant 3). Nothing is imported that the policy does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from assay.gates.protocol import Gate
from assay.model.errors import BadInput
from assay.policy.schema import Policy

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "assay.gates"

SHIPPED = {
    "apply": "assay.gates.apply:ApplyGate",
    "scope": "assay.gates.scope:ScopeGate",
    "compile": "assay.gates.compile:CompileGate",
    "lint": "assay.gates.lint:LintGate",
    "security": "assay.gates.security:SecurityGate",
    "tests": "assay.gates.tests:TestsGate",
    "acceptance": "assay.gates.acceptance:AcceptanceGate",
}


def gates_for(policy: Policy) -> tuple[Gate, ...]:
    """The gates that this policy names, in its order. Raises `BadInput` for a name that nothing answers to,
    a name given twice, and a third-party gate that cannot be loaded."""
    repeated = {name for name in policy.gates if policy.gates.count(name) > 1}
    if repeated:
        raise BadInput(
            f"the policy lists the gate {min(repeated)!r} twice", where=policy.name, fix="list each gate once"
        )
    return tuple(_gate(name, policy) for name in policy.gates)


def known_names(policy: Policy) -> tuple[str, ...]:
    """Every name that this policy could list, sorted."""
    third_party = {point.name for point in entry_points(group=GROUP)}
    return tuple(sorted({*SHIPPED, *(command.name for command in policy.command), *third_party}))


def entry_points(*, group: str, name: str | None = None) -> Iterable[EntryPoint]:
    """The library's own, imported only for a policy that names what nothing else answers to."""
    from importlib import metadata

    found = metadata.entry_points(group=group)
    return found if name is None else found.select(name=name)


def _gate(name: str, policy: Policy) -> Gate:
    if name in SHIPPED:
        module, _, factory = SHIPPED[name].partition(":")
        make: Callable[[], Gate] = getattr(import_module(module), factory)
        return make()
    if any(command.name == name for command in policy.command):
        return _command_gate(policy, name)
    points = tuple(entry_points(group=GROUP, name=name))
    if points:
        return _load(points[0])
    raise BadInput(
        f"no gate is called {name!r}",
        where=f"policy {policy.name}",
        fix=f"known gates: {', '.join(known_names(policy))}",
    )


def _command_gate(policy: Policy, name: str) -> Gate:
    from assay.gates.command import CommandGate, check_command

    entries = [command for command in policy.command if command.name == name]
    if len(entries) > 1:
        raise BadInput(
            f"two command gates are called {name!r}", where=f"policy {policy.name}", fix="rename one"
        )
    check_command(entries[0], f"policy {policy.name}")
    return CommandGate(entries[0])


def _load(point: EntryPoint) -> Gate:
    try:
        gate: Gate = point.load()()
    except Exception as error:
        # Third-party code may raise anything; all of it means that the installation is not usable.
        raise BadInput(
            f"the gate {point.name!r} cannot be loaded ({type(error).__name__}: {error})",
            where=point.value,
            fix="repair or uninstall that package",
        ) from error
    return gate
