"""The security gate, with the real bandit in its worker."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.gates.bandit_run import _PACKAGES, WORKER
from assay.gates.security import SecurityGate
from assay.gates.tools import package_directories
from assay.model.candidate import Base
from assay.model.errors import BadInput
from assay.model.outcome import Outcome, Severity, Skip
from assay.sandbox.spec import JailCommand

if TYPE_CHECKING:
    from tests.gates.static_fakes import Bench

CLEAN = "x = 1\n"
SHELL = "import subprocess\n\n\ndef go(c):\n    return subprocess.call(c, shell=True)\n"
SILENCED = SHELL.replace("shell=True)", "shell=True)  # nosec")
BAD = "def f(:\n"


def rules(result) -> list[str]:
    return [finding.rule for finding in result.findings]


def test_passes_clean_code(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": CLEAN + "y = 2\n"})
    assert result.outcome is Outcome.PASSED
    assert result.evidence == {"files": 1}


def test_fails_a_new_finding_with_its_place(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SHELL})
    assert result.outcome is Outcome.FAILED
    assert [(f.rule, f.path, f.line) for f in result.findings] == [("B602", "a.py", 5)]


def test_invariant_6_old_findings_are_not_the_candidates(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": SHELL}, {"b.py": "# moved\n" + SHELL})
    assert result.outcome is Outcome.PASSED
    assert result.detail["pre_existing"] == 1


def test_a_second_copy_is_new_and_a_removed_one_is_fixed(bench: Bench) -> None:
    more = SHELL + "\n\ndef again(c):\n    return subprocess.call(c, shell=True)\n"
    result = bench.run(SecurityGate(), {"a.py": SHELL}, {"a.py": more})
    assert [(f.rule, f.line) for f in result.findings] == [("B602", 9)]
    assert bench.run(SecurityGate(), {"a.py": more}, {"a.py": SHELL}).detail["fixed_total"] == 1


def test_thresholds_are_the_policys(bench: Bench) -> None:
    low = "import random\n\nx = random.random()\n"
    assert bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": low}).outcome is Outcome.PASSED
    bench.with_section("security", min_severity="low")
    assert rules(bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": low})) == ["B311"]
    bench.with_section("security", severity=Severity.WARNING)
    assert bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": low}).outcome is Outcome.PASSED


def test_assert_is_no_finding_in_tests(bench: Bench) -> None:
    bench.with_section("security", min_severity="low")
    new = {"tests/test_a.py": "assert 1\n", "a.py": "assert 1\n"}
    result = bench.run(SecurityGate(), {"d": "1"}, {"d": "1", **new})
    assert [(f.rule, f.path) for f in result.findings] == [("B101", "a.py")]


PICKLED = "import pickle\n\n\ndef test_pickles():\n    assert pickle.loads(pickle.dumps(1)) == 1\n"


def test_what_tests_do_to_see_what_comes_of_it_is_shown_and_does_not_reject(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": CLEAN, "tests/test_a.py": PICKLED})
    assert result.outcome is Outcome.PASSED
    assert [(f.rule, f.severity) for f in result.findings] == [("B301", Severity.WARNING)]


def test_a_rejection_names_what_the_program_does_and_not_its_tests(bench: Bench) -> None:
    new = {"a.py": SHELL, "tests/test_a.py": PICKLED}
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, new)
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith("a.py:5: B602") and "more" not in result.reason


@pytest.mark.parametrize(
    ("section", "severity", "outcome"),
    [
        ({"tests": Severity.ERROR}, Severity.ERROR, Outcome.FAILED),
        ({"tests": Severity.ERROR, "severity": Severity.NOTE}, Severity.NOTE, Outcome.PASSED),
    ],
)
def test_what_a_finding_in_a_test_does_is_the_policys_and_nothing_worse_than_elsewhere(
    bench: Bench, section: dict[str, Severity], severity: Severity, outcome: Outcome
) -> None:
    bench.with_section("security", **section)
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": CLEAN, "tests/test_a.py": PICKLED})
    assert (result.outcome, [f.severity for f in result.findings]) == (outcome, [severity])


def test_invariant_3_a_nosec_of_the_candidates_own_hides_nothing(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SILENCED})
    assert result.outcome is Outcome.FAILED
    assert "nosec" in result.findings[0].message


def test_invariant_6_a_nosec_of_the_bases_stays_respected(bench: Bench) -> None:
    result = bench.run(SecurityGate(), {"a.py": SILENCED}, {"a.py": SILENCED + "\n\nx = 1\n"})
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    edited = SILENCED.replace("call(c,", "call(c + ' -v',")
    assert bench.run(SecurityGate(), {"a.py": SILENCED}, {"a.py": edited}).outcome is Outcome.PASSED
    # Silencing what the base already shows adds no finding; the scope gate speaks of the suppression.
    assert bench.run(SecurityGate(), {"a.py": SHELL}, {"a.py": SILENCED}).outcome is Outcome.PASSED


def test_invariant_5_a_file_that_bandit_cannot_parse_fails(bench: Bench) -> None:
    bench.policy = msgspec.structs.replace(bench.policy, gates=("apply", "security"))
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": CLEAN + "y = 1\n", "b.py": BAD})
    assert result.outcome is Outcome.FAILED
    assert [(f.rule, f.path) for f in result.findings] == [("security/unreadable", "b.py")]


def test_invariant_6_a_file_unparsable_on_the_base_too_blames_nobody(bench: Bench) -> None:
    bench.policy = msgspec.structs.replace(bench.policy, gates=("apply", "security"))
    old = {"a.py": CLEAN, "t.py": BAD}
    result = bench.run(SecurityGate(), old, {"a.py": CLEAN + "y = 1\n", "t.py": BAD + "# more\n"})
    assert result.outcome is Outcome.PASSED
    assert result.detail["not_scanned"] == ["t.py"]


def test_invariant_6_syntax_newer_than_assays_own_python_is_no_failure(bench: Bench) -> None:
    # The compile gate comes first in this policy: the project's interpreter takes what bandit does not.
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": BAD})
    assert result.outcome is Outcome.INFRA


def test_a_file_that_need_not_compile_need_not_be_scanned(bench: Bench) -> None:
    bench.with_section("compile", exclude=("data/**",))
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SHELL, "data/bad.py": BAD})
    assert rules(result) == ["B602"]
    assert result.detail["not_scanned"] == ["data/bad.py"]


@pytest.mark.parametrize(
    "config",
    [
        {"pyproject.toml": "[tool.bandit]\nskips = ['B602']\n"},
        {".bandit": "[bandit]\nskips = B602\n"},
        {".bandit": "[bandit]\nconfigfile = conf/b.yaml\n", "conf/b.yaml": "skips: [B602]\n"},
        {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['pkg']\n"},
    ],
)
def test_invariant_3_the_bases_configuration_counts_and_the_candidates_does_not(
    bench: Bench, config: dict[str, str]
) -> None:
    plain = {"pkg/a.py": CLEAN, "b.py": CLEAN}
    honoured = bench.run(
        SecurityGate(), {**plain, **config}, {**config, "b.py": "y = 1\n", "pkg/a.py": SHELL}
    )
    assert honoured.outcome is Outcome.PASSED
    assert bench.run(SecurityGate(), plain, {**plain, **config, "pkg/a.py": SHELL}).outcome is Outcome.FAILED


def test_invariant_3_rules_come_from_the_runs_base_in_a_range_of_commits(bench: Bench) -> None:
    loosened = {"pyproject.toml": "[tool.bandit]\nskips = ['B602']\n", "a.py": CLEAN}
    candidate = bench.scratch.candidate(loosened, {**loosened, "a.py": SHELL})
    base = Base(commit=None, tree=bench.scratch.tree({"a.py": CLEAN}))
    assert bench.grade(SecurityGate(), candidate, base).outcome is Outcome.FAILED


def test_everything_excluded_is_not_applicable(bench: Bench) -> None:
    config = {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['a.py']\n"}
    result = bench.run(SecurityGate(), {**config, "a.py": CLEAN}, {**config, "a.py": SHELL})
    assert result.skip is Skip.NOT_APPLICABLE
    bench.with_section("security", exclude=("a.py",))
    assert bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SHELL}).skip is Skip.NOT_APPLICABLE


def test_the_policy_names_the_configuration(bench: Bench) -> None:
    bench.with_section("security", config="bandit.yaml")
    config = {"bandit.yaml": "skips: [B602]\n"}
    old = {**config, "a.py": CLEAN}
    assert bench.run(SecurityGate(), old, {**config, "a.py": SHELL}).outcome is Outcome.PASSED
    with pytest.raises(BadInput, match=r"bandit\.yaml"):
        bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SHELL})


def test_invariant_6_a_broken_configuration_on_the_base_is_no_ones_failure(bench: Bench) -> None:
    bench.with_section("security", config="bandit.yaml")
    config = {"bandit.yaml": "skips: [unclosed\n"}
    result = bench.run(SecurityGate(), {**config, "a.py": CLEAN}, {**config, "a.py": SHELL})
    assert result.outcome is Outcome.INFRA
    assert "configuration" in result.reason


def test_invariant_5_deep_nesting_that_breaks_bandit_fails(bench: Bench) -> None:
    bench.policy = msgspec.structs.replace(bench.policy, gates=("apply", "security"))
    deep = "x = " + "+".join(["1"] * 3000) + "\n"
    result = bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": CLEAN, "deep.py": deep})
    assert result.outcome is Outcome.FAILED
    assert rules(result) == ["security/unreadable"]


def test_invariant_5_a_silent_worker_is_no_pass(bench: Bench) -> None:
    reply = '{"units": []}'
    source = (
        "import os, sys\n"
        "n = int.from_bytes(sys.stdin.buffer.read(4), 'big'); sys.stdin.buffer.read(n)\n"
        f"r = {reply!r}.encode()\n"
        "os.write(int(os.environ['ASSAY_REPORT_FD']), len(r).to_bytes(4, 'big') + r)\n"
    )

    def alter(command: JailCommand) -> JailCommand:
        return msgspec.structs.replace(command, argv=(command.argv[0], "-c", source))

    bench.alter_worker = alter
    assert bench.run(SecurityGate(), {"a.py": CLEAN}, {"a.py": SHELL}).outcome is Outcome.INFRA


def test_odd_file_names(bench: Bench) -> None:
    odd = ["-a.py", "a\nb.py", "sp ace/ü.py", "[x].py"]
    result = bench.run(SecurityGate(), {"k": "1"}, {"k": "1", **dict.fromkeys(odd, SHELL)})
    assert sorted(finding.path for finding in result.findings) == sorted(odd)


def test_scans_of_both_sides_are_remembered(bench: Bench) -> None:
    first = bench.run(SecurityGate(), {"a.py": SHELL}, {"a.py": SHELL + "y = 1\n"})
    assert bench.served == 1
    bench.refused.add("bandit worker")
    again = bench.run(SecurityGate(), {"a.py": SHELL}, {"a.py": SHELL + "y = 1\n", "notes.txt": "x"})
    assert again.detail == first.detail
    assert again.detail["pre_existing"] == 1
    assert bench.served == 0


def test_the_lightened_worker_has_every_check_that_bandit_has() -> None:
    listing = (
        "from bandit.core import extension_loader as e\n"
        "print(sorted(e.MANAGER.plugins_by_id), sorted(e.MANAGER.blacklist_by_id))\n"
    )
    directories = [str(place) for place in package_directories(_PACKAGES)]
    light = f"import runpy\nrunpy.run_path({str(WORKER)!r}, run_name='worker')\n{listing}"
    plain = f"import sys\nsys.path[:0] = sys.argv[1:]\n{listing}"
    own, theirs = (
        subprocess.run([sys.executable, "-I", "-c", program, *directories], capture_output=True, check=True)
        for program in (light, plain)
    )
    assert own.stdout == theirs.stdout
    assert b"B602" in own.stdout
