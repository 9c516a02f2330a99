"""Which calls to probe several candidates of one base with.

Promises: reads git objects and runs nothing; inputs come from the base's own tests and from what all the
candidates hold, so that every tree is asked the same. What one of them lacks is not asked of any. Within
bounds: `TARGETS` functions and `CALLS` calls in all, what changed first.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from assay.gates.syntax import Function
from assay.model.candidate import Candidate
from assay.patchset.alike.inputs import Arguments, arguments
from assay.patchset.alike.probing import Call
from assay.patchset.alike.sources import Trees, mentioning, read, sources
from assay.patchset.alike.targets import Target, changed, definitions, reaching, target
from assay.repo.globs import Matcher
from assay.repo.repository import Repository

TARGETS = 24
CALLS = 240
_TEST_FILES = 60
_OTHER_FILES = 300
_RECEIVERS = 2


def plan(
    repo: Repository,
    candidates: Sequence[Candidate],
    is_test: Matcher,
    *,
    elsewhere: bool = False,
    within: Container[tuple[str, str]] | None = None,
) -> tuple[Call, ...]:
    """The calls for `candidates`, which are of one base and have trees. With `elsewhere`, functions of files
    that none of them changes are called, too, if they get to what changed. `within` are the only ones (path
    and symbol) to call."""
    base = candidates[0].base.tree
    paths = {change.path for candidate in candidates for change in candidate.changes if change.new_mode}
    paths = {path for path in paths if PurePosixPath(path).suffix == ".py" and not is_test(path)}
    before = read(repo, base, paths)
    after = [read(repo, str(candidate.tree), paths) for candidate in candidates]
    names = {
        symbol.rsplit(".", 1)[-1]
        for version in after
        for path in paths
        for symbol in changed(before.get(path), version.get(path))
    }
    if not names:
        return ()
    files = sources(repo, base)
    others = mentioning(repo, files, names, lambda path: elsewhere and not is_test(path), _OTHER_FILES)
    shown = {**others, **before, **after[0]}
    versions = [{**others, **version} for version in after]
    packages = frozenset(
        str(PurePosixPath(entry.path).parent) for entry in files if entry.path.endswith("__init__.py")
    )
    every = _targets(shown, versions, names, packages)
    found = [one for one in every if within is None or (one.path, one.symbol) in within][:TARGETS]
    called = {name for one in found for name in one.symbol.split(".")}
    tests = list(mentioning(repo, files, called, is_test, _TEST_FILES).values())
    # One call of each before the second of any: what is cut is the least likely everywhere.
    queues = [list(_calls(one, shown, versions, tests)) for one in found]
    turns = range(max(map(len, queues), default=0))
    return tuple(queue[turn] for turn in turns for queue in queues if turn < len(queue))[:CALLS]


def _targets(
    shown: Trees, versions: Sequence[Trees], names: set[str], packages: frozenset[str]
) -> Iterator[Target]:
    kept = [{path: definitions(tree) for path, tree in version.items()} for version in versions]
    nodes = {path: definitions(tree) for path, tree in shown.items()}
    for path, symbol in reaching(shown, names):
        everywhere = all(isinstance(have.get(path, {}).get(symbol), ast.FunctionDef) for have in kept)
        if everywhere and (one := target(path, symbol, nodes[path][symbol], packages)) is not None:
            yield one


def _calls(
    one: Target, shown: Trees, versions: Sequence[Trees], tests: Sequence[ast.Module]
) -> Iterator[Call]:
    nodes = definitions(shown[one.path])
    function = nodes[one.symbol]
    assert isinstance(function, Function)
    found = (definitions(version[one.path])[one.symbol] for version in versions)
    bodies = [body for body in found if isinstance(body, Function)]
    owner = one.symbol.rpartition(".")[0]
    bound = bool(owner) and not any(
        isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list
    )
    receivers = _receivers(owner, nodes, tests) if one.receiver else (None,)
    for given in arguments(function, one.name, tests, bodies, bound=bound):
        for receiver in receivers:
            yield Call(target=one, arguments=given, init=receiver)


def _receivers(
    owner: str, nodes: Mapping[str, ast.stmt], tests: Sequence[ast.Module]
) -> tuple[Arguments, ...]:
    making = nodes.get(f"{owner}.__init__")
    if not isinstance(making, Function):
        return (Arguments(),)
    return arguments(making, owner, tests, (), bound=True)[:_RECEIVERS]
