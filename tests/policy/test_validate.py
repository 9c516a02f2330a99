from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assay.policy.validate import validate

Write = Callable[..., Path]

_COMMAND = 'gates = ["...", "vet"]\n[[command]]\nname = "vet"\nrun = ["vet"]\n'


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("gatess = []", "gatess", "did you mean 'gates'"),
        ("name = 'x'", "name", "no such key"),
        ("digest = 'x'", "digest", "no such key"),
        ("[limits]\nmemory = 5", "limits.memory", "0 is no limit"),
        ("[limits]\ndisk = '1KiB'", "limits.disk", "0 is no limit"),
        ("[limits]\nfiles = 5", "limits.files", "0 is no limit"),
        ("[limits]\nfiles = -5", "limits.files", ""),
        ("[limits]\nopen_files = 3", "limits.open_files", "0 is no limit"),
        (_COMMAND + "limits = {output = 7}", "command[0].limits.output", "0 is no limit"),
        ("[limits]\nmemroy = 1", "limits.memroy", "did you mean 'memory'"),
        ("[limits]\nmemory = true", "limits.memory", "must be a number of bytes"),
        ("[limits]\nseconds = 'soon'", "limits.seconds", "must be a number of seconds"),
        ("[limits]\npids = -1", "limits.pids", "0 or more"),
        ("[limits]\npids = 1.5", "limits.pids", "whole number"),
        ("limits = 3", "limits", "must be a table, not 3"),
        ("gates = 'lint'", "gates", "must be a list"),
        ("gates = [1]", "gates[0]", "must be a string, not 1"),
        ("gates = []", "gates", "is empty"),
        ("gates = ['lnt']", "gates", "did you mean 'lint'"),
        ("gates = ['lint', 'lint']", "gates", "listed twice"),
        ("gates = ['lint']\noptional = ['lint']", "optional", "makes every gate optional"),
        ("optional = ['test']", "optional", "did you mean 'tests'"),
        ("[lint]\nseverity = 'eror'", "lint.severity", "did you mean 'error'"),
        ("[security]\nmin_severity = 'hig'", "security.min_severity", "did you mean 'high'"),
        ("[lint]\nconfig = '/etc/ruff.toml'", "lint.config", "relative to the repository"),
        ("[security]\nconfig = '../x'", "security.config", "without '..'"),
        ("[scope]\nprotected = ['/etc/**']", "scope.protected", "begins with '/'"),
        ("[scope]\nallow = ['']", "scope.allow", "empty pattern"),
        ("[scope]\nallow = ['!x']", "scope.allow", "do not negate"),
        ("[scope]\nallow = ['a/../b']", "scope.allow", "'..'"),
        ("[tests]\npaths = ['[ab']", "tests.paths", "without its ']'"),
        ("[lint]\nexclude = ['a\\\\b']", "lint.exclude", "separated by '/'"),
        (
            "[scope.severity]\n'scope/supression' = 'error'",
            'scope.severity."scope/supression"',
            "suppression",
        ),
        ("[tests]\nslowdown = 0.5", "tests.slowdown", "1 or more"),
        ("[risk]\nhigh = 0.05", "risk.high", "at least `medium`"),
        ("[risk]\nreview_from = 90", "risk.review_from", "a share of past changes"),
        ("[risk]\nhold = 'land'", "risk.hold", "more evidence, never, reject, review"),
        ("[evidence]\nmin_killed = 70", "evidence.min_killed", "a share, from 0 to 1"),
        ("[evidence]\ncollect = 'mutant'", "evidence.collect", "did you mean 'mutants'"),
        ("[evidence]\ncollect = 'mutants'\nmutants = 0", "evidence.collect", "are above 0"),
        ("[evidence]\nmax_missed = -1", "evidence.max_missed", "0 or more"),
        ("[risk.cost]\ndefect = 0", "risk.cost.defect", "must be more than 0"),
        ("[risk.cost]\ncatches = 2", "risk.cost.catches", "a share of defects"),
        ("[[risk.at]]\npaths = ['/x']\ndefect = 5", "risk.at[0].paths", "begins with '/'"),
        ("[[risk.at]]\npaths = ['x/**']\ndefect = 0", "risk.at[0].defect", "must be more than 0"),
        ("[environment]\nread = ['data']", "environment.read", "absolute path"),
        ("[environment]\npass = ['A B']", "environment.pass", "no name of an environment variable"),
        ("[environment.set]\n'A=B' = 'x'", 'environment.set."A=B"', "no name of an environment variable"),
        ('[environment.set]\nA = "x\\u0000y"', "environment.set.A", "NUL"),
        ("[[prepare]]\nrun = []", "prepare[0].run", "is empty"),
        ("[[prepare]]\ninputs = ['a']", "prepare[0]", "needs the key 'run'"),
        ("[options.x]\na = nan", "options.x.a", "finite"),
        ("[[command]]\nname = 'vet'\nrun = ['vet']", "command[0].name", 'list it: gates = ["...", "vet"]'),
        ("[[command]]\nname = 'lint'\nrun = ['vet']", "command[0].name", "name of a shipped gate"),
        (f"{_COMMAND}ok = []", "command[0].ok", "never pass"),
        (f"{_COMMAND}ok = [256]", "command[0].ok[0]", "no exit code"),
        (f"{_COMMAND}ok = [0, 1]", "command[0].findings_exit", "cannot mean both"),
        (f"{_COMMAND}trusted = ['/x']", "command[0].trusted", "begins with '/'"),
        (f"{_COMMAND}file = '../x'", "command[0].file", "relative"),
        (f"{_COMMAND}pattern = 'x'", "command[0].pattern", 'report = "regex"'),
        (f"{_COMMAND}report = 'regex'", "command[0].pattern", "needs the named group"),
        (f"{_COMMAND}report = 'regex'\npattern = '('", "command[0].pattern", "no regular expression"),
        (
            f"{_COMMAND}report = 'regex'\npattern = '(?P<path>a)(?P<message>b)(?P<col>c)'",
            "command[0].pattern",
            "a group nobody reads",
        ),
        (f"{_COMMAND}[[command]]\nname = 'vet'\nrun = ['x']", "command[1].name", "names two commands"),
        ("extends = 3", "extends", "must be a string"),
        ("extends = 'none.toml'", "extends", "cannot be read"),
    ],
)
def test_each_mistake_names_its_key_and_what_is_allowed(
    policy_file: Write, text: str, key: str, words: str
) -> None:
    problems = validate(policy_file(text + "\n"))
    assert [p for p in problems if key in (p.key, "extends") and words in p.message], problems


def test_a_sound_file_has_no_problem(policy_file: Write) -> None:
    assert validate(policy_file(_COMMAND)) == ()


def test_all_problems_are_told_each_with_its_line(policy_file: Write) -> None:
    text = """# a policy
        [limits]
        memory = "much"   # line 3
        pids = "many"

        [[command]]
        name = "a"
        runn = ["x"]

        [lint]
        severity = "loud"
    """
    found = [(problem.key, problem.line) for problem in validate(policy_file(text))]
    assert ("limits.memory", 3) in found
    assert ("limits.pids", 4) in found
    assert ("command[0].runn", 8) in found
    assert ("command[0]", 6) in found
    assert ("lint.severity", 11) in found
    assert len(found) == 5


def test_a_mistake_in_what_is_extended_names_that_file(policy_file: Write) -> None:
    policy_file("[limits]\n\npids = 'x'\n", "below.toml")
    (problem,) = validate(policy_file('extends = "below.toml"\n'))
    assert problem.place.endswith("below.toml:3")


def test_a_fault_of_merged_rules_is_blamed_on_the_layer_that_set_the_key(policy_file: Write) -> None:
    policy_file("[risk]\nhigh = 0.05\n", "below.toml")
    (problem,) = validate(policy_file('extends = "below.toml"\n[limits]\npids = 3\n'))
    assert problem.place.endswith("below.toml:2")


def test_a_missing_file_is_a_problem_not_an_exception(tmp_path: Path) -> None:
    (problem,) = validate(tmp_path / "none.toml")
    assert "cannot be read" in problem.sentence


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a = [" * 5000, b"x" * (1 << 21)])
def test_what_is_no_policy_at_all(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(raw)
    (problem,) = validate(path)
    assert problem.message.startswith("is no")
