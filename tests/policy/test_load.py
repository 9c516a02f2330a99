from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import BadInput
from assay.model.outcome import Severity
from assay.policy.load import load, nothing_on_the_base
from assay.policy.rules import SCOPE_RULES
from assay.policy.schema import Policy

LoadBase = Callable[..., Policy]
Write = Callable[..., Path]


def test_without_any_file_the_commands_pack_applies(load_base: LoadBase) -> None:
    assert load_base({}, pack="agent").name == "agent"
    assert load_base({}, pack="default").name == "default"


def test_the_bases_own_file_is_laid_over_the_commands_pack(load_base: LoadBase) -> None:
    policy = load_base({"assay.toml": "[limits]\npids = 7\n"}, pack="agent")
    assert policy.limits.pids == 7
    assert policy.tests.from_base
    assert policy.origin == ("pack default", "pack agent", "assay.toml of the base")
    assert policy.name == "assay.toml"


def test_the_bases_own_file_may_choose_its_pack(load_base: LoadBase) -> None:
    policy = load_base({"assay.toml": 'extends = "fast"\n'}, pack="agent")
    assert not policy.tests.from_base
    assert "tests" not in policy.gates


def test_what_the_user_names_wins_over_the_base(load_base: LoadBase, policy_file: Write) -> None:
    base = {"assay.toml": "[limits]\npids = 7\n"}
    assert load_base(base, name="strict").limits.pids == 512
    assert load_base(base, name=str(policy_file("[limits]\npids = 3\n"))).limits.pids == 3


def test_invariant_3_trusted_rules_never_come_from_the_work_tree(
    load_base: LoadBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assay.toml").write_text("[limits]\npids = 1\n")
    (tmp_path / "shared.toml").write_text("[limits]\npids = 1\n")
    monkeypatch.chdir(tmp_path)
    assert load_base({}).limits.pids == 512
    with pytest.raises(BadInput, match=r"'shared\.toml' is not there"):
        load_base({"assay.toml": 'extends = "shared.toml"\n'})


def test_a_file_of_the_base_extends_files_of_the_base(load_base: LoadBase) -> None:
    files = {
        "assay.toml": 'extends = "./ci/rules.toml"\n[limits]\npids = 2\n',
        "ci/rules.toml": 'extends = "../common.toml"\n[limits]\npids = 3\nopen_files = 30\n',
        "common.toml": '[scope]\nprotected = ["a/**"]\n',
    }
    policy = load_base(files)
    assert (policy.limits.pids, policy.limits.open_files) == (2, 30)
    assert policy.scope.protected == ("a/**",)
    assert policy.origin[-3:] == (
        "common.toml of the base",
        "ci/rules.toml of the base",
        "assay.toml of the base",
    )


@pytest.mark.parametrize("elsewhere", ["../other/rules.toml", "/etc/assay.toml", "a/../../x.toml"])
def test_a_file_of_the_base_cannot_lead_out_of_it(load_base: LoadBase, elsewhere: str) -> None:
    with pytest.raises(BadInput, match="leads out of the repository"):
        load_base({"assay.toml": f'extends = "{elsewhere}"\n'})


def test_a_file_on_disk_extends_its_neighbours(policy_file: Write) -> None:
    policy_file('extends = "agent"\n[limits]\npids = 4\n', "sub/shared.toml")
    top = policy_file('extends = "sub/shared.toml"\n')
    policy = load(os.fspath(top), default_pack="default", base_reader=nothing_on_the_base)
    assert policy.limits.pids == 4
    assert policy.tests.from_base


@pytest.mark.parametrize(
    "files",
    [
        {"assay.toml": 'extends = "assay.toml"\n'},
        {"assay.toml": 'extends = "./x/../assay.toml"\n'},
        {"assay.toml": 'extends = "b.toml"\n', "b.toml": 'extends = "assay.toml"\n'},
    ],
)
def test_a_circle_is_refused(load_base: LoadBase, files: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="goes in a circle"):
        load_base(files)


def test_a_circle_on_disk_through_its_own_directory_is_refused(policy_file: Write) -> None:
    top = policy_file('extends = "../sub/a.toml"\n', "sub/a.toml")
    with pytest.raises(BadInput, match="goes in a circle"):
        load(os.fspath(top), default_pack="default", base_reader=nothing_on_the_base)


def test_an_unknown_pack_names_the_near_miss_and_the_packs() -> None:
    with pytest.raises(BadInput, match=r"did you mean 'strict'\? allowed: agent, default") as caught:
        load("strickt", default_pack="default", base_reader=nothing_on_the_base)
    assert "--policy" in caught.value.sentence


def test_an_unknown_pack_to_extend_names_the_line(load_base: LoadBase) -> None:
    with pytest.raises(BadInput, match=r"^assay\.toml of the base:2: extends: 'agnet' is no pack.*'agent'"):
        load_base({"assay.toml": '# rules\nextends = "agnet"\n'})


def test_a_missing_file_and_a_directory_are_sentences(tmp_path: Path) -> None:
    for name in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(BadInput, match="cannot be read as a policy file"):
            load(f"{name}", default_pack="default", base_reader=nothing_on_the_base)


def test_no_toml_names_the_line(load_base: LoadBase) -> None:
    with pytest.raises(BadInput, match=r"^assay\.toml of the base:2: is not TOML"):
        load_base({"assay.toml": "a = 1\n= 2\n"})


def test_one_problem_tells_how_many_more(load_base: LoadBase) -> None:
    with pytest.raises(BadInput, match="1 more: `assay policy validate`"):
        load_base({"assay.toml": "gatess = 1\nlimitz = 2\n"})


def test_equal_rules_have_equal_digests_whatever_file_they_came_from(
    load_base: LoadBase, policy_file: Write
) -> None:
    here = load_base({"assay.toml": "[limits]\nmemory = '1GiB'\nseconds = '2m'\n"})
    there = load_base({}, name=str(policy_file("limits.seconds = 120\nlimits.memory = 1073741824\n")))
    other = load_base({"assay.toml": "[limits]\nmemory = '1GiB'\nseconds = '3m'\n"})
    assert here.digest == there.digest
    assert here.name != there.name
    assert here.digest != other.digest
    assert len(here.digest) == 64


def test_a_scope_rule_may_be_written_without_its_prefix_in_any_layer(load_base: LoadBase) -> None:
    policy = load_base({"assay.toml": "[scope.severity]\nsuppression = 'note'\n"}, pack="agent")
    assert policy.scope.severity["scope/suppression"] is Severity.NOTE
    assert "suppression" not in policy.scope.severity


def test_a_severity_may_be_named_by_what_it_does(load_base: Callable[..., Policy]) -> None:
    text = "[scope.severity]\nbinary = 'reject'\nexecutable = 'warn'\n[lint]\nseverity = 'warn'\n"
    policy = load_base({"assay.toml": text})
    assert policy.scope.severity["scope/binary"] is Severity.ERROR
    assert policy.scope.severity["scope/executable"] is Severity.WARNING
    assert policy.lint.severity is Severity.WARNING


def test_the_rules_a_policy_may_set_are_those_the_scope_gate_has() -> None:
    from assay.gates.scope import SEVERITIES

    assert frozenset(SEVERITIES) == SCOPE_RULES


def test_a_commands_own_limit_keeps_the_policys_others(load_base: LoadBase) -> None:
    text = """
        gates = ["apply", "vet"]
        [limits]
        memory = "64MiB"
        [[command]]
        name = "vet"
        run = ["go", "vet", "./..."]
        limits = { seconds = "5s" }
    """
    limits = load_base({"assay.toml": text}).command[0].limits
    assert limits is not None
    assert (limits.seconds, limits.memory) == (5.0, 64 * 1024**2)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_bad_input(raw: bytes) -> None:
    try:
        load(None, default_pack="default", base_reader=lambda path: raw if path == "assay.toml" else None)
    except BadInput as error:
        assert "assay.toml of the base" in error.sentence


_values = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.floats(), st.sampled_from(['"x"', '"..."', '"error"'])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(["", "limits.", "scope.", "tests.", "options.x.", "environment.set.", "command."]),
    st.sampled_from(
        ["gates", "severity", "seconds", "paths", "none", "protected", "extends", "command", "a"]
    ),
    _values,
)
def test_any_value_at_any_key_is_a_policy_or_bad_input(table: str, key: str, value: object) -> None:
    text = f"{table}{key} = {value}".replace("'", "").replace("True", "true").replace("False", "false")
    try:
        load(
            None,
            default_pack="default",
            base_reader=lambda path: text.encode() if path == "assay.toml" else None,
        )
    except BadInput as error:
        assert "assay.toml of the base" in error.sentence


def test_a_broken_policy_of_the_base_says_how_its_repair_can_be_checked():
    with pytest.raises(BadInput, match="--policy default"):
        load(None, default_pack="default", base_reader={"assay.toml": b"junk"}.get)
    assert load("default", default_pack="default", base_reader={"assay.toml": b"junk"}.get).name == "default"
