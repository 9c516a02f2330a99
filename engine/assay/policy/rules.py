"""What a whole policy must hold beyond the types of its keys: globs, patterns, names, ranges.

Promises: pure; finds every problem. A rule that reads several keys blames the one a user would change.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from assay.policy.problem import Path, allowed
from assay.policy.schema import MIB, Command, Limits, Policy, ReportKind
from assay.policy.stakes import Collect

SHIPPED_GATES = ("apply", "scope", "compile", "lint", "security", "tests", "acceptance")

SCOPE_RULES = frozenset(
    f"scope/{rule}"
    for rule in (
        "protected-path",
        "not-allowed",
        "too-many-files",
        "too-many-lines",
        "blob-size",
        "symlink-escape",
        "submodule",
        "submodule-hostile",
        "git-name",
        "executable",
        "binary",
        "suppression",
        "config-weakened",
        "test-changed",
        "test-deleted",
        "test-weakened",
        "test-expectation",
        "test-helper",
        "test-hook",
        "test-tool",
        "test-detection",
        "grader",
        "always-equal",
        "frames",
        "modules",
        "process",
        "network",
        "subprocess",
        "eval",
        "deserialise",
        "native",
        "dependency",
        "dependency-source",
        "build-hook",
        "shadows",
        "unreadable",
        "bidi",
        "invisible",
        "policy",
    )
)
"""The rules of the scope gate whose severity a policy may set."""

_LEVELS = ("low", "medium", "high")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NEEDED_GROUPS = frozenset({"path", "message"})
_USED_GROUPS = _NEEDED_GROUPS | {"line", "rule"}
_HIGHEST_EXIT = 255

Fault = tuple[Path, str]
Rule = Callable[[Policy], Iterator[Fault]]


def faults(policy: Policy, plugins: Callable[[], Sequence[str]]) -> list[Fault]:
    """Every fault of an effective policy: the path of the key, and what is wrong with it.

    Elements of lists that layers may have merged are named by value, not by position, which no file shows.
    `plugins` names the third-party gates that are installed; it is asked only when a gate is neither
    shipped nor a `[[command]]`.
    """
    found = [fault for rule in _RULES for fault in rule(policy)]
    return [*found, *_gates(policy, plugins)]


def _gates(policy: Policy, plugins: Callable[[], Sequence[str]]) -> Iterator[Fault]:
    if not policy.gates:
        yield ("gates",), "is empty: a policy without gates cannot accept anything"
    known = {*SHIPPED_GATES, *(command.name for command in policy.command)}
    if not known.issuperset({*policy.gates, *policy.optional}):
        known |= set(plugins())
    for position, gate in enumerate(policy.gates):
        if gate not in known:
            why = f"{gate!r} is no shipped gate, no [[command]] and no installed plug-in"
            yield ("gates",), f"{why}; {allowed(gate, known)}"
        if gate in policy.gates[:position]:
            yield ("gates",), f"{gate!r} is listed twice"
    for gate in policy.optional:
        if gate not in known:
            yield ("optional",), f"{gate!r} is no gate; {allowed(gate, known)}"
    if policy.gates and not policy.required:
        yield ("optional",), "makes every gate optional: nothing would have to answer for an accept"


def _commands(policy: Policy) -> Iterator[Fault]:
    seen: set[str] = set()
    for position, command in enumerate(policy.command):
        at: Path = ("command", position)
        if command.name in SHIPPED_GATES:
            yield (*at, "name"), f"{command.name!r} is the name of a shipped gate; choose another"
        elif not _NAME.fullmatch(command.name):
            yield (*at, "name"), "must be letters, digits, '.', '_' and '-', beginning with a letter or digit"
        if command.name in seen:
            yield (*at, "name"), f"{command.name!r} names two commands"
        seen.add(command.name)
        yield from _run(command.run, (*at, "run"))
        yield from _exit_codes(command, at)
        yield from _report(command, at)
        yield from _globs(command.paths, (*at, "paths"))
        yield from _globs(command.trusted, (*at, "trusted"))


def _run(run: Sequence[str], at: Path) -> Iterator[Fault]:
    if not run:
        yield at, 'is empty: it must name a program, for example ["go", "vet", "./..."]'
    elif not run[0].strip():
        yield (*at, 0), "names no program"


def _exit_codes(command: Command, at: Path) -> Iterator[Fault]:
    if not command.ok:
        yield (*at, "ok"), "is empty: the command could never pass"
    for key, codes in (("ok", command.ok), ("findings_exit", command.findings_exit)):
        for position, code in enumerate(codes):
            if code > _HIGHEST_EXIT:
                yield (*at, key, position), f"is no exit code: they go from 0 to {_HIGHEST_EXIT}"
    both = sorted(set(command.ok) & set(command.findings_exit))
    if both and command.report is ReportKind.EXIT:
        yield (*at, "findings_exit"), f"shares {both[0]} with `ok`: an exit code cannot mean both"


def _report(command: Command, at: Path) -> Iterator[Fault]:
    if command.file and not _inside(command.file):
        yield (*at, "file"), "must be a path relative to the repository's root, without '..'"
    if command.report is not ReportKind.REGEX:
        if command.pattern:
            yield (*at, "pattern"), 'has a meaning only with report = "regex"'
        return
    try:
        groups = set(re.compile(command.pattern).groupindex)
    except (re.error, RecursionError, OverflowError) as error:
        yield (*at, "pattern"), f"is no regular expression: {error}"
        return
    if missing := sorted(_NEEDED_GROUPS - groups):
        names = " and ".join(f"(?P<{name}>...)" for name in missing)
        yield (*at, "pattern"), f"needs the named group {names}; the others are optional: line, rule"
    for name in sorted(groups - _USED_GROUPS):
        yield (*at, "pattern"), f"has a group nobody reads; {allowed(name, _USED_GROUPS)}"


def _prepare(policy: Policy) -> Iterator[Fault]:
    for position, step in enumerate(policy.prepare):
        yield from _run(step.run, ("prepare", position, "run"))
        yield from _globs(step.inputs, ("prepare", position, "inputs"))


def _environment(policy: Policy) -> Iterator[Fault]:
    environment = policy.environment
    for name in environment.set:
        if not _VARIABLE.fullmatch(name):
            yield ("environment", "set", name), "is no name of an environment variable"
    for name in environment.pass_:
        if not _VARIABLE.fullmatch(name):
            yield ("environment", "pass"), f"{name!r} is no name of an environment variable"
    for path in environment.read:
        if not path.startswith("/") or ".." in PurePosixPath(path).parts:
            yield ("environment", "read"), f"{path!r} must be an absolute path without '..'"


def _scope(policy: Policy) -> Iterator[Fault]:
    for rule in policy.scope.severity:
        if rule not in SCOPE_RULES:
            yield ("scope", "severity", rule), f"is no rule of the scope gate; {allowed(rule, SCOPE_RULES)}"


def _configs(policy: Policy) -> Iterator[Fault]:
    for gate, config in (("lint", policy.lint.config), ("security", policy.security.config)):
        if config and not _inside(config):
            yield (gate, "config"), "must be a path relative to the repository's root, without '..'"
    security = policy.security
    for key, level in (("min_severity", security.min_severity), ("min_confidence", security.min_confidence)):
        if level not in _LEVELS:
            yield ("security", key), f"{level!r} is no level; {allowed(level, _LEVELS)}"


def _clock(policy: Policy) -> Iterator[Fault]:
    try:
        policy.tests.instant  # noqa: B018 -- its errors are what is asked for
    except (ValueError, OverflowError) as error:
        yield ("tests", "clock"), f'is no instant such as "2024-05-01T12:00:00Z": {error}'


def _numbers(policy: Policy) -> Iterator[Fault]:
    if policy.tests.slowdown < 1:
        yield (
            ("tests", "slowdown"),
            "must be 1 or more: it multiplies the base's own time",
        )
    if policy.tests.base_runs > 2:
        yield ("tests", "base_runs"), "must be 1 or 2, or 0 for a second run where the first was quick"
    if policy.set.probes < 0:
        yield ("set", "probes"), "must be 0 or more"
    if not 0 <= policy.set.seconds < math.inf:
        yield ("set", "seconds"), "must be 0 or more"
    risk = policy.risk
    if not risk.medium <= risk.high <= 1:
        yield ("risk", "high"), f"must be at least `medium` ({risk.medium:g}) and at most 1"
    if not 0 <= risk.review_from <= 1:
        yield ("risk", "review_from"), "must be a share of past changes, from 0 to 1"


def _costs(policy: Policy) -> Iterator[Fault]:
    costs = policy.risk.cost
    for key in ("defect", "reject"):
        if not 0 < getattr(costs, key) < math.inf:
            yield ("risk", "cost", key), "must be more than 0: decisions compare costs with it"
    for key in ("review", "review_line", "evidence"):
        if not 0 <= getattr(costs, key) < math.inf:
            yield ("risk", "cost", key), "must be 0 or more"
    if not 0 <= costs.catches <= 1:
        yield ("risk", "cost", "catches"), "must be a share of defects, from 0 to 1"
    for position, entry in enumerate(policy.risk.at):
        if not 0 < entry.defect < math.inf:
            yield ("risk", "at", position, "defect"), "must be more than 0: decisions compare costs with it"


def _evidence(policy: Policy) -> Iterator[Fault]:
    rules = policy.evidence
    for key in ("min_killed", "max_false_green"):
        if not 0 <= getattr(rules, key) <= 1:
            yield ("evidence", key), "must be a share, from 0 to 1"
    if rules.collect is Collect.MUTANTS and not (rules.mutants and rules.per_line and rules.seconds):
        yield (
            ("evidence", "collect"),
            'is "mutants", with which `mutants`, `per_line` and `seconds` are above 0',
        )


_LEAST = {
    "memory": MIB,
    "file_size": 4096,
    "open_files": 16,
    "output": 1024,
    "scratch": 64 * 1024,
    "disk": MIB,
    "files": 100,
}
"""What a jail and a shell in it need to get going at all: less would look like a fault of the machine."""


def _limits(policy: Policy) -> Iterator[Fault]:
    tables: list[tuple[Path, Limits]] = [(("limits",), policy.limits)]
    tables += [
        (("command", position, "limits"), command.limits)
        for position, command in enumerate(policy.command)
        if command.limits is not None
    ]
    for at, limits in tables:
        for key, least in _LEAST.items():
            if 0 < getattr(limits, key) < least:
                yield (*at, key), f"is less than {least}, with which nothing could start; 0 is no limit"


def _all_globs(policy: Policy) -> Iterator[Fault]:
    yield from _globs(policy.scope.protected, ("scope", "protected"))
    yield from _globs(policy.scope.allow, ("scope", "allow"))
    yield from _globs(policy.compile.exclude, ("compile", "exclude"))
    yield from _globs(policy.lint.exclude, ("lint", "exclude"))
    yield from _globs(policy.security.exclude, ("security", "exclude"))
    yield from _globs(policy.tests.paths, ("tests", "paths"))
    yield from _globs(policy.risk.sensitive, ("risk", "sensitive"))
    for position, entry in enumerate(policy.risk.at):
        yield from _globs(entry.paths, ("risk", "at", position, "paths"))


def _globs(patterns: Sequence[str], at: Path) -> Iterator[Fault]:
    for pattern in patterns:
        if problem := glob_problem(pattern):
            yield at, f"{pattern!r} {problem}"


def glob_problem(pattern: str) -> str:
    """Why a pattern could never mean what its writer meant, or the empty string."""
    parts = pattern.split("/")
    checks = (
        (not pattern.strip(), "is an empty pattern"),
        (pattern.startswith("/"), "begins with '/': patterns are relative to the repository's root"),
        (pattern.startswith("!"), "begins with '!': patterns do not negate"),
        ("\\" in pattern, "contains '\\': directories are separated by '/'"),
        ("." in parts or ".." in parts, "contains '.' or '..' as a directory"),
        ("" in parts[1:-1], "contains '//'"),
        (any("\ud800" <= char <= "\udfff" for char in pattern), "is not UTF-8"),
        (pattern.count("[") > pattern.count("]"), "has a '[' without its ']'"),
    )
    return next((problem for wrong, problem in checks if wrong), "")


def _inside(path: str) -> bool:
    return bool(path.strip()) and not path.startswith("/") and ".." not in PurePosixPath(path).parts


_RULES: tuple[Rule, ...] = (
    _commands,
    _prepare,
    _environment,
    _scope,
    _configs,
    _clock,
    _numbers,
    _costs,
    _evidence,
    _limits,
    _all_globs,
)
